"""Sessions and legs over time, from how the fabric was at first and what changed. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]  # Any: columns of ``fabric_at`` and ``changes``


@dataclass
class Life:
    """Whether one thing worked, over time."""

    known: list[tuple[datetime, bool]] = field(default_factory=list)
    """From then on; the first is when it was first known of."""

    def at(self, time: datetime) -> bool | None:
        """Return whether it worked then; None before anything was known."""
        return next((up for when, up in reversed(self.known) if when <= time), None)

    def failed(self, since: datetime, until: datetime) -> bool:
        """Return whether it ceased to work in a time, or had not come back by then."""
        times = [when for when, up in self.known if not up and since <= when <= until]
        return any(self._worked_before(when) for when in times) or self._was_lost(since)

    def down(self, since: datetime, until: datetime) -> float:
        """Return for how many seconds of a time it is known not to have worked."""
        length = 0.0
        for at, (when, up) in enumerate(self.known):
            end = self.known[at + 1][0] if at + 1 < len(self.known) else until
            if not up:
                length += max(0.0, (min(end, until) - max(when, since)).total_seconds())
        return length

    def _worked_before(self, time: datetime) -> bool:
        return any(up for when, up in self.known if when < time)

    def _was_lost(self, since: datetime) -> bool:
        return self.at(since) is False and self._worked_before(since)


@dataclass(frozen=True)
class Structure:
    """What the fabric is built of, over a time."""

    sessions: Mapping[tuple[str, str, str], Life]
    """BGP sessions as a device says, by device, network instance and neighbour's address."""
    legs: Mapping[tuple[str, str], Life]
    """By ESI and device: whether it announces that it leads to the segment (RFC 7432, type 4)."""
    leaves: frozenset[str]
    """Devices that serve VNIs or lead to segments."""


def structure(at_first: Iterable[Row], since: datetime, changes: Iterable[Row]) -> Structure:
    """Return sessions and legs.

    Args:
        at_first: rows of ``fabric_at(since)``.
        since: when that was.
        changes: rows of ``changes`` since then, in the order of time.
    """
    sessions: dict[tuple[str, str, str], Life] = defaultdict(Life)
    legs: dict[tuple[str, str], Life] = defaultdict(Life)
    leaves: set[str] = set()
    for time, row, value in _told(at_first, since, changes):
        device = row["device"]
        if row["kind"] == "bgp":
            up = value is not None and value.get("session_state") == "ESTABLISHED"
            sessions[device, row["name"] or "", row["peer"] or ""].known.append((time, up))
        elif row["kind"] == "route" and row["esi"] is not None:
            legs[row["esi"], device].known.append((time, value is not None))
            leaves.add(device)
        elif row["kind"] == "vtep" and row["vni"] is not None:
            leaves.add(device)
    return Structure(dict(sessions), dict(legs), frozenset(leaves))


def count(lives: Sequence[Life], until: datetime) -> tuple[tuple[datetime, int], ...]:
    """Return how many worked, from each time on at which that changed; the last point is at ``until``."""
    points: list[tuple[datetime, int]] = []
    for time in sorted({when for life in lives for when, _ in life.known}):
        up = sum(life.at(time) is True for life in lives)
        if not points or points[-1][1] != up:
            points.append((time, up))
    return (*points, (until, points[-1][1])) if points else ()


def _told(
    at_first: Iterable[Row], since: datetime, changes: Iterable[Row]
) -> Iterator[tuple[datetime, Row, Mapping[str, Any] | None]]:
    for row in at_first:
        yield since, row, _object(row["value"])
    for row in changes:
        yield row["happened"], row, _object(row["after"])


def _object(text: str | None) -> Mapping[str, Any] | None:
    found = json.loads(text) if text is not None else None
    return found if isinstance(found, dict) else None
