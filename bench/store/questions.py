"""What questions cost on a generated store, in process; each is asked about several MACs and times."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson

from bench.figures import Figure
from bench.store.make import truth_of
from pipeline.store.opening import look

BYTES_GOAL: Final = 14
_MACS: Final = 12
_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROUTE_TABLES: Final = ("evpn_route_event", "evpn_route_history", "evpn_route_current")


@dataclass(frozen=True)
class Question:
    """SQL with what varies filled in; each text is a run."""

    what: str
    texts: Sequence[str]
    goal_ms: float | None


def measure(path: Path, *, threads: int = 2, turns: int = 3) -> Iterator[Figure]:
    """Yield what each question takes, to its last row as Arrow; the first answer of each is not counted."""
    truth = orjson.loads(truth_of(path).read_bytes())
    with look(path) as connection:
        connection.execute(f"SET threads = {threads}; SET memory_limit = '3GB'")
        yield from sizes(connection, truth["rows"]["evpn_route_event"])
        for question in questions(connection, truth["begin"], truth["end"]):
            yield _asked(connection, question, turns)


def questions(connection: duckdb.DuckDBPyConnection, begin: int, end: int) -> list[Question]:
    """Return the questions for a store of events between two times in microseconds."""
    macs = [
        mac
        for (mac,) in connection.execute(
            # busy and quiet ones alike: every n-th by the number of its stays
            "SELECT mac_text(mac) FROM (SELECT mac, row_number() OVER (ORDER BY count(*), mac) AS place,"
            " count(*) OVER () AS macs FROM store.mac_location_history GROUP BY mac)"
            " WHERE place % (macs // ?) = 0 LIMIT ?",
            [_MACS, _MACS],
        ).fetchall()
    ]
    times = [_EPOCH + timedelta(microseconds=begin + (end - begin) * part // 10) for part in (2, 5, 8)]
    windows = [(at - 6 * _HOUR, at) for at in times]
    return [
        Question("MAC history", [f"FROM mac_history('{mac}')" for mac in macs], 100),
        Question(
            "where a MAC was within 6 h (mac_stays)",
            [
                f"FROM mac_stays('{mac}', '{since}', '{until}')"
                for mac in macs[::3]
                for since, until in windows
            ],
            20,
        ),
        Question(
            "the same by mac_history with WHERE",
            [
                f"FROM mac_history('{mac}') WHERE valid_from <= '{until}'"
                f" AND (valid_to IS NULL OR valid_to > '{since}')"
                for mac in macs[::3]
                for since, until in windows
            ],
            20,
        ),
        Question(
            "MACs per VNI at T",
            [f"SELECT vni, count(*) FROM mac_location_at('{at}') GROUP BY vni" for at in times],
            50,
        ),
        Question(
            "things per kind at T",
            [f"SELECT kind, count(*) FROM fabric_at('{at}') GROUP BY kind" for at in times],
            50,
        ),
        Question(
            "paths per leaf at T",
            [f"SELECT next_hop, count(*) FROM evpn_route_at('{at}') GROUP BY next_hop" for at in times],
            None,
        ),
        Question("rows of mac_location_at(T)", [f"FROM mac_location_at('{at}')" for at in times], 1_000),
        Question("rows of fabric_at(T)", [f"FROM fabric_at('{at}')" for at in times], 1_000),
        Question(
            "diff of two times an hour apart",
            [f"FROM fabric_diff('{at - _HOUR}', '{at}')" for at in times],
            500,
        ),
        Question(
            "changes of five minutes", [f"FROM changes('{at - _HOUR / 12}', '{at}')" for at in times], None
        ),
        Question("last 100 route events", ["FROM evpn_route_event ORDER BY event_time DESC LIMIT 100"], None),
    ]


def sizes(connection: duckdb.DuckDBPyConnection, events: int) -> Iterator[Figure]:
    """Yield bytes per route event: of the whole file, and of the event table alone, by column."""
    (used, block), *_ = connection.execute(
        "SELECT used_blocks * block_size, block_size FROM pragma_database_size()"
        " WHERE database_name = 'store_file'"
    ).fetchall()
    tables = {
        name: columns_bytes(connection, name, block) for name in (*_ROUTE_TABLES, "mac_location_history")
    }
    yield _size(
        "bytes per event, whole file",
        used / events,
        {name: sum(of.values()) / events for name, of in tables.items()},
    )
    event = tables["evpn_route_event"]
    yield _size(
        "bytes per event, evpn_route_event",
        sum(event.values()) / events,
        {name: of / events for name, of in event.items()},
    )


def columns_bytes(connection: duckdb.DuckDBPyConnection, table: str, block: int) -> dict[str, int]:
    """Return what each column of a table fills on disk: from the begin of a segment to the next one's."""
    return {
        name: int(filled)
        for name, filled in connection.execute(
            f"""
            WITH segment AS (
                SELECT DISTINCT column_name, block_id, block_offset, len(additional_block_ids) AS more
                FROM pragma_storage_info('store.{table}')
                WHERE block_id >= 0
            )
            SELECT column_name, sum(next - block_offset + more * {block}) FROM (
                SELECT
                    *,
                    lead(block_offset, 1, {block}) OVER (PARTITION BY block_id ORDER BY block_offset) AS next
                FROM segment
            ) GROUP BY column_name ORDER BY 2 DESC
            """
        ).fetchall()
    }


def _size(what: str, value: float, details: dict[str, float]) -> Figure:
    rounded = {name: round(part, 2) for name, part in details.items()}
    return Figure("store", what, "B", (value,), f"<= {BYTES_GOAL}", value <= BYTES_GOAL, rounded)


def _asked(connection: duckdb.DuckDBPyConnection, question: Question, turns: int) -> Figure:
    runs, cpu, rows = [], [], []
    for turn in range(turns + 1):
        for text in question.texts:
            wall, busy = time.perf_counter(), time.process_time()
            rows.append(len(connection.sql(text).to_arrow_table()))
            if turn:
                runs.append((time.perf_counter() - wall) * 1e3)
                cpu.append((time.process_time() - busy) * 1e3)
    figure = Figure("store", question.what, "ms", tuple(runs))
    details: dict[str, Any] = {"rows": max(rows), "cpu_ms": round(sorted(cpu)[len(cpu) // 2], 1)}  # Any: JSON
    goal = question.goal_ms
    if goal is None:
        return Figure("store", question.what, "ms", tuple(runs), details=details)
    return Figure("store", question.what, "ms", tuple(runs), f"< {goal:g}", figure.median < goal, details)
