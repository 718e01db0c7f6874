"""Routes that lose on their way what makes them usable: V3, V5."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Scene, address

alone = judged_by("attributes")

TARGET = "65000:1010"
WHOLE: dict[str, Any] = {"route_targets": TARGET, "encapsulation": "vxlan"}
LEAVES = (1, 2, 3)


def link(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    """The addresses of a link: the leaf's and the spine's."""
    if version == 4:
        return f"10.{leaf}.{spine}.0", f"10.{leaf}.{spine}.1"
    return f"2001:db8:{leaf}:{spine}::a", f"2001:db8:{leaf}:{spine}::b"


def fabric(version: int = 4, spines: tuple[int, ...] = (1, 2), length: int = 31) -> Scene:
    """Three leaves with a VTEP each, two spines; everybody holds everybody's type-3 route."""
    scene = Scene()
    for leaf in LEAVES:
        with scene.dump(f"l{leaf}"):
            scene.has_address(f"l{leaf}", "lo", address(leaf, version), 32 if version == 4 else 128)
            for spine in spines:
                scene.has_address(f"l{leaf}", f"up{spine}", link(leaf, spine, version)[0], length)
            scene.imet(f"l{leaf}", address(leaf, version), neighbor=None, **WHOLE)
            for other in LEAVES:
                for spine in spines if other != leaf else ():
                    told(scene, leaf, other, spine, version, **WHOLE)
    for spine in spines:
        with scene.dump(f"s{spine}"):
            scene.has_address(f"s{spine}", "lo", address(100 + spine, version), 32 if version == 4 else 128)
            for leaf in LEAVES:
                mine = link(leaf, spine, version)
                scene.has_address(f"s{spine}", f"down{leaf}", mine[1], length)
                scene.imet(f"s{spine}", address(leaf, version), neighbor=mine[0], **WHOLE)
    return scene.passes(20)


def told(scene: Scene, leaf: int, other: int, spine: int, version: int = 4, **more: Any) -> Scene:
    """A leaf hears of another leaf's route from a spine."""
    return scene.imet(
        f"l{leaf}", address(other, version), neighbor=link(leaf, spine, version)[1], **{**WHOLE, **more}
    )


def subjects(outcome: Outcome, rule: str) -> list[tuple[str | None, str | None]]:
    return [(one["device"], one["peer"]) for one in outcome.of(rule)]


