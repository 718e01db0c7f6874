"""When leaves elect: as a leg comes up or goes down, and as a type 4 route of a segment comes or goes."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

from targets.openconfig.rib import RouteType
from targets.simulated.agenda import SECOND, Agenda
from targets.simulated.design import Plan
from targets.simulated.devices import Leaf
from targets.simulated.forwarding import ELECTION_WAIT_S, claim_leaves
from targets.simulated.saying import Saying


class Electing:
    """The elections of all leaves of a fabric."""

    def __init__(self, plan: Plan, agenda: Agenda, leaves: Iterable[Leaf]) -> None:
        self._plan, self._agenda = plan, agenda
        self._candidates: dict[int, dict[str, str]] = defaultdict(dict)
        """By segment: entry of a type 4 route to the address of its leaf."""
        self._segment_of: dict[str, int] = {}
        self.follow: Callable[[Leaf, int, int], None] | None = None
        """Called with leaf, segment and time when a leaf forwards to a single-active segment, or no more."""
        for leaf in leaves:
            for number in leaf.legs:
                for route in leaf.announcer.segment(plan.segments[number]):
                    if route.kind is RouteType.SEGMENT:
                        self._candidates[number][route.entry] = leaf.node.address
                        self._segment_of[route.entry] = number

    def concerned(self, leaf: Leaf, entries: Iterable[str]) -> list[int]:
        """Return the segments of a leaf whose type 4 routes are among ``entries``."""
        found = {self._segment_of[entry] for entry in entries if entry in self._segment_of}
        return sorted(found & leaf.legs.keys())

    def elect(self, leaf: Leaf, number: int, saying: Saying, time_ns: int) -> None:
        """Elect the forwarders of a segment from the routes that a leaf holds, and say what is new."""
        election = leaf.elections.of[number]
        held = [
            address
            for entry, address in self._candidates[number].items()
            if leaf.table.best(entry) is not None
        ]
        segment, vnis = self._plan.segments[number], self._plan.vnis
        single = segment.name in leaf.announcer.single_active
        claims = leaf.elections.claims(
            self._plan, leaf.node.address, number, held, up=leaf.legs[number], by_preference=single
        )
        if claims != election.claims:
            was = claim_leaves(segment, vnis, election.claims) if election.claims else {}
            election.claims = claims
            saying.replace("es", was, claim_leaves(segment, vnis, claims))
            if single and self.follow is not None:
                self._agenda.at(time_ns, partial(self.follow, leaf, number))

    def leg_changed(self, leaf: Leaf, number: int, time_ns: int) -> None:
        """Let a leaf whose leg went down give up, and one whose leg came up wait before it elects."""
        election = leaf.elections.of[number]
        election.waiting = leaf.legs[number]
        election.waits += 1
        self.now(leaf, number, time_ns)
        if election.waiting:
            due = time_ns + ELECTION_WAIT_S * SECOND
            self._agenda.at(due, partial(self._waited, leaf, number, election.waits))

    def now(self, leaf: Leaf, number: int, time_ns: int) -> None:
        """Elect, and say what is new."""
        saying = Saying()
        self.elect(leaf, number, saying, time_ns)
        self._agenda.say(leaf.name, saying, time_ns)

    def _waited(self, leaf: Leaf, number: int, wait: int, time_ns: int) -> None:
        election = leaf.elections.of[number]
        if election.waits == wait:
            election.waiting = False
            self.now(leaf, number, time_ns)
