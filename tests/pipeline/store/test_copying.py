"""What a copy of a store holds is what the store held, the lives of MACs in an order of their own."""

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from pipeline.store.copying import BY_MAC, compact, export
from pipeline.store.opening import connect, look

DAYS, MACS = 3, 200


@pytest.fixture
def filled(path: Path) -> Path:
    """A store with each of its MACs in each hour of three days, in the order in which that came."""
    with closing(connect(path)) as connection:
        for table in BY_MAC:
            connection.execute(
                f"INSERT INTO store.{table} BY NAME SELECT 'dc1' AS fabric, 100 AS vni, m AS mac,"
                f" TIMESTAMPTZ '2026-01-01 00:00Z' + INTERVAL 1 HOUR * h AS valid_from,"
                f" valid_from + INTERVAL 30 MINUTE AS valid_to, valid_from AS seen_from, valid_to AS seen_to"
                f" FROM range({DAYS * 24}) AS a(h), range({MACS}) AS b(m) ORDER BY h, m"
            )
    return path


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    return connection.execute(
        f"SELECT mac, epoch_us(valid_from) // 86400000000 AS day, epoch_us(valid_from) FROM store.{table}"
    ).fetchall()


def test_a_compacted_store_has_the_life_of_a_mac_by_day_and_mac(filled: Path) -> None:
    with closing(look(filled)) as connection:
        before = {table: rows_of(connection, table) for table in BY_MAC}
    compact(filled, lambda *_: None)
    with closing(look(filled)) as connection:
        after = {table: rows_of(connection, table) for table in BY_MAC}
    for table in BY_MAC:
        assert len(after[table]) == DAYS * 24 * MACS
        assert sorted(before[table]) == sorted(after[table]) != after[table]
        assert after[table] == sorted(after[table], key=lambda row: (row[1], row[0], row[2]))


def test_rows_that_say_no_end_are_copied_too(filled: Path, tmp_path: Path) -> None:
    with closing(connect(filled)) as connection:
        for table in BY_MAC:
            connection.execute(f"INSERT INTO store.{table} BY NAME SELECT 'dc1' AS fabric, 7 AS mac")
    told: dict[str, int] = {}
    export(filled, tmp_path / "seed.duckdb", told.__setitem__)
    with closing(look(tmp_path / "seed.duckdb")) as connection:
        for table in BY_MAC:
            assert len(rows_of(connection, table)) == told[table] == DAYS * 24 * MACS + 1
