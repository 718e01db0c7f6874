import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from collectors.errors import FabricscopeError, InputError, RefusedError
from pipeline.store import archive as archives
from pipeline.store.archive import path_of
from pipeline.store.archive_tables import TABLES
from pipeline.store.archived import alone, attached, prepare
from pipeline.store.opening import connect
from pipeline.store.questions import lay_questions
from pipeline.store.retention import Due, Retention, due, retire
from tests.pipeline.store.archive_store import FABRIC, SOME, days_in, made, rows


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("original") / "store.duckdb")


@pytest.fixture
def store(original: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = tmp_path / "store.duckdb"
    shutil.copyfile(original, path)
    with closing(connect(path)) as connection:
        yield connection


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def check_same(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> None:
    assert left.keys() == right.keys()
    for name, frame in left.items():
        assert_frame_equal(frame, right[name])


def test_live_and_archived_rows_are_read_alike_wherever_they_are(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    before = rows(store, None)
    assert all(before[f"store.{table}"].height for table in ("evpn_route_event", "mac_location_history"))
    days = days_in(store, *TABLES)
    assert len({due.day for due in days}) == 3
    prepare(store, archive)
    check_same(rows(store, archive), before)
    for number, what in enumerate(days):
        if number % 2:
            retire(store, archive, what)
        else:  # cut off after the first piece
            retire(store, archive, what, piece_rows=5, pause=lambda: True)
    check_same(rows(store, archive), before)
    assert sum(retire(store, archive, what) for what in days) > 100
    check_same(rows(store, archive), before)
    for table, of in TABLES.items():
        left = store.execute(f"SELECT count(*) FROM store.{table} WHERE {of.done}").fetchall()
        assert left == [(0,)], table


def test_without_the_archive_only_what_is_live_is_there(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    what = days_in(store, "mac_event")[0]
    before = rows(store, None)["store.mac_event"].height
    moved = retire(store, archive, what)
    assert rows(store, None)["store.mac_event"].height == before - moved


def test_an_archive_alone_answers_as_the_store_did(store: duckdb.DuckDBPyConnection, archive: Path) -> None:
    before = rows(store, None)
    for what in days_in(store):
        retire(store, archive, what)
    with closing(alone(str(archive))) as connection:
        lay_questions(connection, "asked", fabrics=None, archive=str(archive))
        for table in SOME:
            assert_frame_equal(
                connection.sql(f"FROM store.{table} ORDER BY ALL").pl(), before[f"store.{table}"]
            )


def test_either_replica_writes_the_same_bytes(
    store: duckdb.DuckDBPyConnection, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_path = tmp_path / "other.duckdb"
    shutil.copyfile(original, other_path)
    with closing(connect(other_path)) as other:
        for table in TABLES:  # stored in another order, as batches of another size do
            other.execute(f"CREATE TEMP TABLE kept AS FROM store.{table} ORDER BY hash(COLUMNS(*)::VARCHAR)")
            other.execute(f"TRUNCATE store.{table}")
            other.execute(f"INSERT INTO store.{table} FROM kept")
            other.execute("DROP TABLE temp.kept")
        for what in days_in(store, *SOME, "host_binding_event", "bgp_session_history", "evpn_route_history"):
            retire(store, tmp_path / "one", what)
            with monkeypatch.context() as patched:
                patched.setattr(archives, "SLICE_ROWS", 10)
                retire(other, tmp_path / "two", what, piece_rows=7)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.parquet"))
    assert len(files) > 10
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_replicas_may_share_an_archive(
    store: duckdb.DuckDBPyConnection, original: Path, archive: Path, tmp_path: Path
) -> None:
    shutil.copyfile(original, tmp_path / "other.duckdb")
    before = rows(store, None)
    with closing(connect(tmp_path / "other.duckdb")) as other:
        for what in days_in(store):
            assert retire(store, archive, what) == retire(other, archive, what)
        check_same(rows(other, archive), before)
    check_same(rows(store, archive), before)


def test_a_file_that_says_something_else_is_not_touched_and_the_rows_stay(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    before = rows(store, None)
    what = days_in(store, "mac_event")[0]
    retire(store, archive, what)
    file = path_of(archive, *what)
    held = file.read_bytes()
    store.execute("TRUNCATE store.archived")
    with pytest.raises(RefusedError, match="holds other rows than the store"):
        retire(store, archive, what)  # of an empty day, now
    assert file.read_bytes() == held
    assert list(archive.rglob("*.partial")) == []
    assert rows(store, None)["store.link_event"].equals(before["store.link_event"])


def test_rows_that_come_for_a_day_that_has_left_stay_in_the_file(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    what = days_in(store, "mac_event")[0]
    retire(store, archive, what)
    store.execute(
        'INSERT INTO store.mac_event BY NAME SELECT ? AS fabric, 1 AS mac, 10000 AS "offset", 0 AS "index",'
        " ?::DATE AS record_time",
        [FABRIC, what.day],
    )
    never = {table: None for table in TABLES if table != "mac_event"}
    policy = {FABRIC: Retention(timedelta(days=1), never)}
    store.execute("UPDATE store.snapshot_position SET record_time = record_time + INTERVAL 9 DAY")
    assert what not in list(due(store, policy))
    found = rows(store, archive)["store.mac_event"]
    assert found.filter(pl.col("offset") == 10000).height == 1


def test_what_is_due_follows_from_the_streams_time_and_the_retention_of_each_table(
    store: duckdb.DuckDBPyConnection,
) -> None:
    (now,) = store.execute("SELECT record_time::DATE FROM store.snapshot_position").fetchall()[0]
    day = timedelta(days=1)
    never = {table: None for table in TABLES if table not in {"mac_event", "link_event"}}
    policy = Retention(day, {**never, "link_event": 2 * day})
    assert {(table, day) for _, day, table in due(store, {FABRIC: policy})} == {("mac_event", now - 2 * day)}
    store.execute("UPDATE store.snapshot_position SET record_time = record_time + INTERVAL 1 DAY")
    assert set(due(store, {FABRIC: policy})) == {
        Due(FABRIC, now - 2 * day, "mac_event"),
        Due(FABRIC, now - day, "mac_event"),
        Due(FABRIC, now - 2 * day, "link_event"),
    }


def test_what_is_small_stays_unless_somebody_wants_it_gone() -> None:
    assert Retention(timedelta(days=3)).of("evpn_route_event") == timedelta(days=3)
    assert Retention().of("incident") is None
    assert Retention(tables={"incident": timedelta(days=400)}).of("incident") == timedelta(days=400)


def test_files_have_types_that_all_engines_have_and_addresses_as_people_write_them(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    for what in days_in(store, *TABLES):
        retire(store, archive, what)
    kinds = {str(of) for path in archive.rglob("*.parquet") for of in pq.read_schema(path).types}
    assert kinds == {"int32", "int64", "bool", "string", "timestamp[us, tz=UTC]"}
    routes = pl.read_parquet(
        archive / "fabric=*" / "day=*" / "evpn_route_event.parquet", hive_partitioning=True
    )
    assert routes["mac"].drop_nulls().str.contains(r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$").all()
    assert routes["ip"].drop_nulls().str.contains(r"^\d+\.\d+\.\d+\.\d+$").any()
    assert routes["fabric"].unique().to_list() == [FABRIC]
    assert routes["day"].dtype == pl.Date
    with duckdb.connect() as plain:
        query = f"SELECT count(*) FROM '{archive}/fabric=*/day=*/evpn_route_event.parquet'"
        assert plain.execute(query).fetchall() == [(routes.height,)]


def test_a_table_that_has_grown_a_column_reads_older_files_with_null_there(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    days = days_in(store, "mac_event")
    before = rows(store, None)["store.mac_event"]
    retire(store, archive, days[0])
    store.execute("ALTER TABLE store.mac_event ADD COLUMN colour VARCHAR")
    store.execute("UPDATE store.mac_event SET colour = 'red'")
    retire(store, archive, days[1])
    found = rows(store, archive)["store.mac_event"]
    assert found.height == before.height
    older = pl.col("record_time").dt.date() == days[0].day
    assert found.filter(older)["colour"].unique().to_list() == [None]
    assert found.filter(~older)["colour"].unique().to_list() == ["red"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nowhere", "there is no archive"), ("some*", "can't have any of")],
)
def test_an_archive_that_is_not_there_is_said(
    name: str, sentence: str, store: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        attached(store, str(tmp_path / name))


def test_object_storage_without_httpfs_is_said(store: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    store.execute(f"SET extension_directory = '{tmp_path}'")  # whatever this machine has
    with pytest.raises(FabricscopeError, match="can't be read: install DuckDB's extension httpfs"):
        attached(store, "s3://bucket/archive")


def test_an_archive_that_cannot_be_written_is_said_and_the_rows_stay(
    store: duckdb.DuckDBPyConnection, archive: Path
) -> None:
    before = rows(store, None)
    archive.write_text("no folder")
    for what in days_in(store)[:3]:
        with pytest.raises(FabricscopeError, match="its rows stay in the store until then"):
            retire(store, archive, what)
    with pytest.raises(FabricscopeError, match="can't be written: name a folder where there is room"):
        prepare(store, archive)
    check_same(rows(store, None), before)


def test_a_question_about_one_mac_reads_few_row_groups(archive: Path, tmp_path: Path) -> None:
    path = made(tmp_path / "large.duckdb")
    with closing(connect(path)) as store:
        store.execute(
            'INSERT INTO store.mac_event BY NAME SELECT ? AS fabric, i AS "offset", 0 AS "index", i AS mac,'
            " TIMESTAMPTZ '2026-01-02 03:04:05Z' AS record_time FROM range(200000) AS r(i)",
            [FABRIC],
        )
        retire(store, archive, Due(FABRIC, date(2026, 1, 2), "mac_event"))
        lay_questions(store, "asked", fabrics=None, archive=str(archive))
        question = "SELECT mac, device FROM store.mac_event WHERE mac = 77777"
        assert len(store.execute(question).fetchall()) == 1
        plan = store.execute(f"EXPLAIN ANALYZE {question}").fetchall()[0][1]
        assert "Row Groups Scanned: 1 / 7" in plan, plan
