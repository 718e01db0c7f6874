"""What questions cost on a generated store, in process; each is asked about several MACs and times."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import duckdb
import orjson

from bench.figures import Figure
from bench.store.make import truth_of
from bench.store.sizes import sizes
from pipeline.store.opening import look

_MACS: Final = 12
_QUIET: Final = 0.3
"""Where enough runs had no more than so many cores taken by others, only these count."""
_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """SQL with what varies filled in; each text is a run."""

    what: str
    texts: Sequence[str]
    goal_ms: float | None


def measure(path: Path, *, threads: int = 2, turns: int = 3) -> Iterator[Figure]:
    """Yield what each question takes, to its last row as Arrow; the first answer of each is not counted.

    On a machine that others use, too, runs beside which it was quiet count if there are enough of them.
    """
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


def _asked(connection: duckdb.DuckDBPyConnection, question: Question, turns: int) -> Figure:
    runs: list[_Run] = []
    for turn in range(turns + 1):
        for text in question.texts:
            begun, busy, others = time.perf_counter(), time.process_time(), _busy_s()
            rows = len(connection.sql(text).to_arrow_table())
            wall, cpu = time.perf_counter() - begun, time.process_time() - busy
            if turn:
                beside = max(0.0, _busy_s() - others - cpu) / wall
                runs.append(_Run(wall * 1e3, cpu * 1e3, beside, rows))
    quiet = [run for run in runs if run.beside <= _QUIET]
    counted = quiet if len(quiet) >= len(question.texts) else runs
    goal = question.goal_ms
    middle = median(run.wall_ms for run in counted)
    return Figure(
        "store",
        question.what,
        "ms",
        tuple(run.wall_ms for run in counted),
        "" if goal is None else f"< {goal:g}",
        None if goal is None else middle < goal,
        {
            "rows": max(run.rows for run in counted),
            "cpu_ms": round(median(run.cpu_ms for run in counted), 1),
            "cores_taken_by_others": round(median(run.beside for run in counted), 2),
            "runs_left_out": len(runs) - len(counted),
        },
    )


class _Run(NamedTuple):
    wall_ms: float
    cpu_ms: float
    beside: float
    """Cores that other processes took meanwhile."""
    rows: int


def _busy_s() -> float:
    """Return the seconds that all cores together have worked since the machine began."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
