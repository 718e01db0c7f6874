"""What was known at a time is what a replica that had read no further had as current, of all kinds."""

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from pipeline.batch import RawBatch, concatenate, cut
from pipeline.schema import TIMELINES
from pipeline.store.opening import look
from pipeline.store.questions import lay_questions
from pipeline.transfer import batches_of
from tests.past.fold import sql_time
from tests.recordings.variants import Recordings
from tests.test_laws import filled

pytestmark = pytest.mark.slow

NOT_YET = {"valid_to", "seen_to"}
"""How it ended."""


@pytest.fixture(scope="module", params=["verdicts", "segments"])
def whole(request: pytest.FixtureRequest, recordings: Recordings) -> tuple[RawBatch, Path]:
    records = concatenate(list(batches_of(recordings.capture(request.param))))
    return records, recordings.store(request.param)


@pytest.fixture(scope="module", params=[0, 1])
def prefix(
    request: pytest.FixtureRequest, whole: tuple[RawBatch, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection, int]]:
    """Give a store that read up to a time, one that read on, and the time."""
    records, path = whole
    times = records.timestamps_ms
    assert np.all(np.diff(times) >= 0)
    time = int(times[random.Random(request.param).randrange(len(times) // 4, len(times))])
    begin = cut(records, 0, int(np.searchsorted(times, time, side="right")))
    short = filled(tmp_path_factory.mktemp("prefix") / "short.duckdb", path.stem, begin, [])
    with look(short) as had, look(path) as has:
        for connection in (had, has):
            lay_questions(connection, "memory", fabrics=None)
        yield had, has, time * 1000


@pytest.mark.parametrize("entity", [entity.name for entity in TIMELINES])
def test_known_at_is_what_was_current_then(
    prefix: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection, int], entity: str
) -> None:
    had, has, time = prefix
    current, known = frame(had, f"{entity}_current"), frame(has, f"{entity}_known_at({sql_time(time)})")
    columns = sorted({*current.columns} & {*known.columns} - NOT_YET)
    assert {*known.columns} - NOT_YET == {*columns}
    assert rows(known.select(columns)) == rows(current.select(columns))
    assert current.height or entity not in ("mac_location", "evpn_route", "interface_address", "link")


def frame(connection: duckdb.DuckDBPyConnection, question: str) -> pl.DataFrame:
    found: pl.DataFrame = connection.sql(f"FROM {question}").pl()
    return found


def rows(found: pl.DataFrame) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row)) for row in found.rows())
