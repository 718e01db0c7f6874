"""Designated forwarders as they claim to be and as they are elected: R1, R2, R3."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detectors.df_election import HIGHEST_PREFERENCE, HIGHEST_RANDOM_WEIGHT, Candidate, elected
from pipeline.detectors.settings import Settings
from tests.pipeline.detectors.segments_scene import (
    ESI,
    EVEN,
    OBSERVERS,
    ODD,
    announces,
    claim,
    fabric,
    neighbor_of,
)
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Scene, address, delayed

alone = judged_by("segments")

DF = ("R1", "R2", "R3")


@pytest.mark.parametrize("version", [4, 6])
def test_two_that_forward_one_vni_are_told_after_5_s_and_not_before(version: int) -> None:
    scene = claim(fabric(version), "l2", EVEN, ODD)

    assert play(scene.passes(4.9)).of(*DF) == []
    [incident] = play(scene.passes(1)).of(*DF)
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("R2", "critical", 15)
    assert (incident["esi"], incident["vni"], incident["device"]) == (ESI, None, None)
    assert incident["summary"] == (
        f"l1 and l2 both forward BUM to Ethernet segment {ESI} for VNI {EVEN}: hosts get it twice"
    )
    assert json.loads(incident["evidence"])["forward"] == {f"VNI {EVEN}": ["l1", "l2"]}


@pytest.mark.parametrize("version", [4, 6])
def test_a_vni_that_nobody_forwards_is_told_after_5_s_and_not_before(version: int) -> None:
    scene = claim(fabric(version), "l1")

    assert play(scene.passes(4.9)).of(*DF) == []
    [incident] = play(scene.passes(1)).of(*DF)
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("R3", "critical", 15)
    assert incident["summary"] == (
        f"None of l1 and l2 forwards BUM to Ethernet segment {ESI} for VNI {EVEN}: broadcasts don't arrive"
    )


def test_one_that_forwards_though_another_one_is_elected_is_a_warning() -> None:
    scene = fabric()
    claim(scene, "l1", ODD)
    claim(scene, "l2", EVEN)

    [incident] = play(scene.passes(6)).of(*DF)

    assert (incident["rule"], incident["severity"]) == ("R1", "warning")
    assert incident["summary"].startswith(
        f"l1 forwards BUM to Ethernet segment {ESI} for VNI {ODD}, but l2 is elected by modulus"
    )


def test_an_election_by_vni_instead_of_vlan_is_no_mistake() -> None:
    scene = fabric()
    vni = 1121  # odd, and so is its VLAN: let VLAN 20 stand for it on both
    for device, df in (("l1", True), ("l2", False)):
        scene.row(
            device, "es", "designated_forwarder", name="po1", network_instance="x", esi=ESI, vni=vni, vlan=20,
            local_is_df=df,
        )  # fmt: skip

    assert play(scene.passes(20)).of(*DF) == []


def test_all_is_well_while_each_vni_has_its_elected_forwarder() -> None:
    assert play(fabric().passes(60)).rules() == []


def test_a_leg_that_comes_up_and_waits_3_s_is_normal() -> None:
    scene = announces(claim(fabric(), "l1"), 1, op="delete")
    claim(scene, "l2", EVEN, ODD)
    scene.passes(30)
    announces(scene, 1)
    claim(scene, "l2", ODD)  # it elects at once, l1 waits
    scene.passes(3)
    claim(scene, "l1", EVEN)

    assert play(scene.passes(20)).of(*DF) == []


def test_where_devices_wait_longer_so_do_the_rules() -> None:
    scene = fabric()
    for device in ("l1", "l2"):
        scene.row(device, "es", "ethernet_segment", name="po1", esi=ESI, df_wait_s=13)
    scene.passes(20)
    claim(scene, "l1")

    assert play(scene.passes(14.9)).of(*DF) == []
    [incident] = play(scene.passes(1)).of(*DF)
    assert (incident["rule"], incident["detected_at"]) == ("R3", 30 + 15)


@pytest.mark.parametrize(
    ("wait_s", "patience"),
    [
        (None, 15),
        (30, 30),  # longer than devices wait
        (1, 15),  # devices wait all the same
        (15, 15),
    ],
)
@pytest.mark.parametrize("narrow", [True, False])
def test_the_wait_that_is_set_holds_unless_devices_wait_longer(
    wait_s: float | None, patience: int, *, narrow: bool
) -> None:
    scene = fabric()
    for device in ("l1", "l2"):
        scene.row(device, "es", "ethernet_segment", name="po1", esi=ESI, df_wait_s=13)
    claim(scene, "l1").passes(40)
    # what two PEs or none do is wrong by R1, too
    mine = {} if wait_s is None else {(rule, "wait_s"): wait_s for rule in DF}
    settings = Settings(segments={ESI: mine}) if narrow else Settings(fabric=mine)

    [incident] = play(scene, settings=settings).of(*DF)

    assert (incident["rule"], incident["detected_at"]) == ("R3", 10 + patience)


@pytest.mark.parametrize("wait_s", [1, 4])
def test_a_shorter_wait_takes_effect_where_devices_wait_no_longer_than_they_should(wait_s: float) -> None:
    scene = claim(fabric(), "l1").passes(10)

    [incident] = play(scene, settings=Settings(fabric={("R3", "wait_s"): wait_s})).of(*DF)

    assert incident["detected_at"] == 10 + wait_s


def test_one_whose_leg_is_gone_may_say_what_it_wants() -> None:
    scene = announces(fabric(), 1, op="delete")
    claim(scene, "l2", EVEN, ODD)

    assert play(scene.passes(20)).of(*DF) == []


def test_that_nobody_forwards_can_not_be_told_of_one_that_is_not_heard() -> None:
    scene = fabric().ends("l1", "es").passes(5)
    claim(scene, "l2")

    assert play(scene.passes(20)).of("R3") == []


def test_two_that_are_heard_are_enough_to_tell_that_two_forward() -> None:
    scene = fabric(pes=3)
    claim(scene, "l2", EVEN, ODD)

    [incident] = play(scene.passes(20)).of(*DF)

    assert incident["rule"] == "R2"
    assert incident["summary"].endswith("(2 of 3 PEs can be told)")


def test_devices_that_say_nothing_of_forwarding_are_no_mistake() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    for pe in (1, 2):
        announces(scene, pe)

    assert play(scene.passes(30)).of(*DF) == []


def test_it_clears_when_one_forwards_alone_again_for_5_s_and_not_while_blind() -> None:
    scene = claim(fabric(), "l2", EVEN, ODD).passes(10)
    scene.ends("l2", "es").passes(30)
    assert play(scene).spans(*DF) == [(15, None)]

    with scene.dump("l2", "es"):
        claim(scene, "l2", ODD)
    assert play(scene.passes(4.9)).spans(*DF) == [(15, None)]
    assert play(scene.passes(1)).spans(*DF) == [(15, 50 + 5)]


def test_by_preference_the_highest_forwards_all() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    for pe, preference in ((1, 100), (2, 200)):
        announces(scene, pe, said={"df_algorithm": HIGHEST_PREFERENCE, "df_preference": preference})
    claim(scene, "l1")
    claim(scene, "l2", EVEN, ODD)
    assert play(scene.passes(20)).of(*DF) == []

    claim(scene, "l1", EVEN)
    claim(scene, "l2", ODD)
    [incident] = play(scene.passes(6)).of(*DF)
    assert incident["rule"] == "R1"
    assert f"for VNI {EVEN}, but {address(2)} is elected by highest preference" in incident["summary"]


def test_algorithms_that_differ_make_all_fall_back_to_the_modulus() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    announces(scene, 1, said={"df_algorithm": HIGHEST_PREFERENCE, "df_preference": 100})
    announces(scene, 2)
    claim(scene, "l1", EVEN)
    claim(scene, "l2", ODD)

    outcome = play(scene.passes(20))

    assert outcome.of(*DF) == []
    assert [one["rule"] for one in outcome.incidents] == ["R6"]


def test_highest_random_weight_is_computed_again() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    pes = tuple(Candidate(address(pe), HIGHEST_RANDOM_WEIGHT) for pe in (1, 2))
    for pe in (1, 2):
        announces(scene, pe, said={"df_algorithm": HIGHEST_RANDOM_WEIGHT})
    winners = {vni: elected(HIGHEST_RANDOM_WEIGHT, pes, vni % 100, ESI) for vni in (EVEN, ODD)}
    for pe in (1, 2):
        claim(scene, f"l{pe}", *(vni for vni, winner in winners.items() if winner == address(pe)))

    assert play(scene.passes(20)).of(*DF) == []


def test_a_pe_without_a_route_for_the_evi_is_no_candidate_where_all_advertise_ac_df() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    for pe in (1, 2):
        announces(scene, pe, said={"df_capabilities": 0x4000})
    for device in OBSERVERS:
        scene.ad_route(device, ESI, address(1), vni=EVEN, op="delete", neighbor=neighbor_of(device, 1))
    claim(scene, "l1")
    claim(scene, "l2", EVEN, ODD)

    assert play(scene.passes(20)).of(*DF) == []


def _told(outcome: Outcome) -> list[tuple[str, float, float | None, str]]:
    return [(one["rule"], one["opened_at"], one["resolved_at"], one["summary"]) for one in outcome.of(*DF)]


@settings(max_examples=12, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 160), max_size=4),
    restarts=st.lists(st.integers(1, 160), max_size=2),
    delays=st.lists(st.floats(0, 9), min_size=1, max_size=3),
)
def test_batches_restarts_and_order_within_the_lateness_change_nothing(
    cuts: list[int], restarts: list[int], delays: list[float]
) -> None:
    scene = fabric()
    claim(scene, "l2", EVEN, ODD).passes(8)
    announces(scene, 1, op="delete").passes(3)
    claim(scene, "l1")
    scene.passes(7)
    announces(scene, 1)
    claim(scene, "l2").passes(12)
    claim(scene, "l1", EVEN)
    claim(scene, "l2", ODD).passes(30)
    whole = alone(scene)

    assert {one["rule"] for one in whole.findings} >= {"R2", "R3"}
    assert _told(whole)
    assert _told(alone(scene, cuts, restarts=restarts)) == _told(whole)
    assert _told(alone(delayed(scene.records, delays))) == _told(whole)
