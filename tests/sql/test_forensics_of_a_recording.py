"""Questions as SQL on a recorded fabric, held against a fold of its events with plain dictionaries."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import duckdb
import pytest

from pipeline.store.opening import look
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow

Row = dict[str, Any]  # Any: columns of a view
Key = tuple[object, ...]
State = dict[Key, Row]
ROUTE_KEYS = (
    *("device", "vantage", "network_instance", "rd", "route_type", "route_esi", "eth_tag", "mac", "ip"),
    *("ip_len", "originator", "neighbor", "path_id", "source_rd"),
)
TIMES = sorted(random.Random(5).sample(range(1, 605_000_000), 30))
"""Microseconds after the first record."""


class Fold:
    """The events of a store, and what existed at a time by them: valid time, in the order of the stream."""

    def __init__(self, store: duckdb.DuckDBPyConnection) -> None:
        self.store = store
        self.start: int = self.rows("SELECT min(epoch_us(record_time)) AS start FROM collector_event")[0][
            "start"
        ]
        self._events: dict[str, list[Row]] = {}

    def rows(self, query: str, *values: object) -> list[Row]:
        found = self.store.execute(query, list(values))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def at(self, table: str, keys: tuple[str, ...], time: int) -> State:
        if table not in self._events:
            # times of the devices' own would need pytz to be fetched
            own = {"evpn_route": "last_modified", "bgp_session": "last_established", "link": "last_change"}
            left_out = ", ".join(["recv_time", "record_time", own.get(table, "fabric")])
            times = f"EXCLUDE ({left_out}) REPLACE (epoch_us(event_time) AS event_time)"
            times = times if table != "vtep" else times.replace("fabric", "uptime")
            query = f'SELECT * {times} FROM {table}_event ORDER BY "offset", "index"'
            self._events[table] = self.rows(query)
        state: State = {}
        for event in self._events[table]:
            if event["event_time"] <= self.start + time:
                key = tuple(event[name] for name in keys)
                if event["reason"] == "update":
                    state[key] = event
                else:
                    state.pop(key, None)
        return state

    def sql_time(self, time: int) -> str:
        return f"make_timestamptz({self.start + time})"


@pytest.fixture(scope="module")
def fold(recordings: Recordings) -> Iterator[Fold]:
    with look(recordings.store("verdicts")) as store:
        yield Fold(store)


def test_the_events_are_of_kinds_that_the_fold_knows(fold: Fold) -> None:
    for table in ("evpn_route", "link", "bgp_session", "vtep", "mac"):
        assert {row["reason"] for row in fold.rows(f"SELECT DISTINCT reason FROM {table}_event")} <= {
            "update",
            "delete",
        }


@pytest.mark.parametrize("time", TIMES[::3])
def test_routes_at_a_time_are_those_of_the_fold(fold: Fold, time: int) -> None:
    names = ("route_type", "rd", "eth_tag", "mac", "ip", "ip_len", "originator", "route_esi")
    holders: dict[Key, set[str]] = defaultdict(set)
    for row in fold.at("evpn_route", ROUTE_KEYS, time).values():
        if row["source_rd"] is None:
            holders[tuple(row[name] for name in names)].add(row["device"])
    found = fold.rows(f"SELECT * FROM routes_at({fold.sql_time(time)})")
    assert {tuple(row[name] for name in names): row["holders"] for row in found} == {
        key: len(devices) for key, devices in holders.items()
    }
    assert len(found) == len(holders) > 0
    assert {row["coverage"] for row in found} == {1.0}


@pytest.mark.parametrize("time", TIMES[1::3])
def test_the_mac_table_at_a_time_is_that_of_the_fold(fold: Fold, time: int) -> None:
    keys = ("device", "network_instance", "mac", "producer")
    expected = {key for key in fold.at("mac", keys, time) if key[0] == "l2"}
    found = fold.rows(f"SELECT {', '.join(keys)}, known FROM mac_table_at({fold.sql_time(time)}, 'l2')")
    assert {tuple(row[name] for name in keys) for row in found} == expected
    assert len(found) == len(expected)
    assert {row["known"] for row in found} <= {"fresh"}


@pytest.mark.parametrize("address", ["192.168.10.1", "192.168.10.4", "192.168.10.9"])
def test_the_history_of_an_address_holds_at_any_time(fold: Fold, address: str) -> None:
    history = fold.rows(
        "SELECT vni, mac, epoch_us(valid_from) AS began, epoch_us(valid_to) AS ended FROM ip_history(?)",
        address,
    )
    assert len(history) > 1
    for time in TIMES:
        expected = {
            (row["label"], row["mac"])
            for row in fold.at("evpn_route", ROUTE_KEYS, time).values()
            if row["route_type"] == 2 and row["ip"] == address and row["valid"] is not False
        }
        when = fold.start + time
        found = [
            (row["vni"], row["mac"])
            for row in history
            if row["began"] <= when and (row["ended"] is None or when < row["ended"])
        ]
        assert sorted(found) == sorted(expected)


def test_the_history_of_a_vtep_holds_at_any_time(fold: Fold) -> None:
    history = fold.rows(
        "SELECT device, source, vni, network_instance, neighbor, owner, epoch_us(valid_from) AS began,"
        " epoch_us(valid_to) AS ended FROM vtep_history('10.255.1.2')"
    )
    assert {row["owner"] for row in history} == {"l2"}
    for time in TIMES:
        routes = fold.at("evpn_route", ROUTE_KEYS, time).values()
        expected = [
            ("route", row["device"], row["label"], row["neighbor"])
            for row in routes
            if row["route_type"] == 3 and row["originator"] == "10.255.1.2" and row["source_rd"] is None
        ] + [
            ("tunnel", row["device"], row["network_instance"], None)
            for row in fold.at("vtep", ("device", "network_instance", "peer", "vni"), time).values()
            if row["peer"] == "10.255.1.2"
        ]
        when = fold.start + time
        found = [
            (row["source"], row["device"], row["vni"] or row["network_instance"], row["neighbor"])
            for row in history
            if row["began"] <= when and (row["ended"] is None or when < row["ended"])
        ]
        assert sorted(map(str, found)) == sorted(map(str, expected))


KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], Callable[[Row], bool]]] = {
    "link": ("link", ("device", "interface"), ("admin_status", "oper_status"), bool),
    "bgp": (
        "bgp_session",
        ("device", "network_instance", "neighbor", "afi_safi"),
        ("session_state",),
        lambda row: row["afi_safi"] is None,
    ),
    "vtep": (
        "vtep",
        ("device", "network_instance", "peer", "vni"),
        ("peer_state", "vni_state"),
        bool,
    ),
    "route": (
        "evpn_route",
        ROUTE_KEYS,
        ("label", "next_hop", "route_targets"),
        lambda row: row["route_type"] != 2 and row["neighbor"] is None and row["source_rd"] is None,
    ),
    "host": (
        "evpn_route",
        ROUTE_KEYS,
        ("next_hop", "esi"),
        lambda row: row["route_type"] == 2 and row["ip"] and not row["neighbor"] and not row["source_rd"],
    ),
}
"""Of each kind of fabric_diff: table, key, what may change, and which rows are meant."""
NAMES = {"link": "interface", "bgp": "peer", "vtep": "peer", "route": "peer", "host": "ip"}
COLUMNS = {"link": "interface", "bgp": "neighbor", "vtep": "peer", "route": "originator", "host": "ip"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_difference_is_that_of_two_folds(fold: Fold, kind: str) -> None:
    table, keys, values, wanted = KINDS[kind]
    told = 0
    for first, second in pairwise([-1_000_000, *TIMES]):
        before, after = (fold.at(table, keys, time) for time in (first, second))
        expected = []
        for key in before.keys() | after.keys():
            was, became = before.get(key), after.get(key)
            row = became or was
            if row is None or not wanted(row):
                continue
            old, new = ([each[name] for name in values] if each else None for each in (was, became))
            if old != new:
                change = "added" if old is None else "removed" if new is None else "changed"
                expected.append((change, row["device"], row[COLUMNS[kind]]))
        times = f"{fold.sql_time(first)}, {fold.sql_time(second)}"
        query = f"SELECT * EXCLUDE (happened) FROM fabric_diff({times}) WHERE kind = ?"
        found = [(row["change"], row["device"], row[NAMES[kind]]) for row in fold.rows(query, kind)]
        assert sorted(map(str, found)) == sorted(map(str, expected))
        told += len(found)
    assert told > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_fabric_at_a_time_is_that_of_the_fold(fold: Fold, kind: str) -> None:
    table, keys, _, wanted = KINDS[kind]
    for time in TIMES[::5]:
        there = [row for row in fold.at(table, keys, time).values() if wanted(row)]
        query = f"SELECT device, {NAMES[kind]} AS name FROM fabric_at({fold.sql_time(time)}) WHERE kind = ?"
        found = [(row["device"], row["name"]) for row in fold.rows(query, kind)]
        assert sorted(map(str, found)) == sorted(str((row["device"], row[COLUMNS[kind]])) for row in there)
        assert found


def test_a_mac_is_where_the_strongest_claim_is_from(fold: Fold) -> None:
    """RFC 7432, section 15: a sticky one first; of equal sequences, which FRR has, the lowest address."""
    compared = 0
    for time in TIMES:
        best: dict[Key, tuple[bool, int, list[int], str]] = {}
        for row in fold.at("evpn_route", ROUTE_KEYS, time).values():
            if row["route_type"] != 2 or row["valid"] is False:
                continue
            octets = [-int(part) for part in row["next_hop"].split(".")]
            claim = (bool(row["sticky"]), row["mobility_seq"] or 0, octets, row["next_hop"])
            key = (row["label"], row["mac"])
            best[key] = max(best.get(key, claim), claim)
        found = fold.rows(f"SELECT vni, mac, vtep FROM mac_location_at({fold.sql_time(time)})")
        where = {(row["vni"], row["mac"]): row["vtep"] for row in found}
        assert where == {key: claim[3] for key, claim in best.items()}
        for mac in {row["mac"] for row in found} & {"02:aa:00:00:20:05", "02:aa:00:00:10:06"}:
            history = fold.rows(
                f"SELECT vtep, device FROM mac_history(?) WHERE valid_from <= {fold.sql_time(time)}"
                f" AND coalesce(valid_to, 'infinity') > {fold.sql_time(time)}",
                mac,
            )
            (now,) = history
            assert now["vtep"] in {vtep for (_, name), vtep in where.items() if name == mac}
            assert now["device"] == f"l{now['vtep'][-1]}"
            compared += 1
    assert compared > 20


def test_each_step_of_a_mac_says_what_was_before(fold: Fold) -> None:
    steps = fold.rows(
        "SELECT * EXCLUDE (valid_from, valid_to, seen_from) FROM mac_history('02:AA:00:00:20:05')"
    )
    names = ("what", "from_device", "device", "from_seq", "mobility_seq")
    assert [tuple(row[name] for name in names) for row in steps] == [
        ("appeared", None, "l1", None, 0),
        *(("moved", f"l{(n - 1) % 3 + 1}", f"l{n % 3 + 1}", n - 1, n) for n in range(1, 10)),
    ]
    assert {row["coverage"] for row in steps} == {1.0}


def test_what_changed_before_an_incident_ends_with_what_opened_it(fold: Fold) -> None:
    (incident,) = fold.rows(
        "SELECT incident_id FROM incident WHERE rule = 'M2' AND mac = '02:aa:00:00:10:06'"
    )
    found = fold.rows(
        "SELECT * EXCLUDE (happened) FROM changes_before(?, INTERVAL 1 MINUTE)", incident["incident_id"]
    )
    assert found[-1]["mac"] == "02:aa:00:00:10:06"
    assert found[-1]["seconds_before"] == 0.0
    assert all(0 <= row["seconds_before"] < 60 for row in found)
    assert sum(row["mac"] == "02:aa:00:00:10:06" for row in found) == 21
