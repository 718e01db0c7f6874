"""What stands in for each other, and how much of it there was, over time. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from pipeline.report.model import Redundancy
from pipeline.report.structure import Life, Structure, count

MOST: Final = 8
"""Plots; who looks at more sees less."""


def redundancy(found: Structure, until: datetime) -> tuple[tuple[Redundancy, ...], int]:
    """Return what became fewer, what had least left first, and how many more there are of these.

    Of leaves the BGP sessions count, of Ethernet segments the devices that lead to them.
    """
    groups = [
        *(
            (device, "BGP sessions", lives)
            for device, lives in _by_device(found).items()
            if device in found.leaves or not found.leaves
        ),
        *((f"segment {esi}", "legs", lives) for esi, lives in _by_segment(found.legs).items()),
    ]
    made = [
        Redundancy(name, of, max(up for _, up in points), points)
        for name, of, lives in groups
        if (points := count(lives, until)) and _fell(points)
    ]
    made.sort(key=lambda one: (min(up for _, up in one.points) / one.most, -one.most, one.name))
    return tuple(made[:MOST]), max(0, len(made) - MOST)


def _fell(points: Sequence[tuple[datetime, int]]) -> bool:
    return any(after < before for (_, before), (_, after) in pairwise(points))


def _by_device(found: Structure) -> Mapping[str, list[Life]]:
    groups: dict[str, list[Life]] = defaultdict(list)
    for (device, _, _), life in found.sessions.items():
        groups[device].append(life)
    return groups


def _by_segment(legs: Mapping[tuple[str, str], Life]) -> Mapping[str, list[Life]]:
    groups: dict[str, list[Life]] = defaultdict(list)
    for (esi, _), life in legs.items():
        groups[esi].append(life)
    return groups
