"""Incidents as a table for people: what is open, worst and oldest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.desk.seen import Seen, short_ids
from pipeline.desk.words import moment, span, subject
from pipeline.safe_text import clean

COLOURS: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
ORDER: Final = ("critical", "warning", "info")


WIDE: Final = 120
"""Columns from which on a table has room for sentences."""


def listing(incidents: Sequence[Seen], now: datetime, ids: dict[str, str], width: int) -> RenderableType:
    """Return a table, or where there is no room for one, two lines and more for each incident."""
    if width >= WIDE:
        return table(incidents, now, ids)
    several = len({seen.row["fabric"] for seen in incidents}) > 1
    parts: list[RenderableType] = []
    for seen, below in in_order(incidents):
        row, indent = seen.row, 2 if below else 0
        head = Text(f"{ids[seen.id]}  ")
        head.append(row["severity"], COLOURS.get(row["severity"], ""))
        head.append(f"  {row['rule']}  {moment(seen.opened_at, now)} ({span(now - seen.opened_at)})  ")
        head.append_text(state(seen, now))
        where = f"{clean(row['fabric'])}: " if several else ""
        parts.append(Padding(head, (0, 0, 0, indent)))
        parts.append(Padding(Text(f"{where}{clean(row['summary'])}"), (0, 0, 0, indent + 4)))
    return Group(*parts)


def table(incidents: Sequence[Seen], now: datetime, ids: dict[str, str] | None = None) -> Table:
    """Return one row per incident; a follower of another one stands below it."""
    short = ids if ids is not None else short_ids([seen.id for seen in incidents])
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "severity", "rule", "since", "state", "about", "what"):
        made.add_column(name, overflow="fold", no_wrap=name in ("id", "severity", "rule"))
    several = len({seen.row["fabric"] for seen in incidents}) > 1
    for seen, below in in_order(incidents):
        row = seen.row
        about = subject(row) if not several else f"{clean(row['fabric'])}: {subject(row)}"
        made.add_row(
            Text(("  " if below else "") + short[seen.id]),
            Text(row["severity"], COLOURS.get(row["severity"], "")),
            Text(row["rule"]),
            Text(f"{moment(seen.opened_at, now)} ({span(now - seen.opened_at)})"),
            state(seen, now),
            Text(about),
            Text(clean(row["summary"])),
        )
    return made


def in_order(incidents: Sequence[Seen]) -> list[tuple[Seen, bool]]:
    """Return incidents, open ones first, worst and oldest first, each followed by those that it explains."""
    known = {seen.id for seen in incidents}
    below: dict[str, list[Seen]] = {}
    tops: list[Seen] = []
    for seen in sorted(incidents, key=_rank):
        root = seen.row["root_incident_id"]
        if root in known and root != seen.id:
            below.setdefault(root, []).append(seen)
        else:
            tops.append(seen)
    found: list[tuple[Seen, bool]] = []
    for top in tops:
        found.append((top, False))
        found += [(each, True) for each in _all_below(top.id, below)]
    shown = {seen.id for seen, _ in found}  # incidents that explain each other in a circle have no top
    return found + [(seen, False) for seen in incidents if seen.id not in shown]


def state(seen: Seen, now: datetime) -> Text:
    """Return whether it is open, and what people did to it."""
    row = seen.row
    parts = [Text("open", "bold")] if seen.open else [Text("resolved", "green")]
    if not seen.open and row["resolved_at"] is not None:
        parts.append(Text(f"{span(now - row['resolved_at'])} ago"))
    if row["acknowledged_by"] and seen.open:
        parts.append(Text(f"ack {clean(row['acknowledged_by'])}", "green"))
    if row["in_maintenance"] and seen.open:
        parts.append(Text("maintenance", "blue"))
    if seen.marked_false():
        parts.append(Text("false alarm", "magenta"))
    if seen.open and row["coverage"] is not None and row["coverage"] <= 0:
        parts.append(Text("unknown", "bold magenta"))
    return Text(", ").join(parts)


def counted(incidents: Sequence[Seen]) -> str:
    """Return how many are open, by severity."""
    open_ones = [seen for seen in incidents if seen.open]
    by = [(name, sum(seen.row["severity"] == name for seen in open_ones)) for name in ORDER]
    parts = ", ".join(f"{count} {name}" for name, count in by if count)
    if not open_ones:
        return "No open incidents."
    return f"{len(open_ones)} open incident{'' if len(open_ones) == 1 else 's'}: {parts}."


def _rank(seen: Seen) -> tuple[bool, int, datetime, str]:
    severity = seen.row["severity"]
    return (
        not seen.open,
        ORDER.index(severity) if severity in ORDER else len(ORDER),
        seen.opened_at,
        seen.id,
    )


def _all_below(key: str, below: dict[str, list[Seen]]) -> list[Seen]:
    found: list[Seen] = []
    for seen in below.pop(key, []):
        found += [seen, *_all_below(seen.id, below)]
    return found
