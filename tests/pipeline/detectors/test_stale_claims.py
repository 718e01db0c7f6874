"""Claims that contradict each other for longer than a move takes: M8, M9, M10."""

import json
from typing import Any

import pytest

from pipeline.detectors.settings import Settings
from pipeline.detectors.stale_claims import PARAMETERS
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import VNI, Scene, address, mac

alone = judged_by("macs")

HELD = {one.rule: one.key for one in PARAMETERS}
CLAIMS = ("M8", "M9", "M10")


def held(first: int | None, second: int | None, *, version: int = 4, **more: Any) -> Scene:
    """At 10 s a second route for the MAC comes, from another place; the first is not withdrawn."""
    scene = Scene().joins("s1", "s2").passes(1).mac_route("s1", 1, address(1, version), first, **more)
    return scene.until(10).mac_route("s1", 1, address(2, version), second, **more)


def opened(outcome: Outcome) -> list[tuple[str, float]]:
    return [(one["rule"], one["detected_at"]) for one in outcome.of(*CLAIMS)]


@pytest.mark.parametrize("version", [4, 6])
def test_a_stale_route_is_told_30_s_after_the_newer_one_came(version: int) -> None:
    scene = held(3, 4, version=version).until(39.9)
    assert opened(play(scene)) == []

    [incident] = play(scene.until(40)).of(*CLAIMS)

    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("M9", "warning", 40)
    assert (incident["vni"], incident["mac"], incident["vtep"]) == (VNI, mac(1), None)
    assert incident["summary"] == (
        f"MAC 00:11:c0:08:00:01 in VNI 1010 is at {address(2, version)} (sequence number 4), but "
        f"{address(1, version)} still claims it with 3, for 30 s: it should have withdrawn"
    )
    evidence = json.loads(incident["evidence"])
    assert (evidence["stale_claim_by"], evidence["held_by"]) == (address(1, version), ["s1"])


@pytest.mark.parametrize("version", [4, 6])
def test_two_routes_with_one_number_are_a_tie_after_10_s(version: int) -> None:
    scene = held(4, 4, version=version).until(19.9)
    assert opened(play(scene)) == []

    [incident] = play(scene.until(20)).of(*CLAIMS)

    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("M8", "warning", 20)
    assert "with one sequence number, 4, for 10 s: one of them has to withdraw" in incident["summary"]


def test_two_routes_without_a_number_are_a_tie_as_well() -> None:
    assert opened(play(held(None, None).until(25))) == [("M8", 20)]


def test_the_owner_of_a_vtep_is_named() -> None:
    scene = held(3, 4).joins("l1").imet("l1", address(1), neighbor=None).until(45)

    assert "but l1 (10.0.0.1) still claims it" in play(scene).of("M9")[0]["summary"]


@pytest.mark.parametrize(("first", "second", "rule"), [(2**32 - 1, 0, "M9"), (1, 2**31 + 2, "M9")])
def test_numbers_are_compared_across_the_wrap(first: int, second: int, rule: str) -> None:
    [(found, _)] = opened(play(held(first, second).until(45)))
    assert found == rule


@pytest.mark.parametrize(("gone", "found"), [(39.9, False), (40.1, True)])
def test_what_is_withdrawn_in_time_is_a_move(gone: float, *, found: bool) -> None:
    scene = held(3, 4).until(gone).mac_route("s1", 1, address(1), op="delete").until(60)

    assert bool(opened(play(scene))) is found


def test_it_clears_5_s_after_the_withdraw() -> None:
    scene = held(3, 4).until(100).mac_route("s1", 1, address(1), op="delete").until(104.9)

    assert play(scene).spans(*CLAIMS) == [(40, None)]
    assert play(scene.until(105)).spans(*CLAIMS) == [(40, 105)]


# Not to fire.


def test_two_pes_of_one_segment_hold_one_place() -> None:
    assert opened(play(held(3, 4, esi="00:11:22:33:44:55:66:77:88:99").until(60))) == []


@pytest.mark.parametrize("sticky", [True, False])
def test_sticky_routes_carry_no_number(*, sticky: bool) -> None:
    assert bool(opened(play(held(None, None, sticky=sticky).until(60)))) is not sticky


def test_two_addresses_of_one_device_are_one_device() -> None:
    scene = Scene().joins("s1", "l1").passes(1)
    for number in (1, 2):
        scene.imet("l1", address(number), neighbor=None)
    scene.mac_route("s1", 1, address(1), 0).passes(5).mac_route("s1", 1, address(2), 1).until(60)

    assert opened(play(scene)) == []


def test_a_router_s_mac_is_at_several_places() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 7, address(1), router_mac=mac(1))
    scene.mac_route("s1", 1, address(1), 0).passes(5).mac_route("s1", 1, address(2), 0).until(60)

    assert opened(play(scene)) == []


def test_one_mac_in_two_vnis_is_two_macs() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), 0)
    scene.mac_route("s1", 1, address(2), 0, vni=1020, rd=f"{address(2)}:1020").until(60)

    assert opened(play(scene)) == []


