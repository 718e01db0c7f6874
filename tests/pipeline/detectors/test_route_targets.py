"""Route targets that don't meet: V4."""

import pytest

from tests.pipeline.detectors.flooding_scene import (
    LEAVES,
    OTHER_VNI,
    Fabric,
    evidence,
    one,
    retarget,
    subjects,
)
from tests.pipeline.driver import play
from tests.pipeline.scene import VNI


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

    outcome = play(fabric.passes(11))

    assert [device for device, _, _ in subjects(outcome, "V4")] == ["l1", "l2", "l3", "l4"]
    # it is one fault
    assert [incident["root_incident_id"] for incident in outcome.of("V4")].count(None) == 1


def test_a_leaf_that_shows_the_vtep_for_that_vni_alone_imports_it() -> None:
    fabric = retarget(Fabric(vnis=(VNI,), leaves=(1, 2)), 2, "65000:9999", VNI)

    assert play(fabric.passes(30)).of("V4") == []


def test_it_clears_when_targets_meet_again() -> None:
    fabric = retarget(Fabric(), 3, "65000:9999", VNI)
    fabric.passes(20)
    retarget(fabric, 3, f"65000:{VNI}", VNI).passes(6)

    assert play(fabric.scene).spans("V4") == [(30, 45)]
