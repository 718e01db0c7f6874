"""A sticky MAC claimed from elsewhere: M7."""

import polars as pl
import pytest

from pipeline.apply.mac_location import STEP_FRAME
from pipeline.detectors import FINDING
from pipeline.detectors.sticky import detect
from tests.pipeline.driver import play
from tests.pipeline.scene import Scene, address, mac


def held(version: int = 4) -> Scene:
    """A sticky MAC of VTEP 1, as a spine and a leaf hear it."""
    scene = Scene().joins("s1", "l2").passes(1)
    for device in ("s1", "l2"):
        scene.mac_route(device, 1, address(1, version), sticky=True)
    return scene.passes(10)


@pytest.mark.parametrize("version", [4, 6])
def test_a_foreign_claim_while_a_sticky_one_is_held_is_a_violation_at_once(version: int) -> None:
    scene = held(version).mac_route("s1", 1, address(2, version), 1).passes(3)

    [incident] = play(scene).incidents

    assert (incident["rule"], incident["severity"], incident["state"]) == ("M7", "critical", "open")
    assert (incident["detected_at"], incident["vni"], incident["mac"]) == (11, 1010, mac(1))
    assert incident["summary"] == (
        f"MAC 00:11:c0:08:00:01 in VNI 1010 is sticky at {address(1, version)} "
        f"and was claimed by {address(2, version)}"
    )


def test_the_local_claim_of_a_leaf_counts_as_any_other() -> None:
    scene = held().mac_route("l2", 1, address(2), neighbor=None).passes(3)

    assert play(scene).rules() == ["M7"]


def test_sequence_numbers_do_not_matter_beside_a_sticky_claim() -> None:
    outcome = play(held().mac_route("s1", 1, address(2), 99).passes(3))

    assert outcome.locations[0]["location"] == address(1)
    assert [finding["rule"] for finding in outcome.findings] == ["M7"]


def test_a_sticky_claim_alone_and_its_repeats_are_silent() -> None:
    scene = held()
    for _ in range(3):
        scene.mac_route("s1", 1, address(1), sticky=True, op="delete").passes(5)
        scene.mac_route("s1", 1, address(1), sticky=True).passes(5)

    assert play(scene).findings == []


def test_another_pe_of_the_same_segment_is_no_intruder() -> None:
    esi = "00:11:22:33:44:55:66:77:88:99"
    scene = Scene().joins("s1").passes(1)
    for pe in (1, 2):
        scene.mac_route("s1", 1, address(pe), sticky=True, esi=esi)

    assert play(scene.passes(5)).findings == []


def test_a_sticky_claim_that_comes_where_a_dynamic_one_is_being_withdrawn_is_no_violation() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(2), 3).passes(5)
    scene.mac_route("s1", 1, address(1), sticky=True).passes(2)
    scene.mac_route("s1", 1, address(2), op="delete").passes(5)

    assert play(scene).findings == []


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


def test_a_second_intruder_keeps_it_open() -> None:
    scene = held().mac_route("s1", 1, address(2), 1).passes(5).mac_route("s1", 1, address(3), 1).passes(5)
    scene.mac_route("s1", 1, address(2), op="delete").passes(30)

    assert play(scene).spans("M7") == [(11, None)]


def test_two_vnis_are_two_macs() -> None:
    scene = held().mac_route("s1", 1, address(2), 1, vni=1020, rd="10.0.0.2:1020").passes(5)

    assert play(scene).findings == []


def test_a_violation_that_a_dump_shows_is_no_news() -> None:
    scene = Scene()
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1), sticky=True).mac_route("s1", 1, address(2), 1)

    assert play(scene.passes(5)).findings == []


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
