"""What a good tool must find in a simulated fabric, from what happened in it.

Levels follow from the state of links, sessions, segments and agents. Who is silent counts as no observer from
the beginning, and what travels over a few hops as known at once: both matter for milliseconds and seconds at
the edge of a quorum only.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import Final

from targets.simulated.courses import Course, Field, Turn
from targets.simulated.design import Plan
from targets.simulated.expected_ports import Key, Ports
from targets.simulated.mobility import QUIET_NS, level, of_host
from targets.simulated.news import (
    ActionNote,
    AdjacencyNote,
    LegNote,
    MoveNote,
    Note,
    PortNote,
    Telemetry,
    TelemetryNote,
    VerdictNote,
)

_QUORUM: Final = 0.5
_KEPT_NS: Final = 240_000_000_000
"""Moves count for 180 s, their bursts a little longer."""


class Expectations:
    """All subjects of a fabric, and what should be said of them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        pairs = [(link.leaf, link.spine) for link in plan.links]
        self._up = {(kind, *pair): True for kind in ("link", "session") for pair in pairs}
        self._legs = {(number, leaf): True for number, it in enumerate(plan.segments) for leaf in it.leaves}
        self._agents: dict[str, Telemetry] = {node.name: "talking" for node in plan.nodes}
        self._frozen: dict[tuple[int, str], set[int]] = defaultdict(set)
        self._moves: dict[tuple[int, str], list[MoveNote]] = defaultdict(list)
        self._courses: dict[tuple[str, Field | tuple[int, str] | Key], Course] = {}
        self._numbers = count(1)
        self._ports = Ports(self._course)

    def take(self, note: Note) -> Iterator[Turn]:
        """Yield the turns due before something happened, and take it in."""
        yield from self.until(note.time_ns - 1)
        match note:
            case AdjacencyNote():
                self._up[note.kind, note.leaf, note.spine] = note.up
                self._judge(note.time_ns)
            case LegNote():
                self._legs[note.segment, note.leaf] = note.up
                self._judge(note.time_ns)
            case TelemetryNote():
                self._agents[note.device] = note.telemetry
                silent = note.telemetry != "talking"
                self._course("silence", note.device, {"device": note.device}).set(silent, note.time_ns)
                self._ports.talks(note.device, note.telemetry, note.time_ns)
                self._judge(note.time_ns)
            case PortNote():
                self._ports.take(note)
            case VerdictNote():
                self._freeze(note)
            case MoveNote():
                self._move(note)
            case ActionNote():
                pass  # what it does to the fabric comes in notes of its own
        yield from self.until(note.time_ns)

    def until(self, time_ns: int) -> Iterator[Turn]:
        """Yield the turns due by a time, in order."""
        due = [turn for course in self._courses.values() for turn in course.turns(time_ns, self._numbers)]
        yield from sorted(due, key=lambda turn: (turn.time_ns, turn.number))

    def last_clears(self) -> Iterator[Turn]:
        """Yield the turns that are still to come by themselves, however late."""
        yield from self.until(1 << 62)

    def _course(self, family: str, key: Field | tuple[int, str] | Key, subject: dict[str, Field]) -> Course:
        return self._courses.setdefault((family, key), Course(family, subject))

    def _move(self, note: MoveNote) -> None:
        if not of_host(note.mac, [node.router_mac for node in self._plan.nodes]):
            return
        mac = (note.vni, note.mac)
        moves = [it for it in self._moves[mac] if it.time_ns > note.time_ns - _KEPT_NS]
        self._moves[mac] = [*moves, note]
        course = self._course("mobility", mac, {"vni": note.vni, "mac": note.mac})
        reached = level(self._moves[mac])
        if reached:
            course.set(reached, note.time_ns)
        course.clear_at(note.time_ns + QUIET_NS)

    def _freeze(self, note: VerdictNote) -> None:
        mac = (note.vni, note.mac)
        (self._frozen[mac].add if note.frozen else self._frozen[mac].discard)(note.leaf)
        course = self._course("verdict", mac, {"vni": note.vni, "mac": note.mac})
        course.set(bool(self._frozen[mac]), note.time_ns)

    def _judge(self, time_ns: int) -> None:
        """Bring links, segments and VTEPs up to date."""
        plan = self._plan
        lost = {spine for spine in range(len(plan.spines)) if self._lost(spine)}
        for spine, node in enumerate(plan.spines):
            self._course("uplinks", node.name, {"device": node.name}).set(spine in lost, time_ns)
        holders = [self._holders(leaf) for leaf in range(len(plan.leaves))]
        for leaf, node in enumerate(plan.leaves):
            self._course("uplinks", node.name, {"device": node.name}).set(self._uplinks(leaf, lost), time_ns)
            gone = self._gone(holders[leaf] - {node.name}, without=node.name)
            subject: dict[str, Field] = {"vtep": node.address, "device": node.name}
            self._course("vtep", node.name, subject).set(gone, time_ns)
        for number, segment in enumerate(plan.segments):
            served = [self._legs[number, leaf] and not self._gone(holders[leaf]) for leaf in segment.leaves]
            degraded = 0 if all(served) else 1 if any(served) else 2
            esi = segment.esi_text
            self._course("segment", esi, {"esi": esi}).set(degraded, time_ns)

    def _lost(self, spine: int) -> bool:
        """Return whether no leaf has a session with a spine any more, or none a link to it."""
        leaves = range(len(self._plan.leaves))
        return any(not any(self._up[kind, leaf, spine] for leaf in leaves) for kind in ("session", "link"))

    def _uplinks(self, leaf: int, lost: set[int]) -> int:
        spines = range(len(self._plan.spines))
        ways = [[self._up[kind, leaf, spine] for spine in spines] for kind in ("link", "session")]
        if not all(any(kind) for kind in ways):
            return 2
        return int(not all(up or spine in lost for kind in ways for spine, up in enumerate(kind)))

    def _holders(self, leaf: int) -> set[str]:
        """Return the devices that have a leaf's routes."""
        plan = self._plan
        near = [spine for spine in range(len(plan.spines)) if self._up["session", leaf, spine]]
        far = {
            node.name
            for other, node in enumerate(plan.leaves)
            if other == leaf or any(self._up["session", other, spine] for spine in near)
        }
        return far | {plan.spines[spine].name for spine in near}

    def _gone(self, holders: set[str], without: str = "") -> bool:
        """Return whether half of the observers that talk don't hold a route any more."""
        observers = {name for name, state in self._agents.items() if state == "talking" and name != without}
        return bool(observers) and len(observers - holders) / len(observers) >= _QUORUM
