"""VNIs that survive on one leaf alone: R19."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.records import Kind
from pipeline.detectors.settings import Settings
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import VNI, Said, Scene, address, delayed

alone = judged_by("survivors")

OBSERVERS = ("l1", "l2", "s1", "s2")
DAY = 86_400


def serve(
    scene: Scene, leaf: int, *devices: str, vni: int = VNI, version: int = 4, op: str = "update"
) -> Scene:
    """A leaf serves a VNI, or no longer: everybody hears its type-3 route."""
    for device in devices or OBSERVERS:
        neighbor = None if device == f"l{leaf}" else "192.0.2.1"
        scene.imet(device, address(leaf, version), vni=vni, neighbor=neighbor, op=op)
    return scene


def leaves(scene: Scene, leaf: int, *devices: str, vni: int = VNI, version: int = 4) -> Scene:
    return serve(scene, leaf, *devices, vni=vni, version=version, op="delete")


def fabric(served_by: tuple[int, ...] = (1, 2), vnis: int = 1, version: int = 4) -> Scene:
    """VNIs on leaves, known from second 1 on."""
    scene = Scene().joins(*OBSERVERS).passes(1)
    for vni in range(VNI, VNI + vnis):
        for leaf in served_by:
            serve(scene, leaf, vni=vni, version=version)
    return scene.passes(9)


def r19(outcome: Outcome) -> list[dict[str, Any]]:
    return outcome.of("R19")


@pytest.mark.parametrize("version", [4, 6])
def test_a_vni_that_is_left_on_one_leaf_for_5_s_has_lost_its_redundancy(version: int) -> None:
    scene = leaves(fabric(version=version), 2, version=version)

    assert r19(play(scene.passes(4.9))) == []
    [incident] = r19(play(scene.passes(1)))
    assert (incident["severity"], incident["detected_at"], incident["vni"]) == ("critical", 15, VNI)
    assert incident["summary"] == (
        "VNI 1010 survives on l1 alone, of 2 leaves; lost: l2. The next failure takes 0 MACs"
    )
    evidence = json.loads(incident["evidence"])
    assert (evidence["survivor"], evidence["lost"], evidence["expected"]) == ("l1", ["l2"], 2)


def test_the_next_failure_takes_the_macs_that_are_not_lost_yet() -> None:
    scene, esi = fabric(), "00:11:22:33:44:55:66:77:88:99"
    for number in range(1, 6):
        scene.mac_route("s1", number, address(1))
    for number in range(10, 13):
        scene.mac_route("s1", number, address(2))
    scene.mac_route("s1", 20, address(2), esi=esi).mac_route("s1", 30, address(1), vni=1020).passes(2)
    leaves(scene, 2).passes(6)
    scene.mac_route("s1", 6, address(1)).passes(1)

    [incident] = r19(play(scene))
    assert incident["summary"].endswith("The next failure takes 6 MACs")


def test_of_three_leaves_the_second_loss_is_told_and_the_first_is_not() -> None:
    scene = leaves(fabric((1, 2, 3)), 3).passes(20)
    assert r19(play(scene)) == []

    [incident] = r19(play(leaves(scene, 2).passes(6)))
    assert "survives on l1 alone, of 3 leaves; lost: 10.0.0.3, l2" in incident["summary"]


def test_a_vni_that_was_only_ever_on_one_leaf_has_nothing_to_lose() -> None:
    scene = fabric((1,)).passes(20)
    assert r19(play(scene)) == []
    assert r19(play(leaves(scene, 1).passes(20))) == []


def test_a_leaf_that_is_back_within_5_s_was_not_lost() -> None:
    assert r19(play(serve(leaves(fabric(), 2).passes(4.9), 2).passes(20))) == []


@pytest.mark.parametrize(("devices", "found"), [(("l1", "s1"), 1), (("s1",), 0)])
def test_half_of_the_fresh_observers_decide(devices: tuple[str, ...], found: int) -> None:
    assert len(r19(play(leaves(fabric(), 2, *devices).passes(10)))) == found


def test_a_pair_that_shares_its_vtep_is_no_leaf_alone() -> None:
    scene = Scene().joins(*OBSERVERS, "l3").passes(1)
    for device in ("l1", "l3"):
        scene.has_address(device, "lo1", address(1), 32)
    serve(serve(scene, 1), 2).passes(5)

    assert r19(play(leaves(scene, 2).passes(20))) == []


def test_it_clears_when_a_second_leaf_serves_the_vni_for_5_s() -> None:
    scene = serve(leaves(fabric(), 2).passes(20), 2).passes(4.9)
    assert [one["resolved_at"] for one in r19(play(scene))] == [None]
    assert [one["resolved_at"] for one in r19(play(scene.passes(1)))] == [35]


def test_while_nobody_sees_nothing_resolves() -> None:
    scene = leaves(fabric(), 2).passes(20)
    for device in OBSERVERS:
        scene.ends(device)
    outcome = play(scene.passes(60))

    [incident] = r19(outcome)
    assert (incident["state"], incident["coverage"]) == ("open", 0)


def test_a_leaf_lost_while_nobody_looked_is_found_at_the_sync() -> None:
    scene = fabric()
    for device in OBSERVERS:
        scene.ends(device)
    scene.passes(30)
    for device in OBSERVERS:
        with scene.dump(device):
            serve(scene, 1, device)

    assert len(r19(play(scene.passes(6)))) == 1


def unseen(op: str, *, vnis: int = 1) -> Scene:
    """VNIs are left on l1; all go blind; what was lost may come back; they look again, and long after."""
    scene = fabric(vnis=vnis)
    every = range(VNI, VNI + vnis)
    for vni in every:
        leaves(scene, 2, vni=vni)
    scene.passes(20)
    for device in OBSERVERS:
        scene.ends(device, "routes").unmute(device)
    scene.passes(60)
    for device in OBSERVERS:
        with scene.dump(device, "routes", sync=False):
            for vni in every:
                serve(serve(scene, 1, device, vni=vni), 2, device, vni=vni, op=op)
    # a dump may take longer than what may still be revised
    scene.passes(25)
    for device in OBSERVERS:
        scene._add(device, "routes", sync=True)
    return scene.passes(40)


@pytest.mark.parametrize("vnis", [1, 10])
@pytest.mark.parametrize("restart", [True, False])
def test_what_was_mended_while_nobody_looked_ends_when_somebody_does(vnis: int, *, restart: bool) -> None:
    scene = unseen("update", vnis=vnis)
    cuts = range(60, len(scene.records), 60)

    assert play(scene).spans("R19") == [(15, 120)]
    assert play(scene, cuts, restarts=cuts if restart else []).spans("R19") == [(15, 120)]


@pytest.mark.parametrize("restart", [True, False])
def test_what_goes_on_is_told_once_whatever_was_forgotten(*, restart: bool) -> None:
    scene = unseen("delete")
    cuts = range(60, len(scene.records), 60)
    whole, parts = play(scene), play(scene, cuts, restarts=cuts if restart else [])

    assert whole.spans("R19") == parts.spans("R19") == [(15, None)]
    assert told(whole) == told(parts)


def test_a_long_wait_is_not_shortened_by_what_is_forgotten() -> None:
    scene = leaves(fabric((1, 2, 3)), 3, "l1", "l2").passes(60)
    leaves(leaves(scene, 3, "s1", "s2"), 2).passes(30)
    leaves(serve(scene, 2, "s2"), 2, "s2").passes(60)
    long = Settings(fabric={("R19", "seconds"): 60.0})
    cuts = range(60, len(scene.records), 60)
    whole, parts = play(scene, settings=long), play(scene, restarts=cuts, settings=long)

    assert whole.spans("R19") == parts.spans("R19") == [(130, None)]
    assert told(whole) == told(parts)


def test_the_tenant_is_named_where_it_is_declared() -> None:
    scene = fabric()
    scene.records.insert(0, Said(0.0, "c1", Kind.FABRIC, content={"vnis": {"1010": {"tenant": "blue"}}}))
    [incident] = r19(play(leaves(scene, 2).passes(6)))

    assert incident["tenant"] == "blue"
    assert incident["summary"].startswith("VNI 1010 of tenant blue survives on l1 alone")


@pytest.mark.parametrize("found", [9, 1])
def test_ten_vnis_left_on_one_leaf_within_30_s_are_one_finding_about_the_leaf(found: int) -> None:
    count = 9 if found == 9 else 10
    scene = fabric(vnis=count)
    for vni in range(VNI, VNI + count):
        leaves(scene, 2, vni=vni)
    outcome = play(scene.passes(6))

    assert len(r19(outcome)) == found
    if found == 1:
        [incident] = r19(outcome)
        assert (incident["vtep"], incident["device"], incident["vni"]) == (address(1), "l1", None)
        assert incident["summary"].startswith("10 VNIs survive on l1 alone; lost: l2. The next failure")
        for vni in range(VNI, VNI + count):
            serve(scene, 2, vni=vni)
        [incident] = r19(play(scene.passes(6)))
        assert incident["resolved_at"] == 21


def test_a_leaf_that_is_gone_for_7_days_is_expected_no_more() -> None:
    scene = leaves(fabric(), 2).passes(10)
    one_week = 10 + 7 * DAY
    for device in OBSERVERS:
        scene.mute(device)
    scene.records.append(Said(one_week - 1.0, "c1", Kind.TICK))
    scene.now = one_week - 1.0
    assert [one["state"] for one in r19(play(scene))] == ["open"]

    scene.records.append(Said(one_week + 6.0, "c1", Kind.TICK))
    scene.now = one_week + 6.0
    assert r19(play(scene, cuts=[len(scene.records) - 1]))[0]["state"] == "resolved"


def story() -> Scene:
    scene = fabric((1, 2, 3), vnis=2)
    for number in range(1, 4):
        scene.mac_route("s1", number, address(1), ip=f"10.9.0.{number}")
    leaves(scene, 2).passes(8)
    leaves(scene, 3).passes(4)
    scene.mac_route("s1", 9, address(1)).passes(12)
    scene.ends("s2").passes(4)
    leaves(scene, 3, "l1", "l2", "s1", vni=VNI + 1).passes(2)
    leaves(scene, 2, "l1", "l2", "s1", vni=VNI + 1).passes(9)
    with scene.dump("s2"):
        serve(serve(scene, 1, "s2"), 1, "s2", vni=VNI + 1)
    serve(scene.passes(12), 3).passes(20)
    return scene


STORY = story()


def told(outcome: Outcome) -> list[list[dict[str, Any]]]:
    keep = [one for one in outcome.findings if one["rule"] == "R19"]
    return [keep, r19(outcome)]


@cache
def whole() -> list[list[dict[str, Any]]]:
    return told(alone(STORY))


def test_the_story_tells_of_both_vnis() -> None:
    assert sorted(one["vni"] for one in r19(play(STORY))) == [VNI, VNI + 1]


@given(
    st.lists(st.integers(1, len(STORY.records) - 1), max_size=4),
    st.lists(st.integers(1, len(STORY.records) - 1), max_size=3),
)
@settings(max_examples=10, deadline=None)
def test_neither_cuts_nor_restarts_change_anything(cuts: list[int], restarts: list[int]) -> None:
    assert told(alone(STORY, cuts, restarts=restarts)) == whole()


@given(st.lists(st.sampled_from([0.0, 0.4, 3.0, 9.0]), min_size=1, max_size=6))
@settings(max_examples=10, deadline=None)
def test_who_is_heard_first_changes_nothing_within_the_lateness(delays: list[float]) -> None:
    def plain(findings: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted((it["active"], it["time"], it["summary"]) for it in findings if it["rule"] == "R19")

    records = delayed(STORY.records, delays)
    assert plain(alone(records, range(0, len(records), 60)).findings) == plain(whole()[0])