def evidence(incident: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(incident["evidence"])
    return found


def test_a_whole_fabric_is_silent() -> None:
    assert play(fabric()).of("V3", "V5") == []


@pytest.mark.parametrize("version", [4, 6])
def test_a_spine_that_sets_itself_as_next_hop_is_told_at_once_and_once(version: int) -> None:
    scene = fabric(version)
    for leaf in LEAVES:
        for other in LEAVES:
            if other != leaf:
                told(scene, leaf, other, 1, version, next_hop=address(101, version))

    [incident] = play(scene.passes(1)).of("V3")

    assert (incident["device"], incident["peer"], incident["severity"]) == ("s1", None, "critical")
    assert incident["detected_at"] == incident["opened_at"] == 20
    assert (
        f"s1 changes the next hop of type-3 routes to {address(101, version)}: 3 routes of 3 VTEPs"
        in (incident["summary"])
    )
    assert "l1, l2, l3 see" in incident["summary"]


def test_one_path_with_another_next_hop_is_enough() -> None:
    scene = told(fabric(), 1, 2, 2, next_hop=link(1, 2)[1]).passes(1)

    assert subjects(play(scene), "V3") == [("s2", None)]


def test_a_next_hop_that_is_the_originators_is_none_of_it() -> None:
    scene = told(fabric(), 1, 2, 2, next_hop=address(2), encapsulation="vxlan").passes(1)

    assert play(scene).of("V3") == []


def test_another_address_of_the_origin_is_no_change() -> None:
    # an anycast VTEP of two leaves: the next hop is theirs, the originator each one's own
    scene = fabric()
    for leaf in (2, 3):
        scene.has_address(f"l{leaf}", "lo1", "10.0.0.99", 32)
    for leaf in (2, 3):
        told(scene, 1, leaf, 1, next_hop="10.0.0.99")

    assert play(scene.passes(30)).of("V3") == []


def test_an_unknown_address_that_is_not_the_neighbours_is_no_verdict() -> None:
    scene = told(fabric(), 1, 2, 1, next_hop="10.9.9.9").passes(30)

    assert play(scene).of("V3") == []


def test_a_neighbour_that_nobody_knows_is_named_by_its_address() -> None:
    scene = fabric().imet("l1", address(2), neighbor="192.0.2.7", next_hop="192.0.2.7", **WHOLE).passes(1)

    assert subjects(play(scene), "V3") == [(None, "192.0.2.7")]


def test_it_clears_5_s_after_the_next_hop_is_right_again() -> None:
    scene = told(fabric(), 1, 2, 1, next_hop=address(101)).passes(20)
    told(scene, 1, 2, 1).passes(4.9)
    assert play(scene).spans("V3") == [(20, None)]

    outcome = play(scene.passes(1))
    assert outcome.spans("V3") == [(20, 45)]
    # that nobody holds such a route is seen by all
    assert outcome.of("V3")[0]["coverage"] == 1.0


def test_a_withdrawn_route_clears_it_too() -> None:
    scene = told(fabric(), 1, 2, 1, next_hop=address(101)).passes(20)
    scene.imet("l1", address(2), neighbor=link(1, 1)[1], op="delete").passes(6)

    assert play(scene).spans("V3") == [(20, 45)]


def test_it_stays_open_while_who_saw_it_is_blind() -> None:
    scene = told(fabric(), 1, 2, 1, next_hop=address(101)).passes(20).ends("l1").passes(60)

    [incident] = play(scene).of("V3")

    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


@pytest.mark.parametrize(
    ("lacking", "severity", "words"),
    [
        ({"route_targets": None}, "critical", "without route targets"),
        ({"encapsulation": None}, "warning", "without encapsulation"),
        (
            {"route_targets": None, "encapsulation": None},
            "critical",
            "without route targets and encapsulation",
        ),
    ],
)
def test_a_spine_that_strips_communities_is_told_at_once_and_once(
    lacking: dict[str, Any], severity: str, words: str
) -> None:
    scene = fabric()
    for leaf, other in ((1, 2), (1, 3), (2, 1), (3, 1)):
        told(scene, leaf, other, 1, **lacking)

    [incident] = play(scene.passes(1)).of("V5")

    assert (incident["device"], incident["severity"], incident["detected_at"]) == ("s1", severity, 20)
    assert (
        f"s1 passes on type-3 routes {words}: 3 routes of 3 VTEPs, as l1, l2, l3 see" in (incident["summary"])
    )
    assert evidence(incident)["observers"] == ["l1", "l2", "l3"]


def test_what_a_leaf_sends_without_communities_is_its_own_doing() -> None:
    # the spines hear l1's route bare, and pass it on as it is
    scene = fabric()
    for spine in (1, 2):
        scene.imet(f"s{spine}", address(1), neighbor=link(1, spine)[0], encapsulation="vxlan")
        for leaf in (2, 3):
            told(scene, leaf, 1, spine, route_targets=None)

    assert subjects(play(scene.passes(1)), "V5") == [("l1", None)]


def test_an_origin_that_announces_no_communities_loses_none() -> None:
    scene = fabric()
    scene.imet("l1", address(1), neighbor=None, encapsulation="vxlan")
    for leaf in (2, 3):
        told(scene, leaf, 1, 1, route_targets=None)

    assert play(scene.passes(10)).of("V5") == []


def test_an_observer_that_tells_no_communities_at_all_says_nothing() -> None:
    scene = Scene().joins("l1", "m1").passes(1).imet("l1", address(1), neighbor=None, **WHOLE)
    scene.imet("m1", address(1)).imet("m1", address(2)).passes(20)

    assert play(scene).of("V5") == []


def test_stripping_found_at_the_sync_is_told() -> None:
    scene = fabric().ends("l1").passes(5)
    with scene.dump("l1"):
        scene.imet("l1", address(1), neighbor=None, **WHOLE)
        told(scene, 1, 2, 1, route_targets=None)

    assert subjects(play(scene.passes(1)), "V5") == [("s1", None)]


@given(cuts=st.sets(st.integers(1, 400), max_size=6), restarts=st.sets(st.integers(1, 400), max_size=3))
@settings(max_examples=12, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    scene = fabric()
    told(scene, 1, 2, 1, next_hop=address(101)).passes(3)
    told(scene, 2, 1, 2, route_targets=None).passes(8)
    told(scene, 1, 2, 1).passes(4)
    told(scene, 2, 1, 2).passes(12)

    whole, parts = alone(scene), alone(scene, cuts, restarts=restarts)

    assert whole.findings == parts.findings
    assert whole.incidents == parts.incidents
    assert whole.of("V3")
    assert whole.of("V5")
