"""What comes out of a simulated fabric: what devices say, and notes of what happened to it in truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from targets.tree import Delta

Telemetry = Literal["talking", "silent", "dead"]
"""Of a device's agent: it talks; it hangs and answers nothing; it is off, and so are its connections."""


@dataclass(frozen=True, slots=True)
class Said:
    """A change of what one device shows, in one family."""

    time_ns: int
    """True time; the device's own clock may be off."""
    device: str
    family: str
    delta: Delta


@dataclass(frozen=True, slots=True)
class AdjacencyNote:
    """A link or an EVPN session between a leaf and a spine came up or went down."""

    time_ns: int
    kind: Literal["link", "session"]
    leaf: int
    spine: int
    up: bool


@dataclass(frozen=True, slots=True)
class LegNote:
    """A leaf serves an Ethernet segment, or does so no more."""

    time_ns: int
    segment: int
    leaf: int
    up: bool


@dataclass(frozen=True, slots=True)
class PortNote:
    """Something on a port of a device turned to the good or the bad."""

    time_ns: int
    what: Literal["link", "lag", "lldp", "bfd", "isis"]
    """The port itself, its members (of a LAG), or what a protocol sees over it."""
    device: str
    port: str
    good: bool
    """Of ``lldp``: the neighbour is the one it should be; nobody hears nothing."""
    peer: str = ""
    """Address or system id, of protocols that have one."""


@dataclass(frozen=True, slots=True)
class MoveNote:
    """A MAC was announced from another place with a newer sequence number."""

    time_ns: int
    vni: int
    mac: str
    frm: int
    """Leaf that announced it until now."""
    to: int


@dataclass(frozen=True, slots=True)
class VerdictNote:
    """A leaf has frozen a MAC as a duplicate, or let it go."""

    time_ns: int
    leaf: int
    vni: int
    mac: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class TelemetryNote:
    """A device's agent does otherwise than before."""

    time_ns: int
    device: str
    telemetry: Telemetry


@dataclass(frozen=True, slots=True)
class ActionNote:
    """Something was done to the fabric: a line of the ground truth."""

    time_ns: int
    action: str
    fields: Mapping[str, str | int | float | list[str] | Mapping[str, str]] = field(default_factory=dict)


Note = AdjacencyNote | LegNote | PortNote | MoveNote | VerdictNote | TelemetryNote | ActionNote
News = Said | Note
