"""Fabric ports that lead to another device or port: L6."""

import json

import pytest

from pipeline.detectors.references import ACCEPTED
from tests.pipeline.detectors.ports import FAMILIES, adjacency, bfd, check_laws, fabric, neighbor
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene

alone = judged_by("neighbors")

S1, S2 = "00:1c:73:aa:00:01", "00:1c:73:aa:00:02"


def port() -> Scene:
    """A port of l1 to a spine, known by its adjacency."""
    scene = adjacency(fabric(), "UP")
    return neighbor(scene, S1, system_name="s1").passes(19)


def recabled(scene: Scene, chassis: str, to: str | None = "eth1", **leaves: str) -> Scene:
    """The cable is pulled, and plugged in elsewhere."""
    neighbor(scene, "", op="delete").passes(3)
    return neighbor(scene, chassis, to, number="2", **leaves)


def test_another_device_is_a_change() -> None:
    [incident] = play(recabled(port(), S2, system_name="s2").passes(1)).of("L6")
    assert (incident["severity"], incident["device"], incident["interface"]) == ("warning", "l1", "eth1")
    assert (incident["opened_at"], incident["detected_at"]) == (23, 23)
    assert incident["summary"] == "Port eth1 of l1 leads to s2 port eth1 now, before to s1 port eth1"
    assert json.loads(incident["evidence"]) == {"neighbor_now": "s2 port eth1", "before": "s1 port eth1"}


@pytest.mark.parametrize(("to", "found"), [("eth2", True), ("eth1", False), (None, False)])
def test_another_port_of_the_same_device_is_a_change(to: str | None, *, found: bool) -> None:
    assert bool(play(recabled(port(), S1, to).passes(1)).of("L6")) is found


def test_the_same_entry_may_change_in_place() -> None:
    assert len(play(neighbor(port(), S2).passes(1)).of("L6")) == 1


def test_another_name_is_the_same_neighbour() -> None:
    assert play(neighbor(port(), S1, system_name="renamed").passes(1)).of("L6") == []


def test_the_first_neighbour_is_no_change_nor_is_none() -> None:
    scene = adjacency(fabric(), "UP").passes(5)
    assert play(neighbor(scene, S1).passes(5)).of("L6") == []
    assert play(neighbor(scene, "", op="delete").passes(50)).of("L6") == []


def test_a_second_neighbour_beside_the_first_is_no_change_until_that_is_gone() -> None:
    scene = neighbor(port(), S2, number="2").passes(10)
    assert play(scene).of("L6") == []
    assert len(play(neighbor(scene, "", op="delete").passes(1)).of("L6")) == 1


def test_ports_for_hosts_are_no_business_of_the_fabric() -> None:
    scene = neighbor(fabric(), S1, interface="eth9").passes(5)
    neighbor(scene, "", op="delete", interface="eth9").passes(2)
    assert play(neighbor(scene, S2, interface="eth9", number="2").passes(5)).of("L6") == []


@pytest.mark.parametrize("way", ["bfd", "subinterface", "ipv4", "ipv6"])
def test_a_fabric_port_is_known_by_what_runs_over_it(way: str) -> None:
    scene = Scene().joins("l1", "s1", families=(*FAMILIES, "vtep")).passes(1)
    if way == "bfd":
        bfd(scene, "UP")
    elif way == "subinterface":
        adjacency(scene, "UP", interface="eth1.0")
    else:
        ends, length = (("fd00::1", "fd00::2"), 126) if way == "ipv6" else (("10.1.0.1", "10.1.0.2"), 30)
        scene.serves("l1")
        for device, address in zip(("l1", "s1"), ends, strict=True):
            scene.has_address(device, "eth1", address, length)
    neighbor(scene, S1).passes(5)
    assert len(play(recabled(scene, S2).passes(1)).of("L6")) == 1


def test_it_is_over_when_the_old_neighbour_is_back() -> None:
    scene = recabled(port(), S2).passes(10)
    neighbor(scene, "", op="delete", number="2").passes(20)
    assert play(scene).of("L6")[0]["state"] == "open"
    assert play(neighbor(scene, S1, number="3").passes(5)).of("L6")[0]["resolved_at"] == 58


def test_a_cable_moved_while_nobody_looked_is_found() -> None:
    scene = port().ends("l1", *FAMILIES).passes(30)
    with scene.dump("l1", "lldp", "isis", "liveness"):
        adjacency(neighbor(scene, S2), "UP")
    assert len(play(scene.passes(1)).of("L6")) == 1


def test_a_neighbour_that_is_there_for_a_day_is_the_neighbour() -> None:
    scene = recabled(port(), S2).passes(20)
    scene.now += ACCEPTED.total_seconds()
    outcome = alone(scene.passes(20))
    assert [one["state"] for one in outcome.of("L6")] == ["resolved"]
    assert "s2" not in outcome.of("L6")[0]["summary"]
    neighbor(scene, "", op="delete", number="2").passes(2)
    neighbor(scene, S1, number="3").passes(2)
    for cuts in ((), range(len(scene.records))):
        again = alone(scene, cuts).found("L6")[-1]["summary"]
        assert again == f"Port eth1 of l1 leads to {S1} port eth1 now, before to {S2} port eth1"


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = recabled(port(), S2).passes(7).ends("l1", *FAMILIES).passes(4)
    with scene.dump("l1", "lldp", "liveness"):
        neighbor(scene, S2, "eth3", number="7")
    neighbor(scene.passes(12), "", op="delete", number="7").passes(2)
    check_laws(neighbor(scene, S1, number="8").passes(20), alone)
