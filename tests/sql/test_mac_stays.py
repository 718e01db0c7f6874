"""Where a MAC was within a time: the same as its whole history says, without reading all of it."""

import shutil
from collections.abc import Iterator

import duckdb
import pytest

from pipeline.schema import MAC_LOCATION, TIMELINES, Entity
from pipeline.store.opening import connect, look
from tests.recordings.variants import Recordings

DAY = "2026-01-01 12:"
STAY = """
INSERT INTO store.mac_location_{} BY NAME
SELECT 'dc1' AS fabric, 1 AS mac, 100 AS vni, 'vtep-{}' AS vtep, ('{}{}Z')::TIMESTAMPTZ AS valid_from{}
"""


@pytest.mark.parametrize(
    ("since", "until", "vteps"),
    [
        ("00:00", "09:59.999999", []),
        ("00:00", "10:00", ["vtep-1"]),
        ("19:59.999999", "20:00", ["vtep-1", "vtep-2"]),
        ("20:00", "20:00", ["vtep-2"]),  # half open: never in two places
        ("00:00", "59:00", ["vtep-1", "vtep-2"]),
    ],
)
def test_a_stay_counts_that_has_any_part_in_the_range(
    since: str, until: str, vteps: list[str], empty: duckdb.DuckDBPyConnection
) -> None:
    empty.execute(STAY.format("history", 1, DAY, "10:00", f", ('{DAY}20:00Z')::TIMESTAMPTZ AS valid_to"))
    empty.execute(STAY.format("current", 2, DAY, "20:00", ""))
    rows = empty.execute(
        "SELECT vtep FROM mac_stays('0000.0000.0001', ?, ?) ORDER BY valid_from",
        [f"{DAY}{since}Z", f"{DAY}{until}Z"],
    ).fetchall()
    assert rows == [(vtep,) for vtep in vteps]


@pytest.fixture(scope="module")
def store(recordings: Recordings) -> Iterator[duckdb.DuckDBPyConnection]:
    with look(recordings.store("verdicts")) as connection:
        yield connection


@pytest.mark.slow
def test_stays_are_those_of_the_history(store: duckdb.DuckDBPyConnection) -> None:
    macs = store.execute(
        "SELECT mac FROM mac_location_history GROUP BY mac ORDER BY count(*) DESC, mac LIMIT 5"
    ).fetchall()
    ranges = store.execute(
        "SELECT (min(seen_from) + INTERVAL 1 SECOND * s)::VARCHAR,"
        " (min(seen_from) + INTERVAL 1 SECOND * (s + w))::VARCHAR"
        " FROM store.mac_location_history, range(0, 600, 200) AS a(s), unnest([0, 300]) AS b(w) GROUP BY s, w"
    ).fetchall()
    names = (
        "fabric, vni, evi, mac, device, esi, vtep, mobility_seq, sticky, valid_from, valid_to, closed_reason"
    )
    found = 0
    for (mac,) in macs:
        for since, until in ranges:
            stays = f"SELECT {names} FROM mac_stays('{mac}', '{since}', '{until}')"
            history = (
                f"SELECT {names} FROM mac_history('{mac}') WHERE valid_from <= '{until}'"
                f" AND (valid_to IS NULL OR valid_to > '{since}')"
            )
            both = f"({stays} EXCEPT ALL {history}) UNION ALL ({history} EXCEPT ALL {stays})"
            assert store.execute(f"SELECT count(*) FROM ({both})").fetchall() == [(0,)], (mac, since, until)
            found += len(store.execute(f"SELECT 1 FROM ({stays})").fetchall())
    assert found > 30


@pytest.fixture(scope="module")
def behind(
    recordings: Recordings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A store whose snapshot was taken five minutes before its end."""
    path = tmp_path_factory.mktemp("behind") / "store.duckdb"
    shutil.copy(recordings.store("verdicts"), path)
    with connect(path) as connection:
        connection.execute("UPDATE store.snapshot_position SET record_time = record_time - INTERVAL 5 MINUTE")
        for entity in TIMELINES:
            connection.execute(
                f"DELETE FROM store.{entity.name}_current"
                " WHERE seen_from > (SELECT record_time FROM store.snapshot_position)"
            )
            connection.execute(
                f"INSERT INTO store.{entity.name}_current BY NAME"
                f" SELECT * EXCLUDE (valid_to, seen_to, closed_reason) FROM store.{entity.name}_history"
                " WHERE (SELECT record_time FROM store.snapshot_position) BETWEEN seen_from AND seen_to"
            )
        yield connection


@pytest.mark.slow
@pytest.mark.parametrize("entity", TIMELINES, ids=lambda entity: entity.name)
def test_what_ended_since_the_snapshot_is_told_once_however_that_is_asked(
    entity: Entity, behind: duckdb.DuckDBPyConnection
) -> None:
    keys = ["fabric", "opened_offset", "opened_index"]
    keys += ["mac", "vni", "evi"] if entity is MAC_LOCATION else []
    same = " AND ".join(f"h.{key} IS NOT DISTINCT FROM c.{key}" for key in keys)
    plain = (
        f"SELECT * FROM store.{entity.name}_history UNION ALL BY NAME"
        f" SELECT * EXCLUDE (family) FROM store.{entity.name}_current AS c"
        f" WHERE NOT EXISTS (FROM store.{entity.name}_history AS h WHERE {same})"
    )
    asked = f"SELECT * FROM store.{entity.name}_intervals()"
    for left, right in ((plain, asked), (asked, plain)):
        query = f"SELECT count(*) FROM ((SELECT * FROM ({left})) EXCEPT ALL (SELECT * FROM ({right})))"
        assert behind.execute(query).fetchall() == [(0,)]
