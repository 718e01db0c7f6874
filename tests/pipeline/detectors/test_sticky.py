"""A sticky MAC claimed from elsewhere: M7."""

from typing import Any

import polars as pl
import pytest

from pipeline.apply.mac_location import STEP_FRAME
from pipeline.detectors import FINDING
from pipeline.detectors.sticky import detect
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene, address, delayed, mac

alone = judged_by("macs")


def on_macs(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what rules on MACs told; who floods to whom is another matter."""
    return [one for one in told if one["rule"].startswith("M")]


def held(version: int = 4) -> Scene:
    """A sticky MAC of VTEP 1, as a spine and a leaf hear it."""
    scene = Scene().joins("s1", "l2").passes(1)
    for device in ("s1", "l2"):
        scene.mac_route(device, 1, address(1, version), sticky=True)
    return scene.passes(10)


@pytest.mark.parametrize("version", [4, 6])
def test_a_foreign_claim_while_a_sticky_one_is_held_is_a_violation_at_once(version: int) -> None:
    scene = held(version).mac_route("s1", 1, address(2, version), 1).passes(3)

    [incident] = on_macs(play(scene).incidents)

    assert (incident["rule"], incident["severity"], incident["state"]) == ("M7", "critical", "open")
    assert (incident["detected_at"], incident["vni"], incident["mac"]) == (11, 1010, mac(1))
    assert incident["summary"] == (
        f"MAC 00:11:c0:08:00:01 in VNI 1010 is sticky at {address(1, version)} "
        f"and was claimed by {address(2, version)}"
    )


def test_the_local_claim_of_a_leaf_counts_as_any_other() -> None:
    scene = held().mac_route("l2", 1, address(2), neighbor=None).passes(3)

    assert [one["rule"] for one in on_macs(play(scene).incidents)] == ["M7"]


def test_sequence_numbers_do_not_matter_beside_a_sticky_claim() -> None:
    outcome = play(held().mac_route("s1", 1, address(2), 99).passes(3))

    assert outcome.locations[0]["location"] == address(1)
    assert [finding["rule"] for finding in on_macs(outcome.findings)] == ["M7"]


def test_a_sticky_claim_alone_and_its_repeats_are_silent() -> None:
    scene = held()
    for _ in range(3):
        scene.mac_route("s1", 1, address(1), sticky=True, op="delete").passes(5)
        scene.mac_route("s1", 1, address(1), sticky=True).passes(5)

    assert on_macs(play(scene).findings) == []


def test_another_pe_of_the_same_segment_is_no_intruder() -> None:
    esi = "00:11:22:33:44:55:66:77:88:99"
    scene = Scene().joins("s1").passes(1)
    for pe in (1, 2):
        scene.mac_route("s1", 1, address(pe), sticky=True, esi=esi)

    assert on_macs(play(scene.passes(5)).findings) == []


def test_a_sticky_claim_that_comes_where_a_dynamic_one_is_being_withdrawn_is_no_violation() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(2), 3).passes(5)
    scene.mac_route("s1", 1, address(1), sticky=True).passes(2)
    scene.mac_route("s1", 1, address(2), op="delete").passes(5)

    assert on_macs(play(scene).findings) == []


def test_what_only_the_originator_still_holds_is_held_by_nobody_who_could_be_misled() -> None:
    # l1 was cut off: the fabric has withdrawn its sticky route, another leaf learns the MAC
    scene = Scene().joins("s1", "l1").passes(1)
    scene.mac_route("l1", 1, address(1), sticky=True, neighbor=None)
    scene.mac_route("s1", 1, address(1), sticky=True).passes(5)
    scene.mac_route("s1", 1, address(1), op="delete").passes(5)
    scene.mac_route("s1", 1, address(2), 1).passes(5)

    assert play(scene).of("M7") == []


@pytest.mark.parametrize("gone", [1, 2])
def test_it_clears_when_either_claim_is_gone_for_5_s(gone: int) -> None:
    scene = held().mac_route("s1", 1, address(2), 1).passes(20)
    for device in ("s1", "l2") if gone == 1 else ("s1",):
        scene.mac_route(device, 1, address(gone), op="delete")

    assert play(scene.passes(4.9)).spans("M7") == [(11, None)]
    assert play(scene.passes(1)).spans("M7") == [(11, 31 + 5)]


def test_while_all_observers_are_blind_nobody_can_tell_and_it_says_so() -> None:
    scene = held().mac_route("s1", 1, address(2), 1).passes(20).ends("s1").passes(5)
    assert play(scene).of("M7")[0]["coverage"] is None, "l2 sees routes"

    scene.ends("l2").passes(30)

    outcome = play(scene)
    [incident] = outcome.of("M7")
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)
    [doubt] = outcome.found("M7", active=None)
    assert (doubt["time"], doubt["vni"], doubt["mac"]) == (36, 1010, mac(1))
    assert doubt["summary"].endswith("was claimed by 10.0.0.2; nobody of 2 observers sees routes")


def blind_and_back(*, intruder: bool) -> Scene:
    """A violation during which all are blind for 30 s; then one sees again, the intruder or not."""
    scene = held().mac_route("s1", 1, address(2), 1).passes(20).ends("s1").ends("l2").passes(30)
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1), sticky=True)
        if intruder:
            scene.mac_route("s1", 1, address(2), 1)
    return scene.passes(20)


def test_a_violation_that_outlasts_blindness_is_seen_to_go_on() -> None:
    outcome = play(blind_and_back(intruder=True))
    [incident] = outcome.of("M7")
    assert (incident["state"], incident["detected_at"], incident["coverage"]) == ("open", 11, 0.5)


def test_one_that_ended_meanwhile_is_over_when_somebody_sees_again() -> None:
    [(detected, resolved)] = play(blind_and_back(intruder=False)).spans("M7")
    assert detected == 11
    assert resolved is not None
    assert resolved > 61


@pytest.mark.parametrize("intruder", [True, False])
def test_neither_cuts_nor_restarts_nor_order_change_what_is_said_of_sight(*, intruder: bool) -> None:
    scene = blind_and_back(intruder=intruder)
    whole = alone(scene)
    pieces = alone(scene, range(0, len(scene.records), 3), restarts=range(1, len(scene.records), 9))
    assert (pieces.findings, pieces.incidents, pieces.events) == (
        whole.findings,
        whole.incidents,
        whole.events,
    )


def test_a_second_intruder_keeps_it_open() -> None:
    scene = held().mac_route("s1", 1, address(2), 1).passes(5).mac_route("s1", 1, address(3), 1).passes(5)
    scene.mac_route("s1", 1, address(2), op="delete").passes(30)

    assert play(scene).spans("M7") == [(11, None)]


def test_two_vnis_are_two_macs() -> None:
    scene = held().mac_route("s1", 1, address(2), 1, vni=1020, rd="10.0.0.2:1020").passes(5)

    assert on_macs(play(scene).findings) == []


def test_a_violation_that_a_dump_shows_is_no_news() -> None:
    scene = Scene()
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1), sticky=True).mac_route("s1", 1, address(2), 1)

    assert on_macs(play(scene.passes(5)).findings) == []


def test_a_violation_that_ended_while_nobody_looked_clears_with_the_sync() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), sticky=True).passes(9)
    scene.mac_route("s1", 1, address(2), 1).passes(5).ends("s1").passes(20)
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1), sticky=True)
    scene.passes(10)

    assert play(scene).spans("M7") == [(10, 35 + 5)]


def test_it_stays_open_while_nobody_sees_routes() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), sticky=True).passes(9)
    scene.mac_route("s1", 1, address(2), 1).passes(5).ends("s1").passes(60)

    assert play(scene).spans("M7") == [(10, None)]


def test_without_steps_there_are_no_findings_but_all_columns() -> None:
    names = dict.fromkeys(("name", "old_name", "claim_name"), pl.String)
    steps = pl.DataFrame(schema={**STEP_FRAME, "vni": pl.UInt32, "evi": pl.UInt32, "mac": pl.UInt64, **names})

    assert detect(steps).schema == FINDING
    assert detect(steps).is_empty()


# A leaf that honours the sticky route does not advertise the intruder: its own table shows it.

SEGMENT = "00:11:22:33:44:55:66:77:88:99"


def honoured(**home: Any) -> Scene:
    """A sticky MAC of leaf 1; leaves 1, 2 and 3 originate type-3 routes of their VTEPs."""
    scene = Scene().joins("s1", "l1", "l2", "l3").passes(1)
    for number in (1, 2, 3):
        scene.imet(f"l{number}", address(number), neighbor=None)
    for device in ("s1", "l2", "l3"):
        scene.mac_route(device, 1, address(1), sticky=True, **home)
    scene.mac_route("l1", 1, address(1), sticky=True, neighbor=None, **home)
    return scene.passes(9)


def test_a_leaf_that_learns_a_sticky_mac_of_another_at_its_own_port_is_a_violation_at_once() -> None:
    [incident] = on_macs(play(honoured().learns("l2", 1).passes(3)).incidents)

    assert (incident["rule"], incident["detected_at"], incident["vni"]) == ("M7", 10, 1010)
    assert incident["summary"] == (
        "MAC 00:11:c0:08:00:01 in VNI 1010 is sticky at 10.0.0.1 and was learned at a port of 10.0.0.2"
    )


def test_it_ends_when_the_leaf_forgets_the_mac() -> None:
    scene = honoured().learns("l2", 1).passes(20).learns("l2", 1, op="delete")

    assert play(scene.passes(4.9)).spans("M7") == [(10, None)]
    assert play(scene.passes(1)).spans("M7") == [(10, 30 + 5)]


def test_it_ends_when_the_sticky_route_is_gone() -> None:
    scene = honoured().learns("l2", 1).passes(20)
    for device, neighbor in (("s1", "192.0.2.1"), ("l2", "192.0.2.1"), ("l3", "192.0.2.1"), ("l1", None)):
        scene.mac_route(device, 1, address(1), neighbor=neighbor, op="delete")

    assert play(scene.passes(6)).spans("M7") == [(10, 30 + 5)]


def test_it_goes_on_while_one_of_two_leaves_still_has_the_mac_and_a_third_is_at_home() -> None:
    scene = honoured().learns("l1", 1).learns("l2", 1).learns("l3", 1).passes(10)
    scene.learns("l2", 1, op="delete").passes(10)
    assert play(scene).spans("M7") == [(10, None)]

    scene.learns("l3", 1, op="delete").passes(6)
    assert play(scene).spans("M7") == [(10, 30 + 5)]


def test_the_home_of_a_sticky_mac_learns_it_too() -> None:
    assert on_macs(play(honoured().learns("l1", 1).passes(5)).findings) == []


def test_a_pair_with_one_vtep_is_one_home() -> None:
    scene = honoured().joins("l4").imet("l4", address(1), neighbor=None).passes(1)

    assert on_macs(play(scene.learns("l4", 1).passes(5)).findings) == []


@pytest.mark.parametrize(
    ("leaves", "found"), [({"producer": "BGP"}, False), ({"sticky": True}, False), ({}, True)]
)
def test_only_a_dynamic_local_entry_is_an_intruder(leaves: dict[str, Any], *, found: bool) -> None:
    assert bool(play(honoured().learns("l2", 1, **leaves).passes(5)).of("M7")) is found


@pytest.mark.parametrize(("vni", "found"), [(1010, True), (1020, False), (None, False)])
def test_an_entry_of_another_vni_or_of_none_is_another_mac(vni: int | None, *, found: bool) -> None:
    assert bool(play(honoured().learns("l2", 1, vni=vni).passes(5)).of("M7")) is found


def test_a_vni_that_is_told_after_the_entry_makes_it_one() -> None:
    scene = honoured().learns("l2", 1, vni=None).passes(2).learns("l2", 1, vni=1010).passes(2)

    assert play(scene).spans("M7") == [(12, None)]


def test_of_a_leaf_without_a_vtep_of_its_own_nobody_knows_where_it_learns() -> None:
    scene = honoured().imet("l2", address(2), neighbor=None, op="delete").passes(1)

    assert on_macs(play(scene.learns("l2", 1).passes(5)).findings) == []


def test_a_leaf_with_two_vteps_may_be_at_home_with_either() -> None:
    scene = honoured().imet("l2", address(9), neighbor=None).passes(1)
    assert on_macs(play(scene.learns("l2", 1).passes(5)).findings) == []

    scene.learns("l2", 1, op="delete").imet("l2", address(9), neighbor=None, op="delete").passes(1)
    assert [one["rule"] for one in on_macs(play(scene.learns("l2", 1).passes(5)).incidents)] == ["M7"]


@pytest.mark.parametrize(("vnis", "found"), [((1020,), True), ((1010, 1020), False)])
def test_a_vtep_is_a_leaf_s_own_until_the_last_of_its_routes_is_gone(
    vnis: tuple[int, ...], *, found: bool
) -> None:
    scene = honoured().imet("l2", address(2), neighbor=None, vni=1020).passes(1)
    for vni in vnis:
        scene.imet("l2", address(2), neighbor=None, vni=vni, op="delete")

    assert bool(play(scene.passes(1).learns("l2", 1).passes(5)).of("M7")) is found


def test_a_vtep_that_changes_while_the_mac_is_learned_leaves_nothing_behind() -> None:
    scene = honoured().learns("l2", 1).passes(5).imet("l2", address(2), neighbor=None, op="delete")
    scene.imet("l2", address(5), neighbor=None).passes(5).learns("l2", 1, op="delete").passes(6)

    assert play(scene).spans("M7") == [(10, 20 + 5)]


@pytest.mark.parametrize(("esi", "found"), [(SEGMENT, False), (None, False), (SEGMENT[:-2] + "aa", True)])
def test_the_other_leaf_of_a_segment_is_at_home_and_one_that_tells_no_segment_may_be(
    esi: str | None, *, found: bool
) -> None:
    assert bool(play(honoured(esi=SEGMENT).learns("l2", 1, esi=esi).passes(5)).of("M7")) is found


def test_a_segment_of_the_sticky_mac_s_own_leaf_is_home_as_well() -> None:
    assert on_macs(play(honoured().learns("l1", 1, esi=SEGMENT).passes(5)).findings) == []


def test_a_mac_that_is_learned_before_it_becomes_sticky_elsewhere_is_the_fabric_settling() -> None:
    scene = (
        Scene().joins("s1", "l2").passes(1).imet("l2", address(2), neighbor=None).learns("l2", 1).passes(9)
    )
    scene.mac_route("s1", 1, address(1), sticky=True).passes(5).learns("l2", 1, op="delete").passes(5)

    assert on_macs(play(scene).findings) == []


def test_an_entry_that_a_dump_shows_is_no_news() -> None:
    scene = honoured().ends("l2").passes(2)
    with scene.dump("l2"):
        scene.imet("l2", address(2), neighbor=None).learns("l2", 1)

    assert play(scene.passes(5)).of("M7") == []


def test_a_sticky_route_that_only_its_originator_still_holds_is_contested_by_nobody() -> None:
    scene = honoured()
    for device in ("s1", "l2", "l3"):
        scene.mac_route(device, 1, address(1), op="delete")

    assert on_macs(play(scene.passes(5).learns("l2", 1).passes(5)).findings) == []


def test_a_learn_moves_no_mac() -> None:
    scene = Scene().joins("s1", "l2").passes(1).imet("l2", address(2), neighbor=None)
    scene.learns("l2", 1).learns("l2", 2).passes(1).mac_route("s1", 1, address(2)).passes(1)

    [location] = play(scene).locations
    assert (location["mac"], location["location"]) == (mac(1), address(2))


@pytest.mark.parametrize("delays", [[0.0], [9.0, 0.0, 4.0]])
@pytest.mark.parametrize("size", [1000, 7])
def test_neither_who_is_heard_first_nor_batches_nor_restarts_change_the_violation(
    delays: list[float], size: int
) -> None:
    scene = honoured().learns("l1", 1).learns("l2", 1).passes(7).learns("l2", 1, op="delete").passes(30)
    records = delayed(scene.records, delays)
    cuts = range(0, len(records), size)

    outcome = alone(records, cuts, restarts=cuts)

    found = [(one["time"], one["active"], one["summary"]) for one in outcome.findings if one["rule"] == "M7"]
    assert found == [
        (
            10, True,
            "MAC 00:11:c0:08:00:01 in VNI 1010 is sticky at 10.0.0.1 and was learned at a port of 10.0.0.2",
        ),
        (17, False, "MAC 00:11:c0:08:00:01 in VNI 1010 is claimed at 10.0.0.1 alone"),
    ]  # fmt: skip
