from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.schema import MAC, event_schema
from pipeline.store import Position, Store

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fabricscope.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.open(path)
    yield store
    store.close()


@pytest.fixture
def facts() -> Callable[[int, int], pl.DataFrame]:
    """Facts about MACs: one row per record from offset ``begin`` up to ``end``."""

    def made(begin: int, end: int) -> pl.DataFrame:
        offset = pl.int_range(begin, end, dtype=pl.Int64, eager=True)
        given = {
            "fabric": pl.lit("dc1"),
            "offset": pl.lit(offset),
            "index": pl.lit(0),
            "device": pl.format("leaf-{}", pl.lit(offset) % 3),
            "mac": pl.lit(offset) % 7,
            "record_time": pl.lit(START) + pl.lit(offset) * timedelta(seconds=1),
        }
        schema = event_schema(MAC)
        return pl.select(
            [given.get(column, pl.lit(None)).cast(dtype).alias(column) for column, dtype in schema.items()]
        )

    return made


@pytest.fixture
def position() -> Callable[[int], Position]:
    def made(next_offset: int) -> Position:
        return Position("dc1", "fabricscope.raw.dc1", next_offset, START + timedelta(seconds=next_offset))

    return made
