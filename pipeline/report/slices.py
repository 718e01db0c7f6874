"""Which rows of a store's tables a bundle has: those by which questions about its time are answered. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pipeline.forensics.questions import literal

BEFORE: Final = timedelta(minutes=10)
"""How much earlier than the report a bundle begins: what led to it."""
LEFT_OUT: Final = frozenset(("snapshot_state",))
"""What only a replica of this release can read."""
_WITHOUT_ROWS: Final = frozenset(("archived",))
"""There must be a table, but what it has is about the store's own files."""
_ENDED: Final = "(SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)"
"""What has ended since the snapshot is in current tables, too, until the history says so."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Whose rows, from when to when, and which incidents in any case."""

    fabric: str
    since: datetime
    until: datetime
    incidents: tuple[str, ...] = ()


def selections(tables: Mapping[str, Collection[str]], wanted: Slice) -> dict[str, str]:
    """Return for each table the query for its rows; ``tables``: their columns."""
    return {
        table: f'FROM store."{table}" WHERE {_which(table, columns, wanted)} ORDER BY ALL'
        for table, columns in tables.items()
        if table not in LEFT_OUT
    }


def _which(table: str, columns: Collection[str], wanted: Slice) -> str:
    if table in _WITHOUT_ROWS:
        return "false"
    whose = f"fabric = {literal(wanted.fabric)}" if "fabric" in columns else "true"
    since, until = literal(wanted.since), literal(wanted.until)
    within = f"BETWEEN {since} AND {until}"
    by_table = {
        "incident": _incidents(wanted),
        "incident_event": (
            "incident_id IN (FROM store.incident SELECT incident_id"
            f" WHERE fabric = {literal(wanted.fabric)} AND {_incidents(wanted)})"
        ),
        "action": f"(record_time {within} OR subject IN ({_named(wanted)}))",
        # who is watched follows from the first session on; when one broke off is told afterwards
        "collector_event": f"record_time <= {until} + INTERVAL 1 HOUR",
        "finding": f"(event_time {within} OR rule = 'X1')",  # silences are told by their end
        "dead_letter": f"record_time {within}",
    }
    by_column = {
        "valid_to": f"valid_from <= {until} AND (valid_to >= {since} OR seen_to >= {_ENDED})",
        "valid_from": f"valid_from <= {until}",
        "event_time": f"event_time {within}",
    }
    rows = by_table.get(table) or next((by_column[one] for one in by_column if one in columns), "true")
    return f"{whose} AND {rows}"


def _incidents(wanted: Slice) -> str:
    return (
        f"(opened_at <= {literal(wanted.until)} AND (resolved_at IS NULL OR resolved_at >="
        f" {literal(wanted.since)}) OR incident_id IN ({_named(wanted)}))"
    )


def _named(wanted: Slice) -> str:
    return ", ".join(literal(one) for one in wanted.incidents) or "NULL"
