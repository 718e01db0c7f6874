"""A redundant pair that loses or regains a link (REDUNDANCY_CHANGE): told as what it is, and no move."""

import json
from typing import Any

import pytest

from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import VNI, Scene, address, mac

alone = judged_by("macs")


def pair(version: int = 4, *, shared: bool = True) -> Scene:
    """Leaves 1 and 2 with a VTEP each and one in common, 20 MACs behind the pair."""
    scene = Scene().joins("s1", "l1", "l2").passes(1)
    for number in (1, 2):
        scene.imet(f"l{number}", address(number, version), neighbor=None)
        if shared:
            scene.imet(f"l{number}", address(100, version), neighbor=None)
    for number in range(20):
        scene.mac_route("s1", number, address(100, version), 0)
    return scene.until(20.0)


def go(scene: Scene, old: str, new: str, seq: int, macs: int = 20) -> Scene:
    for number in range(macs):
        scene.mac_route("s1", number, new, seq).mac_route("s1", number, old, op="delete")
    return scene


def told(outcome: Outcome) -> list[tuple[float, str, str]]:
    return [(one["time"], one["device"], one["summary"]) for one in outcome.found("REDUNDANCY_CHANGE")]


def of_macs(outcome: Outcome) -> list[dict[str, Any]]:
    """What is said of MACs; the scene's flood lists are nobody's concern here."""
    return [one for one in outcome.findings if one["rule"][0] in "MR"]


def opened(outcome: Outcome) -> list[str]:
    return [rule for rule in outcome.rules() if rule[0] in "MR"]


@pytest.mark.parametrize("version", [4, 6])
def test_macs_that_go_to_the_own_vtep_are_one_finding_and_no_move(version: int) -> None:
    shared, own = address(100, version), address(1, version)

    outcome = play(go(pair(version), shared, own, 1).until(40))

    [(time, device, summary)] = told(outcome)
    assert (time, device) == (30, "l1")
    assert summary == (
        f"20 MACs went from the VTEP {shared} that a pair shares to l1's own {own}: l1 serves them alone "
        "now, its partner has lost its links to them. No host moved"
    )
    [finding] = of_macs(outcome)
    assert (finding["severity"], finding["vtep"], finding["mac"]) == ("info", own, None)
    evidence = json.loads(finding["evidence"])
    assert (evidence["cause"], evidence["macs"], evidence["vnis"]) == ("redundancy_lost", 20, [VNI])
    assert evidence["ruled_out"][0] == "move of hosts (M1, M2, M3): l1 has both addresses"
    assert opened(outcome) == []


def test_the_way_back_is_told_too() -> None:
    scene = go(pair(), address(100), address(1), 1).until(50)

    outcome = play(go(scene, address(1), address(100), 2).until(70))

    [_, (time, device, summary)] = told(outcome)
    assert (time, device) == (60, "l1")
    assert "back to 10.0.0.100, which a pair shares: both serve them again" in summary


def test_a_flapping_member_link_is_told_every_10_s_and_is_no_flap_of_its_macs() -> None:
    scene = pair()
    for turn in range(8):
        old, new = (address(100), address(1)) if turn % 2 == 0 else (address(1), address(100))
        go(scene, old, new, turn + 1).passes(5)

    outcome = play(scene.passes(20))

    assert opened(outcome) == []
    assert {one["rule"] for one in of_macs(outcome)} == {"REDUNDANCY_CHANGE"}
    assert [time for time, *_ in told(outcome)] == [30, 30, 40, 40, 50, 50, 60, 60]


def test_without_a_device_that_has_both_addresses_they_are_moves() -> None:
    outcome = play(go(pair(shared=False), address(100), address(1), 1, macs=3).until(40))

    assert told(outcome) == []
    assert [one["rule"] for one in of_macs(outcome)] == ["M1"] * 3


def test_a_host_that_moves_to_the_other_leaf_is_a_move() -> None:
    scene = go(pair(), address(100), address(1), 1, macs=1).until(50)

    outcome = play(go(scene, address(1), address(2), 2, macs=1).until(70))

    assert [(one["rule"], one["mac"]) for one in of_macs(outcome)] == [
        ("REDUNDANCY_CHANGE", None),
        ("M1", mac(0)),
    ]


@pytest.mark.parametrize("size", [3, 25])
def test_neither_cuts_nor_restarts_change_it(size: int) -> None:
    scene = pair()
    for turn in range(5):
        old, new = (address(100), address(1)) if turn % 2 == 0 else (address(1), address(100))
        go(scene, old, new, turn + 1, macs=4).passes(7)
    cuts = range(0, len(scene.records), size)

    assert alone(scene, cuts, restarts=list(cuts)[::6]).findings == alone(scene).findings
