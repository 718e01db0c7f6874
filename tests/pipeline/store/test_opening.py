import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import pipeline
from collectors.errors import InputError, RefusedError
from pipeline.store import Commit, Position, Store
from pipeline.store.migrations import OLDEST, SCHEMA_VERSION
from pipeline.store.opening import look

ROOT = Path(pipeline.__file__).parents[1]
At = Callable[[int], Position]


def test_a_new_store_is_empty_and_comes_back(path: Path, position: At) -> None:
    store = Store.open(path)
    assert store.position("dc1") is None
    assert store.load_snapshot() is None
    store.commit(Commit(positions=[position(7)]))
    store.close()
    again = Store.open(path)
    assert again.position("dc1") == position(7)
    assert again.position("dc2") is None
    again.close()


def test_an_empty_database_becomes_a_store(path: Path) -> None:
    duckdb.connect(path).close()  # what a crash before the first commit leaves
    Store.open(path).close()


@pytest.mark.parametrize("name", ["it's a store.duckdb", "store.duckdb", "main", "store_file.db"])
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    Store.open(tmp_path / name).close()
    with look(tmp_path / name) as connection:
        assert connection.execute("SELECT summary FROM incident").fetchall() == []


def test_there_is_nothing_to_look_at_in_an_empty_database(path: Path) -> None:
    duckdb.connect(path).close()
    with pytest.raises(InputError, match="is an empty database: name a store"):
        look(path)


def test_a_store_that_does_not_know_its_version_is_not_guessed_at(path: Path) -> None:
    Store.open(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("DELETE FROM store.store_meta")
    with pytest.raises(InputError, match="has 0 rows in store_meta instead of one: restore it"):
        Store.open(path)


def test_looking_changes_nothing(path: Path) -> None:
    Store.open(path).close()
    with look(path) as connection, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        connection.execute("DELETE FROM store.store_meta")


def test_a_file_that_is_no_database_is_not_touched(path: Path) -> None:
    path.write_text("notes\n" * 1000)
    with pytest.raises(
        InputError, match=r"fabricscope\.duckdb can't be opened as a store: name another file"
    ):
        Store.open(path)
    assert path.read_text() == "notes\n" * 1000


def test_a_database_of_something_else_is_not_touched(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name VARCHAR)")
    with pytest.raises(InputError, match="is a DuckDB file but no fabricscope store: name another file"):
        Store.open(path)
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("recipes",)]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/fabricscope\.duckdb can't be opened as a store"):
        Store.open(tmp_path / "no" / "fabricscope.duckdb")


@pytest.mark.parametrize(
    ("version", "remedy"),
    [(OLDEST - 1, "use that release, or"), (SCHEMA_VERSION + 1, "use that release or a newer one")],
)
def test_a_store_of_another_version_is_refused_with_the_remedy(version: int, remedy: str, path: Path) -> None:
    Store.open(path).close()
    with duckdb.connect(path) as connection:
        connection.execute(
            "UPDATE store.store_meta SET schema_version = ?, created_by = 'fabricscope 9'", [version]
        )
    with pytest.raises(
        RefusedError, match=f"made by fabricscope 9 with tables of version {version}.*{remedy}"
    ):
        Store.open(path)


def test_another_cluster_is_refused_with_the_remedy(path: Path, position: At) -> None:
    store = Store.open(path, cluster_id="kafka-a")
    store.commit(Commit(positions=[replace(position(7), cluster_id="kafka-a")]))
    store.close()
    remedy = (
        "dc1 up to offset 7 of Kafka cluster kafka-a, but this is Kafka cluster kafka-b.* or fill a new file"
    )
    with pytest.raises(RefusedError, match=remedy):
        Store.open(path, cluster_id="kafka-b")
    Store.open(path, cluster_id="kafka-a").close()
    Store.open(path).close()


def test_a_store_filled_from_a_capture_is_not_continued_from_a_cluster(path: Path, position: At) -> None:
    store = Store.open(path)
    store.commit(Commit(positions=[position(7)]))
    store.close()
    with pytest.raises(
        RefusedError, match="dc1 up to offset 7 of a capture, but this is Kafka cluster kafka-a"
    ):
        Store.open(path, cluster_id="kafka-a")


def test_views_are_those_of_the_program_that_opened_it_last(path: Path) -> None:
    Store.open(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("CREATE OR REPLACE VIEW mac_event AS SELECT 1 AS old")
    Store.open(path).close()
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT mac FROM mac_event").fetchall() == []


def test_a_store_open_in_another_process_is_left_to_it(path: Path) -> None:
    store = Store.open(path)
    script = f"from pathlib import Path; from pipeline.store import Store; Store.open(Path({str(path)!r}))"
    other = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert "FabricscopeError" in other.stderr
    assert "is open in another process, and only one can have it: stop that one" in other.stderr
    store.close()
    Store.open(path).close()
