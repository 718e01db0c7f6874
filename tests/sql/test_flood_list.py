"""The flood list matrix: which leaf has which VTEP for which VNI."""

import duckdb
import pytest

ROUTE = (
    "INSERT INTO store.evpn_route_current BY NAME SELECT 'dc1' AS fabric, $device AS device,"
    " 'loc_rib' AS vantage, 3 AS route_type,"
    " $vtep AS originator, $neighbor AS neighbor, $vni AS label, $next_hop AS next_hop,"
    " $targets AS route_targets, $best AS best, true AS valid, 'routes' AS family,"
    " TIMESTAMPTZ '2026-01-01 00:00:00+00' AS valid_from"
)
EVERYWHERE = [("l1", "10.0.0.1"), ("l2", "10.0.0.2"), ("l3", "10.0.0.3")]


def route(
    connection: duckdb.DuckDBPyConnection,
    device: str,
    vtep: str,
    neighbor: str | None = "10.1.1.1",
    **more: object,
) -> None:
    told = {"vni": 1010, "next_hop": vtep, "targets": "65000:1010", "best": True, **more}
    connection.execute(ROUTE, {"device": device, "vtep": vtep, "neighbor": neighbor, **told})


@pytest.fixture
def whole(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    for device, vtep in EVERYWHERE:
        route(empty, device, vtep, None)
        route(empty, "s1", vtep)
        for _, other in EVERYWHERE:
            if other != vtep:
                route(empty, device, other)
    return empty


def states(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    rows = connection.execute("SELECT device, vtep, state FROM flood_list WHERE vni = 1010").fetchall()
    return {(device, vtep): state for device, vtep, state in rows}


def without(connection: duckdb.DuckDBPyConnection, device: str, vtep: str) -> None:
    connection.execute(
        "DELETE FROM store.evpn_route_current WHERE device = ? AND originator = ?", [device, vtep]
    )


def test_everybody_has_everybody_and_nobody_himself(whole: duckdb.DuckDBPyConnection) -> None:
    found = states(whole)

    assert set(found.values()) == {"member"}
    assert set(found) == {(a, vtep) for a, mine in EVERYWHERE for _, vtep in EVERYWHERE if vtep != mine}
    owner = "SELECT DISTINCT owner FROM flood_list WHERE vtep = '10.0.0.2'"
    assert whole.execute(owner).fetchall() == [("l2",)]


def test_what_is_missing_says_since_when(whole: duckdb.DuckDBPyConnection) -> None:
    without(whole, "l1", "10.0.0.2")
    whole.execute(
        "INSERT INTO store.evpn_route_history BY NAME SELECT 'dc1' AS fabric, 'l1' AS device,"
        " 3 AS route_type, '10.0.0.2' AS originator, '10.1.1.1' AS neighbor, 1010 AS label,"
        " TIMESTAMPTZ '2026-01-01 03:12:00+00' AS valid_to"
    )

    assert states(whole)["l1", "10.0.0.2"] == "missing"
    asked = "SELECT since::VARCHAR, paths FROM flood_list WHERE state = 'missing'"
    assert whole.execute(asked).fetchall() == [("2026-01-01 03:12:00+00", 0)]


def test_a_route_that_is_spoilt_says_how(whole: duckdb.DuckDBPyConnection) -> None:
    for vtep in ("10.0.0.2", "10.0.0.3"):
        without(whole, "l1", vtep)
    route(whole, "l1", "10.0.0.2", next_hop="10.0.9.9")
    route(whole, "l1", "10.0.0.3", targets=None)

    found = states(whole)

    assert found["l1", "10.0.0.2"] == "next_hop_changed"
    assert found["l1", "10.0.0.3"] == "no_targets"


def test_the_best_path_decides(whole: duckdb.DuckDBPyConnection) -> None:
    route(whole, "l1", "10.0.0.2", "10.1.2.1", next_hop="10.0.0.0", best=False)

    assert states(whole)["l1", "10.0.0.2"] == "member"


def test_a_vtep_that_is_not_observed_counts_by_the_word_of_others(whole: duckdb.DuckDBPyConnection) -> None:
    route(whole, "l1", "10.0.0.77")

    found = states(whole)

    assert (found["l1", "10.0.0.77"], found["l2", "10.0.0.77"]) == ("member", "missing")


def test_a_vni_that_is_only_shown_is_served(whole: duckdb.DuckDBPyConnection) -> None:
    whole.execute(
        "INSERT INTO store.vtep_current BY NAME SELECT 'dc1' AS fabric, 'l4' AS device, 1010 AS vni,"
        " 'UP' AS vni_state"
    )

    assert {state for (device, _), state in states(whole).items() if device == "l4"} == {"missing"}
