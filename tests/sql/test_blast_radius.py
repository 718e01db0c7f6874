"""What falls to one path or to none if a device, a port or a segment fails."""

from typing import Any

import duckdb
import pytest

T = "2026-01-01 12:00:00Z"
ESI = "00:11:22:33:44:55:66:77:88:99"
Fallen = set[tuple[str, str, str | None, int]]


@pytest.fixture
def store(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Leaves l1 and l2, each with a session to s1 and to s2 over a port of its own.

    A segment on LAG lag1 of either; lag1 of l1 has two members. MAC 1 is behind port e9 of l1, MAC 2 on the
    segment.
    """
    for number, leaf in enumerate(("l1", "l2"), 1):
        for at, spine in enumerate(("s1", "s2"), 1):
            address(empty, leaf, f"up{at}", f"10.0.{number}{at}.1")
            address(empty, spine, f"swp{number}", f"10.0.{number}{at}.0")
            put(
                empty,
                "bgp_session",
                device=leaf,
                neighbor=f"10.0.{number}{at}.0",
                session_state="ESTABLISHED",
            )
            put(
                empty,
                "bgp_session",
                device=spine,
                neighbor=f"10.0.{number}{at}.1",
                session_state="ESTABLISHED",
            )
        vtep = f"192.0.2.{number}"
        put(empty, "evpn_route", device=leaf, route_type=3, label=10, originator=vtep, vantage="loc_rib")
        put(empty, "ethernet_segment", device=leaf, name="es1", esi=ESI.upper(), interface="lag1")
        for member in ("e1", "e2")[: 3 - number]:
            put(empty, "lacp_member", device=leaf, interface="lag1", member=member, distributing=True)
    put(empty, "mac_location", vni=10, mac=1, location="192.0.2.1", vtep="192.0.2.1")
    put(empty, "mac", device="l1", mac=1, vni=10, interface="e9")
    put(empty, "mac_location", vni=10, mac=2, location=ESI, vtep="192.0.2.2", esi=ESI)
    empty.execute(
        "INSERT INTO store.finding BY NAME SELECT 'dc1' AS fabric, 10 AS vni, 'blue' AS tenant,"
        " now() AS detected_at"
    )
    return empty


def put(store: duckdb.DuckDBPyConnection, table: str, **columns: Any) -> None:  # Any: columns of the table
    row = {
        "fabric": "dc1",
        "valid_from": "2026-01-01 00:00:00Z",
        "seen_from": "2026-01-01 00:00:00Z",
        **columns,
    }
    marks = ", ".join("?" * len(row))
    store.execute(
        f"INSERT INTO store.{table}_current ({', '.join(row)}) VALUES ({marks})", list(row.values())
    )


def address(store: duckdb.DuckDBPyConnection, device: str, interface: str, text: str) -> None:
    put(store, "interface_address", device=device, interface=interface, address=text, prefix_length=31)


def fallen(store: duckdb.DuckDBPyConnection, subject: str, at: str = T) -> Fallen:
    rows = store.execute(
        "SELECT kind, name, device, paths_after, effect FROM blast_radius(?, ?)", [subject, at]
    )
    found = rows.fetchall()
    assert all((row[3] == 0) == (row[4] == "none") for row in found)
    return {row[:4] for row in found}


def of_leaf(leaf: str, left: int) -> Fallen:
    return {("device", leaf, leaf, left), ("vni", "10", leaf, left), ("tenant", "blue", leaf, left)}


MAC_1, MAC_2 = "00:00:00:00:00:01", "00:00:00:00:00:02"
ON_SEGMENT: Fallen = {("segment", ESI, "l1, l2", 1), ("mac", MAC_2, "l1, l2", 1)}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("s1", {*of_leaf("l1", 1), *of_leaf("l2", 1), ("mac", MAC_1, "l1", 1)}),
        ("l1", {*of_leaf("l1", 0), ("mac", MAC_1, "l1", 0), ("lag", "lag1", "l1", 0), *ON_SEGMENT}),
        ("l2", {*of_leaf("l2", 0), ("lag", "lag1", "l2", 0), *ON_SEGMENT}),
        ("l1:up2", {*of_leaf("l1", 1), ("mac", MAC_1, "l1", 1)}),
        ("s2:swp1", {*of_leaf("l1", 1), ("mac", MAC_1, "l1", 1)}),
        ("l1:e1", {("lag", "lag1", "l1", 1)}),  # the other member carries the segment
        ("l2:e1", {("lag", "lag1", "l2", 0), *ON_SEGMENT}),  # the only one
        ("l1:lag1", {("lag", "lag1", "l1", 0), *ON_SEGMENT}),
        ("l1:e9", {("mac", MAC_1, "l1", 0)}),
        (ESI.upper(), {("segment", ESI, "l1, l2", 0), ("mac", MAC_2, "l1, l2", 0)}),
        ("l3", set()),
    ],
)
def test_what_falls(store: duckdb.DuckDBPyConnection, subject: str, expected: Fallen) -> None:
    assert fallen(store, subject) == expected


def test_what_hangs_by_one_path_already_is_none_left_without_it(store: duckdb.DuckDBPyConnection) -> None:
    store.execute("DELETE FROM store.bgp_session_current WHERE device = 'l2' AND neighbor = '10.0.22.0'")
    assert {row for row in fallen(store, "s1") if row[2] == "l2"} == of_leaf("l2", 0)
    assert {row for row in fallen(store, "s2") if row[2] == "l2"} == set()


def test_fewer_adjacencies_than_sessions_decide(store: duckdb.DuckDBPyConnection) -> None:
    for leaf, spines in (("l1", ("s1",)), ("l2", ("s1", "s2"))):
        for at, spine in enumerate(spines, 1):
            row = {"interface": f"up{at}", "neighbor": spine, "address": f"10.0.{leaf[1]}{at}.0"}
            put(store, "igp_adjacency", device=leaf, adjacency_state="UP", **row)
    assert {row for row in fallen(store, "s1") if row[0] == "device"} == {
        ("device", "l1", "l1", 0),
        ("device", "l2", "l2", 1),
    }


def test_before_it_was_there_nothing_falls(store: duckdb.DuckDBPyConnection) -> None:
    assert fallen(store, "s1", "2025-12-31 00:00:00Z") == set()
