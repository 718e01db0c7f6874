"""What devices hear over their links and from the members of their LAGs: LLDP, BFD, IS-IS and LACP."""

from dataclasses import dataclass
from typing import Final

from targets.openconfig.families import BFD, LACP, LLDP
from targets.simulated.design import Node, Segment
from targets.tree import Value, entry

MEMBERS: Final = 2
"""Members of each leg of a segment."""
_ISIS: Final = (
    "/network-instances/network-instance[name=default]/protocols/protocol[identifier=ISIS][name=1]"
    "/isis/interfaces"
)
_LEVEL: Final = 2
_STRANGER: Final = "00:50:56:f1:00:01"
"""LACP system id of a server that is behind no segment."""
_KEY: Final = 1


@dataclass(frozen=True, slots=True)
class FarEnd:
    """Who is at the other end of a link."""

    node: Node
    port: str


@dataclass(slots=True)
class Wire:
    """One end of a link between a leaf and a spine, as the protocols on it see it."""

    port: str
    number: int
    """Of the BFD session."""
    addresses: tuple[str, str]
    """Its own and the other end's, as configured."""
    peer: Node
    """Whose adjacency is configured here, wherever the cable leads."""
    far: FarEnd
    """Where the cable leads."""
    igp: bool
    """IS-IS runs on it."""
    heard: bool = True
    """LLDP hears the other end."""
    entry: int = 1
    """Number of the LLDP neighbour: another one is another neighbour."""
    bfd: bool = True
    failures: int = 0
    failed_ns: int | None = None
    adjacent: bool = True
    adjacent_ns: int | None = None

    def leaves(self, family: str) -> dict[str, Value]:
        """Return the leaves of family ``lldp``, ``bfd`` or ``isis``."""
        match family:
            case "lldp":
                return self._lldp() if self.heard else {}
            case "bfd":
                return self._bfd()
            case _:
                return self._isis() if self.igp else {}

    def _lldp(self) -> dict[str, Value]:
        neighbors = f"{LLDP}/{entry('interface', name=self.port)}/neighbors"
        state = f"{neighbors}/{entry('neighbor', id=self.entry)}/state/"
        return {
            state + "chassis-id": self.far.node.router_mac,
            state + "chassis-id-type": "MAC_ADDRESS",
            state + "port-id": self.far.port,
            state + "port-id-type": "INTERFACE_NAME",
            state + "system-name": self.far.node.name,
        }

    def _bfd(self) -> dict[str, Value]:
        peers = f"{BFD}/{entry('interface', id=self.port)}/peers"
        state = f"{peers}/{entry('peer', local_discriminator=self.number)}/state/"
        tree: dict[str, Value] = {
            state + "session-state": "UP" if self.bfd else "DOWN",
            state + "local-address": self.addresses[0],
            state + "remote-address": self.addresses[1],
            state + "failure-transitions": self.failures,
            state + "local-diagnostic-code": "NO_DIAGNOSTIC" if self.bfd else "DETECTION_TIMEOUT",
        }
        if self.failed_ns is not None:
            tree[state + "last-failure-time"] = self.failed_ns
        return tree

    def _isis(self) -> dict[str, Value]:
        levels = f"{_ISIS}/{entry('interface', interface_id=self.port)}/levels"
        adjacencies = f"{levels}/{entry('level', level_number=_LEVEL)}/adjacencies"
        state = f"{adjacencies}/{entry('adjacency', system_id=system_id(self.peer))}/state/"
        version = 6 if ":" in self.addresses[1] else 4
        tree: dict[str, Value] = {
            state + "adjacency-state": "UP" if self.adjacent else "DOWN",
            state + f"neighbor-ipv{version}-address": self.addresses[1],
        }
        if self.adjacent_ns is not None:
            tree[state + "up-timestamp"] = self.adjacent_ns
        return tree


@dataclass(slots=True)
class Member:
    """A member of a leg: a port of a leaf, and LACP on it."""

    port: str
    segment: Segment
    up: bool = True
    broken: bool = False
    """It can't come up, whatever the leg does."""
    stray: bool = False
    """Its cable leads to another server: LACP keeps it out of the LAG (IEEE 802.1AX, selection logic)."""

    def leaves(self) -> dict[str, Value]:
        """Return the leaves of family ``lacp``."""
        members = f"{LACP}/{entry('interface', name=self.segment.name)}/members"
        state = f"{members}/{entry('member', interface=self.port)}/state/"
        return {
            state + "synchronization": "IN_SYNC" if self.up else "OUT_SYNC",
            state + "collecting": self.up,
            state + "distributing": self.up,
            # leaves of one segment are one system to the server
            state + "system-id": self.segment.import_mac,
            state + "oper-key": _KEY,
            state + "partner-id": self._partner(),
            state + "partner-key": _KEY if self.up or self.stray else 0,
        }

    def _partner(self) -> str:
        if self.stray:
            return _STRANGER
        return server_id(self.segment) if self.up else "00:00:00:00:00:00"


def system_id(node: Node) -> str:
    """Return a node's system id in IS-IS, made of its router id as people do: 10.0.0.1 is 0100.0000.0001."""
    digits = "".join(f"{int(octet):03}" for octet in node.router_id.split("."))
    return ".".join(digits[at : at + 4] for at in (0, 4, 8))


def server_id(segment: Segment) -> str:
    """Return the LACP system id of the server behind a segment."""
    return f"00:50:56:f0:{segment.esi[-4:-2]}:{segment.esi[-2:]}"
