"""Who lacks whom in its flood list, and why; route targets that don't meet: V2, V4."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.driver import Outcome, play
from tests.pipeline.scene import VNI, Scene, address

LEAVES, SPINES = (1, 2, 3, 4), (1, 2)
OTHER_VNI = 1020


def link(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    """The addresses of a link: the leaf's and the spine's."""
    if version == 4:
        return f"10.{leaf}.{spine}.0", f"10.{leaf}.{spine}.1"
    return f"2001:db8:{leaf}:{spine}::a", f"2001:db8:{leaf}:{spine}::b"


class Fabric:
    """Leaves and spines with a session between each two, EBGP on the links, an AS for each leaf."""

    def __init__(
        self,
        version: int = 4,
        *,
        vnis: tuple[int, ...] = (VNI, OTHER_VNI),
        targets: dict[tuple[int, int], str] | None = None,
        one_as: tuple[int, ...] = (),
        peers: dict[int, str] | None = None,
        leaves: tuple[int, ...] = LEAVES,
    ) -> None:
        self.scene, self.version, self.vnis, self.leaves = Scene(), version, vnis, leaves
        self.targets = targets or {}
        length, host = (31, 32) if version == 4 else (64, 128)
        for leaf in leaves:
            name = f"l{leaf}"
            with self.scene.dump(name):
                self.scene.has_address(name, "lo", address(leaf, version), host)
                for spine in SPINES:
                    mine, theirs = link(leaf, spine, version)
                    self.scene.has_address(name, f"up{spine}", mine, length)
                    self.session(name, theirs, own_as=65000 if leaf in one_as else 65000 + leaf)
                for vni in vnis:
                    self.scene.serves(name, vni)
                    self.route(name, leaf, vni, None)
                for other in leaves:
                    if other != leaf:
                        self.hears(leaf, other)
                        if (peers or {}).get(leaf) != "none":
                            self.scene.row(
                                name, "vtep", "vtep",
                                network_instance="default", peer=address(other, version), peer_state="UP",
                            )  # fmt: skip
        for spine in SPINES:
            name = f"s{spine}"
            with self.scene.dump(name):
                for leaf in leaves:
                    mine, theirs = link(leaf, spine, version)
                    self.scene.has_address(name, f"down{leaf}", theirs, length)
                    self.session(name, mine, own_as=64999)
                    for vni in vnis:
                        self.route(name, leaf, vni, mine)
        self.scene.passes(20)

    def session(self, device: str, neighbor: str, state: str = "ESTABLISHED", own_as: int = 0) -> None:
        key = {"network_instance": "default", "neighbor": neighbor}
        told: dict[str, Any] = {**key, "session_state": state}
        if own_as:
            told |= {"local_as": own_as, "peer_as": 64999 if own_as != 64999 else 65001}
        self.scene.rows(
            device, "bgp",
            ("bgp_session", told), ("bgp_session", {**key, "afi_safi": "L2VPN_EVPN", "active": True}),
        )  # fmt: skip

    def route(self, device: str, leaf: int, vni: int, neighbor: str | None, op: str = "update") -> None:
        targets = self.targets.get((leaf, vni), f"65000:{vni}")
        self.scene.imet(
            device, address(leaf, self.version), vni=vni, neighbor=neighbor, op=op,
            route_targets=targets, encapsulation="vxlan",
        )  # fmt: skip

    def hears(self, leaf: int, other: int, op: str = "update", vnis: tuple[int, ...] = ()) -> "Fabric":
        for spine in SPINES:
            for vni in vnis or self.vnis:
                self.route(f"l{leaf}", other, vni, link(leaf, spine, self.version)[1], op)
        return self

    def forgets(self, leaf: int, other: int, *vnis: int) -> "Fabric":
        return self.hears(leaf, other, "delete", vnis)

    def passes(self, seconds: float) -> Scene:
        return self.scene.passes(seconds)


def one(outcome: Outcome, rule: str = "V2") -> dict[str, Any]:
    [incident] = outcome.of(rule)
    return incident


def evidence(incident: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(incident["evidence"])
    return found


def subjects(outcome: Outcome, rule: str = "V2") -> list[tuple[str | None, str | None, int | None]]:
    return [(each["device"], each["vtep"], each["vni"]) for each in outcome.of(rule)]


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


# V4


def retarget(fabric: Fabric, leaf: int, targets: str, *vnis: int) -> Fabric:
    """A leaf's routes get other route targets, everywhere."""
    for vni in vnis:
        fabric.targets[leaf, vni] = targets
        fabric.route(f"l{leaf}", leaf, vni, None)
        for spine in SPINES:
            fabric.route(f"s{spine}", leaf, vni, link(leaf, spine)[0])
        for other in fabric.leaves:
            if other != leaf:
                fabric.hears(other, leaf, vnis=(vni,))
    return fabric


