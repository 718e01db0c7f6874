"""EVPN sessions between leaves and spines, and how routes travel over them.

A spine passes on what it hears from a leaf to all others; a leaf passes on nothing. What is on its way when a
session goes down is lost with it, and a session that comes up begins with the whole table (RFC 4271).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

from targets.simulated.agenda import MS, SECOND, Agenda
from targets.simulated.announcements import LOCAL_SLOT, Route
from targets.simulated.design import Plan
from targets.simulated.devices import Device, Leaf
from targets.simulated.news import AdjacencyNote, PortNote
from targets.simulated.saying import Saying
from targets.simulated.wiring import Wiring

Announcements = Mapping[str, Route | None]
"""Routes by their list entry, None: withdrawn."""
Hear = Callable[[Leaf, int, Announcements, int], None]
"""Called with a leaf, the slot of the spine it hears from, what it hears and the time."""
_HOP: Final = (MS // 2, 6 * MS)
"""What a BGP speaker takes to pass on an update."""
_NOTICE: Final = (0, 3 * MS)
"""What BGP takes to take notice of an interface that is down, or a peer that is gone."""
_HOLD: Final = (6 * SECOND, 9 * SECOND)
"""A hold timer of 9 s runs since the last keepalive, which comes each 3 s."""
_CONNECT: Final = (800 * MS, 2 * SECOND)
_SLOW_HOLD: Final = (20 * SECOND, 30 * SECOND)
"""A session between loopbacks whose peer can't be reached ends with its hold timer of 30 s (no BFD)."""
_CONVERGE: Final = (150 * MS, 300 * MS)
"""What the IGP takes to find out that a loopback can be reached no more, or again."""
_PORTION: Final = 1_000
"""Routes in one burst of updates."""


@dataclass(slots=True)
class Session:
    """The EVPN session between a leaf and a spine, and the link between the two."""

    leaf: int
    spine: int
    link_up: bool = True
    cut: bool = False
    """Somebody pulled the cable."""
    mute_since: int | None = None
    """Nothing has come through since, and the interfaces don't notice; None: all does."""
    expired: bool = False
    """Nothing came through for as long as a hold timer runs."""
    allowed: bool = True
    """Not shut down by configuration."""
    up: bool = True
    rising: bool = False
    epoch: int = 0
    """Counts ups and downs: what was sent in another epoch never arrives."""
    last_ns: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """When the last update arrives, by direction: updates do not overtake each other."""

    backlog: list[tuple[bool, Announcements]] = field(default_factory=list)
    """What TCP sends again when a mute link passes something: direction and announcements."""

    underlay_up: bool = True
    """The EBGP session of the underlay, in designs that have one."""
    underlay_rising: bool = False
    unreached_since: int | None = None
    """Over an EBGP underlay: the peer's loopback can't be reached since; None: it can."""
    crossed: bool = False
    """Its cable leads elsewhere."""
    restarted: bool = False
    """One end lost its power since, and its memory."""
    given_up: bool = False
    """It could not be reached for as long as a hold timer runs."""

    @property
    def passes(self) -> bool:
        """Return whether a routing protocol can use the link, as far as it knows."""
        return self.link_up and not self.expired and not self.crossed


