"""The incident log: one line per change, after the commit, in words that other programs can read."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from collectors.errors import FabricscopeError
from pipeline.incident_log import WITHDRAWN, IncidentLog, changes
from pipeline.store import Commit

OPENED = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def incidents(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Return rows of incident: (incident_id, rule, state)."""
    return pl.DataFrame(
        [
            {
                "incident_id": incident, "rule": rule, "state": state, "opened_at": OPENED, "fabric": "dc1",
                "mac": 0x02AA_0000_1004, "ip_hi": None, "ip_lo": None, "summary": "moved",
            }
            for incident, rule, state in rows
        ],
        schema_overrides={"mac": pl.UInt64, "ip_hi": pl.UInt64, "ip_lo": pl.UInt64},
    )  # fmt: skip


def voids(*ids: str) -> pl.DataFrame:
    return pl.DataFrame({"incident_id": list(ids), "fabric": ["dc1"] * len(ids)})


def opened(folder: Path) -> contextlib.closing[IncidentLog]:
    return contextlib.closing(IncidentLog(folder / "log", lambda: OPENED + timedelta(seconds=7)))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_commit_without_incidents_says_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.committed(Commit())
    assert lines(tmp_path / "log") == []


def test_a_line_is_the_incident_with_its_mac_as_text_and_the_wall_clock(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.committed(Commit({"incident": incidents(("a", "M2", "open"))}))
    (line,) = lines(tmp_path / "log")
    assert line == {
        "committed_at": "2026-11-22T03:12:07+00:00",
        "incident_id": "a", "rule": "M2", "state": "open", "opened_at": "2026-11-22T03:12:00+00:00",
        "fabric": "dc1", "mac": "02:aa:00:00:10:04", "summary": "moved",
    }  # fmt: skip


def test_a_revised_incident_is_said_once_as_it_stands_now() -> None:
    commit = Commit({"incident": incidents(("a", "M2", "resolved"))}, {"incident": voids("a")})
    assert [(row["incident_id"], row["state"]) for row in changes(commit)] == [("a", "resolved")]


def test_an_incident_that_never_was_is_withdrawn() -> None:
    commit = Commit({"incident": incidents(("b", "M3", "open"))}, {"incident": voids("a", "b")})
    assert [(row["incident_id"], row["state"]) for row in changes(commit)] == [
        ("a", WITHDRAWN),
        ("b", "open"),
    ]


def test_after_a_restart_what_is_open_is_said_again(tmp_path: Path) -> None:
    reader = duckdb.connect()
    reader.sql(
        "CREATE TABLE incident AS SELECT * FROM (VALUES ('a', 'open', NULL, 1), ('b', 'resolved', NULL, 2))"
        " held(incident_id, state, ip, opened_at)"
    )
    with opened(tmp_path) as log:
        log.resume(reader)
    assert [line["incident_id"] for line in lines(tmp_path / "log")] == ["a"]


def test_a_folder_that_is_missing_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FabricscopeError, match=r"can't be written: No such file"), opened(tmp_path / "none"):
        pass
