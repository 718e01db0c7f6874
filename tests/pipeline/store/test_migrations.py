from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

import sql
from collectors.errors import RefusedError
from pipeline.schema import FACTS, TIMELINES
from pipeline.store import Store, migrations
from pipeline.store.equality import contents
from pipeline.store.migrations import OLDEST, SCHEMA_VERSION
from pipeline.store.opening import look
from tests.pipeline.store.versions import record
from tests.recordings.variants import succeeded

RECORDED = sorted(int(folder.name) for folder in record.HERE.glob("[0-9]*"))
SAID = {
    *(f"main.{entity.name}_event" for entity in FACTS),
    *(f"main.{entity.name}_{kind}" for entity in TIMELINES for kind in ("history", "current")),
    "main.collector_event",
    "main.blind_interval",
    "main.stream_position",
    "main.dead_letter",
}
"""What any release makes of the same records; findings may follow better rules, from their release on."""


def columns(path: Path) -> list[tuple[str, str, str, bool]]:
    with closing(look(path)) as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns()"
            " WHERE database_name = 'store_file' AND schema_name = 'store' ORDER BY ALL"
        ).fetchall()


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of this release, of all records."""
    path = tmp_path_factory.mktemp("anew") / "anew.duckdb"
    succeeded("replay", record.CAPTURE, "--fabric", record.FABRIC, "--store", path)
    return path


def test_each_version_that_can_be_brought_forward_is_recorded() -> None:
    assert list(range(OLDEST, SCHEMA_VERSION)) == RECORDED


def test_migrations_lead_from_each_version_to_the_next() -> None:
    assert list(sql.migrations()) == list(range(OLDEST + 1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("version", RECORDED)
def test_a_store_of_a_past_version_has_the_tables_of_a_new_one(
    version: int, anew: Path, tmp_path: Path
) -> None:
    path = tmp_path / "past.duckdb"
    record.restore(version, path)
    with pytest.raises(RefusedError, match="fabricscope store migrate"):
        look(path)
    Store.open(path).close()
    assert columns(path) == columns(anew)
    with closing(look(path)) as connection:
        assert connection.execute("SELECT schema_version FROM store_meta").fetchall() == [(SCHEMA_VERSION,)]


@pytest.mark.parametrize("version", RECORDED)
def test_a_store_of_a_past_version_goes_on_and_ends_as_one_filled_anew(
    version: int, anew: Path, tmp_path: Path
) -> None:
    path = tmp_path / "past.duckdb"
    record.restore(version, path)
    succeeded("replay", record.CAPTURE, "--fabric", record.FABRIC, "--store", path)
    ours, theirs = contents(path), contents(anew)
    assert sum(ours[name].height for name in SAID) > 500
    for name in SAID:
        assert ours[name].sort(pl.all()).equals(theirs[name].sort(pl.all())), name


@pytest.mark.parametrize("version", RECORDED)
def test_a_store_whose_state_cannot_be_taken_over_reads_the_topic_again_from_the_start(
    version: int, anew: Path, tmp_path: Path
) -> None:
    path = tmp_path / "past.duckdb"
    record.restore(version, path)
    with duckdb.connect(path) as connection:
        connection.execute("TRUNCATE store.snapshot_state")  # what such a migration does
    store = Store.open(path)
    assert store.load_snapshot() is None
    assert store.position(record.FABRIC) is not None
    store.close()
    succeeded("replay", record.CAPTURE, "--fabric", record.FABRIC, "--store", path)
    ours, theirs = contents(path), contents(anew)
    for name in SAID:
        assert ours[name].sort(pl.all()).equals(theirs[name].sort(pl.all())), name


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "past.duckdb"
    record.restore(OLDEST, path)
    broken = {OLDEST + 1: "CREATE TABLE store.half (a INT); INSERT INTO store.half VALUES ('no number');"}
    monkeypatch.setattr(migrations, "migrations", lambda: broken)
    with pytest.raises(duckdb.ConversionException, match="no number"):
        Store.open(path)
    with duckdb.connect(path, read_only=True) as connection:
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        assert "half" not in tables
        assert connection.execute("SELECT schema_version FROM store.store_meta").fetchall() == [(OLDEST,)]
