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
