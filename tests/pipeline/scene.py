"""A fabric in tests: devices say routes, links and sessions, and time passes."""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from collectors.profiles import profile
from collectors.records import Kind, session_id

SECOND: Final = 1_000_000
T0: Final = 1_700_000_000 * SECOND
FAMILIES: Final = ("routes", "mac", "vtep", "es", "link", "bgp", "liveness")
PATHS: Final = {one.family: list(one.paths) for one in profile("openconfig").subscriptions}
VNI: Final = 1010
PER_ES_TAG: Final = 0xFFFFFFFF
_ATTRIBUTES: Final = ("next_hop",)
_COMMUNITIES: Final = (
    "mobility_seq", "sticky", "default_gateway", "router_mac", "encapsulation", "route_targets", "other",
    "single_active", "df_algorithm", "df_capabilities", "df_preference",
)  # fmt: skip

Rows = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class Said:
    """One record; times in seconds since the beginning."""

    at: float
    device: str
    kind: Kind
    family: str = ""
    session: str = ""
    seq: int = 0
    rows: Rows = ()
    sync: bool = False
    content: dict[str, Any] | None = None
    recv: float | None = None
    """Collector's and topic's time, if it isn't the device's."""


def micros(seconds: float) -> int:
    return T0 + round(seconds * SECOND)


def mac(number: int) -> int:
    """A MAC of no special kind: 00:11:c0:08:.."""
    return 0x0011C0080000 + number


def address(number: int, version: int = 4) -> str:
    return f"10.0.0.{number}" if version == 4 else f"2001:db8::{number:x}"


def ip_columns(text: str) -> dict[str, int]:
    host = ipaddress.ip_address(text)
    if host.version == 4:
        return {"ip_hi": 0, "ip_lo": 0xFFFF_0000_0000 | int(host), "ip_len": 32}
    return {"ip_hi": int(host) >> 64, "ip_lo": int(host) & (1 << 64) - 1, "ip_len": 128}


