from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.store import Store
from pipeline.store.opening import another, connect, look
from pipeline.store.questions import lay_questions

AWKWARD = "dc'2"


@pytest.fixture
def filled(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    Store.open(path).close()
    with connect(path) as connection:
        for fabric in ("dc1", AWKWARD, "dc3"):
            connection.execute(
                "INSERT INTO store.mac_location_current BY NAME SELECT ? AS fabric, 1 AS mac, 100 AS vni,"
                " 'vtep' AS location, TIMESTAMPTZ '2026-01-01 00:00Z' AS valid_from",
                [fabric],
            )
        connection.execute("INSERT INTO store.snapshot_state VALUES ('rules', 'secret'::BLOB)")
        yield connection


def fabrics(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in connection.execute(f"SELECT fabric FROM {table} ORDER BY ALL").fetchall()]


@pytest.mark.parametrize(
    ("given", "seen"),
    [(None, [AWKWARD, "dc1", "dc3"]), ([AWKWARD, "dc3"], [AWKWARD, "dc3"]), (["dc4"], []), ([], [])],
)
@pytest.mark.parametrize(
    "table", ["mac_location_current", "mac_history('00:00:00:00:00:01')", "fabric_at('2026-01-02')"]
)
def test_only_the_rows_of_given_fabrics_are_there(
    filled: duckdb.DuckDBPyConnection, given: list[str] | None, seen: list[str], table: str
) -> None:
    lay_questions(filled, "asked", fabrics=given)
    assert fabrics(filled, table) == seen


def test_state_of_replicas_is_seen_by_those_who_may_see_all(filled: duckdb.DuckDBPyConnection) -> None:
    lay_questions(filled, "all of it", fabrics=None)
    assert filled.execute("SELECT count(*) FROM store.snapshot_state").fetchall() == [(1,)]
    lay_questions(filled, "one", fabrics=["dc1"])
    with pytest.raises(duckdb.CatalogException, match="snapshot_state"):
        filled.execute("FROM store.snapshot_state")
    assert filled.execute("SELECT count(*) FROM store.store_meta").fetchall() == [(1,)]


def test_catalogs_stand_side_by_side_and_serve_other_connections(filled: duckdb.DuckDBPyConnection) -> None:
    for fabric in ("dc1", "dc3"):
        lay_questions(another(filled), f"of_{fabric}", fabrics=[fabric])
    for fabric in ("dc3", "dc1"):
        asking = another(filled)
        asking.execute(f"USE of_{fabric}")
        assert fabrics(asking, "mac_location_current") == [fabric]
        assert fabrics(asking, "mac_history('00:00:00:00:00:01')") == [fabric]
    assert fabrics(filled, "mac_location_current") == [AWKWARD, "dc1", "dc3"]


def test_what_is_written_later_is_seen(filled: duckdb.DuckDBPyConnection) -> None:
    asking = another(filled)
    lay_questions(asking, "asked", fabrics=["dc1"])
    filled.execute("DELETE FROM store_file.store.mac_location_current")
    assert fabrics(asking, "mac_location_current") == []


def test_a_file_that_can_only_be_read_is_asked_in_the_catalog_that_is_there(
    path: Path, filled: duckdb.DuckDBPyConnection
) -> None:
    filled.close()
    with look(path) as connection:
        lay_questions(connection, "memory", fabrics=["dc1"])
        assert fabrics(connection, "mac_location_current") == ["dc1"]
