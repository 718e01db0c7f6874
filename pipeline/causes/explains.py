"""Which kind of fault explains which: the layers of a fabric, from the cable to the hosts.

A fault explains others of its own layer or above it. Where both could, the earlier is the cause; evidence of
a lower layer is told later than it happened (a port that flaps is one after three transitions, a session is
missed when its hold timer ends), so each layer downwards counts for as much as HANDICAP earlier.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

HANDICAP: Final = timedelta(seconds=1.5)
"""Per layer; see above."""
OVER: Final = timedelta(seconds=5)
"""What begins so long after a fault was over may still follow from it."""
WITHIN: Final = timedelta(seconds=240)
"""What happens longer after a fault began is not explained by it: longer than the hold timer of BGP (RFC
4271: 90 s, often 180 s) and than what a graceful restart takes to be given up."""

(CABLE, DEVICE, ADJACENCY, SILENCE, ATTRIBUTES, COUNTS, REACH, SEGMENT, SEGMENT_ROUTES, SCORE, LOOP, MOBILITY,
 HOST) = range(13)  # fmt: skip
"""Layers; the order is the order of causes."""
LAYERS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("L1", "L2", "L3", "L6"), CABLE),
    **dict.fromkeys(("L4", "L5", "V16", "V17"), ADJACENCY),
    **dict.fromkeys(("R15", "R16"), DEVICE),
    "X1": SILENCE,
    **dict.fromkeys(("V3", "V4", "V5"), ATTRIBUTES),
    "V11": COUNTS,
    **dict.fromkeys(("V1", "V10"), REACH),
    **dict.fromkeys(("R4", "R5", "R6", "R11"), SEGMENT),
    **dict.fromkeys(("R1", "R2", "R3", "R7", "R8", "R9", "R10"), SEGMENT_ROUTES),
    **dict.fromkeys(("V2", "R19"), SCORE),
    "M6": LOOP,
    **dict.fromkeys(("M1", "M2", "M3", "M4", "M5", "M7", "M12"), MOBILITY),
    **dict.fromkeys(
        ("M8", "M9", "M10", "M11", "M13", "M14", "M15", "DUP_UNREPORTED", "X3", "I1", "I2", "I5"), HOST
    ),
}
_NETWORK: Final = frozenset((CABLE, ADJACENCY, DEVICE))
_ROUTES: Final = frozenset((COUNTS, REACH, SEGMENT, SEGMENT_ROUTES, SCORE))
EXPLAINS: Final[Mapping[int, frozenset[int]]] = {
    CABLE: _NETWORK | _ROUTES | {SILENCE, LOOP},
    ADJACENCY: _NETWORK | _ROUTES | {SILENCE},
    DEVICE: _NETWORK | _ROUTES | {SILENCE, HOST},
    SILENCE: frozenset(),  # that nobody tells explains nothing
    ATTRIBUTES: _ROUTES | {ADJACENCY, ATTRIBUTES},
    COUNTS: _ROUTES,
    REACH: _ROUTES | {HOST},
    SEGMENT: frozenset((SEGMENT, SEGMENT_ROUTES, SCORE, HOST)),
    SEGMENT_ROUTES: frozenset((SEGMENT_ROUTES, SCORE, HOST)),
    SCORE: frozenset((SCORE,)),
    LOOP: frozenset((MOBILITY, HOST)),
    MOBILITY: frozenset((MOBILITY, HOST)),
    HOST: frozenset((HOST,)),
}


FABRIC_WIDE: Final = frozenset(("V11",))
"""Rules on what happens everywhere at once; the device they name is who saw it first."""


def layer(rule: str) -> int:
    """Return the layer of a rule; one that isn't listed explains nothing and nothing explains it."""
    return LAYERS.get(rule, SILENCE)


def handicap(rule: str) -> timedelta:
    """Return by how much a rule counts as later; a leaf that is cut off comes first: it takes all with it."""
    return timedelta(0) if rule == "R15" else (1 + layer(rule)) * HANDICAP


LATE: Final[Mapping[int, tuple[frozenset[int], timedelta]]] = {
    # a cliff is counted over 30 s (rule V11)
    COUNTS: (_ROUTES, timedelta(seconds=30)),
    # a loop is one when enough MACs flap within 30 s (rule M6): the first of them is told before
    LOOP: (frozenset((MOBILITY, HOST)), timedelta(seconds=30)),
    # moves count when their burst lasted 10 s (rule M2): a device may freeze the MAC before
    MOBILITY: (frozenset((HOST,)), timedelta(seconds=10)),
}
"""Layers whose faults are told late: what they explain is told before them, by so much at most."""


def late(cause: str, effect: str) -> timedelta:
    """Return by how much a cause may be told later than an effect of its kind."""
    effects, span = LATE.get(layer(cause), (frozenset(), timedelta(0)))
    return span if layer(effect) in effects else timedelta(0)


def beside(cause: str, effect: str) -> bool:
    """Return whether a fault that takes one of several ways from a device explains a rule on that device.

    One port or session is not why a leaf has none left.
    """
    ways = (CABLE, ADJACENCY, DEVICE)
    return layer(effect) in ways and not (effect == "R15" and layer(cause) != DEVICE)