class Routing:
    """All sessions of a fabric."""

    def __init__(
        self, plan: Plan, agenda: Agenda, spines: Sequence[Device], leaves: Sequence[Leaf], hear: Hear
    ) -> None:
        self._plan, self._agenda, self._hear = plan, agenda, hear
        self._spines, self._leaves = spines, leaves
        self.sessions = [Session(link.leaf, link.spine) for link in plan.links]
        self._over_igp = plan.design.routing == "ibgp"
        self._two_layers = plan.design.two_layers
        self._falls_over = plan.design.reflects
        self._islands: dict[int, int] | None = None
        self.wiring = Wiring(plan, agenda, spines, leaves)

    def between(self, leaf: int, spine: int) -> Session:
        """Return the session of a pair."""
        return self.sessions[leaf * len(self._spines) + spine]

    def of(self, device: Device) -> list[Session]:
        """Return the sessions of a device."""
        number = device.node.number
        if isinstance(device, Leaf):
            return [self.between(number, spine) for spine in range(len(self._spines))]
        return [self.between(leaf, number) for leaf in range(len(self._leaves))]

    def announce(self, leaf: Leaf, changes: Announcements, time_ns: int) -> None:
        """Change a leaf's own routes, and tell the spines."""
        saying = Saying()
        for entry, route in changes.items():
            leaf.table.change(entry, LOCAL_SLOT, route, saying)
        leaf.table.settle(saying)
        self._agenda.say(leaf.name, saying, time_ns)
        for session in self.of(leaf) if leaf.powered else ():
            self._send(session, changes, time_ns, upward=True)

    def check_links(self, device: Device, time_ns: int) -> None:
        """See which links of a device are up, and what that does to sessions."""
        for session in self.of(device):
            leaf, spine = self._leaves[session.leaf], self._spines[session.spine]
            up = leaf.powered and spine.powered and spine.forwarding and not session.cut
            if up == session.link_up:
                continue
            session.link_up = up
            link = self._plan.links[session.leaf * len(self._spines) + session.spine]
            for end, port in ((leaf, link.leaf_port), (spine, link.spine_port)):
                saying = Saying()
                end.set_port(port, time_ns, saying, up=up)
                self._agenda.say(end.name, saying, time_ns)
                self._agenda.note(PortNote(time_ns, "link", end.name, port, up))
            self._agenda.note(AdjacencyNote(time_ns, "link", session.leaf, session.spine, up))
            self.wiring.see(session, time_ns)
        self.check_sessions(self.of(device), time_ns)
        if self._over_igp:
            self._agenda.at(time_ns + self._agenda.between(*_CONVERGE), self._converge)

    def refresh(self, spine: Device, time_ns: int) -> None:
        """Let a spine pass on all it knows anew: its policy has changed."""
        spine.policy.reset()
        for session in self.of(spine):
            known = {
                entry: best
                for entry in list(spine.table.paths)
                if (best := spine.table.best(entry)) is not None and best.origin != session.leaf
            }
            self._send(session, known, time_ns, upward=False)

    def set_mute(self, session: Session, time_ns: int, *, mute: bool) -> None:
        """Let a link pass nothing while it stays up, or everything again."""
        if (session.mute_since is not None) == mute:
            return
        session.mute_since = time_ns if mute else None
        self.wiring.see(session, time_ns)
        if mute:
            due = time_ns + self._agenda.between(*_HOLD)
            self._agenda.at(due, partial(self._expire, session, time_ns))
            return
        session.expired = False
        backlog, session.backlog = session.backlog, []
        for upward, changes in backlog:
            self._send(session, changes, time_ns, upward=upward)
        self._check_way(session, time_ns)

    def _expire(self, session: Session, since: int, time_ns: int) -> None:
        if session.mute_since == since:
            session.expired = True
            self.wiring.see(session, time_ns)
            self._check_way(session, time_ns)

    def _check_way(self, session: Session, time_ns: int) -> None:
        if self._over_igp:
            self._converge(time_ns)
        else:
            self.check_sessions([session], time_ns)

    def check_sessions(self, sessions: Sequence[Session], time_ns: int) -> None:
        """See which sessions have to go down, and which can come up."""
        for session in sessions if self._two_layers else ():
            self._check_underlay(session, time_ns)
        for session in sessions:
            wanted = self._wanted(session)
            if session.up and not wanted:
                noticed = time_ns + self._agenda.between(*_NOTICE)
                self._agenda.at(noticed, partial(self._fall, session))
            elif wanted and not session.up and not session.rising:
                session.rising = True
                due = time_ns + self._agenda.between(*_CONNECT)
                self._agenda.at(due, partial(self._rise, session))

    def _wanted(self, session: Session) -> bool:
        ends = (self._leaves[session.leaf], self._spines[session.spine])
        runs = session.allowed and all(end.routing for end in ends)
        if self._two_layers:
            # who is gone without a word is missed when nothing came for as long as the hold timer runs
            return runs and not session.given_up and (session.up or session.unreached_since is None)
        works = runs and all(end.powered for end in ends)
        return works and (self._reached(session) if self._over_igp else session.passes)

    def _check_underlay(self, session: Session, time_ns: int) -> None:
        """See whether the session of a link has to go down or can come up."""
        wanted = self._underlay_wanted(session)
        if session.underlay_up and not wanted:
            due = time_ns + self._agenda.between(*_NOTICE)
            self._agenda.at(due, partial(self._turn_underlay, session, up=False))
        elif wanted and not session.underlay_up and not session.underlay_rising:
            session.underlay_rising = True
            due = time_ns + self._agenda.between(*_CONNECT)
            self._agenda.at(due, partial(self._turn_underlay, session, up=True))

    def _underlay_wanted(self, session: Session) -> bool:
        ends = (self._leaves[session.leaf], self._spines[session.spine])
        return session.passes and all(end.powered and end.routing for end in ends)

    def _turn_underlay(self, session: Session, time_ns: int, *, up: bool) -> None:
        session.underlay_rising = False
        if session.underlay_up == up or self._underlay_wanted(session) != up:
            return
        session.underlay_up = up
        leaf, spine = self._leaves[session.leaf], self._spines[session.spine]
        for end, slot in ((leaf, session.spine), (spine, session.leaf)):
            saying = Saying()
            end.set_neighbor(end.underlays[slot], time_ns, saying, up=up)
            self._agenda.say(end.name, saying, time_ns)
        if not up:
            # a loopback is reached over its own link alone: spines share an AS and refuse the way round
            session.unreached_since = time_ns
            session.restarted = not (leaf.powered and spine.powered)
            hold = _CONVERGE if self._falls_over else _SLOW_HOLD
            due = time_ns + self._agenda.between(*hold)
            self._agenda.at(due, partial(self._give_up, session, time_ns))
            return
        session.unreached_since, session.given_up = None, False
        if session.up and session.restarted:
            self._drop(session, time_ns)  # who booted opens a new one, which ends the old one
        backlog, session.backlog = session.backlog, []
        for upward, changes in backlog:
            self._send(session, changes, time_ns, upward=upward)
        self.check_sessions([session], time_ns)

    def _give_up(self, session: Session, since: int, time_ns: int) -> None:
        if session.unreached_since == since:
            session.given_up = True
            self.check_sessions([session], time_ns)

    def _reached(self, session: Session) -> bool:
        """Return whether the IGP knows a way between two loopbacks, over whatever links."""
        if self._islands is None:
            self._islands = self._find_islands()
        return self._islands[session.leaf] == self._islands[~session.spine]

    def _find_islands(self) -> dict[int, int]:
        """Return which leaves and spines (by complement) can reach each other: equal numbers."""
        island = {number: number for number in range(-len(self._spines), len(self._leaves))}

        def root(number: int) -> int:
            while island[number] != number:
                number = island[number]
            return number

        for session in self.sessions:
            if session.passes:
                island[root(session.leaf)] = root(~session.spine)
        return {number: root(number) for number in island}

    def _converge(self, time_ns: int) -> None:
        self._islands = None
        self.check_sessions(self.sessions, time_ns)

    def _rise(self, session: Session, time_ns: int) -> None:
        session.rising = False
        if session.up or not self._wanted(session):
            return
        self._turn(session, time_ns, up=True)
        leaf, spine = self._leaves[session.leaf], self._spines[session.spine]
        for sender, upward in ((leaf, True), (spine, False)):
            known = {
                entry: best
                for entry in list(sender.table.paths)
                if (best := sender.table.best(entry)) is not None and (best.origin == session.leaf) == upward
            }
            rest = iter(known.items())
            while portion := dict(islice(rest, _PORTION)):
                self._send(session, portion, time_ns, upward=upward)

    def _fall(self, session: Session, time_ns: int) -> None:
        if session.up and not self._wanted(session):
            self._drop(session, time_ns)

    def _drop(self, session: Session, time_ns: int) -> None:
        self._turn(session, time_ns, up=False)
        leaf, spine = self._leaves[session.leaf], self._spines[session.spine]
        self._hear(leaf, session.spine, dict.fromkeys(leaf.table.entries(session.spine)), time_ns)
        lost: Announcements = dict.fromkeys(spine.table.entries(session.leaf))
        self._at_spine(spine, session.leaf, lost, time_ns)

    def _turn(self, session: Session, time_ns: int, *, up: bool) -> None:
        session.up = up
        session.epoch += 1
        session.backlog.clear()
        ends = (
            (self._leaves[session.leaf], session.spine),
            (self._spines[session.spine], session.leaf),
        )
        for end, slot in ends:
            saying = Saying()
            end.set_neighbor(end.neighbors[slot], time_ns, saying, up=up)
            self._agenda.say(end.name, saying, time_ns)
        self._agenda.note(AdjacencyNote(time_ns, "session", session.leaf, session.spine, up))

    def _send(self, session: Session, changes: Announcements, time_ns: int, *, upward: bool) -> None:
        if not session.up or not changes:
            return
        if not upward:
            changes = self._spines[session.spine].policy.change(changes)
        mute = session.mute_since is not None and not self._over_igp  # an IGP finds another way
        if mute or session.unreached_since is not None:
            session.backlog.append((upward, changes))
            return
        due = max(time_ns + self._agenda.between(*_HOP), session.last_ns[upward])
        session.last_ns[upward] = due
        epoch = session.epoch

        def arrive(now: int) -> None:
            if session.epoch != epoch:
                return
            if upward:
                self._at_spine(self._spines[session.spine], session.leaf, changes, now)
            else:
                self._hear(self._leaves[session.leaf], session.spine, changes, now)

        self._agenda.at(due, arrive)

    def _at_spine(self, spine: Device, leaf: int, changes: Announcements, time_ns: int) -> None:
        if not changes:
            return
        saying = Saying()
        for entry, route in changes.items():
            spine.table.change(entry, leaf, route, saying)
        spine.table.settle(saying)
        self._agenda.say(spine.name, saying, time_ns)
        for session in self.of(spine):
            if session.leaf != leaf:
                self._send(session, changes, time_ns, upward=False)
