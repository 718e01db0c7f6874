"""Answers: what was asked, as words, a table, and how complete the data was."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import polars as pl

from collectors.errors import InputError
from pipeline.actions.wrong import quoted
from pipeline.forensics import hits, questions, telling
from pipeline.forensics.questions import Query, Span
from pipeline.forensics.source import Source
from pipeline.forensics.times import check_reach, moment, period, said
from pipeline.safe_text import clean

BEFORE_S: Final = 60
"""Of this time before an incident, changes are shown."""
THINGS: Final = ("mac", "host", "route", "vtep", "segment", "forwarder", "link", "bgp", "bfd", "igp")
"""Kinds of what there is in a fabric."""
_OF_INCIDENTS: Final = ("incident", "hit")

Given = tuple[str | None, str | None, str | None]
"""--at, --from and --to, as they were written."""


@dataclass(frozen=True)
class Asking:
    """Whom to ask, the now that times are counted from, the zone of those without one."""

    source: Source
    now: datetime
    zone: tzinfo
    query_only: bool
    """Only the query is wanted."""


@dataclass(frozen=True)
class Answer:
    """An answer, or, before it is asked for, the query."""

    query: Query
    lines: Sequence[str] = ()
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    complete: str = ""
    parts: dict[str, Any] = field(default_factory=dict)  # Any: JSON


def about(asking: Asking, kind: str, subject: str, given: Given) -> Answer:
    """Return what became of a subject, or who was hit by an incident."""
    at, since, until = given
    if at is not None and (since is not None or until is not None):
        raise InputError("give either --at, or --from and --to")
    if kind in _OF_INCIDENTS:
        if given != (None, None, None):
            raise InputError(
                f"of {kind} there is one time only, the incident's own: leave out --at, --from and --to"
            )
        return _of_incident(asking, kind, subject)
    if kind == "propagation" and at is not None:
        raise InputError("a move takes its time: give --from and --to instead of --at, or no time")
    source, zone = asking.source, asking.zone
    source.check_known(kind, subject)
    span = _span(asking, given)
    query = questions.history(kind, subject, span, source.fabrics)
    if asking.query_only:
        return Answer(query)
    rows = source.rows(query)
    told = rows.to_dicts()
    if kind == "propagation":
        when = f" from {said(span.since, zone)} to {said(span.until, zone)}" if span else ""
        lines = list(hits.propagation(subject, told, zone)) or [f"mac {subject} didn't move{when}"]
    elif told or span is None:
        lines = telling.sentences(kind, subject, told, span, zone) or [
            f"{kind} {subject}: nothing ever changed"
        ]
    else:
        every = source.rows(questions.history(kind, subject, None, source.fabrics)).to_dicts()
        lines = [telling.nothing(kind, subject, span, every, zone)]
    return _complete(Answer(query, lines, rows), source, kind, span)


def blast_radius(asking: Asking, given: str, at: str | None) -> Answer:
    """Return what falls to one path or to none if something had failed at a time; None: at the last known."""
    source, zone = asking.source, asking.zone
    kind, subject = questions.failing(given)
    source.check_known(kind, subject)
    last = source.reach().last
    span = _moment(asking, at) if at is not None else Span(last, last)
    query = questions.blast_radius(subject, span.since, source.fabrics)
    if asking.query_only:
        return Answer(query)
    rows = source.rows(query)
    lines = list(hits.fallen(subject, rows.to_dicts(), said(span.since, zone)))
    return _complete(Answer(query, lines, rows), source, "blast-radius", span)


def state(asking: Asking, at: str, kind: str | None, device: str | None) -> Answer:
    """Return what was there at a time; of one kind, of one device, where they are given."""
    source, zone = asking.source, asking.zone
    if kind is not None and kind not in THINGS:
        raise InputError(f"{quoted(kind)} is no kind of thing: name one of {', '.join(THINGS)}")
    if device is not None:
        source.check_known("device", device)
    span = _moment(asking, at)
    query = questions.state(span.since, source.fabrics, kind, device)
    if asking.query_only:
        return Answer(query)
    rows = source.rows(query)
    counts = rows.group_by("fabric", "kind").len().sort("fabric", "kind")
    lines = [
        f"{clean(fabric)} had {', '.join(f'{count} of {one}' for _, one, count in of_fabric.rows())}"
        f" at {said(span.since, zone)}"
        for (fabric,), of_fabric in counts.group_by("fabric", maintain_order=True)
    ]
    of = "".join([f" of {clean(device)}" if device else "", f" of kind {kind}" if kind else ""])
    lines = lines or [f"nothing{of} was there at {said(span.since, zone)}"]
    return _complete(Answer(query, lines, rows), source, None, span)


def difference(asking: Asking, first: str, second: str) -> Answer:
    """Return what differs between two times."""
    source, zone = asking.source, asking.zone
    span = Span(*period(first, second, now=asking.now, zone=zone, reach=source.reach()))
    query = questions.difference(span, source.fabrics)
    if asking.query_only:
        return Answer(query)
    rows = source.rows(query)
    lines = telling.sentences("diff", "", rows.to_dicts(), None, zone)
    times = f"{said(span.since, zone)} and {said(span.until, zone)}"
    return _complete(Answer(query, lines or [f"nothing differs between {times}"], rows), source, None, span)


def _of_incident(asking: Asking, kind: str, given: str) -> Answer:
    source, zone = asking.source, asking.zone
    row = source.incident(given)
    of_hits = questions.who_was_hit(row["incident_id"])
    query = of_hits if kind == "hit" else questions.changes_before(row["incident_id"], BEFORE_S)
    if asking.query_only:
        return Answer(query)
    hit = source.rows(of_hits)
    reach = source.reach()
    until = max(row["resolved_at"] or reach.last, row["opened_at"])
    if kind == "hit":
        lines = list(hits.hit(hit.to_dicts(), zone))
        return _complete(Answer(query, lines, hit), source, kind, Span(row["opened_at"], until))
    before = source.rows(query)
    lines = [*_life(source, row, zone), *hits.hit(hit.to_dicts(), zone)]
    lines += hits.led_to(before.to_dicts(), BEFORE_S, zone)
    # what was before the first data is not there to be complete
    since = max(row["opened_at"] - timedelta(seconds=BEFORE_S), reach.first)
    return _complete(Answer(query, lines, before), source, None, Span(since, max(since, until)))


def _life(source: Source, row: dict[str, Any], zone: tzinfo) -> list[str]:  # Any: columns of view incident
    cause = row["root_incident_id"]
    root = source.incident(cause) if cause not in (None, row["incident_id"]) else None
    return list(hits.life(row, root, zone))


def _complete(answer: Answer, source: Source, kind: str | None, span: Span | None) -> Answer:
    """Return an answer with how complete its data was."""
    reach = source.reach()
    told = source.completeness(*((span.since, span.until) if span else (reach.first, reach.last)))
    times = {"from": span.since, "to": span.until} if span is not None else {}
    return replace(answer, complete=telling.completeness(kind, told), parts={**times, "coverage": told})


def _span(asking: Asking, given: Given) -> Span | None:
    at, since, until = given
    if at is not None:
        return _moment(asking, at)
    if since is None and until is None:
        return None
    reach = asking.source.reach()
    first = since if since is not None else reach.first.isoformat()
    last = until if until is not None else reach.last.isoformat()
    return Span(*period(first, last, now=asking.now, zone=asking.zone, reach=reach))


def _moment(asking: Asking, at: str) -> Span:
    when = moment(at, now=asking.now, zone=asking.zone)
    check_reach(at, when, now=asking.now, zone=asking.zone, reach=asking.source.reach())
    return Span(when, when)
