"""Rows of the store as parts of a report. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.desk.seen import Seen
from pipeline.desk.words import coverage as how_sure
from pipeline.desk.words import subject
from pipeline.report import words
from pipeline.report.model import Blind, Lost, Reach, Told

Row = Mapping[str, Any]  # Any: columns of the store's views


MOST_OF_A_KIND: Final = 12
"""Things that were lost, of one kind, that are named."""


def reach_of(rows: Iterable[Row]) -> Reach:
    """Return rows of ``who_was_hit`` by thing: the worst of each kind, and how many there are."""
    counts: dict[str, int] = {}
    longest: dict[str, float] = {}
    lost = []
    for row in rows:
        kind = f"{row['effect']} {row['kind']}"
        counts[kind] = counts.get(kind, 0) + 1
        longest[row["effect"]] = max(longest.get(row["effect"], 0.0), row["longest_s"] or 0.0)
        if counts[kind] <= MOST_OF_A_KIND:
            seconds = None if row["unsure"] else row["longest_s"]
            lost.append(
                Lost(
                    effect=row["effect"],
                    kind=row["kind"],
                    subject=row["subject"],
                    vni=row["vni"],
                    tenant=row["tenant"],
                    devices=row["devices"],
                    longest_s=seconds,
                )
            )
    return Reach(tuple(lost), counts, longest)


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
