"""Ports that go up and down: L1."""

import json

import pytest

from pipeline.detectors.settings import Settings
from tests.pipeline.detectors.ports import FAMILIES, check_laws, fabric
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene

alone = judged_by("link_flaps")


def port() -> Scene:
    return fabric().link("l1", "eth1", "UP", carrier_transitions=1).passes(19)


def turning(scene: Scene, times: int, every: float, *, counted: bool = False) -> Scene:
    """The port goes down and up, so many transitions in all."""
    for turn in range(times):
        leaves = {"carrier_transitions": 2 + turn} if counted else {}
        scene.link("l1", "eth1", "UP" if turn % 2 else "DOWN", **leaves).passes(every)
    return scene


@pytest.mark.parametrize(("transitions", "found"), [(3, True), (2, False)])
@pytest.mark.parametrize("counted", [False, True])
def test_three_transitions_are_a_flap_and_two_an_outage(
    transitions: int, *, found: bool, counted: bool
) -> None:
    assert bool(play(turning(port(), transitions, 10, counted=counted)).of("L1")) is found


@pytest.mark.parametrize(("mode", "found"), [("SINGLE_ACTIVE", False), ("ALL_ACTIVE", True)])
def test_a_leg_that_stands_by_counts_neither_up_nor_down(mode: str, *, found: bool) -> None:
    scene = port().row(
        "l1", "es", "ethernet_segment", name="es1", interface="eth1", redundancy_mode=mode
    )  # fmt: skip
    assert bool(play(turning(scene, 4, 5)).of("L1")) is found


def test_members_of_a_leg_that_stands_by_flap_as_all_ports_do() -> None:
    scene = port().row(
        "l1", "es", "ethernet_segment", name="es1", interface="po1", redundancy_mode="SINGLE_ACTIVE"
    )  # fmt: skip
    assert len(play(turning(scene, 3, 5)).of("L1")) == 1


def test_a_segment_that_is_single_active_no_more_stands_by_no_more() -> None:
    leg = {"name": "es1", "interface": "eth1"}
    scene = port().row("l1", "es", "ethernet_segment", **leg, redundancy_mode="SINGLE_ACTIVE")
    turning(scene, 2, 5).row("l1", "es", "ethernet_segment", **leg, redundancy_mode="ALL_ACTIVE")
    scene.passes(1)
    assert play(turning(scene, 2, 5)).of("L1") == []
    check_laws(turning(scene, 2, 5).passes(125), alone)


@pytest.mark.parametrize(("every", "found"), [(59, True), (60, False)])
def test_the_window_of_120_s_is_open_on_the_left(every: float, *, found: bool) -> None:
    assert bool(play(turning(port(), 3, every)).of("L1")) is found


def test_the_incident_names_port_and_numbers() -> None:
    [incident] = play(turning(port(), 3, 10, counted=True)).of("L1")
    assert (incident["device"], incident["interface"], incident["severity"]) == ("l1", "eth1", "warning")
    assert (incident["opened_at"], incident["detected_at"]) == (40, 40)
    assert incident["summary"].startswith("Port eth1 of l1 flaps: 3 transitions within 120 s")
    evidence = json.loads(incident["evidence"])
    assert (evidence["transitions"], evidence["counted"], evidence["seen"]) == (3, 3, 3)


def test_a_counter_and_a_status_told_apart_are_one_transition() -> None:
    scene = port()
    for turn, status in enumerate(("DOWN", "UP")):
        scene.row("l1", "link", "link", interface="eth1", carrier_transitions=2 + turn).passes(0.5)
        scene.link("l1", "eth1", status).passes(5)
    assert play(scene).of("L1") == []


def test_blips_between_two_looks_are_in_the_counter() -> None:
    scene = port().row("l1", "link", "link", interface="eth1", carrier_transitions=3).passes(30)
    assert play(scene).of("L1") == []
    scene.row("l1", "link", "link", interface="eth1", carrier_transitions=5).passes(1)
    [incident] = play(scene).of("L1")
    assert "4 transitions within 120 s, 4 by its carrier counter and 0 by its status" in incident["summary"]


def test_a_counter_that_is_reset_is_no_flap() -> None:
    scene = fabric().link("l1", "eth1", "UP", carrier_transitions=500).passes(19)
    scene.row("l1", "link", "link", interface="eth1", carrier_transitions=0).passes(5)
    scene.row("l1", "link", "link", interface="eth1", carrier_transitions=2).passes(5)
    assert play(scene).of("L1") == []


def test_what_a_dump_tells_did_not_happen_then() -> None:
    scene = port().ends("l1", *FAMILIES).passes(10)
    with scene.dump("l1", "link", "liveness"):
        scene.link("l1", "eth1", "DOWN", carrier_transitions=40)
    assert play(scene.passes(5)).of("L1") == []


def test_ports_and_devices_are_counted_apart() -> None:
    scene = fabric()
    ports = (("l1", "eth1"), ("l1", "eth2"), ("l2", "eth1"))
    for device, interface in ports:
        scene.link(device, interface, "UP")
    scene.passes(5)
    for device, interface in ports:
        scene.link(device, interface, "DOWN").passes(1).link(device, interface, "UP").passes(1)
    assert play(scene).of("L1") == []


def test_it_is_over_120_s_after_the_last_flap() -> None:
    scene = turning(port(), 4, 10).passes(109)
    # the last transition came at 50 s: it was the fourth, within the window of the first
    assert play(scene).spans("L1") == [(40, None)]
    assert play(scene.passes(1.1)).spans("L1") == [(40, 170)]


def test_nothing_is_over_while_nobody_sees_the_port() -> None:
    scene = turning(port(), 3, 10).ends("l1", *FAMILIES).passes(400)
    [incident] = play(scene).of("L1")
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)
    with scene.dump("l1", "link", "liveness"):
        scene.link("l1", "eth1", "DOWN", carrier_transitions=1)
    assert play(scene.passes(119)).spans("L1") == [(40, None)]
    assert play(scene.passes(2)).spans("L1") == [(40, 570)]


def test_operators_may_count_otherwise() -> None:
    settings = Settings(fabric={("L1", "transitions"): 5, ("L1", "window_s"): 30})
    assert play(turning(port(), 5, 7), settings=settings).of("L1") != []
    assert play(turning(port(), 5, 8), settings=settings).of("L1") == []


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = turning(port(), 5, 6, counted=True)
    scene.link("l2", "eth9", "UP").passes(1).link("l2", "eth9", "DOWN").passes(1).ends(
        "l1", *FAMILIES
    ).passes(40)
    with scene.dump("l1", "link", "liveness"):
        scene.link("l1", "eth1", "UP", carrier_transitions=9)
    check_laws(turning(scene.passes(5), 3, 4, counted=False).passes(150), alone)
