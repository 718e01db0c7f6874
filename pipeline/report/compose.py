"""Puts a report together: of an incident and what follows from it, or of a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from pipeline.desk.seen import Seen, short_ids
from pipeline.forensics.questions import Span
from pipeline.forensics.times import Reach
from pipeline.report import queries, words
from pipeline.report.asked import Asked, Row
from pipeline.report.marks import marks
from pipeline.report.model import Coverage, Moves, Report
from pipeline.report.redundancy import redundancy
from pipeline.report.rows import blind_of, reach_of, told_of
from pipeline.report.shapes import Topology
from pipeline.report.structure import Structure, structure
from pipeline.report.timeline import MOST_CHANGES, timeline, told_changes
from pipeline.report.topology import owners, topology

_MARGIN: Final = timedelta(minutes=1)
_LONGEST_MARGIN: Final = timedelta(hours=1)
_ABOUT: Final = timedelta(seconds=10)
"""Before and after, for changes that belong to it: clocks differ."""
MOST_BEFORE: Final = 12
"""Changes before an incident that are named."""


@dataclass(frozen=True)
class Setting:
    """From where and how it is told."""

    now: datetime
    as_of: str | None
    reach: Reach
    zone: tzinfo


@dataclass(frozen=True)
class _Scene:
    """When and where it was."""

    fabric: str
    span: Span
    focus: tuple[datetime, datetime]
    incidents: Sequence[Seen]
    first_known: Mapping[str, datetime | None]
    """By device that was observed: when all was first known of it."""
    everything: bool
    """The incidents are all that there were."""


def of_incident(asked: Asked, seen: Seen, setting: Setting) -> Report:
    """Return the report of an incident; of one that another explains, that one's, for it is one story."""
    fabric: str = seen.row["fabric"]
    root_id = seen.row["root_incident_id"] or seen.id
    family = asked.family(root_id, fabric)
    if not any(one.id == root_id for one in family):  # it was withdrawn, or retired
        family = asked.family(seen.id, fabric)
        root_id = seen.id
    root = next(one for one in family if one.id == root_id)
    family.sort(key=lambda one: (one.id != root_id, one.opened_at, one.id))
    began = min(one.opened_at for one in family)
    ended = max(root.row["resolved_at"] or setting.now, *(one.opened_at for one in family))
    margin = min(max(_MARGIN, (ended - began) / 5), _LONGEST_MARGIN)
    span = Span(
        min(max(began - margin, setting.reach.first), began),
        max(min(ended + margin, setting.reach.last), began),
    )
    first_known = _first_known(asked, fabric, span)
    before = asked.rows("what changed before", queries.changes_before(root_id, _macs(family)))
    before = [row for row in before if _is_change(row, first_known)]
    told = told_changes(before, [began], MOST_BEFORE, setting.zone)
    more = len(before) - sum(step.alike for step in told)
    cause = words.cause(root, told, int(queries.BEFORE.total_seconds()), more, setting.zone)
    beside = asked.incidents(fabric, span, "others of the same time")
    beside = [one for one in beside if all(one.id != mine.id for mine in family)]
    short = short_ids([one.id for one in (*family, *beside)])
    focus = began, max(min(root.row["resolved_at"] or setting.now, span.until), began)
    scene = _Scene(fabric, span, focus, family, first_known, everything=False)
    parts = _parts(asked, scene, short, setting)
    reach = reach_of(asked.rows("who could not be reached", queries.who_was_hit(root_id)))
    return Report(
        title=f"Incident {short[seen.id]} of {fabric}",
        headline=words.headline(root, setting.now, setting.zone),
        summary=words.summary(root, family, reach, parts["completeness"]),
        reach=reach,
        cause=cause,
        incidents=tuple(told_of(one, short) for one in family),
        beside=tuple(told_of(one, short) for one in beside),
        queries=tuple(asked.queries),
        **parts,
    )


