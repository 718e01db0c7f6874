"""One summary of what happened before somebody looked."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from structlog.testing import capture_logs

from pipeline.store import Commit, Position
from pipeline.unseen import Unseen

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def commit(next_offset: int, *steps: tuple[str, str], fabric: str = "dc1", **tables: pl.DataFrame) -> Commit:
    """A commit in which incidents (id, kind of step) make a step."""
    rows = [
        {
            "fabric": fabric, "incident_id": key, "rule": "R4", "severity": "critical", "opened_at": NOW,
            "summary": f"{key} is wrong", "state": "resolved" if kind == "resolved" else "open",
        }
        for key, kind in steps
    ]  # fmt: skip
    events = [{"fabric": fabric, "incident_id": key, "kind": kind} for key, kind in steps]
    appends = {"incident": pl.DataFrame(rows), "incident_event": pl.DataFrame(events)} if steps else {}
    removals = {"incident": pl.DataFrame(rows).select("fabric", "incident_id")} if steps else {}
    return Commit({**appends, **tables}, removals, [Position(fabric, "t", next_offset, NOW)])


def said(*commits: Commit, ends: dict[str, int | None]) -> list[dict[str, Any]]:
    unseen = Unseen()
    unseen.start(ends)
    with capture_logs() as logs:
        for one in commits:
            unseen.committed(one)
    return [dict(log) for log in logs]


def test_what_opened_and_closed_is_told_once_when_the_end_is_reached() -> None:
    [log] = said(
        commit(10, ("aaaaaaaaa", "opened"), ("bbbbbbbbb", "resolved")),
        commit(20, ("aaaaaaaaa", "resolved"), ("ccccccccc", "opened")),
        commit(30, ("ddddddddd", "opened")),
        ends={"dc1": 20},
    )

    assert (log["opened"], log["closed"], log["opened_and_closed"]) == (2, 2, 1)
    assert log["still_open"] == ["ccccccc critical R4: ccccccccc is wrong"]


@pytest.mark.parametrize(("offset", "told"), [(19, 0), (20, 1)])
def test_nothing_is_told_before_the_end(offset: int, told: int) -> None:
    assert len(said(commit(offset, ("aaaaaaaaa", "opened")), ends={"dc1": 20})) == told


def test_each_fabric_is_told_on_its_own() -> None:
    logs = said(
        commit(5, ("aaaaaaaaa", "opened")),
        commit(20, ("eeeeeeeee", "opened"), fabric="dc2"),
        ends={"dc1": 20, "dc2": 20},
    )
    assert [(log["fabric"], log["opened"]) for log in logs] == [("dc2", 1)]


def test_an_empty_topic_has_nothing_unseen() -> None:
    assert said(commit(1, ("aaaaaaaaa", "opened")), ends={"dc1": 0}) == []


def test_a_doubtful_action_is_warned_of_whenever_it_comes() -> None:
    action = pl.DataFrame(
        {
            "fabric": ["dc1"],
            "verb": ["maintenance"],
            "subject": ["MW-1"],
            "actor": ["jo"],
            "remark": ["what?"],
        }
    )
    [log] = said(commit(3, action=action), ends={"dc1": 0})
    assert (log["log_level"], log["subject"], log["why"]) == ("warning", "MW-1", "what?")
