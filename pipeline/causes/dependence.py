"""What depends on what in a fabric: port, device, session, segment, VTEP, MAC.

Things are tokens, ("port", device, interface) and so on. What an incident is about are its own tokens; what
its fault may reach are those and the tokens below them. Two incidents have to do with each other when the
reach of one meets what the other is about.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

Token = tuple[str, ...]
Relation = Literal["within", "beside"]
FABRIC: Final[Token] = ("fabric",)
_PLACES: Final = ("from_location", "to_location", "sticky_at", "claimed_by")
"""Evidence of MAC rules: an ESI or a VTEP."""


class End(NamedTuple):
    """One end of a link or an EVPN session between two devices."""

    device: str
    thing: str
    """Interface, or the neighbour's address."""
    kind: str
    """link or session."""
    peer: str
    """Name of the device at the other end, or its address if it isn't known."""


@dataclass(frozen=True)
class Topology:
    """Who is connected to whom, and who serves what, as far as anybody told."""

    ends: tuple[End, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    """VTEP or other address to device."""
    servers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """ESI to the devices that serve the segment, or did."""
    ports: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(device, interface) of LAGs and their members to the ESI behind them."""
    leaves: frozenset[str] = frozenset()

    @property
    def vteps(self) -> Mapping[str, frozenset[str]]:
        """Return the VTEPs of each device."""
        found: dict[str, set[str]] = defaultdict(set)
        for vtep, device in self.owners.items():
            found[device].add(vtep)
        return {device: frozenset(vteps) for device, vteps in found.items()}


class Dependence:
    """Answers what is about what, for one topology."""

    def __init__(self, topology: Topology) -> None:
        self._owners, self._servers, self._ports = topology.owners, topology.servers, topology.ports
        self._vteps, self._leaves = topology.vteps, topology.leaves
        self._segments: dict[str, set[str]] = defaultdict(set)
        for esi, devices in topology.servers.items():
            for device in devices:
                self._segments[device].add(esi)
        self._ends: dict[str, list[End]] = defaultdict(list)
        self._facing: dict[str, list[End]] = defaultdict(list)
        for end in topology.ends:
            self._ends[end.device].append(end)
            self._facing[end.peer].append(end)

    def about(self, subject: Mapping[str, Any]) -> frozenset[Token]:
        """Return what an incident is about in the narrowest sense; ``subject``: columns of view ``incident``.

        A MAC that moves is no fault of its VNI, nor a port's of its whole device.
        """
        for name in ("mac", "ip"):
            if subject.get(name) is not None:
                return frozenset({(name, str(subject[name]))})
        if (device := subject.get("device")) is not None:
            for kind, name in (("port", "interface"), ("session", "peer")):
                if subject.get(name) is not None:
                    return frozenset({(kind, device, subject[name])})
        found = {(name, subject[name]) for name in ("esi", "vtep", "device") if subject.get(name) is not None}
        if device is None and subject.get("peer") is not None:
            found.add(("vtep", subject["peer"]))  # the other of two places
        if found:
            return frozenset(found)
        return frozenset((name, str(subject[name])) for name in ("vni", "tenant") if subject.get(name))

    def own(self, subject: Mapping[str, Any], evidence: Mapping[str, Any]) -> frozenset[Token]:
        """Return all that an incident has to do with: its subject, and what its evidence names."""
        found = set(self.about(subject))
        for name in ("device", "esi", "vtep", "vni", "tenant"):
            if subject.get(name) is not None and not (name == "device" and found):
                found.add((name, str(subject[name])))
        found |= {self._place(name) for key in _PLACES for name in _texts([evidence.get(key)])}
        found |= {("device", name) for name in _texts(evidence.get("devices"))}
        found |= {("mac", name) for name in _texts(evidence.get("macs"))}
        return frozenset(found)

    def reach(self, own: Iterable[Token]) -> frozenset[Token]:
        """Return what a fault of these things may reach.

        What is below is listed whole, once: the port of a leaf reaches not what its other ports would.
        """
        own = list(own)
        return frozenset((*own, *(below for token in own for below in self._below(token))))

    def _place(self, name: str) -> Token:
        return ("esi" if name in self._servers or name.count(":") == 9 else "vtep", name)

    def _below(self, token: Token) -> list[Token]:
        match token:
            case ("port", device, interface):
                return self._below_port(device, interface)
            case ("session", device, peer):
                far = {end.peer for end in self._ends[device] if end.thing == peer}
                far |= {self._owners[peer]} if peer in self._owners else set()
                return [("end", device), *(("end", name) for name in sorted(far))]
            case ("device", device):
                # a spine takes a way from its leaves; no leaf takes one from a spine
                facing = [] if device in self._leaves else [end.device for end in self._facing[device]]
                return [
                    *(("vtep", vtep) for vtep in self._vteps.get(device, ())),
                    *(("esi", esi) for esi in self._segments.get(device, ())),
                    *(_token(end) for end in (*self._ends[device], *self._facing[device])),
                    *(("end", name) for name in facing),
                    ("at", device),
                ]
            case ("vtep", vtep) if vtep in self._owners:
                return [("device", self._owners[vtep])]
            case _:
                return []

    def _below_port(self, device: str, interface: str) -> list[Token]:
        far = [end.peer for end in self._ends[device] if end.kind == "link" and end.thing == interface]
        # a port to hosts is no way of the device to the fabric
        found: list[Token] = [("end", name) for name in (device, *far)] if far else []
        for name in far:
            found += [_token(end) for end in self._ends[name] if end.peer == device]
            found += [_token(end) for end in self._ends[device] if end.peer == name]
        if (esi := self._ports.get((device, interface))) is not None:
            found.append(("esi", esi))
        return found


def touched(own: frozenset[Token]) -> frozenset[Token]:
    """Return the tokens by which a fault may reach what an incident has to do with."""
    inside = {token[1] for token in own if token[0] in ("device", "port", "session")}
    return own | {(kind, name) for name in inside for kind in ("at", "end")} | {FABRIC}


def relation(reach: frozenset[Token], own: frozenset[Token]) -> Relation | None:
    """Return how a fault that reaches so far meets what an incident is about.

    ``within``: it is about a part of what the fault reaches. ``beside``: it is about a device to which the
    fault takes away one of several ways, not what hangs on that device.
    """
    if FABRIC in reach or not reach.isdisjoint(own):
        return "within"
    inside = {token[1] for token in own if token[0] in ("device", "port", "session")}
    if any(("at", name) in reach for name in inside):
        return "within"
    devices = {token[1] for token in own if token[0] == "device"}
    return "beside" if any(("end", name) in reach for name in devices) else None


def _token(end: End) -> Token:
    return ("port" if end.kind == "link" else "session", end.device, end.thing)


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
