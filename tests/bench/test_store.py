"""The generated store obeys the rules that a replica's store obeys."""

from pathlib import Path

import duckdb
import orjson
import pytest

from bench.store.make import Size, make, truth_of
from bench.store.questions import questions
from bench.store.sizes import columns_bytes
from collectors.errors import FabricscopeError
from pipeline.store.checks import check
from pipeline.store.opening import look

SIZE = Size(events=40_000, macs=2_000, leaves=80, days=2)
KEYS = {
    "evpn_route": "fabric, device, vantage, network_instance, rd, route_type, mac, originator, neighbor",
    "mac": "fabric, device, network_instance, mac, producer",
    "mac_location": "fabric, vni, mac",
}
TOLD = ("evpn_route", "mac")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "store.duckdb"
    make(path, SIZE, lambda _: None)
    return path


@pytest.fixture
def store(made: Path) -> duckdb.DuckDBPyConnection:
    return look(made)


def number(store: duckdb.DuckDBPyConnection, query: str) -> int:
    (row,) = store.execute(query).fetchall()
    return int(row[0])


def test_a_store_check_finds_nothing_wrong(made: Path) -> None:
    assert check(made, lambda _table, _rows: None) == []


def test_it_has_as_many_events_as_were_asked_for(store: duckdb.DuckDBPyConnection) -> None:
    assert number(store, "SELECT count(*) FROM evpn_route_event") == pytest.approx(SIZE.events, rel=0.02)
    assert number(store, "SELECT count(DISTINCT mac) FROM evpn_route_event") == SIZE.macs


@pytest.mark.parametrize("entity", KEYS)
def test_intervals_of_a_thing_neither_overlap_nor_end_before_they_begin(
    entity: str, store: duckdb.DuckDBPyConnection
) -> None:
    wrong = (
        f"SELECT count(*) FROM (SELECT *, lag(coalesce(valid_to, 'infinity')) OVER life AS gone,"
        f" lag(coalesce(seen_to, 'infinity')) OVER life AS unseen FROM store.{entity}_intervals()"
        f" WINDOW life AS (PARTITION BY {KEYS[entity]} ORDER BY valid_from))"
        " WHERE gone > valid_from OR unseen > seen_from OR valid_to < valid_from OR seen_to < seen_from"
    )
    assert number(store, f"SELECT count(*) FROM store.{entity}_history") > 1_000
    assert number(store, wrong) == 0


@pytest.mark.parametrize("entity", TOLD)
def test_each_interval_was_opened_by_an_event_with_its_values(
    entity: str, store: duckdb.DuckDBPyConnection
) -> None:
    values = "device, mac, coalesce(mobility_seq, 0), event_time, record_time"
    events = f"SELECT {values} FROM store.{entity}_event WHERE reason = 'update' ORDER BY ALL"
    opened = values.replace("event_time", "valid_from").replace("record_time", "seen_from")
    since = (
        "valid_from > (SELECT min(event_time) FROM store.mac_event) - INTERVAL 1 MINUTE AND mac IS NOT NULL"
    )
    intervals = f"SELECT {opened} FROM store.{entity}_intervals() WHERE {since} ORDER BY ALL"
    assert number(store, f"SELECT count(*) FROM (({events}) EXCEPT ALL ({intervals}))") == 0
    assert number(store, f"SELECT count(*) FROM (({intervals}) EXCEPT ALL ({events}))") == 0


def test_events_are_in_the_order_of_the_stream_and_each_record_tells_one(
    store: duckdb.DuckDBPyConnection,
) -> None:
    back = 'SELECT count(*) FROM (SELECT "offset" < lag("offset") OVER () AS b FROM store.{}_event) WHERE b'
    assert [number(store, back.format(entity)) for entity in TOLD] == [0, 0]
    both = 'SELECT "offset" FROM store.evpn_route_event UNION ALL SELECT "offset" FROM store.mac_event'
    assert number(store, f'SELECT count(*) - count(DISTINCT "offset") FROM ({both})') == 0


def test_a_mac_is_where_its_routes_say(store: duckdb.DuckDBPyConnection) -> None:
    located = "SELECT mac, vtep, mobility_seq FROM store.mac_location_current"
    said = (
        "SELECT DISTINCT mac, next_hop, coalesce(mobility_seq, 0) FROM store.evpn_route_current"
        " WHERE route_type = 2"
    )
    assert number(store, f"SELECT count(*) FROM ({located})") > SIZE.macs // 2
    assert (
        store.execute(f"({located}) EXCEPT ({said}) UNION ALL ({said}) EXCEPT ({located})").fetchall() == []
    )


def test_what_is_said_to_be_in_it_is(made: Path, store: duckdb.DuckDBPyConnection) -> None:
    rows = orjson.loads(truth_of(made).read_bytes())["rows"]
    assert {table: number(store, f"SELECT count(*) FROM store.{table}") for table in rows} == rows


def test_every_question_has_an_answer(made: Path, store: duckdb.DuckDBPyConnection) -> None:
    truth = orjson.loads(truth_of(made).read_bytes())
    asked = questions(store, truth["begin"], truth["end"])
    assert {
        question.what for question in asked if not any(_rows(store, text) for text in question.texts)
    } == set()


def test_columns_of_a_table_fill_less_than_the_file(made: Path, store: duckdb.DuckDBPyConnection) -> None:
    filled = columns_bytes(store, "evpn_route_event", 262_144)
    assert {"mac", "rd", "event_time", "offset"} <= set(filled)
    assert 0 < sum(filled.values()) < made.stat().st_size


def test_without_room_on_the_disk_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(FabricscopeError, match="name another folder"):
        make(tmp_path / "large.duckdb", Size(events=10**13))
    assert list(tmp_path.iterdir()) == []


def _rows(store: duckdb.DuckDBPyConnection, text: str) -> int:
    return len(store.sql(text).to_arrow_table())
