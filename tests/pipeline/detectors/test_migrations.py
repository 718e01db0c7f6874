"""Migrations (M5): bursts that come to rest are told, say why nothing was opened, and open nothing."""

import json

import pytest

from pipeline.detectors.moves import PARAMETERS
from pipeline.detectors.settings import Settings
from tests.pipeline.detectors.test_mobility import every, moving
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import VNI, Scene, address, mac

alone = judged_by("macs")

KEY = {(one.rule, one.name): one.key for one in PARAMETERS}


@pytest.mark.parametrize("version", [4, 6])
def test_a_burst_that_rests_is_told_with_the_reason_why_nothing_was_opened(version: int) -> None:
    outcome = play(moving([5, 6, 7], version=version).until(60))

    [finding] = outcome.found("M5")
    assert (finding["severity"], finding["vni"], finding["mac"], finding["time"]) == ("info", VNI, mac(1), 37)
    assert finding["summary"] == (
        f"MAC 00:11:c0:08:00:01 in VNI 1010 went from {address(1, version)} to {address(2, version)}: "
        "3 moves within 2.0 s, then none for 30.0 s. Probably a migration, which may show up to 6 moves "
        "within 10.0 s; it counts as one, so it is no flap (M3, 3 moves) and no duplicate (M2, 5 moves)"
    )
    evidence = json.loads(finding["evidence"])
    assert (evidence["cause"], evidence["moves"]) == ("migration", 3)
    assert [text.split(":")[0] for text in evidence["ruled_out"]] == ["duplicate host", "loop"]
    assert outcome.incidents == []


@pytest.mark.parametrize(("until", "found"), [(36.9, False), (37.0, True)])
def test_it_has_rested_after_30_s_and_not_before(until: float, *, found: bool) -> None:
    assert bool(play(moving([5, 6, 7]).until(until)).found("M5")) is found


@pytest.mark.parametrize(("gap", "found"), [(29.9, False), (30.0, True)])
def test_a_move_within_the_30_s_makes_it_another_burst(gap: float, *, found: bool) -> None:
    # together they last longer than 10 s
    assert bool(play(moving([5, 6, 7, 7 + gap]).until(80)).found("M5")) is found


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ([5], False),  # a single move is M1 and nothing was held back
        ([5, 6], False),  # there and back
        (every(2, 6), True),  # six moves within ten seconds
        (every(1.5, 7), False),
        ([5, 6, 15.0], True),
        ([5, 6, 15.1], False),
    ],
)
def test_which_bursts_look_like_a_migration(times: list[float], *, found: bool) -> None:
    assert bool(play(moving(times).until(120)).found("M5")) is found


def test_what_comes_to_rest_where_it_was_says_so() -> None:
    [finding] = play(moving([5, 6, 7, 8]).until(60)).found("M5")

    assert "came to rest at 10.0.0.1 again: 4 moves" in finding["summary"]


def test_a_dump_shows_no_migration() -> None:
    scene = Scene()
    for turn in range(4):
        with scene.dump("s1"):
            scene.mac_route("s1", 1, address(1 + turn % 2), turn)
        scene.passes(2)

    assert play(scene.passes(60)).found("M5") == []


def test_it_keeps_no_incident_open() -> None:
    # a duplicate, then a migration long after it
    scene = moving([*every(31, 5), 300, 301, 302]).until(600)

    assert play(scene).spans("M2") == play(moving([*every(31, 5), 300, 301, 302]).until(500)).spans("M2")


def test_a_late_move_takes_it_back() -> None:
    scene = moving([5, 6, 7]).until(38)
    told = len(scene.records)
    scene.now = 30.0
    with scene.received(39.0):
        scene.mac_route("s1", 1, address(1), 4)
    scene.now = 39.0

    assert len(play(scene.records[:told]).found("M5")) == 1
    assert play(scene.passes(5), [told]).found("M5") == []


def test_thresholds_are_those_of_the_vni() -> None:
    eight = moving(every(1, 8)).until(80)

    assert play(eight).found("M5") == []
    assert len(play(eight, settings=Settings(vnis={VNI: {KEY["M5", "moves"]: 8}})).found("M5")) == 1
    assert play(
        moving([5, 6, 15]).until(80), settings=Settings(fabric={KEY["M5", "burst_s"]: 9})
    ).rules() == ["M3"]


@pytest.mark.parametrize("size", [5, 40])
def test_neither_cuts_nor_restarts_change_it(size: int) -> None:
    scene = moving([5, 6, 7, 60, 61, 62, 63, 120, 150]).until(200)
    cuts = range(0, len(scene.records), size)

    assert alone(scene, cuts, restarts=list(cuts)[::3]).findings == alone(scene).findings
