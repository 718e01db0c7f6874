"""Adjacencies of the IGP that were lost: L5."""

import json

import pytest

from pipeline.detectors.expected import MEMORY
from tests.pipeline.detectors.ports import FAMILIES, adjacency, check_laws, fabric
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene

alone = judged_by("adjacencies")

NEIGHBOR = "10.0.0.9"


def isis(**leaves: str) -> Scene:
    return adjacency(fabric(), "UP", **{"address": "10.128.0.0", **leaves}).passes(19)


def ospf(state: str = "FULL", **leaves: str) -> Scene:
    return adjacency(fabric(), state, protocol="OSPF", neighbor=NEIGHBOR, **leaves).passes(19)


def turned(scene: Scene, state: str, **leaves: str) -> Scene:
    return adjacency(scene, state, protocol="OSPF", neighbor=NEIGHBOR, **leaves)


@pytest.mark.parametrize("leaves", [{"address": "10.128.0.0"}, {"address": "", "address_v6": "fe80::1"}])
def test_an_adjacency_lost_for_3_s_is_told(leaves: dict[str, str]) -> None:
    leaves = {name: value for name, value in leaves.items() if value}
    scene = adjacency(adjacency(fabric(), "UP", **leaves).passes(19), "DOWN", **leaves)
    assert play(scene.passes(2.9)).incidents == []
    [incident] = play(scene.passes(1)).incidents
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("L5", "warning", 20 + 3)
    assert (incident["device"], incident["interface"]) == ("l1", "eth1")
    assert incident["peer"] == "0100.0000.0001"
    assert incident["summary"] == (
        "IS-IS adjacency of l1 on eth1 with 0100.0000.0001 is lost in level 2: DOWN"
        f" ({next(iter(leaves.values()))})"
    )
    assert json.loads(incident["evidence"])["lost"] == 1


@pytest.mark.parametrize("state", ["DOWN", "INIT", "FAILED"])
def test_only_up_is_healthy_in_is_is(state: str) -> None:
    assert len(play(adjacency(isis(), state).passes(4)).of("L5")) == 1


@pytest.mark.parametrize("state", ["DOWN", "ATTEMPT", "INIT", "EXSTART", "EXCHANGE", "LOADING"])
def test_less_than_two_way_is_lost_in_ospf(state: str) -> None:
    assert len(play(turned(ospf(), state).passes(4)).of("L5")) == 1


@pytest.mark.parametrize(
    ("designated", "backup", "found"),
    [
        ("10.0.0.1", "10.0.0.2", False),  # neither of the two is elected: two-way for ever
        (NEIGHBOR, "10.0.0.2", True),  # with the designated router it has to become full
        ("10.0.0.1", NEIGHBOR, True),
        ("0.0.0.0", "0.0.0.0", True),
        (None, None, False),  # nobody can tell
    ],
)
def test_two_way_is_healthy_between_routers_that_are_not_elected(
    designated: str | None, backup: str | None, *, found: bool
) -> None:
    leaves = {"designated_router": designated, "backup_designated_router": backup}
    told = {name: value for name, value in leaves.items() if value is not None}
    assert bool(play(turned(ospf(), "TWO_WAY", **told).passes(4)).of("L5")) is found


def test_two_routers_that_were_two_way_and_lose_each_other_are_missed() -> None:
    scene = ospf("TWO_WAY", designated_router="10.0.0.1", backup_designated_router="10.0.0.2")
    assert play(scene).incidents == []
    assert len(play(turned(scene, "DOWN").passes(4)).of("L5")) == 1


def test_a_neighbour_that_is_forgotten_is_lost() -> None:
    [incident] = play(adjacency(isis(), "", "delete").passes(4)).of("L5")
    assert incident["summary"].endswith("is lost in level 2: gone")


def test_one_that_never_came_up_is_not_missed() -> None:
    assert play(adjacency(fabric(), "INIT").passes(30)).incidents == []


def test_one_lost_while_nobody_looked_is_found() -> None:
    scene = isis().ends("l1", *FAMILIES).passes(30)
    with scene.dump("l1", "isis", "liveness"):
        pass
    [incident] = play(scene.passes(4)).of("L5")
    assert "gone" in incident["summary"]


def test_levels_are_one_neighbour() -> None:
    scene = isis().row(
        "l1", "isis", "igp_adjacency", network_instance="default", protocol="ISIS", instance="1", area="1",
        interface="eth1", neighbor="0100.0000.0001", adjacency_state="UP",
    )  # fmt: skip
    scene.passes(5)
    assert len(play(adjacency(scene, "DOWN").passes(4)).of("L5")) == 1


def test_it_is_over_5_s_after_it_came_up() -> None:
    scene = adjacency(adjacency(isis(), "DOWN").passes(10), "UP")
    assert play(scene.passes(4.9)).spans("L5") == [(23, None)]
    assert play(scene.passes(1)).spans("L5") == [(23, 35)]


def test_a_blink_of_less_than_3_s_is_none() -> None:
    scene = adjacency(adjacency(isis(), "DOWN").passes(2.5), "UP").passes(20)
    assert play(scene).incidents == []


def test_nobody_fresh_is_no_recovery() -> None:
    scene = adjacency(isis(), "DOWN").passes(10).ends("l1", *FAMILIES).passes(60)
    [incident] = play(scene).of("L5")
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


def test_one_lost_for_seven_days_has_left_for_good() -> None:
    scene = adjacency(isis(), "DOWN").passes(10)
    scene.now += MEMORY.total_seconds()
    assert play(scene.passes(2)).of("L5")[0]["state"] == "resolved"


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = adjacency(turned(ospf(), "TWO_WAY", designated_router=NEIGHBOR), "UP", device="l2").passes(6)
    adjacency(scene, "DOWN", device="l2").passes(2).ends("l1", *FAMILIES).passes(4)
    with scene.dump("l1", "ospf", "liveness"):
        turned(scene, "FULL", designated_router=NEIGHBOR)
    adjacency(scene.passes(4), "", "delete", device="l2")
    check_laws(adjacency(scene.passes(9), "UP", device="l2").passes(20), alone)
