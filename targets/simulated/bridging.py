"""What a leaf knows of MACs: those at its own ports and those it heard of, as the L2RIB shows them.

``fdb/l2rib`` of openconfig-network-instance-l2: a producer per source, LOCAL or BGP, with sequence number,
segment and, of a MAC that the leaf has frozen (RFC 7432, section 15.1), its verdict.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from targets.openconfig.addresses import ZERO_ESI
from targets.tree import Value, entry

MOVES: Final = 5
WINDOW_NS: Final = 180_000_000_000
"""N and M of RFC 7432, section 15.1: a leaf freezes a MAC that it learned N times from elsewhere within M."""
NUMBERS: Final = 1 << 32
"""Sequence numbers there are: behind the last comes 0 (RFC 7432, section 15)."""
Mac = tuple[int, str]
"""VNI and address."""


@dataclass(slots=True)
class Local:
    """A MAC learned at a port of the leaf itself."""

    ips: tuple[str, ...]
    port: str
    esi: str | None
    seq: int = 0
    frozen: bool = False
    wrapped: bool = False
    """Its number is 0 because that comes behind the last."""
    sticky: bool = False
    """Static (RFC 7432, section 15.2): whoever else claims the MAC is ignored."""
    quiet: bool = False
    """Not announced: another leaf announces it as sticky."""
    kept: bool = False
    """Announced still when it is elsewhere: a fault."""
    proxy: bool = False
    """Announced because another leaf of its segment announces it: here it has aged."""
    next_hop: str = ""
    """Of its routes, if not the leaf's own VTEP."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that a leaf shows of one MAC."""

    local: tuple[int, str | None, bool, str, tuple[str, ...], bool] | None
    """Sequence number, ESI, frozen, port, addresses, sticky."""
    remote: tuple[int, str | None, tuple[str, ...], bool] | None
    """Sequence number, ESI, addresses, sticky."""


@dataclass(slots=True)
class Learning:
    """Local MACs of a leaf, and when it learned which of them from elsewhere."""

    local: dict[Mac, Local] = field(default_factory=dict)
    moves: dict[Mac, deque[int]] = field(default_factory=dict)
    detects: bool = True
    """It freezes what it learns too often: its duplicate detection is on."""
    held: dict[Mac, tuple[int, str | None, tuple[str, ...], bool]] = field(default_factory=dict)
    """What the leaf shows of a MAC elsewhere, whatever it hears since: it ignores an older number."""

    def moved(self, mac: Mac, time_ns: int) -> bool:
        """Count a move to this leaf; return whether it makes the MAC a duplicate."""
        times = self.moves.setdefault(mac, deque())
        times.append(time_ns)
        while times[0] <= time_ns - WINDOW_NS:
            times.popleft()
        return self.detects and len(times) >= MOVES


def newer(one: int, other: int) -> bool:
    """Return whether a sequence number is newer than another, round the end of the numbers."""
    return 0 < (one - other) % NUMBERS < NUMBERS // 2


def instance(vni: int) -> str:
    """Return the path of a VNI's network instance, its bridge domain."""
    return f"/network-instances/{entry('network-instance', name=f'bd-{vni}')}"


def mac_leaves(mac: Mac, vlan: int, known: Known) -> dict[str, Value]:
    """Return the leaves of family ``mac`` that show a MAC and its addresses."""
    vni, address = mac
    tree: dict[str, Value] = {}
    l2rib = f"{instance(vni)}/fdb/l2rib"
    table = f"{l2rib}/mac-table/entries/{entry('entry', mac_address=address)}"
    bound: list[tuple[str, str, int, str | None, bool, bool]] = []
    if known.local is not None:
        seq, esi, frozen, port, ips, sticky = known.local
        bound += [(ip, "LOCAL", seq, esi, frozen, sticky) for ip in ("", *ips)]
        where = f"{instance(vni)}/fdb/mac-table/entries/{entry('entry', mac_address=address, vlan=vlan)}"
        tree[f"{where}/state/entry-type"] = "STATIC" if sticky else "DYNAMIC"
        tree[f"{where}/interface/interface-ref/state/interface"] = port
    if known.remote is not None:
        seq, esi, ips, sticky = known.remote
        bound += [(ip, "BGP", seq, esi, False, sticky) for ip in ("", *ips)]
    for ip, producer, seq, esi, frozen, sticky in bound:
        key = entry("entry", mac_address=address, host_ip=ip)
        where = f"{l2rib}/mac-ip-table/entries/{key}" if ip else table
        state = f"{where}/producers/{entry('producer', producer=producer)}/state/"
        tree[f"{where}/state/l2-vni"] = vni
        tree[state + "seq-number"] = seq
        tree[state + "sticky"] = sticky
        tree[state + "esi"] = esi or ZERO_ESI
        if frozen:
            tree[state + "mobility-state"] = "FROZEN"
    return tree
