"""One incident for whoever was woken by it: what, since when, how sure, who is hit, what next; then proof."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.alerts.standing import unplanned
from pipeline.desk.hit import who_is_hit
from pipeline.desk.listed import COLOURS, ORDER, state
from pipeline.desk.related import beside, follow, not_acknowledged, worst_of
from pipeline.desk.seen import Seen
from pipeline.desk.words import coverage, moment, named, span, subject, value
from pipeline.guides import Guide
from pipeline.safe_text import clean

_NOT_SHOWN: Final = frozenset(("ruled_out", "observers", "fresh_observers", "cause", "ping_pong"))
_HARMLESS: Final = re.compile(r"[\w.:/@-]+", re.ASCII)
"""What may stand in a command that somebody copies: a device may call itself anything."""
_OURS: Final = "fabricscope SQL"
_MARKS: Final = {True: "holds", False: "over", None: "unknown"}


def page(
    seen: Seen,
    incidents: Mapping[str, Seen],
    guide: Guide | None,
    time: tuple[datetime, str | None],
    ids: Mapping[str, str],
) -> Group:
    """Return the page of an incident. ``time``: see ``source.time_of``. ``ids``: how incidents are called."""
    now, _ = time
    below = [
        one for one in incidents.values() if one.row["root_incident_id"] == seen.id and one.id != seen.id
    ]
    still = [one for one in below if one.open or not seen.open]
    parts: list[RenderableType] = [_head(seen, still, ids), Text(), _facts(seen, incidents, time, ids)]
    if guide is not None:
        parts += _part("What it means", [Text(guide.meaning)])
    parts += _part("Who is hit", [Text(one) for one in who_is_hit(seen, incidents.values())])
    parts += _part("What follows from it", list(follow(below, ids)))
    parts += _part("What else began then", list(beside(seen, incidents, ids)))
    if guide is not None:
        parts += _part("Look first", [Text(guide.look_first, "bold")])
        parts += _part("Commands", _commands(guide, seen))
        parts += _part("Likely causes", [Text(f"{n}. {cause}") for n, cause in enumerate(guide.causes, 1)])
    parts += _part("Evidence", list(_evidence(seen, now)))
    parts += _part("Ruled out", [Text(f"- {clean(one)}") for one in _listed(seen.evidence.get("ruled_out"))])
    parts += _part("Timeline (UTC)", [_timeline(seen, now)])
    if guide is not None:
        parts += _part("Rule", [Text(f"Opens: {guide.opens}"), Text(f"Clears: {guide.clears}")])
    return Group(*parts)


def _head(seen: Seen, below: Sequence[Seen], ids: Mapping[str, str]) -> Text:
    row = seen.row
    head = Text()
    worst = min((seen, *below), key=lambda one: ORDER.index(one.row["severity"]))
    head.append(f" {worst.row['severity'].upper()} ", f"reverse {COLOURS.get(worst.row['severity'], '')}")
    head.append(f"  {row['rule']} {row['name']}", "bold")
    head.append(f"   incident {ids.get(seen.id, seen.id)} of {clean(row['fabric'])}\n")
    head.append(clean(row["summary"]), "bold")
    if (told := worst_of(seen, below)) is not None:
        head.append(f"\nWorst of what follows: {clean(told.row['summary'])}", "bold")
    return head


def _facts(
    seen: Seen, incidents: Mapping[str, Seen], time: tuple[datetime, str | None], ids: Mapping[str, str]
) -> Table:
    row, (now, as_of) = seen.row, time
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("About", Text(subject(row)))
    lasted = span((row["resolved_at"] or now) - seen.opened_at)
    ago = (
        f"for {lasted} until {moment(row['resolved_at'], now)}" if row["resolved_at"] else f"for {lasted} now"
    )
    found = f", found {moment(row['detected_at'], now)}"
    facts.add_row("Since", Text(f"{moment(seen.opened_at, now)} UTC, {ago}{found}"))
    facts.add_row("State", state(seen, now))
    facts.add_row("How sure", Text(coverage(row, seen.evidence)))
    facts.add_row("Root", _root(seen, incidents, ids))
    below = [one for one in incidents.values() if one.row["root_incident_id"] == seen.id and one.open]
    facts.add_row("Notified", Text(_notified(seen, incidents, below)))
    if as_of is not None:
        facts.add_row("Seen", Text(as_of))
    return facts


def _root(seen: Seen, incidents: Mapping[str, Seen], ids: Mapping[str, str]) -> Text:
    root = seen.row["root_incident_id"]
    if root is None or root == seen.id:
        told = seen.evidence.get("cause")
        verdict = f"; the evidence points to: {clean(told).replace('_', ' ')}" if told else ""
        return Text(f"this one: no other incident explains it{verdict}")
    if root not in incidents:
        return Text(f"follows from incident {root}, which is not to be seen here")
    of = incidents[root].row
    return Text(f"follows from {ids.get(root, root)} ({of['rule']}): {clean(of['summary'])}")


def _notified(seen: Seen, incidents: Mapping[str, Seen], below: Sequence[Seen]) -> str:
    row = seen.row
    for holds, why in (
        (not seen.open, "it is resolved"),
        (row["severity"] == "info", "it is for information only"),
        (row["in_maintenance"], "what it is about is in maintenance"),
    ):
        if holds:
            return f"no: {why}"
    root = incidents.get(row["root_incident_id"] or "")
    if root is not None and root.row["in_maintenance"] and unplanned(row["rule"], seen.evidence):
        return "yes: no planned work should do this"
    if row["root_incident_id"] not in (None, seen.id):
        return "no, as long as the incident that explains it is open"
    if (later := not_acknowledged(seen, below)) is not None:
        of, who = later.row, clean(seen.row["acknowledged_by"])
        return f"yes, as {of['severity']}: what {who} acknowledged is less than what followed ({of['rule']})"
    return "yes"


def _commands(guide: Guide, seen: Seen) -> list[RenderableType]:
    """Return what to type next, by system; never wrapped, so that it can be copied."""
    subject_of = {
        name: one
        for name, one in {**seen.row, "mac_dotted": _dotted(seen.row["mac"])}.items()
        if one is not None and _HARMLESS.fullmatch(str(one))
    }
    by_system: dict[str, list[str]] = {}
    for command in guide.commands:
        if (text := command.filled(subject_of)) is not None:
            by_system.setdefault(command.system, []).append(text)
    lines: list[RenderableType] = []
    for system, texts in sorted(by_system.items(), key=lambda pair: pair[0] == _OURS):
        lines.append(Text(system, "dim"))
        lines += [Text(f"    {text}", "cyan", no_wrap=True, overflow="ignore") for text in texts]
    return lines


def _dotted(mac: str | None) -> str | None:
    """Return a MAC as Cisco writes it."""
    digits = (mac or "").replace(":", "")
    return ".".join(digits[at : at + 4] for at in (0, 4, 8)) if digits else None


def _evidence(seen: Seen, now: datetime) -> Iterator[RenderableType]:
    decided = Table.grid(padding=(0, 2))
    decided.add_column(style="dim", no_wrap=True)
    decided.add_column(overflow="fold")
    for name, one in seen.evidence.items():
        if name not in _NOT_SHOWN and one not in ("", [], {}):
            decided.add_row(named(name), Text(value(one)))
    if decided.row_count:
        yield decided
    if seen.findings is None:
        return
    rows = Table.grid(padding=(0, 2))
    for finding in seen.findings:
        mark = _MARKS[finding["active"]]
        rows.add_row(
            moment(finding["event_time"], now),
            finding["rule"],
            Text(mark, "bold" if mark == "holds" else ""),
            Text(_said(finding["summary"], seen)),
            Text(f"offset {finding['offset']}", "dim"),
        )
    if rows.row_count:
        yield rows


def _timeline(seen: Seen, now: datetime) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, style="bold")
    rows.add_column(overflow="fold")
    for event in sorted(seen.events, key=_place):
        who = f"{clean(event['actor'])}: " if event.get("actor") else ""
        said = _said(event["summary"], seen)
        kind = f"{event['kind'].replace('_', ' ')}"
        rows.add_row(moment(event["event_time"], now), kind, Text(f"{who}{said}"))
    return rows if rows.row_count else Text("nothing is told")


def _said(summary: str | None, seen: Seen) -> str:
    """Return what was said, unless the head of the page says it."""
    if not summary:
        return "-"
    return "as above" if summary == seen.row["summary"] else clean(summary)


def _place(event: Mapping[str, Any]) -> tuple[datetime, bool, int]:  # Any: columns of view ``incident_event``
    """Return the place in the timeline: of one moment, that it opened comes first."""
    return event["event_time"], event["kind"] != "opened", event["offset"]


def _part(title: str, lines: Sequence[RenderableType]) -> list[RenderableType]:
    if not lines:
        return []
    whole = (one if isinstance(one, Text) and one.no_wrap else Padding(one, (0, 0, 0, 2)) for one in lines)
    return [Text(), Text(title, "bold underline"), *whole]


def _listed(one: object) -> list[Any]:  # Any: JSON
    return one if isinstance(one, list) else []