def test_what_two_devices_hold_apart_contradicts_nothing() -> None:
    # one of them is behind, or blind: it doesn't hold both claims
    scene = Scene().joins("s1", "s2").passes(1).mac_route("s1", 1, address(1), 3)
    scene.passes(5).mac_route("s2", 1, address(2), 4).until(60)

    assert opened(play(scene)) == []


def test_what_a_blind_device_held_neither_opens_nor_ends_it() -> None:
    blind = held(3, 4).until(20).ends("s1").until(100)
    assert opened(play(blind)) == []

    scene = held(3, 4).until(60).ends("s1").until(100)
    assert play(scene).spans(*CLAIMS) == [(40, None)]


def test_mac_only_and_mac_ip_routes_are_one_claim() -> None:
    scene = held(3, 4)
    scene.mac_route("s1", 1, address(1), 3, ip="10.1.0.9").until(25)
    scene.mac_route("s1", 1, address(1), op="delete").until(60)

    assert len(play(scene).of(*CLAIMS)) == 1


def test_moves_that_follow_each_other_are_no_stale_routes() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(0), 0)
    for move in range(1, 20):
        # each withdraw comes 5 s after the move
        scene.passes(5).mac_route("s1", 1, address(move), move)
        scene.passes(5).mac_route("s1", 1, address(move - 1), op="delete")

    assert opened(play(scene.passes(20))) == []


def behind_spine(*, declared: bool) -> Scene:
    """A spine sets itself as next hop of a MAC's route; it is known to be one, or its address is nobody's."""
    scene = Scene().joins("s1", "s2", "l1").serves("l1").passes(1)
    if declared:
        scene.has_address("s2", "lo1", address(2), 32)
    scene.mac_route("s1", 1, address(1), 4).until(10)
    return scene.mac_route("s1", 1, address(2), 4, neighbor="192.0.2.2")


@pytest.mark.parametrize("declared", [True, False])
def test_a_route_whose_next_hop_was_set_on_the_way_is_no_second_claim(*, declared: bool) -> None:
    assert opened(play(behind_spine(declared=declared).until(60))) == ([] if declared else [("M8", 20)])


def test_a_leaf_s_own_address_is_not_set_on_the_way() -> None:
    scene = behind_spine(declared=False).has_address("l1", "lo1", address(2), 32)

    assert opened(play(scene.until(60))) == [("M8", 20)]


# M10


def fallen(table: int | None, *, keeps: bool = True) -> Scene:
    """A leaf's route with number 7 is withdrawn, one with 3 comes; a leaf's table has what it had."""
    scene = Scene().joins("s1", "l2").passes(1)
    for device in ("s1", "l2"):
        scene.mac_route(device, 1, address(1), 7)
    scene.learns("l2", 1, producer="BGP", mobility_seq=table).until(10)
    for device in ("s1", "l2"):
        scene.mac_route(device, 1, address(3), 3).mac_route(device, 1, address(1), op="delete")
    if not keeps:
        scene.passes(4).learns("l2", 1, producer="BGP", mobility_seq=3)
    return scene


@pytest.mark.parametrize(("until", "found"), [(19.9, False), (20.0, True)])
def test_a_table_that_keeps_the_higher_number_is_stuck(until: float, *, found: bool) -> None:
    outcome = play(fallen(7).until(until))

    assert opened(outcome) == ([("M10", 20)] if found else [])
    for incident in outcome.of("M10"):
        assert incident["severity"] == "critical"
        assert (
            "announced anew by 10.0.0.3 with sequence number 3, but tables still have 7"
            in incident["summary"]
        )
        assert json.loads(incident["evidence"])["held_by"] == ["l2"]


def test_a_table_that_follows_is_not_stuck() -> None:
    assert opened(play(fallen(7, keeps=False).until(60))) == []
    assert opened(play(fallen(3).until(60))) == []


def test_it_ends_when_the_table_follows_however_late() -> None:
    scene = fallen(7).until(300).learns("l2", 1, producer="BGP", mobility_seq=3).until(310)

    assert play(scene, range(0, len(scene.records), 50)).spans("M10") == [(20, 305)]


# Thresholds and laws.


def test_thresholds_are_those_of_the_vni() -> None:
    scene = held(3, 4).until(60)

    assert opened(play(scene, settings=Settings(vnis={VNI: {HELD["M9"]: 45}}))) == [("M9", 55)]
    assert opened(play(scene, settings=Settings(vnis={VNI: {HELD["M9"]: 51}}))) == []


@pytest.mark.parametrize("size", [1, 7, 30])
def test_neither_cuts_nor_restarts_change_anything(size: int) -> None:
    scene = held(3, 4)
    scene.mac_route("s2", 2, address(1), 5).mac_route("s2", 2, address(2), 5).until(50)
    scene.mac_route("s1", 1, address(1), op="delete").mac_route("s1", 1, address(3), 4).until(80)
    scene.mac_route("s2", 2, address(1), op="delete").until(100)
    cuts = range(0, len(scene.records), size)

    whole, pieces = alone(scene), alone(scene, cuts, restarts=list(cuts)[:: max(1, 60 // size)])

    assert whole.findings
    assert pieces.findings == whole.findings
    assert pieces.incidents == whole.incidents