@pytest.mark.parametrize("version", [4, 6])
def test_the_leaf_whose_targets_meet_nobodys_is_told_after_10_s(version: int) -> None:
    fabric = retarget(Fabric(version), 3, "65000:9999", VNI)

    assert play(fabric.passes(9.9)).of("V4") == []
    incident = one(play(fabric.passes(1)), "V4")
    assert (incident["device"], incident["vni"], incident["detected_at"]) == ("l3", VNI, 30)
    assert incident["summary"] == (
        "Route targets of l3 don't meet those of 3 of 3 leaves for VNI 1010: it exports 65000:9999, "
        "l1, l2, l4 export 65000:1010"
    )
    assert evidence(incident)["assumed"].startswith("a leaf imports for a VNI what it exports")


def test_targets_wrong_for_all_vnis_are_one_incident() -> None:
    fabric = retarget(Fabric(), 3, "65000:9999", VNI, OTHER_VNI)

    assert subjects(play(fabric.passes(11)), "V4") == [("l3", None, None)]


def test_one_target_in_common_is_enough() -> None:
    fabric = retarget(Fabric(), 3, f"65000:9999 65000:{VNI}", VNI)

    assert play(fabric.passes(30)).of("V4") == []


def derived(leaves: tuple[int, ...] = LEAVES) -> dict[tuple[int, int], str]:
    return {(leaf, vni): f"{65000 + leaf}:{vni}" for leaf in leaves for vni in (VNI, OTHER_VNI)}


def test_derived_targets_that_are_imported_all_the_same_are_no_fault() -> None:
    # FRRouting disregards the AS of derived targets: its VTEPs are there
    assert play(Fabric(targets=derived()).passes(30)).of("V4") == []


def test_derived_targets_that_nobody_imports_are_one() -> None:
    fabric = Fabric(targets=derived(), peers=dict.fromkeys(LEAVES, "none"))

    assert [device for device, _, _ in subjects(play(fabric.passes(11)), "V4")] == ["l1", "l2", "l3", "l4"]


def test_a_leaf_that_shows_the_vtep_for_that_vni_alone_imports_it() -> None:
    fabric = retarget(Fabric(vnis=(VNI,), leaves=(1, 2)), 2, "65000:9999", VNI)

    assert play(fabric.passes(30)).of("V4") == []


def test_it_clears_when_targets_meet_again() -> None:
    fabric = retarget(Fabric(), 3, "65000:9999", VNI)
    fabric.passes(20)
    retarget(fabric, 3, f"65000:{VNI}", VNI).passes(6)

    assert play(fabric.scene).spans("V4") == [(30, 45)]


@given(cuts=st.sets(st.integers(1, 400), max_size=4), restarts=st.sets(st.integers(1, 400), max_size=3))
@settings(max_examples=8, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    fabric = Fabric().forgets(1, 3, VNI)
    fabric.passes(4)
    retarget(fabric, 2, "65000:9999", OTHER_VNI).passes(8)
    fabric.forgets(1, 2).passes(12)
    fabric.hears(1, 3).passes(12)

    whole, parts = play(fabric.scene), play(fabric.scene, cuts, restarts=restarts)

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
