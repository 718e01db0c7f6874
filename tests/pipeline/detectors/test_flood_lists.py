"""Who lacks whom in its flood list, and why: V2."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.detectors.flooding_scene import (
    OTHER_VNI,
    SPINES,
    Fabric,
    evidence,
    link,
    one,
    retarget,
    subjects,
)
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import VNI, address

alone = judged_by("flooding")


def test_a_whole_fabric_is_silent() -> None:
    assert play(Fabric().passes(30)).of("V1", "V2", "V4") == []


@pytest.mark.parametrize("version", [4, 6])
def test_a_leaf_that_lacks_a_vtep_for_a_vni_for_10_s(version: int) -> None:
    fabric = Fabric(version).forgets(1, 3, VNI)

    assert play(fabric.passes(9.9)).of("V2") == []
    incident = one(play(fabric.passes(1)))
    assert (incident["device"], incident["vtep"], incident["vni"]) == ("l1", address(3, version), VNI)
    assert (incident["opened_at"], incident["detected_at"], incident["coverage"]) == (20, 30, 1.0)
    assert incident["summary"] == (
        f"Leaf l1 lacks VTEP l3 ({address(3, version)}) in the flood list of VNI 1010: "
        "s1, s2 hold it, and don't pass it on or l1 doesn't take it"
    )


def test_in_time_is_in_time() -> None:
    fabric = Fabric().forgets(1, 3)
    fabric.passes(9)
    fabric.hears(1, 3)

    assert play(fabric.passes(30)).of("V2") == []


def test_all_vnis_are_one_incident_and_no_single_one_is_named() -> None:
    incident = one(play(Fabric().forgets(1, 3).passes(11)))

    assert (incident["device"], incident["vtep"], incident["vni"]) == ("l1", address(3), None)
    assert "VNIs 1010, 1020" in incident["summary"]
    assert evidence(incident)["lacking"] == [
        {"device": "l1", "vtep": address(3), "vni": "1010"},
        {"device": "l1", "vtep": address(3), "vni": "1020"},
    ]


def test_a_leaf_that_lacks_most_vteps_is_one_incident() -> None:
    fabric = Fabric().forgets(1, 2, VNI).forgets(1, 3, VNI)

    assert subjects(play(fabric.passes(11))) == [("l1", None, VNI)]


def test_a_vtep_that_most_leaves_lack_for_a_vni_is_one_incident() -> None:
    fabric = Fabric().forgets(1, 3, VNI).forgets(2, 3, VNI)

    incident = one(play(fabric.passes(11)))

    assert (incident["device"], incident["vtep"], incident["vni"]) == (None, address(3), VNI)
    assert "2 leaves (l1, l2) lack VTEP l3" in incident["summary"]


def test_two_faults_are_two_incidents() -> None:
    fabric = Fabric().forgets(1, 2, VNI).forgets(3, 4, OTHER_VNI)

    assert sorted(subjects(play(fabric.passes(11))), key=str) == [
        ("l1", address(2), VNI),
        ("l3", address(4), OTHER_VNI),
    ]


def test_a_vtep_that_everybody_lost_is_v1_alone() -> None:
    fabric = Fabric()
    for leaf in (1, 2, 4):
        fabric.forgets(leaf, 3)
    for spine in SPINES:
        for vni in fabric.vnis:
            fabric.route(f"s{spine}", 3, vni, link(3, spine)[0], "delete")

    outcome = play(fabric.passes(30))

    assert outcome.of("V2") == []
    assert len(outcome.of("V1")) == 1


def test_a_leaf_without_sessions_lacks_all_and_that_is_r15_s() -> None:
    fabric = Fabric()
    for spine in SPINES:
        fabric.session("l1", link(1, spine)[1], "IDLE")
    for other in (2, 3, 4):
        fabric.forgets(1, other)

    assert play(fabric.passes(30)).of("V2") == []


def test_who_doesn_t_serve_a_vni_lacks_nobody_for_it() -> None:
    fabric = Fabric()
    scene = fabric.scene
    scene.row("l1", "vtep", "vtep", "delete", network_instance="default", vni=VNI)
    fabric.route("l1", 1, VNI, None, "delete")
    for other in (2, 3, 4):
        fabric.forgets(1, other, VNI)
        fabric.forgets(other, 1, VNI)
    for spine in SPINES:
        fabric.route(f"s{spine}", 1, VNI, link(1, spine)[0], "delete")

    assert play(fabric.passes(30)).of("V2") == []


def test_a_vni_that_a_leaf_only_shows_counts_as_served() -> None:
    fabric = Fabric()
    fabric.route("l1", 1, VNI, None, "delete")
    for other in (2, 3, 4):
        fabric.forgets(other, 1, VNI)
    fabric.forgets(1, 2, VNI)

    assert subjects(play(fabric.passes(11))) == [("l1", address(2), VNI)]


def test_blind_leaves_lack_nobody() -> None:
    fabric = Fabric()
    fabric.scene.ends("l1")
    fabric.forgets(1, 3)

    assert play(fabric.passes(30)).of("V2") == []


def test_it_stays_open_while_the_leaf_is_blind_and_clears_when_it_is_seen() -> None:
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.passes(20)
    blind = one(play(fabric.scene.ends("l1").passes(60)))
    assert (blind["state"], blind["coverage"]) == ("open", 0.0)


def test_it_stays_open_while_nobody_but_the_leaf_can_tell() -> None:
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.passes(20)
    blind = one(play(fabric.scene.ends("l2").ends("l3").ends("l4").ends("s1").ends("s2").passes(60)))

    assert (blind["state"], blind["coverage"]) == ("open", 0.0)


def test_a_vtep_that_others_know_to_be_gone_is_lacked_by_nobody() -> None:
    # l3 is blind, and the last thing that it told is that it serves the VNI
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.passes(20)
    fabric.scene.ends("l3").passes(10)
    for leaf in (2, 4):
        fabric.forgets(leaf, 3, VNI)
    for spine in SPINES:
        fabric.route(f"s{spine}", 3, VNI, link(3, spine)[0], "delete")

    assert play(fabric.passes(30)).spans("V2") == [(30, 55)]


def test_it_clears_5_s_after_the_route_is_there() -> None:
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.passes(20)
    fabric.hears(1, 3).passes(4.9)
    assert play(fabric.scene).spans("V2") == [(30, None)]

    outcome = play(fabric.passes(1))
    assert outcome.spans("V2") == [(30, 45)]
    assert subjects(outcome) == [("l1", address(3), VNI)]


def test_a_vtep_nobody_observes_is_missed_where_others_have_it() -> None:
    fabric = Fabric()
    for leaf in (2, 3, 4):
        fabric.scene.imet(f"l{leaf}", address(77), vni=VNI, neighbor=link(leaf, 1)[1])

    assert subjects(play(fabric.passes(11))) == [("l1", address(77), VNI)]


def test_an_anycast_vtep_is_no_other_s() -> None:
    fabric = Fabric()
    for leaf in (1, 2):
        fabric.scene.imet(f"l{leaf}", address(99), vni=VNI, neighbor=None)
    for leaf in (3, 4):
        fabric.scene.imet(f"l{leaf}", address(99), vni=VNI, neighbor=link(leaf, 1)[1])

    assert play(fabric.passes(30)).of("V2") == []


def test_a_vtep_that_a_leaf_never_held_clears_as_any_other() -> None:
    # l1 serves the VNI before it hears of l3 at all
    fabric = Fabric(deaf={(1, 3)})
    fabric.passes(20)
    fabric.hears(1, 3).passes(6)

    assert alone(fabric.scene, range(0, 400, 5)).spans("V2") == [(10, 45)]


# Held and not used.


@pytest.mark.parametrize("version", [4, 6])
def test_a_vtep_that_a_leaf_ceased_to_use_for_10_s_though_it_holds_the_route(version: int) -> None:
    fabric = Fabric(version).uses(1, 3, "delete")

    assert play(fabric.passes(9.9)).of("V2") == []
    incident = one(play(fabric.passes(1)))
    assert (incident["device"], incident["vtep"], incident["detected_at"]) == ("l1", address(3, version), 30)
    assert incident["summary"].endswith(
        "l1 holds the route and ceased to use it: it doesn't import it any more"
    )
    assert evidence(incident)["devices"] == ["s1", "s2"]
    assert "a missing route: l1 holds it" in evidence(incident)["ruled_out"]


def test_a_vtep_out_of_use_for_less_is_none() -> None:
    fabric = Fabric().uses(1, 3, "delete")
    fabric.passes(9)
    fabric.uses(1, 3)

    assert play(fabric.passes(30)).of("V2") == []


def test_it_clears_5_s_after_the_vtep_is_in_use_again() -> None:
    fabric = Fabric().uses(1, 3, "delete")
    fabric.passes(20)
    fabric.uses(1, 3)

    assert play(fabric.passes(6)).spans("V2") == [(30, 45)]


def test_a_vtep_that_was_never_shown_is_not_missed() -> None:
    # some systems show a VTEP when the first host behind it is heard of
    assert play(Fabric(peers={1: "none"}).passes(30)).of("V2") == []


def test_what_route_targets_keep_out_of_use_is_v4_alone() -> None:
    fabric = retarget(Fabric(), 3, "65000:9999", VNI, OTHER_VNI)
    for other in (1, 2, 4):
        fabric.uses(other, 3, "delete").uses(3, other, "delete")

    outcome = play(fabric.passes(30))

    assert outcome.of("V2") == []
    assert len(outcome.of("V4")) == 1


def test_who_tells_of_routes_but_not_of_vteps_any_more_is_in_doubt() -> None:
    fabric = Fabric().uses(1, 3, "delete")
    fabric.passes(20)
    fabric.scene.ends("l1", "vtep")

    incident = one(play(fabric.passes(60)))

    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


# Why.


def why(outcome: Outcome) -> str:
    summary: str = one(outcome)["summary"]
    return summary.split(": ", 1)[1]


def test_leaves_of_one_as_take_each_others_routes_for_a_loop() -> None:
    incident = one(play(Fabric(one_as=(1, 3)).forgets(1, 3).passes(11)))

    assert incident["summary"].endswith(
        "l1 and l3 are both in AS 65000: BGP takes its own AS in a path for a loop"
    )
    assert evidence(incident)["design"] == "EBGP on the links"


def test_without_a_neighbour_in_common_there_is_no_way() -> None:
    # l1 lost spine 1 and l3 spine 2: between the two leads no way without a valley
    fabric = Fabric()
    for device, neighbor in (("l1", link(1, 1)[1]), ("l3", link(3, 2)[1])):
        fabric.session(device, neighbor, "IDLE")
    for spine, leaf in ((1, 1), (2, 3)):
        fabric.session(f"s{spine}", link(leaf, spine)[0], "IDLE")
        for vni in fabric.vnis:
            fabric.route(f"s{spine}", leaf, vni, link(leaf, spine)[0], "delete")
    fabric.forgets(1, 3).forgets(3, 1)

    outcome = play(fabric.passes(11))

    assert subjects(outcome) == [("l1", address(3), None), ("l3", address(1), None)]
    assert outcome.of("V2")[0]["summary"].endswith(
        "no neighbour has sessions with both: l1 is left with s2, l3 with s1"
    )


def test_a_leaf_whose_sessions_carry_no_evpn_lacks_all() -> None:
    fabric = Fabric()
    for spine in SPINES:
        fabric.scene.row(
            "l1", "bgp", "bgp_session",
            network_instance="default", neighbor=link(1, spine)[1], afi_safi="L2VPN_EVPN", active=False,
        )  # fmt: skip
    for other in (2, 3, 4):
        fabric.forgets(1, other)

    incident = one(play(fabric.passes(11)))

    assert incident["summary"].endswith("l1 carries EVPN on none of its BGP sessions (with s1, s2)")
    assert evidence(incident)["cause"] == "V16"


def test_targets_that_don_t_meet_are_a_reason_to_lack_a_route() -> None:
    # some vendors drop what they don't import
    fabric = Fabric(targets={(3, VNI): "65000:9999"})
    for leaf in (1, 2, 4):
        fabric.forgets(leaf, 3, VNI)

    incident = one(play(fabric.passes(11)))

    assert incident["vtep"] == address(3)
    assert "route targets don't meet: l1 exports 65000:1010, l3 exports 65000:9999" in incident["summary"]
    assert evidence(incident)["cause"] == "V4"


def test_a_spine_that_has_not_got_it_either_points_at_the_origin() -> None:
    fabric = Fabric()
    for spine in SPINES:
        fabric.route(f"s{spine}", 3, VNI, link(3, spine)[0], "delete")
    for leaf in (1, 2, 4):
        fabric.forgets(leaf, 3, VNI)

    assert why(play(fabric.passes(11))) == (
        "s1, s2, who have sessions with both, don't hold it: l3 doesn't send it or they refuse it"
    )


def test_what_nobody_shows_can_t_be_told() -> None:
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.scene.ends("s1").ends("s2")

    incident = one(play(fabric.passes(11)))

    assert incident["summary"].endswith("it can't be told why: s1, s2 say nothing of their routes")
    assert "session down: l1 has some with s1, s2" in evidence(incident)["ruled_out"]


@given(cuts=st.sets(st.integers(1, 400), max_size=4), restarts=st.sets(st.integers(1, 400), max_size=3))
@settings(max_examples=8, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    fabric = Fabric(deaf={(4, 2)}).forgets(1, 3, VNI)
    fabric.passes(4)
    retarget(fabric, 2, "65000:9999", OTHER_VNI).passes(8)
    fabric.forgets(1, 2).passes(12)
    fabric.hears(1, 3).hears(4, 2).uses(4, 1, "delete").passes(12)
    fabric.uses(4, 1).passes(12)

    whole, parts = alone(fabric.scene), alone(fabric.scene, cuts, restarts=restarts)

    assert whole.findings == parts.findings
    assert whole.incidents == parts.incidents
    assert whole.of("V2")
    assert whole.of("V4")


def test_what_was_lacking_while_nobody_looked_clears_when_somebody_does() -> None:
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.passes(20)
    fabric.scene.ends("l1").passes(60)
    with fabric.scene.dump("l1"):
        for vni in fabric.vnis:
            fabric.route("l1", 1, vni, None)
        for other in (2, 3, 4):
            fabric.hears(1, other)
    outcome = play(fabric.passes(6))

    assert outcome.spans("V2") == [(30, 105)]
