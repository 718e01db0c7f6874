"""BFD sessions that fail again and again: L4."""

import json
from typing import Any

import pytest

from tests.pipeline.detectors.ports import FAMILIES, bfd, check_laws, fabric
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene

alone = judged_by("bfd_flaps")


def failing(times: int, every: float, peer: str = "10.128.0.0", *, counted: bool = False) -> Scene:
    scene = bfd(fabric(), "UP", peer=peer, failure_transitions=0).passes(9)
    for turn in range(times):
        leaves: dict[str, Any] = {"failure_transitions": turn + 1} if counted else {}
        bfd(scene, "DOWN", peer=peer, **leaves).passes(1)
        bfd(scene, "UP", peer=peer).passes(every - 1)
    return scene


@pytest.mark.parametrize("peer", ["10.128.0.0", "fd00::a80:0", "fe80::1"])
@pytest.mark.parametrize(("failures", "found"), [(3, True), (2, False)])
def test_three_failures_are_a_flap(failures: int, peer: str, *, found: bool) -> None:
    incidents = play(failing(failures, 20, peer)).of("L4")
    assert [(one["device"], one["interface"], one["peer"]) for one in incidents] == (
        [("l1", "eth1", peer)] if found else []
    )


@pytest.mark.parametrize(("every", "found"), [(59, True), (60, False)])
def test_the_window_of_120_s_is_open_on_the_left(every: float, *, found: bool) -> None:
    assert bool(play(failing(3, every)).of("L4")) is found


def test_the_state_and_the_counter_tell_the_same_failures() -> None:
    assert play(failing(2, 10, counted=True)).of("L4") == []
    [incident] = play(failing(3, 10, counted=True)).of("L4")
    assert json.loads(incident["evidence"])["failures"] == 3
    assert incident["summary"].startswith("BFD of l1 with 10.128.0.0 on eth1 flaps: 3 failures within 120 s")


def test_failures_between_two_looks_are_in_the_counter() -> None:
    scene = bfd(bfd(fabric(), "UP", failure_transitions=4).passes(9), "UP", failure_transitions=7).passes(1)
    assert len(play(scene).of("L4")) == 1


def test_a_restarted_session_has_another_discriminator_and_the_same_peer() -> None:
    scene = bfd(fabric(), "UP", number="0").passes(5)
    for number in range(3):
        bfd(scene, "", "delete", number=str(number)).passes(1)
        bfd(scene, "UP", number=str(number + 1)).passes(5)
    [incident] = alone(scene).of("L4")
    assert incident["peer"] == "10.128.0.0"


def test_what_a_person_shuts_down_has_not_failed() -> None:
    scene = bfd(fabric(), "UP", failure_transitions=0).passes(5)
    for turn in range(4):
        bfd(scene, "ADMIN_DOWN", failure_transitions=turn + 1).passes(1)
        bfd(scene, "UP").passes(5)
    assert play(scene).of("L4") == []


def test_sessions_with_other_peers_are_counted_apart() -> None:
    scene = fabric()
    for number, peer in enumerate(("10.128.0.0", "10.128.0.2", "10.128.0.4")):
        bfd(scene, "UP", number=str(number), peer=peer)
        bfd(scene.passes(2), "DOWN", number=str(number), peer=peer)
    assert play(scene.passes(5)).of("L4") == []


def test_what_a_dump_tells_did_not_happen_then() -> None:
    scene = bfd(fabric(), "UP", failure_transitions=0).passes(5).ends("l1", *FAMILIES).passes(30)
    with scene.dump("l1", "bfd", "liveness"):
        bfd(scene, "DOWN", failure_transitions=9)
    assert play(scene.passes(5)).of("L4") == []


def test_it_is_over_120_s_after_the_last_failure() -> None:
    scene = failing(3, 10).passes(109)
    assert play(scene).spans("L4") == [(30, None)]
    assert play(scene.passes(1)).spans("L4") == [(30, 150)]


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = failing(3, 8, counted=True).ends("l1", *FAMILIES).passes(20)
    with scene.dump("l1", "bfd", "liveness"):
        bfd(scene, "UP", failure_transitions=3)
    check_laws(scene.passes(125), alone)
