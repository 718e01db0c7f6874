"""The sentences of a report. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from pipeline.desk.hit import KINDS, at_risk, says_who, things, who_is_hit
from pipeline.desk.seen import Seen
from pipeline.desk.words import span, value
from pipeline.forensics.times import said
from pipeline.guides.registry import GUIDES
from pipeline.report.model import Affected, Cause, Coverage, Reach, Step, Told

MOST_NAMED: Final = 40
"""Things of a kind that are named; the rest is counted."""
_BEGINS: Final = {
    "now: ": "Hit now: ",
    "were hit: ": "Hit: ",
    "at risk: ": "At risk now: ",
    "were at risk: ": "At risk: ",
}
_NO_NOTIFICATION: Final = (
    "When people were told is not kept in the store: replicas measure it as"
    " fabricscope_notification_latency_seconds"
)


def headline(seen: Seen, now: datetime, zone: tzinfo) -> str:
    """Return what happened, from when to when."""
    row = seen.row
    if row["resolved_at"] is None:
        return f"{row['summary']}; since {_day(row['opened_at'], zone)}, open for {lasted(seen, now)}"
    return (
        f"{row['summary']}; {_times(row['opened_at'], row['resolved_at'], zone)}, {lasted(seen, now)} in all"
    )


def headline_of_time(
    incidents: Sequence[Seen], fabric: str, times: tuple[datetime, datetime], zone: tzinfo
) -> str:
    """Return how many incidents there were in a time."""
    roots = [one for one in incidents if one.row["root_incident_id"] in (None, one.id)]
    counted = [
        f"{count} {severity}"
        for severity in ("critical", "warning", "info")
        if (count := sum(one.row["severity"] == severity for one in incidents))
    ]
    when = _times(*times, zone)
    if not incidents:
        return f"No incidents in {fabric} {when}"
    plural = "s" if len(incidents) > 1 else ""
    causes = f"of {len(roots)} cause{'s' if len(roots) > 1 else ''}"
    return f"{len(incidents)} incident{plural} {causes} in {fabric} {when}: {', '.join(counted)}"


def summary(seen: Seen, incidents: Iterable[Seen], reach: Reach, completeness: str) -> tuple[str, ...]:
    """Return who was hit, how fast it was found, and how sure all this is."""
    every = list(incidents)
    below = [one for one in every if one.row["root_incident_id"] == seen.id and one.id != seen.id]
    sentences = [_hit(one) for one in who_is_hit(seen, every)]
    sentences += _lost(reach)
    if below:
        rules = ", ".join(sorted({one.row["rule"] for one in below}))
        sentences.append(
            f"{len(below)} incident{'s follow' if len(below) > 1 else ' follows'} from it: {rules}"
        )
    sentences.append(f"It was known {detection_s(seen):.1f} s after the first evidence. {_NO_NOTIFICATION}")
    return (*sentences, completeness)


def completeness(told: Sequence[Coverage]) -> str:
    """Return how complete the data was, in one sentence."""
    poor = [one for one in told if one.part < 1]
    if not told:
        return "How complete this is can't be told: nobody was watching then"
    if not poor:
        return "All observers were watched all the time, as far as is known"
    least = min(poor, key=lambda one: (one.part, one.family))
    return (
        f"Not complete: {len(poor)} of {len(told)} kinds of data have gaps, {least.family} the longest: it"
        f" was watched for {least.part:.1%} of the time; what happened meanwhile may be missing"
    )


def _times(since: datetime, until: datetime, zone: tzinfo) -> str:
    first, last = since.astimezone(zone), until.astimezone(zone)
    if first.date() == last.date():
        return f"on {first:%Y-%m-%d} from {first:%H:%M:%S} to {last:%H:%M:%S} {last:%Z}"
    return f"from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} {last:%Z}"


def _day(time: datetime, zone: tzinfo) -> str:
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def _lost(reach: Reach) -> Iterator[str]:
    for effect, begin in (
        ("unreachable", "By routes, unreachable for some"),
        ("one path", "One path left to"),
    ):
        counted = [
            f"{count} {plural}"
            for kind, plural in (("tenant", "tenants"), ("vni", "VNIs"), ("mac", "MACs"), ("ip", "addresses"))
            if (count := reach.counts.get(f"{effect} {kind}", 0))
        ]
        if counted:
            yield f"{begin}: {', '.join(counted)}; for up to {reach.longest_s[effect]:.1f} s"


def _hit(told: str) -> str:
    for begin, instead in _BEGINS.items():
        if told.startswith(begin):
            return f"{instead}{told.removeprefix(begin)}"
    return f"Hit: {told}"


def label(row: Mapping[str, Any]) -> str:  # Any: columns of view ``incident``
    """Return what an incident is about, as short as can be."""
    if row["device"] is not None:
        return " ".join(str(row[name]) for name in ("device", "interface", "peer") if row[name] is not None)
    named = (row[name] for name in ("mac", "esi", "vtep", "ip", "interface", "peer") if row[name] is not None)
    domains = (f"{name.upper()} {row[name]}" for name in ("vni", "evi") if row[name] is not None)
    return next((str(one) for one in (*named, *domains, row["tenant"]) if one is not None), "the fabric")


def lasted(seen: Seen, now: datetime) -> str:
    """Return how long an incident lasted, or has lasted so far."""
    end: datetime = seen.row["resolved_at"] or now
    return span(end - seen.opened_at)


def detection_s(seen: Seen) -> float:
    """Return the seconds from an incident's first evidence to when it was known."""
    length: timedelta = seen.row["detected_at"] - seen.opened_at
    return length.total_seconds()


def cause(root: Seen, before: Sequence[Step], before_s: int, more: int, zone: tzinfo) -> Cause:
    """Return what came first: the incident that no other explains, its verdict, what changed before."""
    row, evidence = root.row, root.evidence
    text = f"{row['rule']} {row['name']}, first seen at {said(row['opened_at'], zone)}: {row['summary']}"
    if told := evidence.get("cause"):
        text += f". The evidence points to: {value(told).replace('_', ' ')}"
    ruled_out = evidence.get("ruled_out")
    guide = GUIDES.get(row["rule"])
    return Cause(
        text=text,
        meaning=guide.meaning if guide is not None else None,
        ruled_out=tuple(str(one) for one in ruled_out) if isinstance(ruled_out, list) else (),
        before=tuple(before),
        before_s=before_s,
        more_before=more,
    )


def affected(incidents: Sequence[Seen]) -> tuple[Affected, ...]:
    """Return who and what was hit or at risk, as far as rules tell, by kind."""
    counted = [one for one in incidents if says_who(one)]
    hit = things(one for one in counted if not at_risk(one))
    risk = things(one for one in counted if at_risk(one))
    made = []
    for kind, _ in KINDS:
        certain, perhaps = sorted(hit[kind]), sorted(risk[kind] - hit[kind])
        if certain or perhaps:
            made.append(
                Affected(
                    kind,
                    tuple(certain[:MOST_NAMED]),
                    tuple(perhaps[:MOST_NAMED]),
                    max(0, len(certain) - MOST_NAMED),
                    max(0, len(perhaps) - MOST_NAMED),
                )
            )
    return tuple(made)


def latencies(incidents: Sequence[Told]) -> Mapping[str, float]:
    """Return the shortest, the middle and the longest detection in seconds."""
    found = sorted(one.detection_s for one in incidents)
    if not found:
        return {}
    return {"shortest": found[0], "median": found[len(found) // 2], "longest": found[-1]}
