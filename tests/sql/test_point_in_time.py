import duckdb
import pytest

HISTORY = """
INSERT INTO store.mac_location_history BY NAME
SELECT 'dc1' AS fabric, 1 AS mac, 100 AS vni, 'vtep-1' AS location,
    '2026-01-01 12:00:10Z'::TIMESTAMPTZ AS valid_from, '2026-01-01 12:00:20Z'::TIMESTAMPTZ AS valid_to,
    '2026-01-01 12:00:11Z'::TIMESTAMPTZ AS seen_from, '2026-01-01 12:00:21Z'::TIMESTAMPTZ AS seen_to
"""
CURRENT = """
INSERT INTO store.mac_location_current BY NAME
SELECT 'dc1' AS fabric, 1 AS mac, 100 AS vni, 'vtep-2' AS location,
    '2026-01-01 12:00:20Z'::TIMESTAMPTZ AS valid_from, '2026-01-01 12:00:21Z'::TIMESTAMPTZ AS seen_from
"""


@pytest.mark.parametrize(
    ("at", "second", "where"),
    [
        ("at", "09.999999", []),
        ("at", "10", ["vtep-1"]),
        ("at", "19.999999", ["vtep-1"]),
        ("at", "20", ["vtep-2"]),  # half open: never in two places
        ("at", "59", ["vtep-2"]),
        ("known_at", "10", []),  # it was there, but nobody had said so yet
        ("known_at", "11", ["vtep-1"]),
        ("known_at", "20", ["vtep-1"]),
        ("known_at", "21", ["vtep-2"]),
    ],
)
def test_a_mac_is_in_one_place_at_a_time(
    at: str, second: str, where: list[str], empty: duckdb.DuckDBPyConnection
) -> None:
    empty.execute(HISTORY)
    empty.execute(CURRENT)
    rows = empty.execute(
        f"SELECT mac, location FROM mac_location_{at}('2026-01-01 12:00:{second}Z')"
    ).fetchall()
    assert rows == [("00:00:00:00:00:01", location) for location in where]


def test_an_open_interval_has_no_end(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute(CURRENT)
    rows = empty.execute("SELECT valid_to, seen_to FROM mac_location_at('2026-01-02 00:00:00Z')").fetchall()
    assert rows == [(None, None)]


@pytest.mark.parametrize("at", ["at", "known_at"])
@pytest.mark.parametrize(("second", "where"), [("15", ["vtep-1"]), ("25", [])])
def test_what_ended_since_the_snapshot_is_told_once(
    at: str, second: str, where: list[str], empty: duckdb.DuckDBPyConnection
) -> None:
    empty.execute(HISTORY)
    empty.execute(
        "INSERT INTO store.mac_location_current BY NAME"
        " SELECT fabric, mac, vni, location, valid_from, seen_from FROM store.mac_location_history"
    )
    for table in ("history", "current"):
        empty.execute(f"UPDATE store.mac_location_{table} SET opened_offset = 7, opened_index = 0")
    empty.execute(
        "INSERT INTO store.snapshot_position VALUES"
        " ('dc1', 'fabricscope.raw.dc1', 8, '2026-01-01 12:00:18Z'::TIMESTAMPTZ, NULL)"
    )
    rows = empty.execute(f"SELECT location FROM mac_location_{at}('2026-01-01 12:00:{second}Z')").fetchall()
    assert rows == [(location,) for location in where]
