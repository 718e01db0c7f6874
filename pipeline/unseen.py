"""What opened and closed while nobody looked: one summary per fabric, when its topic is caught up with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from pipeline.store import Commit

NAMED: Final = 10
"""Open incidents that a summary names."""

log: Final = structlog.get_logger(__name__)


@dataclass
class _Fabric:
    """What was committed of a fabric since the start."""

    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # Any: columns of ``incident``
    opened: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)


class Unseen:
    """Watches commits until each fabric is where its topic ended at the start; warns of doubtful actions."""

    def __init__(self) -> None:
        self._ends: dict[str, int] = {}
        self._fabrics: dict[str, _Fabric] = {}

    def start(self, ends: Mapping[str, int | None]) -> None:
        """Begin: ``ends`` are the offsets behind the last record of each topic; None: not known."""
        self._ends = {fabric: end for fabric, end in ends.items() if end}
        self._fabrics = {fabric: _Fabric() for fabric in self._ends}

    def committed(self, commit: Commit) -> None:
        """Take a commit that the store has."""
        for action in _rows(commit.appends, "action"):
            if action["remark"] is not None:
                log.warning(
                    "an action is doubtful",
                    fabric=action["fabric"],
                    verb=action["verb"],
                    subject=action["subject"],
                    actor=action["actor"],
                    why=action["remark"],
                )
        if not self._ends:
            return
        self._take(commit)
        for position in commit.positions:
            if position.next_offset >= self._ends.get(position.fabric, position.next_offset + 1):
                del self._ends[position.fabric]
                _say(position.fabric, self._fabrics.pop(position.fabric))

    def _take(self, commit: Commit) -> None:
        for row in _rows(commit.removals, "incident"):
            if (fabric := self._fabrics.get(row["fabric"])) is not None:
                fabric.rows.pop(row["incident_id"], None)
        for row in _rows(commit.appends, "incident"):
            if (fabric := self._fabrics.get(row["fabric"])) is not None:
                fabric.rows[row["incident_id"]] = row
        for event in _rows(commit.appends, "incident_event"):
            fabric = self._fabrics.get(event["fabric"])
            if fabric is not None and event["kind"] in ("opened", "continued"):
                fabric.opened.add(event["incident_id"])
            if fabric is not None and event["kind"] == "resolved":
                fabric.closed.add(event["incident_id"])


def _rows(tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:  # Any: columns of several types
    return tables[name].to_dicts() if name in tables else []


def _say(name: str, fabric: _Fabric) -> None:
    opened = [row for key, row in fabric.rows.items() if key in fabric.opened]
    still = [row for row in opened if row["state"] == "open"]
    closed = [row for key, row in fabric.rows.items() if key in fabric.closed and row["state"] == "resolved"]
    came_and_went = sum(key in fabric.opened for key in (row["incident_id"] for row in closed))
    worst_first = sorted(still, key=lambda row: (row["severity"] != "critical", row["opened_at"]))
    told = [
        f"{row['incident_id'][:7]} {row['severity']} {row['rule']}: {row['summary']}" for row in worst_first
    ]
    log.info(
        "caught up: what happened meanwhile",
        fabric=name,
        opened=len(opened),
        closed=len(closed),
        opened_and_closed=came_and_went,
        still_open=told[:NAMED] + ([f"and {len(told) - NAMED} more"] if len(told) > NAMED else []),
    )
