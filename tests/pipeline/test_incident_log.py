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
from collectors.supervisor import TICK_S
from pipeline.incident_log import SAID_AGAIN, WITHDRAWN, IncidentLog, changes
from pipeline.kafka import MAX_BATCH_RECORDS
from pipeline.store import Commit
from sql import statements

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
        "fabric": "dc1", "mac": "02:aa:00:00:10:04", "ip": None, "summary": "moved",
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


def test_after_a_restart_what_is_open_or_was_resolved_within_a_day_is_said_again(tmp_path: Path) -> None:
    second = timedelta(seconds=1)
    resolved = {"old": OPENED - second, "limit": OPENED, "late": OPENED + SAID_AGAIN, "other": OPENED}
    with duckdb.connect() as reader, opened(tmp_path) as log:
        for statement in [*statements("ddl"), *statements("views")]:
            reader.execute(statement)
        positions = {"dc1": OPENED + SAID_AGAIN, "dc2": OPENED + SAID_AGAIN + second}
        for fabric, now in positions.items():
            reader.execute(
                "INSERT INTO store.stream_position BY NAME"
                " SELECT $1 AS fabric, 't' AS topic, 0 AS next_offset, $2 AS record_time",
                [fabric, now],
            )
        for incident, fabric in {"open": "dc1", **dict.fromkeys(resolved, "dc1"), "other": "dc2"}.items():
            reader.execute(
                "INSERT INTO store.incident BY NAME SELECT $1 AS incident_id, $2 AS state, $3 AS fabric,"
                " $4::TIMESTAMPTZ AS opened_at, $5::TIMESTAMPTZ AS resolved_at",
                [
                    incident,
                    "resolved" if incident in resolved else "open",
                    fabric,
                    OPENED - timedelta(days=9),
                    resolved.get(incident),
                ],
            )
        log.resume(reader)
    told = {line["incident_id"]: line["state"] for line in lines(tmp_path / "log")}
    assert told == {"open": "open", "limit": "resolved", "late": "resolved"}


def test_a_batch_spans_less_than_what_is_said_again() -> None:
    ticks = SAID_AGAIN // timedelta(seconds=TICK_S)
    assert ticks > MAX_BATCH_RECORDS


def test_a_folder_that_is_missing_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FabricscopeError, match=r"can't be written: No such file"), opened(tmp_path / "none"):
        pass
