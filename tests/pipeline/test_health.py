"""How a replica says it is doing."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from collectors.records import RETIRED, Kind, Record, encode_record, session_id
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.detectors.heard import SILENCE
from pipeline.health import Watched, freshness
from pipeline.job import Job

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def observers(*rows: tuple[str, str, timedelta]) -> pl.DataFrame:
    """Return sessions of (device, state, how long ago it was heard of)."""
    return pl.DataFrame(
        [(device, state, NOW - ago) for device, state, ago in rows],
        schema={"device": pl.String, "state": pl.String, "last_seen": pl.Datetime("us", "UTC")},
        orient="row",
    )


def test_a_device_is_fresh_when_all_its_sessions_are() -> None:
    second = timedelta(seconds=1)
    sessions = observers(("l1", "fresh", second), ("l1", "fresh", second), ("l2", "fresh", second))
    assert freshness(sessions, NOW) == (2, 2)
    blind = observers(("l1", "fresh", second), ("l1", "blind", second), ("l2", "syncing", second))
    assert freshness(blind, NOW) == (0, 2)


@pytest.mark.parametrize(("ago", "fresh"), [(SILENCE, 0), (SILENCE - timedelta(microseconds=1), 1)])
def test_a_device_that_fell_silent_is_not_fresh(ago: timedelta, fresh: int) -> None:
    old = timedelta(hours=1)
    assert freshness(observers(("l1", "fresh", old), ("l1", "fresh", ago)), NOW) == (fresh, 1)


def test_before_anybody_reports_nobody_is_fresh() -> None:
    assert freshness(observers(), NOW) == (0, 0)


def told(offset: int, kind: Kind, device: str, seq: int, **content: object) -> RawBatch:
    """Return a batch of one record, a second after the one before."""
    at_ms = int(NOW.timestamp() + offset) * 1_000
    record = Record(
        kind=kind,
        profile="openconfig",
        family="liveness",
        session=session_id(1, "c1"),
        seq=seq,
        recv_ns=at_ms * 1_000_000,
        json=json.dumps(content).encode(),
    )
    return RawBatch(np.array([offset]), np.array([at_ms]), [device], [encode_record(record)])


def test_a_device_counts_until_it_is_taken_out_of_service(tmp_path: Path) -> None:
    with closing(Job.open(tmp_path / "store", ["dc1"], None)) as job:
        watched = Watched(job)
        counts = []
        for batch in (
            told(0, Kind.START, "l1", 0, paths=[]),
            told(1, Kind.START, "l2", 0, paths=[]),
            told(2, Kind.END, "l1", 1, reason="collector stopped"),
            told(3, Kind.END, "l2", 1, reason=RETIRED),
        ):
            watched.process("dc1", batch, decode(batch))
            counts.append(watched.seen("dc1").observers)
    assert counts == [1, 2, 2, 1]
