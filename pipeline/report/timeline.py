"""What happened one after the other: incidents, people, changes, blindness. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from pipeline.desk.seen import Seen
from pipeline.desk.words import named, value
from pipeline.forensics import telling
from pipeline.report.model import Blind, Step

Row = Mapping[str, Any]  # Any: columns of the store's views
MOST_CHANGES: Final = 60
"""That a timeline names."""


def timeline(
    incidents: Sequence[Seen],
    ids: Mapping[str, str],
    actions: Iterable[Row],
    changes: Sequence[Step],
    blind: Iterable[Blind],
) -> tuple[Step, ...]:
    """Return the steps in the order of time; ``ids``: how incidents are called."""
    steps = [step for seen in incidents for step in _of_incident(seen, ids[seen.id])]
    steps += [_action(row) for row in actions]
    steps += changes
    steps += _blind(blind)
    return tuple(sorted(steps, key=lambda step: (step.time, step.kind, step.who)))


def told_changes(changes: Iterable[Row], begins: Sequence[datetime], most: int, zone: tzinfo) -> list[Step]:
    """Return the changes that are nearest to a time at which something began, in the order of time.

    What happened to several alike within a second is one step. How a BGP session that is down tries to come
    up again is none.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in changes:
        if _is_news(row):
            second = row["happened"].replace(microsecond=0)
            alike = tuple(row[name] for name in ("kind", "device", "change", "before", "after"))
            groups.setdefault((second, *alike), []).append(row)

    def distance(alike: Sequence[Row]) -> float:
        return min((abs((alike[0]["happened"] - one).total_seconds()) for one in begins), default=0.0)

    nearest = sorted(groups.values(), key=distance)[:most]
    return [_change(alike, zone) for alike in sorted(nearest, key=lambda alike: alike[0]["happened"])]


def _blind(blind: Iterable[Blind]) -> Iterable[Step]:
    alike: dict[tuple[datetime, str, str], list[str]] = {}
    for one in blind:
        alike.setdefault((one.since, one.device, one.why), []).append(one.family)
    for (since, device, why), families in alike.items():
        yield Step(since, "blind", "blind", device, None, f"{', '.join(families)} can't be trusted: {why}")


def _change(alike: Sequence[Row], zone: tzinfo) -> Step:
    row = alike[0]
    _, _, text = telling.change(row, zone).partition("  ")
    more = f" (and {len(alike) - 1} more alike)" if len(alike) > 1 else ""
    return Step(
        row["happened"],
        "change",
        row["change"],
        row["device"] or row["fabric"],
        None,
        f"{text}{more}",
        len(alike),
    )


def _is_news(row: Row) -> bool:
    if row["kind"] != "bgp":
        return True
    return any("ESTABLISHED" in (row[name] or "") for name in ("before", "after"))


def _of_incident(seen: Seen, short: str) -> Iterable[Step]:
    row = seen.row
    opened = next((one["event_time"] for one in seen.events if one["kind"] == "opened"), None)
    if opened is None or row["opened_at"] < opened:
        began = f"first evidence of {row['rule']} {row['name']}"
        yield Step(row["opened_at"], "incident", "began", short, None, began)
    for event in seen.events:
        who = f"{event['actor']}: " if event["actor"] else ""
        what = event["kind"].replace("_", " ")
        text = f"{event['rule']}: {who}{event['summary']}"
        yield Step(event["event_time"], "incident", what, short, event["severity"], text)


def _action(row: Row) -> Step:
    details = _details(row["detail"])
    doubt = f" (doubtful: {row['remark']})" if row["remark"] else ""
    about = f"{row['subject']}" if row["subject"] else "the fabric"
    text = f"{about}{f', {details}' if details else ''}{doubt}"
    return Step(row["record_time"], "action", row["verb"].replace("-", " "), row["actor"] or "?", None, text)


def _details(text: str | None) -> str:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return text or ""
    if not isinstance(found, dict):
        return value(found)
    return ", ".join(f"{named(key)} {value(one)}" for key, one in found.items() if one not in (None, "", {}))