def of_time(asked: Asked, fabric: str, span: Span, setting: Setting) -> Report:
    """Return the report of all that was in a time."""
    incidents = asked.incidents(fabric, span, "the incidents of the time")
    short = short_ids([one.id for one in incidents])
    known = _first_known(asked, fabric, span)
    scene = _Scene(fabric, span, (span.since, span.until), incidents, known, everything=True)
    parts = _parts(asked, scene, short, setting)
    roots = [one for one in incidents if one.row["root_incident_id"] in (None, one.id)]
    times = span.since, span.until
    return Report(
        title=f"What was in {fabric}",
        headline=words.headline_of_time(incidents, fabric, times, setting.zone),
        summary=(
            *(words.headline(one, setting.now, setting.zone) for one in roots),
            parts["completeness"],
        ),
        cause=None,
        reach=None,
        incidents=tuple(told_of(one, short) for one in incidents),
        beside=(),
        queries=tuple(asked.queries),
        **parts,
    )


def _parts(
    asked: Asked, scene: _Scene, short: Mapping[str, str], setting: Setting
) -> dict[str, Any]:  # Any: fields of Report
    fabric, span, incidents = scene.fabric, scene.span, scene.incidents
    asked_for = queries.changes(fabric, span, _macs(incidents))
    changes = asked.rows("what changed in ports, neighbours and segments", asked_for)
    at_first = asked.rows("how they were at first", queries.structure_at(fabric, span.since))
    counts = asked.rows("how much changed", queries.change_counts(fabric, span))
    told = asked.rows("how complete the data is", queries.coverage(fabric, span))
    covered = tuple(Coverage(row["family"], row["observers"], row["blind"], row["coverage"]) for row in told)
    blind = [blind_of(row) for row in asked.rows("who could not be trusted", queries.blind(fabric, span))]
    actions = asked.rows("what people did", queries.actions(fabric, span))
    found = structure(at_first, span.since, changes)
    series, more_series = redundancy(found, span.until)
    first, last = scene.focus[0] - _ABOUT, scene.focus[1] + _ABOUT
    changes = [row for row in changes if _is_change(row, scene.first_known)]
    within = [row for row in changes if first <= row["happened"] <= last]
    begins = [one.opened_at for one in incidents]
    steps = told_changes(within, begins, MOST_CHANGES, setting.zone)
    return {
        "fabric": fabric,
        "since": span.since,
        "until": span.until,
        "focus": scene.focus,
        "as_of": setting.as_of,
        "timeline": timeline(incidents, short, actions, steps, blind),
        "more_changes": len(within) - sum(step.alike for step in steps),
        "changes": {row["kind"]: row["changes"] for row in counts},
        "affected": words.affected(incidents),
        "redundancy": series,
        "more_redundancy": more_series,
        "moves": _moves(asked, fabric, span),
        "topology": _topology(asked, scene, found),
        "completeness": words.completeness(covered),
        "coverage": covered,
        "blind": tuple(blind),
    }


def _moves(asked: Asked, fabric: str, span: Span) -> Moves:
    counts = asked.rows("how many MACs moved", queries.moves(fabric, span))
    movers = asked.rows("which MACs moved most", queries.movers(fabric, span))
    return Moves(
        queries.bucket(span),
        tuple((row["begin"], row["moves"]) for row in counts),
        tuple((row["mac"], row["place"], row["moves"]) for row in movers),
    )


def _topology(asked: Asked, scene: _Scene, found: Structure) -> Topology:
    fabric, incidents = scene.fabric, scene.incidents
    owned = owners(asked.addresses(fabric, scene.focus[0]))
    marked = marks(incidents, owned, everything=scene.everything)
    return topology(found, scene.first_known, owned, marked, scene.focus)


def _macs(incidents: Sequence[Seen]) -> list[str]:
    return sorted({one.row["mac"] for one in incidents if one.row["mac"] is not None})


def _first_known(asked: Asked, fabric: str, span: Span) -> dict[str, datetime | None]:
    rows = asked.rows("who was observed", queries.devices(fabric, span))
    return {row["device"]: row["first_sync"] for row in rows}


def _is_change(row: Row, first_known: Mapping[str, datetime | None]) -> bool:
    """Return whether something changed, and not only became known with all the rest of its device."""
    known = first_known.get(row["device"])
    return row["change"] != "added" or known is None or row["happened"] > known