@dataclass
class Scene:
    """Records in the order of their time; ``now`` moves on with ``passes``."""

    records: list[Said] = field(default_factory=list)
    now: float = 0.0
    _sessions: dict[tuple[str, str], str] = field(default_factory=dict)
    _seq: Counter[str] = field(default_factory=Counter)
    _indexes: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _defined: set[tuple[str, str, int]] = field(default_factory=set)
    _mute: set[str] = field(default_factory=set)
    _recv: float | None = None

    def joins(self, *devices: str, families: Sequence[str] = FAMILIES, **start: Any) -> "Scene":
        """Subscribe to devices that have nothing to tell yet: start and sync at once."""
        for device in devices:
            with self.dump(device, *families, **start):
                pass
        return self

    @contextmanager
    def dump(self, device: str, *families: str, sync: bool = True, **start: Any) -> Iterator[None]:
        """Begin sessions; what the device says within is their initial dump, the sync ends it."""
        families = families or FAMILIES
        for family in families:
            number = int(self.now * SECOND) * 1000 + len(self._seq)
            self._sessions[device, family] = session_id(number, "c1")
            content = {"paths": PATHS[family], **start}
            self._add(device, family, kind=Kind.START, content=content)
        self._defined = {entry for entry in self._defined if entry[0] != device}
        self._mute.discard(device)
        yield
        for family in families if sync else ():
            self._add(device, family, sync=True)

    def ends(self, device: str, *families: str, reason: str = "") -> "Scene":
        for family in families or FAMILIES:
            self._add(device, family, kind=Kind.END, content={"reason": reason})
        self._mute.add(device)
        return self

    def mute(self, *devices: str) -> "Scene":
        """From now on devices send no liveness samples."""
        self._mute.update(devices)
        return self

    def unmute(self, *devices: str) -> "Scene":
        self._mute.difference_update(devices)
        return self

    def loses(self, device: str, family: str, records: int = 1) -> "Scene":
        """Lose records on the way: a hole in the session."""
        self._seq[self._sessions[device, family]] += records
        return self

    @contextmanager
    def received(self, seconds: float) -> Iterator[None]:
        """What is said within carries the device's time ``now`` and was received at ``seconds``."""
        self._recv = seconds
        yield
        self._recv = None

    def passes(self, seconds: float) -> "Scene":
        """Let time pass: a tick each second, of each device a liveness sample every 5 s."""
        return self.until(self.now + seconds)

    def until(self, end: float) -> "Scene":
        for second in range(int(self.now) + 1, int(end) + 1):
            self.now = float(second)
            self.records.append(Said(self.now, "c1", Kind.TICK))
            if second % 5 == 0:
                for device, family in self._sessions:
                    if family == "liveness" and device not in self._mute:
                        self._add(device, family)
        self.now = float(end)
        return self

    def row(self, device: str, family: str, table: str, op: str = "update", **columns: Any) -> "Scene":
        self._add(device, family, rows=((table, {"op": op, **columns}),))
        return self

    def rows(self, device: str, family: str, *rows: tuple[str, dict[str, Any]]) -> "Scene":
        """Say several rows in one record."""
        self._add(device, family, rows=tuple((table, {"op": "update", **row}) for table, row in rows))
        return self

    # What devices say.

    def mac_route(
        self,
        device: str,
        number: int,
        vtep: str,
        seq: int | None = None,
        *,
        op: str = "update",
        ip: str | None = None,
        vni: int = VNI,
        neighbor: str | None = "192.0.2.1",
        rd: str | None = None,
        **more: Any,
    ) -> "Scene":
        """A type-2 path in a device's loc-rib; its RD is the VTEP's unless given."""
        key = {
            "vantage": "loc_rib", "network_instance": "default", "rd": rd or f"{vtep}:2", "route_type": 2,
            "eth_tag": 0, "mac": mac(number), "neighbor": neighbor, **(ip_columns(ip) if ip else {}),
        }  # fmt: skip
        if "mac" in more:
            key["mac"] = more.pop("mac")
        leaves = {"label": vni, "next_hop": vtep, "mobility_seq": seq, "best": True, **more}
        return self._route(device, op, key, leaves)

    def imet(
        self,
        device: str,
        vtep: str,
        *,
        op: str = "update",
        neighbor: str | None = "192.0.2.1",
        vni: int = VNI,
        **more: Any,
    ) -> "Scene":
        """A type-3 path: an inclusive multicast route."""
        key = {
            "vantage": "loc_rib", "network_instance": "default", "rd": f"{vtep}:{vni}", "route_type": 3,
            "eth_tag": 0, "originator": vtep, "neighbor": neighbor,
        }  # fmt: skip
        return self._route(device, op, key, {"label": vni, "next_hop": vtep, **more})

    def segment_route(
        self,
        device: str,
        esi: str,
        vtep: str,
        *,
        op: str = "update",
        neighbor: str | None = "192.0.2.1",
        **more: Any,
    ) -> "Scene":
        """A type-4 path: an Ethernet segment route."""
        key = {
            "vantage": "loc_rib", "network_instance": "default", "rd": f"{vtep}:1", "route_type": 4,
            "route_esi": esi, "originator": vtep, "neighbor": neighbor,
        }  # fmt: skip
        return self._route(device, op, key, {"next_hop": vtep, **more})

    def ad_route(
        self,
        device: str,
        esi: str,
        vtep: str,
        *,
        op: str = "update",
        tag: int = PER_ES_TAG,
        neighbor: str | None = "192.0.2.1",
        vni: int | None = None,
        **more: Any,
    ) -> "Scene":
        """A type-1 path: an Ethernet A-D route, per segment unless a tag or a VNI is given."""
        key = {
            "vantage": "loc_rib", "network_instance": "default", "rd": f"{vtep}:{vni or 1}", "route_type": 1,
            "route_esi": esi, "eth_tag": tag if vni is None else 0, "neighbor": neighbor,
        }  # fmt: skip
        return self._route(device, op, key, {"next_hop": vtep, "label": vni, **more})

    def forwards(self, device: str, esi: str, vni: int, *, df: bool, op: str = "update") -> "Scene":
        """A device says whether it is designated forwarder of a segment for a VNI (VLAN: vni mod 100)."""
        key = {"name": "po1", "network_instance": f"bd-{vni}"}
        leaves = {"esi": esi, "vni": vni, "vlan": vni % 100, "local_is_df": df} if op == "update" else {}
        return self.row(device, "es", "designated_forwarder", op, **key, **leaves)

    def link(self, device: str, interface: str, status: str, **leaves: Any) -> "Scene":
        return self.row(device, "link", "link", interface=interface, oper_status=status, **leaves)

    def session(self, device: str, neighbor: str, state: str, op: str = "update") -> "Scene":
        """A BGP session with its EVPN address family."""
        key = {"op": op, "network_instance": "default", "neighbor": neighbor}
        leaves = {} if op == "delete" else {"session_state": state}
        self._add(
            device,
            "bgp",
            rows=(
                ("bgp_session", {**key, **leaves}),
                (
                    "bgp_session",
                    {**key, "afi_safi": "L2VPN_EVPN"} | ({} if op == "delete" else {"active": True}),
                ),
            ),
        )
        return self

    def has_address(self, device: str, interface: str, address: str, length: int) -> "Scene":
        return self.row(
            device, "link", "interface_address",
            interface=interface, subinterface=0, address=address, prefix_length=length,
        )  # fmt: skip

    def serves(self, device: str, vni: int = VNI) -> "Scene":
        """A device serves a VNI: that makes it a leaf."""
        return self.row(
            device, "vtep", "vtep", network_instance="default", vni=vni, vni_state="UP", vni_type="L2"
        )

    def learns(self, device: str, number: int, op: str = "update", **leaves: Any) -> "Scene":
        """A MAC entry of the l2rib, learned locally unless ``producer`` says otherwise."""
        key = {"network_instance": "default", "mac": mac(number), "producer": leaves.pop("producer", "LOCAL")}
        shown = {} if op == "delete" else {"vni": VNI, **leaves}
        return self.row(device, "mac", "mac", op, **key, **shown)

    def _route(self, device: str, op: str, key: dict[str, Any], leaves: dict[str, Any]) -> "Scene":
        rows: list[tuple[str, dict[str, Any]]] = []
        plain = {name: leaves[name] for name in leaves if name not in _ATTRIBUTES + _COMMUNITIES}
        if op != "delete":
            for table, pointer, names in (
                ("bgp_attr_set", "attr_index", _ATTRIBUTES),
                ("bgp_ext_community", "ext_community_index", _COMMUNITIES),
            ):
                content = {name: leaves[name] for name in names if leaves.get(name) is not None}
                index = self._indexes.setdefault((table, *sorted(content.items())), len(self._indexes) + 1)
                if (device, table, index) not in self._defined:
                    self._defined.add((device, table, index))
                    rows.append(
                        (table, {"op": "update", "network_instance": "default", pointer: index, **content})
                    )
                plain[pointer] = index
        rows.append(("evpn_route", {"op": op, **key, **(plain if op != "delete" else {})}))
        self._add(device, "routes", rows=tuple(rows))
        return self

    def _add(
        self,
        device: str,
        family: str,
        kind: Kind = Kind.RESPONSE,
        rows: Rows = (),
        content: dict[str, Any] | None = None,
        *,
        sync: bool = False,
    ) -> None:
        session = self._sessions[device, family]
        seq = self._seq[session]
        self._seq[session] += 1
        self.records.append(
            Said(self.now, device, kind, family, session, seq, rows, sync, content, self._recv)
        )


def delayed(records: Sequence[Said], delays: Sequence[float]) -> list[Said]:
    """Return records as they arrive if each row waits for the next of ``delays``.

    Each device's order is kept. Nothing is delayed in the first second: there the sessions begin.
    """
    arrived: dict[str, float] = {}
    out = []
    for number, one in enumerate(records):
        wait = delays[number % len(delays)] if one.rows and one.at >= 1 and delays else 0.0
        arrived[one.device] = max(arrived.get(one.device, 0.0), one.at + wait)
        out.append(replace(one, recv=arrived[one.device]))
    return sorted(out, key=lambda one: one.recv or 0.0)
