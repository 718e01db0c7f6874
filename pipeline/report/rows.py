"""Rows of the store as parts of a report. Pure."""

from collections.abc import Mapping
from typing import Any

from pipeline.desk.seen import Seen
from pipeline.desk.words import coverage as how_sure
from pipeline.desk.words import subject
from pipeline.report import words
from pipeline.report.model import Blind, Told

Row = Mapping[str, Any]  # Any: columns of the store's views


def blind_of(row: Row) -> Blind:
    """Return a row of ``blind_intervals``."""
    why = ": ".join(str(one) for one in (row["why"], row["detail"]) if one)
    return Blind(
        device=row["device"],
        family=row["family"] or "all of it",
        since=row["blind_from"],
        until=row["blind_to"],
        ongoing=row["ongoing"],
        why=why or "no session",
    )


def told_of(seen: Seen, short: Mapping[str, str]) -> Told:
    """Return an incident; ``short``: how incidents are called."""
    row = seen.row
    root = row["root_incident_id"]
    return Told(
        incident_id=seen.id,
        short=short[seen.id],
        rule=row["rule"],
        name=row["name"],
        severity=row["severity"],
        state=row["state"],
        about=subject(row),
        label=words.label(row),
        summary=row["summary"],
        began=seen.opened_at,
        detected=row["detected_at"],
        resolved=row["resolved_at"],
        root=short.get(root, root) if root not in (None, seen.id) else None,
        detection_s=words.detection_s(seen),
        notification_s=None,
        sure=how_sure(row, seen.evidence),
    )
