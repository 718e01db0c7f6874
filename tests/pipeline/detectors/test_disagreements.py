"""Tables of one device that don't agree where a MAC is: X3."""

import json
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detectors import disagreements
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import PATHS, Scene, address, delayed

alone = judged_by("disagreements")

LEAF = "l1"


def leaf(version: int = 4) -> Scene:
    """A leaf that hears a host of leaf 2 and has one of its own; its tables agree."""
    scene = Scene().joins(LEAF, "s1").passes(1)
    remote(own(scene, 1, version), 2, version)
    return scene.passes(9)


def own(scene: Scene, number: int, version: int = 4, op: str = "update") -> Scene:
    scene.mac_route(LEAF, number, address(1, version), neighbor=None, op=op)
    return scene.learns(LEAF, number, op=op)


def remote(scene: Scene, number: int, version: int = 4, op: str = "update") -> Scene:
    scene.mac_route(LEAF, number, address(2, version), op=op)
    return scene.learns(LEAF, number, op=op, producer="BGP")


def x3(outcome: Outcome) -> list[dict[str, Any]]:
    return outcome.of("X3")


def withdrawn(version: int = 4) -> Scene:
    """The route of a MAC goes, its entry stays."""
    return leaf(version).mac_route(LEAF, 2, address(2, version), op="delete")


@pytest.mark.parametrize("version", [4, 6])
def test_an_entry_that_outlives_its_route_by_30_s_is_told(version: int) -> None:
    scene = withdrawn(version)

    assert x3(play(scene.passes(29.9))) == []
    [incident] = x3(play(scene.passes(1)))
    assert (incident["severity"], incident["detected_at"], incident["device"]) == ("warning", 40, LEAF)
    assert incident["summary"] == (
        "The tables of l1 have not agreed on 1 MAC for 30 s: 00:11:c0:08:00:02 in VNI 1010: "
        "the L2RIB has it from BGP, which has no route for it any more"
    )
    assert json.loads(incident["evidence"])["macs"] == 1


def test_a_route_of_its_own_for_what_it_has_from_bgp_alone_is_told() -> None:
    scene = leaf().learns(LEAF, 1, op="delete").learns(LEAF, 1, producer="BGP").passes(31)

    [incident] = x3(play(scene))
    assert "BGP announces it as its own, the L2RIB has it from BGP alone" in incident["summary"]


def test_a_mac_learned_at_a_port_that_bgp_knows_from_elsewhere_alone_is_told() -> None:
    scene = leaf().learns(LEAF, 2, op="delete", producer="BGP").learns(LEAF, 2).passes(31)

    [incident] = x3(play(scene))
    assert "the L2RIB learned it at a port, BGP knows it from elsewhere alone" in incident["summary"]


@pytest.mark.parametrize(
    "odd", [{"mobility_state": "FROZEN"}, {"sticky": True}, {"esi": "00:11:22:33:44:55:66:77:88:99"}]
)
def test_a_mac_that_may_be_at_two_places_is_none(odd: dict[str, Any]) -> None:
    scene = leaf().learns(LEAF, 2, op="delete", producer="BGP").learns(LEAF, 2, **odd).passes(60)

    assert x3(play(scene)) == []


def test_tables_that_agree_say_nothing() -> None:
    scene = leaf()
    for _ in range(5):
        remote(own(scene, 2), 2, op="delete").passes(20)
        own(scene, 2, op="delete")
        remote(scene, 2).passes(20)

    assert x3(play(scene)) == []


def test_an_entry_whose_route_was_never_heard_says_nothing() -> None:
    scene = leaf().learns(LEAF, 9, producer="BGP").passes(60)

    assert x3(play(scene)) == []


def test_a_device_that_tells_one_table_only_has_nothing_to_compare() -> None:
    scene = Scene().joins("s1", families=("routes", "liveness")).passes(1)
    scene.mac_route("s1", 2, address(2)).passes(5).mac_route("s1", 2, address(2), op="delete").passes(60)

    assert x3(play(scene)) == []


def test_a_pair_that_changes_all_the_time_is_a_move_and_no_disagreement() -> None:
    scene = withdrawn()
    for _ in range(4):
        scene.passes(20).mac_route(LEAF, 2, address(2)).mac_route(LEAF, 2, address(2), op="delete")

    assert x3(play(scene.passes(20))) == []


