"""Who forwards to a segment: each leaf elects from the type 4 routes that it holds itself, and says so.

RFC 7432, section 8.5, and RFC 8584, section 2.1: a leaf whose leg comes up waits 3 s for its peers' routes
before it elects; one that has elected does so anew as soon as a route comes or goes. OpenConfig has no leaf
for the result: it is told by the augmentation that the collector's profile ``openconfig`` describes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from targets.openconfig.families import SEGMENTS
from targets.simulated.announcements import designated_forwarder
from targets.simulated.design import Plan, Segment, Vni
from targets.tree import Value, entry

ELECTION_WAIT_S: Final = 3
"""RFC 7432, section 8.5: the default, and what all peers of a segment should have."""
Claims = tuple[tuple[str | None, bool], ...]
"""By VNI, in the order of the plan: who is elected as the leaf sees it, and whether it forwards itself."""


@dataclass(slots=True)
class Election:
    """What one leaf has to do with the election of one segment."""

    waits: int = 0
    """Counts legs that came up: a wait that another one followed elects nobody."""
    waiting: bool = False
    stuck: bool = False
    """The leaf forwards whatever is elected."""
    silent: bool = False
    """The leaf never forwards, whatever is elected."""
    claims: Claims = ()


@dataclass(slots=True)
class Elections:
    """The elections of one leaf, by segment."""

    of: dict[int, Election] = field(default_factory=dict)

    def claims(
        self,
        plan: Plan,
        address: str,
        number: int,
        candidates: Collection[str],
        *,
        up: bool,
        by_preference: bool = False,
    ) -> Claims:
        """Return what a leaf says of a segment: with its leg down it forwards nothing.

        ``candidates``: the addresses of the type 4 routes that it holds.
        """
        election = self.of[number]
        found = sorted(candidates)
        elected = [
            designated_forwarder(found, vni.vlan, by_preference=by_preference) if found and up else None
            for vni in plan.vnis
        ]
        if election.stuck or election.silent:
            return tuple((who, election.stuck) for who in elected)
        wins = up and not election.waiting
        return tuple((who, wins and who == address) for who in elected)


def claim_leaves(segment: Segment, vnis: Iterable[Vni], claims: Claims) -> dict[str, Value]:
    """Return the leaves of family ``es`` that tell who forwards to a segment, by VNI."""
    where = f"{SEGMENTS}/{entry('ethernet-segment', name=segment.name)}/df-election/network-instances"
    tree: dict[str, Value] = {}
    for vni, (elected, forwards) in zip(vnis, claims, strict=True):
        state = f"{where}/{entry('network-instance', name=f'bd-{vni.number}')}/state/"
        tree[state + "esi"] = segment.esi
        tree[state + "vni"] = vni.number
        tree[state + "vlan"] = vni.vlan
        tree[state + "designated-forwarder"] = forwards
        if elected is not None:
            tree[state + "designated-forwarder-address"] = elected
    return tree
