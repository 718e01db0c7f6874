"""Who could not reach what while an incident was open, and when each leaf knew of a move."""

from typing import Any

import duckdb
import pytest

MAC = "00:00:00:00:00:01"
VTEPS = {"l1": "192.0.2.1", "l2": "192.0.2.2", "l3": "192.0.2.3", "dark": "192.0.2.9"}
Hit = dict[tuple[str, str, str], Any]  # Any: seconds, or what is known of them


@pytest.fixture
def store(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Leaves l1, l2 and l3 in VNI 10, spines s1 and s2; the store knows up to 12:10:00."""
    for device in ("l1", "l2", "l3"):
        route(empty, device, 0, None, route_type=3, originator=VTEPS[device])
    empty.execute(
        "INSERT INTO store.stream_position BY NAME SELECT 'dc1' AS fabric, 'raw' AS topic, 5 AS next_offset,"
        " '2026-01-01 12:10:00Z'::TIMESTAMPTZ AS record_time"
    )
    return empty


def at(second: int | None) -> str | None:
    return None if second is None else f"2026-01-01 12:{second // 60:02}:{second % 60:02}Z"


def route(
    store: duckdb.DuckDBPyConnection,
    device: str,
    since: int,
    until: int | None,
    *,
    of: str | None = None,
    neighbor: str | None = None,
    mac: int = 1,
    ip: bool = False,
    seq: int = 0,
    **columns: Any,  # Any: columns of the route
) -> None:
    """A device holds a route from a second after 12:00 to another; ``of``: the leaf that announces it."""
    row = {
        "fabric": "dc1", "device": device, "vantage": "loc_rib", "route_type": 2, "label": 10, "mac": mac,
        "neighbor": neighbor, "next_hop": VTEPS[of or device] if of or device in VTEPS else None,
        "ip_hi": 0 if ip else None, "ip_lo": 0xFFFF_0A00_0001 if ip else None, "mobility_seq": seq,
        "valid_from": at(since), "valid_to": at(until), "seen_from": at(since), "seen_to": at(until),
        **columns,
    }  # fmt: skip
    if row["route_type"] == 3:
        row["mac"] = row["mobility_seq"] = None
    table = "current" if until is None else "history"
    row = {name: value for name, value in row.items() if until is not None or not name.endswith("_to")}
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    store.execute(f"INSERT INTO store.evpn_route_{table} ({names}) VALUES ({marks})", list(row.values()))


def incident(
    store: duckdb.DuckDBPyConnection, opened: int = 100, resolved: int | None = 200, **subject: object
) -> None:
    row = {
        "incident_id": "i1",
        "fabric": "dc1",
        "opened_at": at(opened),
        "resolved_at": at(resolved),
        **subject,
    }
    marks = ", ".join("?" * len(row))
    store.execute(f"INSERT INTO store.incident ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def hit(store: duckdb.DuckDBPyConnection, effect: str = "unreachable") -> Hit:
    rows = store.execute(
        "SELECT kind, subject, device, seconds FROM who_was_hit('i1') WHERE effect = ?", [effect]
    ).fetchall()
    return {row[:3]: row[3] for row in rows}


def both(store: duckdb.DuckDBPyConnection, device: str, *spans: tuple[int, int | None]) -> None:
    """The device holds the MAC of l1 by both spines."""
    for spine in ("s1", "s2"):
        for since, until in spans:
            route(store, device, since, until, of="l1", neighbor=spine)


def test_who_lost_all_routes_to_what_was_still_there_was_hit(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, None)
    both(store, "l2", (0, 110), (130, None))
    both(store, "l3", (0, None))
    incident(store)
    expected = {("mac", MAC, "l2"): 20.0, ("vni", "10", "l2"): 20.0}
    assert hit(store) == expected  # not l3, and no tenant: none is known
    store.execute(
        "INSERT INTO store.finding BY NAME SELECT 'dc1' AS fabric, 10 AS vni, 'blue' AS tenant,"
        " now() AS detected_at"
    )
    assert hit(store) == {**expected, ("tenant", "blue", "l2"): 20.0}


def test_an_address_can_be_lost_while_its_mac_is_reached(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, None)
    route(store, "l1", 0, None, ip=True)
    route(store, "l2", 0, None, of="l1", neighbor="s1")
    route(store, "l2", 0, 110, of="l1", neighbor="s1", ip=True)
    route(store, "l2", 115, None, of="l1", neighbor="s1", ip=True)
    incident(store)
    assert hit(store) == {("ip", "10.0.0.1", "l2"): 5.0}


def test_what_its_leaf_took_back_is_gone_and_nobody_was_hit(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, 110)
    both(store, "l2", (0, 110))
    incident(store)
    assert hit(store) == {}


def test_of_what_a_leaf_announced_that_nobody_watches_nothing_is_known(
    store: duckdb.DuckDBPyConnection,
) -> None:
    for spine in ("s1", "s2"):
        route(store, "l2", 0, 110, of="dark", neighbor=spine)
    incident(store)
    assert hit(store) == {("mac", MAC, "l2"): None, ("vni", "10", "l2"): None}


def test_of_a_device_that_was_blind_then_nothing_is_known(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, None)
    both(store, "l2", (0, 110), (130, None))
    incident(store)
    for offset, (kind, second) in enumerate([("blind_end", 0), ("blind_begin", 120), ("blind_end", 125)]):
        store.execute(
            "INSERT INTO store.collector_event BY NAME SELECT 'dc1' AS fabric, 'l2' AS device,"
            ' \'routes\' AS family, ? AS kind, ? AS "offset", 0 AS "index", ?::TIMESTAMPTZ AS event_time,'
            " event_time AS record_time",
            [kind, offset, at(second)],
        )
    assert hit(store)["mac", MAC, "l2"] is None


def test_one_path_of_two_is_a_risk_and_no_hit(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, None)
    route(store, "l2", 0, None, of="l1", neighbor="s1")
    route(store, "l2", 0, 110, of="l1", neighbor="s2")
    route(store, "l2", 140, None, of="l1", neighbor="s2")
    incident(store)
    assert hit(store) == {}
    assert hit(store, "one path") == {("mac", MAC, "l2"): 30.0, ("vni", "10", "l2"): 30.0}


def test_what_goes_on_is_counted_up_to_what_is_known(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, None)
    both(store, "l2", (0, 590))
    incident(store, opened=580, resolved=None)
    assert hit(store)["mac", MAC, "l2"] == 10.0
    assert store.execute("SELECT DISTINCT hit_to FROM who_was_hit('i1')").fetchall() == [(None,)]


def test_a_gap_counts_whole_if_the_incident_saw_part_of_it(store: duckdb.DuckDBPyConnection) -> None:
    route(store, "l1", 0, None)
    both(store, "l2", (0, 95), (205, None))
    incident(store)
    assert hit(store)["mac", MAC, "l2"] == 110.0


@pytest.mark.parametrize("span", [(30, 90), (210, 220)])
def test_what_was_over_or_had_not_begun_is_not_the_incidents(
    store: duckdb.DuckDBPyConnection, span: tuple[int, int]
) -> None:
    route(store, "l1", 0, None)
    both(store, "l2", (0, span[0]), (span[1], None))
    incident(store)
    assert hit(store) == {}


def test_gaps_of_several_hosts_count_once_for_their_vni(store: duckdb.DuckDBPyConnection) -> None:
    for mac, (lost, back) in {1: (110, 130), 2: (120, 150), 3: (160, 170)}.items():
        route(store, "l1", 0, None, mac=mac)
        route(store, "l2", 0, lost, of="l1", neighbor="s1", mac=mac)
        route(store, "l2", back, None, of="l1", neighbor="s1", mac=mac)
    incident(store)
    rows = store.execute("SELECT hosts, seconds FROM who_was_hit('i1') WHERE kind = 'vni'").fetchall()
    assert rows == [(3, 50.0)]


@pytest.mark.parametrize(
    ("subject", "said"),
    [({"mac": 1}, 1), ({"mac": 2}, 0), ({"device": "l1"}, 2), ({"device": "l3"}, 0), ({"device": "s1"}, 2),
     ({"vtep": "192.0.2.2"}, 2), ({"vni": 10}, 2), ({"vni": 11}, 0)],
)  # fmt: skip
def test_an_incident_tells_of_what_it_is_about(
    store: duckdb.DuckDBPyConnection, subject: dict[str, Any], said: int
) -> None:
    route(store, "l1", 0, None)
    both(store, "l2", (0, 110), (130, None))
    incident(store, **subject)
    assert len({key for key in hit(store) if subject.get("mac") is None or key[0] == "mac"}) == said


def test_a_move_reaches_each_leaf_in_its_own_time(store: duckdb.DuckDBPyConnection) -> None:
    for seq, (owner, since, until) in enumerate([("l1", 0, 100), ("l2", 100, None)]):
        table = "current" if until is None else "history"
        ends = ", ?::TIMESTAMPTZ AS valid_to" if until else ""
        store.execute(
            f"INSERT INTO store.mac_location_{table} BY NAME SELECT 'dc1' AS fabric, 1 AS mac, 10 AS vni,"
            f" $1 AS location, $1 AS vtep, $2 AS mobility_seq, $3::TIMESTAMPTZ AS valid_from{ends}".replace(
                "?", "$4"
            ),
            [VTEPS[owner], seq, at(since), *([at(until)] if until else [])],
        )
    route(store, "l2", 100, None, seq=1)
    route(store, "l1", 0, 101, seq=0)
    route(store, "l1", 101, None, of="l2", neighbor="s1", seq=1)
    route(store, "l3", 0, 300, of="l1", neighbor="s1", seq=0)
    rows = store.execute(
        f"SELECT moved_to, device, seconds FROM propagation('{MAC}') WHERE what = 'moved' ORDER BY seconds"
    ).fetchall()
    assert rows == [("l2", "l2", 0.0), ("l2", "l1", 1.0), ("l2", "l3", None)]  # l3 never knew