def test_it_clears_when_the_tables_agree_for_5_s() -> None:
    scene = withdrawn().passes(50).learns(LEAF, 2, op="delete", producer="BGP").passes(4.9)
    assert [one["resolved_at"] for one in x3(play(scene))] == [None]
    assert [one["resolved_at"] for one in x3(play(scene.passes(1)))] == [65]


def test_all_macs_of_a_device_are_one_finding() -> None:
    scene = leaf()
    for number in range(2, 22):
        remote(scene, number)
    for number in range(2, 22):
        scene.mac_route(LEAF, number, address(2), op="delete")

    [incident] = x3(play(scene.passes(31)))
    assert "have not agreed on 20 MACs for 30 s: " in incident["summary"]
    assert incident["summary"].endswith("; and 17 more")


def test_a_sampled_table_has_two_intervals_time_and_the_sentence_says_so() -> None:
    scene = Scene().joins("s1")
    with scene.dump(LEAF, "routes", "liveness"):
        pass
    paths = [{"path": PATHS["mac"][0], "mode": "SAMPLE", "interval_s": 40}]
    with scene.dump(LEAF, "mac", paths=paths):
        pass
    scene.passes(1)
    remote(own(scene, 1), 2).passes(9)
    scene.mac_route(LEAF, 2, address(2), op="delete")

    assert x3(play(scene.passes(79.9))) == []
    [incident] = x3(play(scene.passes(1)))
    assert "have not agreed on 1 MAC for 80 s: " in incident["summary"]


def test_what_goes_on_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    course_of = disagreements.course_of

    def counted(told: pl.DataFrame, *fresh: pl.DataFrame) -> pl.DataFrame:
        looks.append(len(told))
        return course_of(told, *fresh)

    monkeypatch.setattr(disagreements, "course_of", counted)
    scene = withdrawn().passes(300)
    [incident] = x3(alone(scene, range(len(scene.records))))

    assert incident["state"] == "open"
    assert looks == [1]


def test_nobody_can_tell_of_a_device_that_is_not_seen() -> None:
    outcome = play(withdrawn().passes(50).ends(LEAF).passes(40))

    [incident] = x3(outcome)
    assert (incident["state"], incident["coverage"]) == ("open", 0)


def story() -> Scene:
    scene = withdrawn().passes(20)
    remote(scene, 3).passes(3).mac_route(LEAF, 3, address(2), op="delete").passes(35)
    scene.learns(LEAF, 1, op="delete").learns(LEAF, 1, producer="BGP").passes(14)
    own(scene, 7).passes(25).learns(LEAF, 2, op="delete", producer="BGP").passes(8)
    scene.learns(LEAF, 3, op="delete", producer="BGP").passes(12)
    return scene.learns(LEAF, 1).passes(12)


STORY = story()


def told(outcome: Outcome) -> list[list[dict[str, Any]]]:
    return [[one for one in outcome.findings if one["rule"] == "X3"], x3(outcome)]


@cache
def whole() -> Outcome:
    return alone(STORY)


def test_the_story_begins_and_ends() -> None:
    assert [one["state"] for one in x3(play(STORY))] == ["resolved"]


@given(
    st.lists(st.integers(1, len(STORY.records) - 1), max_size=4),
    st.lists(st.integers(1, len(STORY.records) - 1), max_size=3),
)
@settings(max_examples=15, deadline=None)
def test_neither_cuts_nor_restarts_change_anything(cuts: list[int], restarts: list[int]) -> None:
    assert told(alone(STORY, cuts, restarts=restarts)) == told(whole())


@given(st.lists(st.sampled_from([0.0, 0.4, 3.0, 9.0]), min_size=1, max_size=4))
@settings(max_examples=8, deadline=None)
def test_a_device_that_is_heard_late_says_the_same(delays: list[float]) -> None:
    def plain(outcome: Outcome) -> list[tuple[Any, ...]]:
        return sorted((one["active"], one["time"], one["summary"]) for one in outcome.findings)

    records = delayed(STORY.records, delays)
    assert plain(alone(records, range(0, len(records), 40))) == plain(whole())
