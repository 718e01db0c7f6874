"""VTEPs lost to the fabric: V1."""

import polars as pl
import pytest

from pipeline.detectors import FINDING
from pipeline.detectors.timeline import PLACE
from pipeline.detectors.vteps import detect
from tests.pipeline.driver import play
from tests.pipeline.scene import VNI, Scene, address

ALL = ("l1", "l2", "s1", "s2")


def fabric(version: int = 4, observers: tuple[str, ...] = ALL) -> Scene:
    """Leaves l1 and l2 with VTEPs 1 and 2; all devices hear both."""
    scene = Scene().joins(*observers).passes(1)
    for device in observers:
        for leaf in (1, 2):
            own = device == f"l{leaf}"
            scene.imet(device, address(leaf, version), neighbor=None if own else "192.0.2.1")
    return scene.passes(9)


def lost(scene: Scene, *devices: str, version: int = 4) -> Scene:
    for device in devices:
        scene.imet(device, address(1, version), op="delete")
    return scene


@pytest.mark.parametrize("version", [4, 6])
def test_a_vtep_gone_from_all_flood_lists_for_5_s_is_lost(version: int) -> None:
    scene = lost(fabric(version), "l2", "s1", "s2", version=version)

    assert play(scene.passes(4.9)).incidents == []
    [incident] = play(scene.passes(1)).of("V1")
    assert (incident["severity"], incident["detected_at"]) == ("critical", 10 + 5)
    assert (incident["vtep"], incident["device"], incident["opened_at"]) == (address(1, version), "l1", 10)
    told = f"VTEP l1 ({address(1, version)}) is gone: 3 of 3 fresh observers hold its type-3 routes no more"
    assert told in incident["summary"]
    assert incident["coverage"] == 1.0


@pytest.mark.parametrize(("observers", "found"), [(("l2", "s1"), True), (("l2",), False)])
def test_half_of_the_observers_is_the_quorum(observers: tuple[str, ...], *, found: bool) -> None:
    scene = Scene().joins("l2", "s1", "s2", "s3").passes(1)
    for device in ("l2", "s1", "s2", "s3"):
        scene.imet(device, address(1))

    assert bool(play(lost(scene.passes(9), *observers).passes(6)).of("V1")) is found


def test_a_leaf_s_own_route_does_not_count() -> None:
    # l1 still has its own: two of two others have lost it
    scene = lost(fabric(observers=("l1", "l2", "s1")), "l2", "s1").passes(6)

    assert play(scene).incidents[0]["evidence"].startswith('{"lost_on":2,"fresh_observers":2')


def test_a_vtep_that_is_back_within_5_s_was_not_lost() -> None:
    scene = lost(fabric(), "l2", "s1", "s2").passes(4.5)
    for device in ("l2", "s1", "s2"):
        scene.imet(device, address(1))

    assert play(scene.passes(20)).incidents == []


def test_it_clears_when_it_is_back_on_more_than_half_for_5_s_and_not_before() -> None:
    scene = lost(fabric(), "l2", "s1", "s2").passes(20)
    scene.imet("l2", address(1)).passes(10)
    assert play(scene).spans("V1") == [(15, None)]

    scene.imet("s1", address(1)).passes(4.9)
    assert play(scene).spans("V1") == [(15, None)]
    assert play(scene.passes(1)).spans("V1") == [(15, 40 + 5)]


def test_a_relapse_within_5_s_keeps_it_open() -> None:
    scene = lost(fabric(), "l2", "s1", "s2").passes(20)
    for device in ("l2", "s1", "s2"):
        scene.imet(device, address(1))
    lost(scene.passes(3), "l2", "s1", "s2").passes(30)

    assert play(scene).spans("V1") == [(15, None)]


def test_several_vnis_are_one_vtep_and_one_left_is_enough() -> None:
    scene = fabric()
    for device in ALL[1:]:
        scene.imet(device, address(1), vni=1020)
    lost(scene.passes(5), "l2", "s1", "s2").passes(10)

    assert play(scene).of("V1") == []


