from collections.abc import Iterator

import duckdb
import pytest


@pytest.fixture
def store(empty: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """In one transaction, in which now() stands still."""
    empty.begin()
    yield empty
    empty.rollback()


def stream(store: duckdb.DuckDBPyConnection, age: str) -> None:
    store.execute(
        f"INSERT INTO store.stream_position BY NAME SELECT 'dc1' AS fabric, 'fabricscope.raw.dc1' AS topic,"
        f" 5 AS next_offset, now() - INTERVAL '{age}' AS record_time"
    )


def observer(store: duckdb.DuckDBPyConnection, device: str, state: str, seen: str = "12:00:00") -> None:
    store.execute(
        "INSERT INTO store.observer_current BY NAME SELECT 'dc1' AS fabric, $1 AS device, 'mac' AS family,"
        " $2 AS state, ('2026-01-01 ' || $3 || 'Z')::TIMESTAMPTZ AS last_seen",
        [device, state, seen],
    )
    heard(store, device)


def heard(store: duckdb.DuckDBPyConnection, device: str, ago: str = "0 seconds") -> None:
    """The device's last sign of life, that long before the stream's last record."""
    store.execute("DELETE FROM store.observer_current WHERE device = $1 AND family = 'liveness'", [device])
    store.execute(
        "INSERT INTO store.observer_current BY NAME SELECT 'dc1' AS fabric, $1 AS device,"
        " 'liveness' AS family, 'fresh' AS state, max(record_time) - $2::INTERVAL AS last_seen"
        " FROM store.stream_position",
        [device, ago],
    )


def entry(store: duckdb.DuckDBPyConnection, device: str) -> None:
    store.execute(
        "INSERT INTO store.mac_current BY NAME"
        " SELECT 'dc1' AS fabric, $1 AS device, 1 AS mac, 'mac' AS family",
        [device],
    )


def route(
    store: duckdb.DuckDBPyConnection,
    device: str,
    *,
    label: int,
    route_type: int = 2,
    next_hop: str = "192.0.2.1",
    esi: str | None = None,
    valid: bool | None = None,
) -> None:
    store.execute(
        "INSERT INTO store.evpn_route_current BY NAME SELECT 'dc1' AS fabric, $1 AS device, $2 AS route_type,"
        " 1 AS mac, $3 AS label, $4 AS next_hop, $5 AS esi, $6 AS valid, 'mac' AS family",
        [device, route_type, label, next_hop, esi, valid],
    )


def location(store: duckdb.DuckDBPyConnection, *, vni: int | None, evi: int | None = None) -> None:
    store.execute(
        "INSERT INTO store.mac_location_current BY NAME"
        " SELECT 'dc1' AS fabric, 1 AS mac, $1 AS vni, $2 AS evi, '192.0.2.1' AS location",
        [vni, evi],
    )


def known(store: duckdb.DuckDBPyConnection, view: str) -> list[tuple[str, str | None]]:
    """What is known and as of when, of each row."""
    return store.execute(f"SELECT known, strftime(as_of, '%H:%M:%S') FROM {view}").fetchall()


@pytest.mark.parametrize(
    ("state", "expected"), [("fresh", "fresh"), ("syncing", "stale"), ("blind", "stale"), ("ended", "stale")]
)
def test_a_row_is_as_fresh_as_its_observer(
    state: str, expected: str, store: duckdb.DuckDBPyConnection
) -> None:
    stream(store, "1 second")
    observer(store, "leaf-1", state)
    entry(store, "leaf-1")
    assert known(store, "mac_current") == [(expected, "12:00:00")]


@pytest.mark.parametrize(("age", "expected"), [("15 seconds", "fresh"), ("15.001 seconds", "unknown")])
def test_nothing_is_fresh_once_the_stream_has_been_silent_for_15_seconds(
    age: str, expected: str, store: duckdb.DuckDBPyConnection
) -> None:
    stream(store, age)
    observer(store, "leaf-1", "fresh")
    entry(store, "leaf-1")
    route(store, "leaf-1", label=100)
    location(store, vni=100)
    for view in ("mac_current", "evpn_route_current", "mac_location_current"):
        assert known(store, view) == [(expected, "12:00:00")]
    mine = "SELECT known FROM observer_current WHERE family = 'mac'"
    assert store.execute(mine).fetchall() == [(expected,)]


@pytest.mark.parametrize(("ago", "expected"), [("15 seconds", "fresh"), ("15.001 seconds", "stale")])
def test_a_quiet_family_is_fresh_as_long_as_its_device_is_heard(
    ago: str, expected: str, store: duckdb.DuckDBPyConnection
) -> None:
    stream(store, "1 second")
    observer(store, "leaf-1", "fresh")
    heard(store, "leaf-1", ago)
    entry(store, "leaf-1")
    assert known(store, "mac_current") == [(expected, "12:00:00")]


def test_a_row_without_observer_or_stream_is_unknown(store: duckdb.DuckDBPyConnection) -> None:
    entry(store, "leaf-1")
    assert known(store, "mac_current") == [("unknown", None)]
    observer(store, "leaf-1", "fresh")
    assert known(store, "mac_current") == [("unknown", "12:00:00")]


def test_a_location_is_fresh_while_any_fresh_observer_holds_a_route(store: duckdb.DuckDBPyConnection) -> None:
    stream(store, "1 second")
    observer(store, "leaf-1", "blind", seen="12:00:09")
    observer(store, "leaf-2", "fresh", seen="12:00:05")
    location(store, vni=100)
    route(store, "leaf-1", label=100)
    assert known(store, "mac_location_current") == [("stale", "12:00:09")]
    route(store, "leaf-2", label=100)
    assert known(store, "mac_location_current") == [("fresh", "12:00:05")]


def test_a_route_of_another_vni_or_type_vouches_for_no_location(store: duckdb.DuckDBPyConnection) -> None:
    stream(store, "1 second")
    observer(store, "leaf-1", "fresh")
    location(store, vni=100)
    route(store, "leaf-1", label=200)
    route(store, "leaf-1", label=100, route_type=1)
    assert known(store, "mac_location_current") == [("unknown", None)]


@pytest.mark.parametrize(
    ("next_hop", "esi", "valid"),
    [
        ("192.0.2.2", None, None),
        ("192.0.2.1", "00:11:22:33:44:55:66:77:88:99", None),
        ("192.0.2.1", None, False),
    ],
)
def test_a_fresh_observer_of_another_location_vouches_for_none(
    next_hop: str, esi: str | None, valid: bool | None, store: duckdb.DuckDBPyConnection
) -> None:
    stream(store, "1 second")
    observer(store, "leaf-1", "blind")
    observer(store, "leaf-2", "fresh")
    location(store, vni=100)
    route(store, "leaf-1", label=100)
    route(store, "leaf-2", label=100, next_hop=next_hop, esi=esi, valid=valid)
    assert known(store, "mac_location_current") == [("stale", "12:00:00")]


def test_observers_of_a_location_are_devices_not_routes(store: duckdb.DuckDBPyConnection) -> None:
    stream(store, "1 second")
    location(store, vni=100)
    for device in ("leaf-1", "leaf-1", "leaf-2"):
        route(store, device, label=100)
    assert store.execute("SELECT observers FROM mac_location_current").fetchall() == [(2,)]


def test_a_location_of_an_evi_is_vouched_for_by_any_label(store: duckdb.DuckDBPyConnection) -> None:
    stream(store, "1 second")
    observer(store, "leaf-1", "fresh")
    location(store, vni=None, evi=7)
    route(store, "leaf-1", label=30001)
    route(store, "leaf-1", label=30002)
    assert known(store, "mac_location_current") == [("fresh", "12:00:00")]
