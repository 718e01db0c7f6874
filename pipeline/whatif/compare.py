"""Incidents as they are and as they would have been, beside each other."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal, TypeGuard

from pipeline.detectors import SUBJECT

Row = Mapping[str, Any]  # Any: columns of the table incident
Verdict = Literal["same", "earlier", "later", "longer", "shorter", "only now", "only then"]
"""How what would have been told differs from what is: earlier and later is when the rule was reached."""


@dataclass(frozen=True)
class Pair:
    """What is told of one thing at one time: now, and under the thresholds that are tried."""

    verdict: Verdict
    now: Row | None
    then: Row | None

    @property
    def fired_at(self) -> datetime:
        """Return when the rule was reached, in either first."""
        either: list[datetime] = [row["fired_at"] for row in (self.now, self.then) if _fired(row)]
        return min(either)


def pairs(now: Iterable[Row], then: Iterable[Row], end: datetime) -> list[Pair]:
    """Return incidents that reach a rule in either, those of one subject that overlap beside each other.

    ``now`` and ``then``: incidents of one rule family, with ``fired_at``: when the rule was reached.
    ``end``: until when an open incident is known to last.
    """
    found = [
        Pair(_verdict(one, other, end), one, other)
        for one, other in _beside(_lives(now), _lives(then), end)
        if _fired(one) or _fired(other)
    ]
    return sorted(found, key=lambda pair: (pair.fired_at, str(_subject(pair.now or pair.then or {}))))


def within(found: Iterable[Pair], since: datetime, until: datetime) -> list[Pair]:
    """Return the pairs of which one reached the rule in a time."""
    return [
        pair
        for pair in found
        if any(
            row is not None and row["fired_at"] and since <= row["fired_at"] <= until
            for row in (pair.now, pair.then)
        )
    ]


def per_day(found: Iterable[Pair], zone: tzinfo) -> list[tuple[date, int, int]]:
    """Return day, how many incidents reached the rule, how many would have; days with none are left out."""
    counts: tuple[Counter[date], Counter[date]] = Counter(), Counter()
    for pair in found:
        for row, counted in zip((pair.now, pair.then), counts, strict=True):
            if row is not None and _fired(row):
                counted[row["fired_at"].astimezone(zone).date()] += 1
    return [(day, counts[0][day], counts[1][day]) for day in sorted(counts[0].keys() | counts[1].keys())]


def differences(stored: Iterable[Row], again: Mapping[str, Row]) -> tuple[int, int]:
    """Return how many stored incidents aren't found again as they are, and how many more are found.

    ``again``: by id.
    """
    known = {row["incident_id"]: row for row in stored}
    columns = ("rule", "opened_at", "resolved_at")
    other = sum(
        1
        for name, row in known.items()
        if name not in again or any(again[name][column] != row[column] for column in columns)
    )
    return other, len(again.keys() - known.keys())


def lasted(row: Row | None, end: datetime) -> timedelta | None:
    """Return how long an incident lasted from the moment at which it reached the rule, as far as is known."""
    if row is None or row["fired_at"] is None:
        return None
    length: timedelta = (row["resolved_at"] or end) - row["fired_at"]
    return max(length, timedelta(0))


def _lives(rows: Iterable[Row]) -> dict[tuple[Any, ...], list[Row]]:
    lives: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda one: one["opened_at"]):
        lives[_subject(row)].append(row)
    return lives


def _subject(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in SUBJECT)


def _beside(
    now: Mapping[tuple[Any, ...], Sequence[Row]], then: Mapping[tuple[Any, ...], Sequence[Row]], end: datetime
) -> Iterable[tuple[Row | None, Row | None]]:
    """Yield incidents of one subject that overlap, and those that have none beside them."""
    for subject in now.keys() | then.keys():
        left = list(then.get(subject, ()))
        for one in now.get(subject, ()):
            other = next((row for row in left if _overlap(one, row, end)), None)
            if other is not None:
                left.remove(other)
            yield one, other
        yield from ((None, row) for row in left)


def _overlap(one: Row, other: Row, end: datetime) -> bool:
    begins = max(one["opened_at"], other["opened_at"])
    return bool(begins <= min(one["resolved_at"] or end, other["resolved_at"] or end))


def _fired(row: Row | None) -> TypeGuard[Row]:
    return row is not None and row["fired_at"] is not None


def _verdict(now: Row | None, then: Row | None, end: datetime) -> Verdict:
    if now is None or now["fired_at"] is None:
        return "only then"
    if then is None or then["fired_at"] is None:
        return "only now"
    if now["fired_at"] != then["fired_at"]:
        return "earlier" if then["fired_at"] < now["fired_at"] else "later"
    before, after = now["resolved_at"] or end, then["resolved_at"] or end
    return "same" if before == after else "longer" if after > before else "shorter"