def test_a_route_over_another_neighbour_keeps_the_vtep() -> None:
    scene = fabric()
    for device in ("l2", "s1", "s2"):
        scene.imet(device, address(1), neighbor="192.0.2.9")
    lost(scene.passes(5), "l2", "s1", "s2").passes(10)

    assert play(scene).findings == []


def test_withdrawn_and_announced_in_one_record_is_never_gone() -> None:
    scene = fabric()
    key = {
        "vantage": "loc_rib", "network_instance": "default", "rd": "10.0.0.1:1010", "route_type": 3,
        "eth_tag": 0, "originator": address(1),
    }  # fmt: skip
    for device in ("l2", "s1", "s2"):
        scene.rows(
            device,
            "routes",
            ("evpn_route", {**key, "neighbor": "192.0.2.1", "op": "delete"}),
            ("evpn_route", {**key, "neighbor": "192.0.2.2", "label": VNI, "next_hop": address(1)}),
        )

    assert play(scene.passes(10)).findings == []


def test_blind_observers_leave_both_sides_of_the_quorum() -> None:
    # s1 and s2 would outvote l2, but they are blind
    scene = fabric().ends("s1").ends("s2").passes(20)
    lost(scene, "l2").passes(6)

    [incident] = play(scene).of("V1")

    assert incident["evidence"].startswith('{"lost_on":1,"fresh_observers":1,"observers":3')
    assert incident["coverage"] == pytest.approx(1 / 3)


def test_observers_that_go_blind_lose_nothing() -> None:
    scene = fabric().ends("l2").ends("s1").ends("s2").passes(60)

    assert play(scene).of("V1") == []


def test_it_stays_open_without_coverage_while_all_observers_are_blind() -> None:
    scene = lost(fabric(), "l2", "s1", "s2").passes(10)
    for device in ("l2", "s1", "s2"):
        scene.ends(device)
    outcome = play(scene.passes(60))

    [incident] = outcome.of("V1")
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)
    assert outcome.found("V1", active=None)


def test_silent_observers_are_blind_and_the_others_decide() -> None:
    scene = lost(fabric(), "l2", "s1", "s2").passes(10).mute("l2", "s1", "s2").passes(60)

    [incident] = play(scene).of("V1")

    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


def test_what_was_lost_while_nobody_looked_is_found_at_the_sync() -> None:
    scene = fabric()
    for device in ("l2", "s1", "s2"):
        scene.ends(device)
    scene.passes(30)
    for device in ("l2", "s1", "s2"):
        with scene.dump(device):
            scene.imet(device, address(2))
    scene.passes(10)

    [incident] = play(scene).of("V1")

    assert (incident["vtep"], incident["opened_at"]) == (address(1), 40)


def test_it_clears_with_a_fresh_look_and_not_by_a_blind_one() -> None:
    scene = lost(fabric(observers=("l1", "l2")), "l2").passes(10).ends("l2").passes(60)
    assert play(scene).of("V1")[0]["state"] == "open"

    with scene.dump("l2"):
        scene.imet("l2", address(1))
    scene.passes(10)

    assert play(scene).spans("V1") == [(15, 80 + 5)]


def test_one_leaf_that_joins_late_has_lost_nothing() -> None:
    scene = fabric().joins("l3").passes(20)

    assert play(scene).findings == []


def test_a_vtep_whose_owner_is_learned_while_it_is_lost_clears_all_the_same() -> None:
    scene = Scene().joins("s1", "s2").passes(1).imet("s1", address(1)).imet("s2", address(1)).passes(9)
    lost(scene, "s1", "s2").passes(20)
    with scene.dump("l1"):
        scene.imet("l1", address(1), neighbor=None)
    scene.passes(5).imet("s1", address(1)).imet("s2", address(1)).passes(10)

    assert {incident["state"] for incident in play(scene).incidents} == {"resolved"}


def test_without_anything_held_there_are_no_findings_but_all_columns() -> None:
    held = pl.DataFrame(schema={"vtep": pl.String, "device": pl.String, **PLACE, "value": pl.Boolean})
    fresh = pl.DataFrame(schema={"device": pl.String, **PLACE, "value": pl.Boolean})

    assert detect(held, fresh, {}).schema == FINDING
    assert detect(held, fresh, {}).is_empty()
