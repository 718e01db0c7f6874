"""What leaves learn at their own ports: whose VTEP it is as of when, and what it does to places of MACs."""

from typing import Any

import pytest

from pipeline.apply.location import SLOTS
from tests.pipeline.driver import Outcome, play
from tests.pipeline.scene import Scene, address

SEGMENT = "00:11:22:33:44:55:66:77:88:99"


def leaf(*vteps: str) -> Scene:
    """Leaf 1 originates type-3 routes of VTEPs, a spine holds a sticky MAC of another leaf."""
    scene = Scene().joins("s1", "l1").passes(1)
    for vtep in vteps:
        scene.imet("l1", vtep, neighbor=None)
    return scene.mac_route("s1", 1, address(9), sticky=True).passes(1)


def contested(scene: Scene, *cuts: int, **more: Any) -> bool:
    """Return whether the only MAC of a scene ends contested."""
    outcome = play(scene.passes(1), cuts, judged=False, **more)
    return bool(outcome.state.locations.locations.state["contested"].any())


@pytest.mark.parametrize("version", [4, 6])
def test_a_leaf_learns_at_the_vtep_of_its_own_type_3_routes(version: int) -> None:
    assert contested(leaf(address(1, version)).learns("l1", 1))
    assert not contested(leaf(address(9)).learns("l1", 1))


def test_the_type_3_routes_of_others_are_not_its_own() -> None:
    scene = leaf().imet("l1", address(1)).imet("s1", address(2), neighbor=None)

    assert not contested(scene.learns("l1", 1))


@pytest.mark.parametrize("batches", [[], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]])
@pytest.mark.parametrize("before", [True, False])
def test_the_vtep_is_the_one_at_that_point_of_the_leaf_s_stream(*, before: bool, batches: list[int]) -> None:
    scene = leaf()
    if before:
        scene.imet("l1", address(1), neighbor=None).learns("l1", 1)
    else:
        scene.learns("l1", 1).imet("l1", address(1), neighbor=None)

    assert contested(scene, *batches) is before
    assert contested(scene, restarts=batches) is before


def test_a_type_3_route_withdrawn_and_announced_in_one_record_was_never_gone() -> None:
    scene = leaf(address(1))
    key = {
        "vantage": "loc_rib", "network_instance": "default", "rd": f"{address(1)}:1010", "route_type": 3,
        "eth_tag": 0, "originator": address(1),
    }  # fmt: skip
    scene.rows(
        "l1", "routes",
        ("evpn_route", {**key, "op": "delete"}), ("evpn_route", {**key, "label": 1010}),
    )  # fmt: skip

    assert contested(scene.learns("l1", 1))


def test_an_entry_that_becomes_sticky_on_the_leaf_is_no_dynamic_one_any_more() -> None:
    scene = leaf(address(1)).learns("l1", 1).passes(1)
    assert contested(scene)
    assert not contested(scene.learns("l1", 1, sticky=True))


def test_an_entry_whose_segment_is_told_later_moves_home() -> None:
    scene = Scene().joins("s1", "l1").passes(1).imet("l1", address(1), neighbor=None)
    scene.mac_route("s1", 1, address(9), sticky=True, esi=SEGMENT).passes(1)
    scene.learns("l1", 1, esi=SEGMENT[:-2] + "00").passes(1)
    assert contested(scene)
    assert not contested(scene.learns("l1", 1, esi=SEGMENT))


def slots(scene: Scene) -> Outcome:
    return play(scene.passes(1), judged=False)


@pytest.mark.parametrize("learners", [SLOTS - 1, SLOTS, SLOTS + 4])
def test_learns_never_push_out_a_route(learners: int) -> None:
    scene = Scene().joins("s1", *(f"l{number}" for number in range(learners))).passes(1)
    for number in range(learners):
        scene.imet(f"l{number}", address(1 + number), neighbor=None).learns(f"l{number}", 1)
    scene.mac_route("s1", 1, address(1), 3).passes(1)
    scene.mac_route("s1", 1, address(2), 2).passes(1)
    for number in range(learners):
        scene.learns(f"l{number}", 1, op="delete").learns(f"l{number}", 1)

    [location] = slots(scene).locations
    assert location["location"] == address(1)
    scene.mac_route("s1", 1, address(1), op="delete")
    assert [row["location"] for row in slots(scene).locations] == [address(2)]


def test_with_every_slot_taken_by_routes_a_learn_is_not_held() -> None:
    scene = Scene().joins("s1", "l1").passes(1).imet("l1", address(99), neighbor=None)
    for number in range(SLOTS):
        scene.mac_route("s1", 1, address(1 + number), number)
    scene.passes(1).learns("l1", 1).passes(1).learns("l1", 1, op="delete").passes(1)
    for number in reversed(range(1, SLOTS)):
        scene.mac_route("s1", 1, address(1 + number), op="delete")

    assert [row["location"] for row in slots(scene).locations] == [address(1)]
