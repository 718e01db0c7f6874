"""Retention and the archive where DuckDB may touch no other files: beside the SQL endpoint."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb
import pytest

from pipeline.pgwire.readers import Readers
from pipeline.store.keeper import Keeper
from pipeline.store.opening import another, connect
from pipeline.store.retention import Retention
from tests.pipeline.store.archive_store import FABRIC, made

SOON = timedelta(milliseconds=20)
COUNT = "SELECT count(*), bit_xor(hash(t)) FROM evpn_route_event AS t"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("original") / "store.duckdb")


@pytest.fixture
def store(original: Path, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    shutil.copyfile(original, path)
    with closing(connect(path)) as connection:
        connection.execute("UPDATE store.snapshot_position SET record_time = record_time + INTERVAL 9 DAY")
        yield connection


@pytest.mark.parametrize("fabrics", [None, [FABRIC]])
def test_people_ask_on_while_rows_leave_and_get_each_row_once(
    fabrics: list[str] | None, store: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    keeper = Keeper(another(store), archive, {FABRIC: Retention(timedelta(days=1))}, between_passes=SOON)
    readers = Readers(partial(another, store), archive)
    before = store.execute(COUNT).fetchall()
    gone = False
    keeper.start()
    try:
        readers.lock(tmp_path / "spill", 1 << 30)
        with closing(readers.connection("somebody", fabrics)) as asking:
            asked = 0
            while not gone or asked < 20:
                assert asking.execute(COUNT).fetchall() == before
                asked += 1
                gone = store.execute("SELECT count(*) FROM store.evpn_route_event").fetchall() == [(0,)]
            with pytest.raises(duckdb.PermissionException):
                asking.execute(f"FROM read_text('{tmp_path}/store.duckdb')")
    finally:
        keeper.stop()
    files = list(archive.glob("fabric=*/day=*/evpn_route_event.parquet"))
    assert len(files) == 3
