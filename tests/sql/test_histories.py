"""Histories and differences of what the recorded fabrics don't have: segments, IPv6, BFD and IGP."""

import json
from typing import Any

import duckdb
import pytest

ESI = "00:11:22:33:44:55:66:77:88:99"


def put(store: duckdb.DuckDBPyConnection, table: str, since: int, until: int | None, **columns: Any) -> None:
    """Put an interval, minutes after noon; Any: columns of the table."""
    row = {"fabric": "dc1", "device": "l1", "valid_from": at(since), "seen_from": at(since), **columns}
    if until is not None:
        row |= {"valid_to": at(until), "seen_to": at(until), "closed_reason": "update"}
    name = f"{table}_{'current' if until is None else 'history'}"
    marks = ", ".join("?" * len(row))
    store.execute(f"INSERT INTO store.{name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def at(minute: int) -> str:
    return f"2026-01-01 12:{minute:02}:00Z"


def test_a_segment_is_told_of_by_all_that_know_it(empty: duckdb.DuckDBPyConnection) -> None:
    put(empty, "ethernet_segment", 0, 10, name="es1", esi=ESI.upper(), interface="lag1", df_preference=100)
    put(empty, "ethernet_segment", 10, None, name="es1", esi=ESI.upper(), interface="lag1", df_preference=200)
    put(empty, "designated_forwarder", 1, None, name="es1", esi=ESI, vni=10, local_is_df=True)
    put(empty, "evpn_route", 2, 9, route_type=1, route_esi=ESI, label=10, next_hop="192.0.2.1")
    put(empty, "evpn_route", 3, None, route_type=4, route_esi=ESI, df_preference=200)
    put(empty, "evpn_route", 4, None, route_type=4, route_esi=ESI, neighbor="192.0.2.9")  # somebody else's
    rows = empty.execute(
        "SELECT source, vni, minute(valid_from), minute(valid_to), json_extract_string(detail, 'preference')"
        f" FROM es_history('{ESI.upper()}') ORDER BY valid_from"
    ).fetchall()
    assert rows == [
        ("segment", None, 0, 10, "100"),
        ("forwarder", 10, 1, None, None),
        ("type 1", 10, 2, 9, None),
        ("type 4", None, 3, None, "200"),
        ("segment", None, 10, None, "200"),
    ]


@pytest.mark.parametrize("written", ["2001:db8::1", "2001:DB8::1"])
def test_an_ipv6_address_has_a_history(empty: duckdb.DuckDBPyConnection, written: str) -> None:
    halves = {"ip_hi": 0x2001_0DB8_0000_0000, "ip_lo": 1}
    for device, since, until in (("l1", 0, 10), ("l2", 1, 12), ("l3", 20, None)):
        put(empty, "evpn_route", since, until, route_type=2, device=device, label=10, mac=7, **halves)
    put(empty, "evpn_route", 0, None, route_type=2, label=10, mac=8, ip_hi=0, ip_lo=1)
    rows = empty.execute(
        "SELECT ip, mac, observers, minute(valid_from), minute(valid_to) FROM ip_history(?)"
        " ORDER BY valid_from",
        [written],
    ).fetchall()
    mac = "00:00:00:00:00:07"
    assert rows == [("2001:db8::1", mac, 2, 0, 12), ("2001:db8::1", mac, 1, 20, None)]


CHANGES: dict[str, tuple[str, dict[str, Any], str, list[Any]]] = {
    "bfd": ("bfd_session", {"discriminator": "7", "interface": "e1"}, "session_state", ["UP", "DOWN"]),
    "igp": ("igp_adjacency", {"protocol": "OSPF", "interface": "e1"}, "adjacency_state", ["UP", "INIT"]),
    "segment": ("ethernet_segment", {"name": "es1", "esi": ESI}, "df_preference", [100, 200]),
    "forwarder": ("designated_forwarder", {"name": "es1", "esi": ESI}, "local_is_df", [True, False]),
}
"""By kind: table, what identifies it, what changes, before and after."""


@pytest.mark.parametrize("kind", CHANGES)
def test_a_difference_tells_of_each_kind(empty: duckdb.DuckDBPyConnection, kind: str) -> None:
    table, identity, name, (before, after) = CHANGES[kind]
    put(empty, table, 0, 10, **identity, **{name: before})
    put(empty, table, 10, 20, **identity, **{name: after})

    def told(question: str) -> list[tuple[Any, ...]]:
        rows = empty.execute(f"SELECT kind, device, change, before, after FROM {question}").fetchall()
        return [(*row[:3], *(json.loads(each)[name] if each else None for each in row[3:])) for row in rows]

    assert told(f"fabric_diff('{at(5)}', '{at(15)}')") == [(kind, "l1", "changed", before, after)]
    assert told(f"fabric_diff('{at(15)}', '{at(25)}')") == [(kind, "l1", "removed", after, None)]
    assert told(f"changes('{at(5)}', '{at(10)}')") == [(kind, "l1", "changed", before, after)]
    assert told(f"fabric_diff('{at(12)}', '{at(15)}')") == []
    found = empty.execute(f"SELECT kind, value FROM fabric_at('{at(5)}')").fetchall()
    assert [(each, json.loads(value)[name]) for each, value in found] == [(kind, before)]


def test_what_was_told_late_was_there_before_it_was_known(empty: duckdb.DuckDBPyConnection) -> None:
    put(empty, "link", 0, None, interface="e1", oper_status="UP", seen_from=at(5))
    for question, minute, count in (("fabric_at", 1, 1), ("known_at", 1, 0), ("known_at", 5, 1)):
        assert empty.execute(f"SELECT count(*) FROM {question}('{at(minute)}')").fetchall() == [(count,)]
