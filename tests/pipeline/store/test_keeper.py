import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from collectors.errors import FabricscopeError
from pipeline.store import Commit, Position, Store
from pipeline.store.keeper import Keeper
from pipeline.store.retention import Retention
from tests.pipeline.store.archive_store import FABRIC, made, rows

SOON = timedelta(milliseconds=50)
POLICY = {FABRIC: Retention(timedelta(days=1))}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("original") / "store.duckdb")


@pytest.fixture
def store(original: Path, path: Path) -> Iterator[Store]:
    shutil.copyfile(original, path)
    store = Store.open(path)
    yield store
    store.close()


def awaited(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def left(reader: duckdb.DuckDBPyConnection) -> int:
    """Return how many rows there are that are due."""
    return int(
        reader.execute(
            "SELECT count(*) FROM store.evpn_route_event"
            " WHERE record_time::DATE < (SELECT record_time::DATE - 1 FROM store.snapshot_position)"
        ).fetchall()[0][0]
    )


def test_what_is_due_goes_to_the_archive_while_commits_go_on(
    store: Store,
    tmp_path: Path,
    facts: Callable[[int, int], pl.DataFrame],
    position: Callable[[int], Position],
) -> None:
    with store.reader() as reader:
        before = rows(reader, None)
        assert left(reader) > 0
        keeper = Keeper(store.reader(), tmp_path / "archive", POLICY, between_passes=SOON)
        keeper.start()
        offset = 0

        def done() -> bool:
            nonlocal offset
            store.commit(Commit({"mac_event": facts(offset, offset + 10)}, positions=[position(offset + 10)]))
            offset += 10
            return left(reader) == 0

        awaited(done)
        keeper.stop()
        after = rows(reader, tmp_path / "archive")
        for name, frame in before.items():
            if name != "store.mac_event":
                assert after[name].equals(frame), name
        assert after["store.mac_event"].filter(pl.col("fabric") == "dc1").height == offset


def test_an_archive_that_breaks_is_told_and_tried_again(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    keeper = Keeper(store.reader(), archive, POLICY, between_passes=SOON)
    told = ""

    def said() -> bool:
        nonlocal told
        told += capsys.readouterr().out
        return "its rows stay in the store" in told

    (archive / f"fabric={FABRIC}").parent.mkdir()
    (archive / f"fabric={FABRIC}").write_text("in the way")
    with store.reader() as reader:
        keeper.start()
        awaited(said)
        assert left(reader) > 0
        (archive / f"fabric={FABRIC}").unlink()
        awaited(lambda: left(reader) == 0)
    keeper.stop()


def test_an_archive_that_cannot_be_made_is_said_at_once(store: Store, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("no folder")
    keeper = Keeper(store.reader(), tmp_path / "archive", POLICY)
    with pytest.raises(FabricscopeError, match="can't be written: name a folder where there is room"):
        keeper.start()
