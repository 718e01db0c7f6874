"""What is told of one segment, in the order of its times, for rules that look at all of it at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import polars as pl

from pipeline.detectors import FINDING, findings
from pipeline.detectors.timeline import PLACE


class Event(NamedTuple):
    """Something told of one segment; ``kind`` says what ``who`` and ``value`` are."""

    time: int
    offset: int
    part: int
    """Index of the evidence in its record."""
    now: int
    kind: str
    who: tuple[str, ...]
    value: Any


Events = dict[str, list[Event]]
"""By ESI, in any order."""


def gather(esis: Iterable[str], parts: Mapping[str, tuple[pl.DataFrame, Sequence[str]]]) -> Events:
    """Return events of segments. ``parts``: by kind, a timeline with ``esi`` and the columns of ``who``."""
    found: Events = {esi: [] for esi in sorted(esis)}
    for kind, (frame, who) in parts.items():
        whose = frame.select(who).rows() if who else [()] * len(frame)
        rows = frame.select("esi", *PLACE, "value").rows()
        for (esi, time, offset, part, now, value), name in zip(rows, whose, strict=True):
            if esi in found:
                found[esi].append(Event(time, offset, part, now, kind, name, value))
    return found


def moments(told: Iterable[Event]) -> Iterator[tuple[Event, list[Event]]]:
    """Yield what was told at each time, with the place of its last event."""
    in_order = sorted(told, key=lambda event: (event.time, event.offset, event.part))
    for _, moment in groupby(in_order, key=lambda event: event.time):
        events = list(moment)
        yield events[-1]._replace(now=max(event.now for event in events)), events


class Said(NamedTuple):
    """A verdict on a subject at a time."""

    place: Event
    rule: str
    active: bool | None
    severity: str
    summary: str
    evidence: str
    coverage: float | None


def telling(said: Iterable[Said]) -> Iterator[Said]:
    """Yield the verdicts worth a finding: what is wrong, whenever it is said otherwise, and what ends it."""
    before: Said | None = None
    for each in said:
        first, was = before is None, before.active if before is not None else None
        same = before is not None and before[1:] == each[1:]
        before = each
        if not same and (each.active or (not first and each.active is not was)):
            yield each


def findings_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return FINDING rows of mappings from some of its columns to values."""
    return findings(pl.DataFrame(rows, schema=FINDING))


def finding(said: Said, **subject: str | None) -> dict[str, Any]:
    """Return one row of FINDING."""
    place = said.place
    return {
        "rule": said.rule, "severity": said.severity, "active": said.active, "time": place.time,
        "offset": place.offset, "index": place.part, "now": place.now, "coverage": said.coverage,
        "summary": said.summary, "evidence": said.evidence, **subject,
    }  # fmt: skip


def names(every: Iterable[str], word: str = "and") -> str:
    """Return names as a sentence lists them."""
    listed = list(every)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} {word} {listed[-1]}"
