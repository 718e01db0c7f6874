"""What the protocols on the links between leaves and spines make of it when a link does otherwise.

BFD sessions watch the links, and nothing acts on what they see. All times are what such protocols take with
usual timers; they are the same each time.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, Protocol

from targets.simulated.agenda import MS, SECOND, Agenda
from targets.simulated.design import Plan
from targets.simulated.devices import Device
from targets.simulated.news import PortNote
from targets.simulated.saying import Saying
from targets.simulated.wires import FarEnd, Wire, system_id

What = Literal["lldp", "bfd", "isis"]
_UP: Final[dict[What, int]] = {"lldp": SECOND, "bfd": 1_200 * MS, "isis": 900 * MS}
"""From a link that passes something to its being seen: an LLDP frame, three BFD packets, three hellos."""
_DETECTION: Final = 900 * MS
"""Three BFD packets, 300 ms apart, that didn't come."""
_LIFE: Final = 120 * SECOND
"""Of what LLDP heard, IEEE 802.1AB."""


class Link(Protocol):
    """The state of a link that counts here (``targets.simulated.routing.Session``)."""

    leaf: int
    spine: int
    link_up: bool
    mute_since: int | None
    expired: bool
    crossed: bool


class Wiring:
    """Both ends of all links."""

    def __init__(
        self, plan: Plan, agenda: Agenda, spines: Sequence[Device], leaves: Sequence[Device]
    ) -> None:
        self._plan, self._agenda, self._spines, self._leaves = plan, agenda, spines, leaves

    def ends(self, link: Link) -> list[tuple[Device, Wire]]:
        """Return the two ends of a link, as planned, the leaf's first."""
        found = self._plan.links[link.leaf * len(self._spines) + link.spine]
        leaf, spine = self._leaves[link.leaf], self._spines[link.spine]
        return [(leaf, leaf.wires[found.leaf_port]), (spine, spine.wires[found.spine_port])]

    def see(self, link: Link, time_ns: int) -> None:
        """Let the protocols see, each in its time, what a link has become."""
        for what in _UP:
            self._agenda.at(time_ns + self._delay(link, what), partial(self._settle, link, what))

    def cross(self, one: Link, other: Link) -> None:
        """Exchange the cables of two links at the leaf they share; again: put them back."""
        (leaf, here), (spine, there) = self.ends(one)
        (_, second), (far_spine, far) = self.ends(other)
        crossed = here.far.node is spine.node
        ends = [(here, there, spine), (second, far, far_spine)]
        if crossed:
            ends = [(here, far, far_spine), (second, there, spine)]
        for near, at, device in ends:
            near.far, at.far = FarEnd(device.node, at.port), FarEnd(leaf.node, near.port)
        for wire in (here, there, second, far):
            wire.entry += 1
        one.crossed = other.crossed = crossed

    def fail_bfd(self, link: Link, time_ns: int) -> None:
        """Let the BFD session of a link fail, and come back soon."""
        for device, wire in self.ends(link):
            self._set(device, wire, "bfd", time_ns, up=False)
        self._agenda.at(time_ns + _UP["bfd"], partial(self._settle, link, "bfd"))

    def _delay(self, link: Link, what: What) -> int:
        if not link.link_up:
            return 0
        if link.mute_since is None:
            return _UP[what]
        return {"lldp": _LIFE, "bfd": _DETECTION, "isis": 0}[what]

    def _settle(self, link: Link, what: What, time_ns: int) -> None:
        """Bring both ends to what a protocol sees of a link by now."""
        mute_ns = 0 if link.mute_since is None else time_ns - link.mute_since
        sees = {
            "lldp": mute_ns < _LIFE,
            "bfd": link.mute_since is None and not link.crossed,
            "isis": not link.expired and not link.crossed,
        }
        for device, wire in self.ends(link):
            self._set(device, wire, what, time_ns, up=link.link_up and sees[what])

    def _set(self, device: Device, wire: Wire, what: What, time_ns: int, *, up: bool) -> None:
        is_up = {"lldp": wire.heard, "bfd": wire.bfd, "isis": wire.adjacent}[what]
        if is_up == up or (what == "isis" and not wire.igp):
            return
        saying, old = Saying(), wire.leaves(what)
        if what == "lldp":
            wire.heard = up
        elif what == "bfd":
            wire.bfd = up
            if not up:
                wire.failures += 1
                wire.failed_ns = device.clock(time_ns)
        else:
            wire.adjacent = up
            if up:
                wire.adjacent_ns = device.clock(time_ns)
        saying.replace(what, old, wire.leaves(what))
        self._agenda.say(device.name, saying, time_ns)
        self._note(device, wire, what, time_ns, up=up)

    def _note(self, device: Device, wire: Wire, what: What, time_ns: int, *, up: bool) -> None:
        if what == "lldp":
            if not up:
                return
            up = wire.far.node is wire.peer
        self._agenda.note(PortNote(time_ns, what, device.name, wire.port, up, _peer(wire, what)))


def _peer(wire: Wire, what: What) -> str:
    return {"lldp": "", "bfd": wire.addresses[1], "isis": system_id(wire.peer)}[what]
