"""Ping-pong (M4), and what flaps say they are."""

import json
from typing import Any

import pytest

from pipeline.detectors.moves import PARAMETERS
from pipeline.detectors.settings import Settings
from tests.pipeline.detectors.test_mobility import every, moving, rising
from tests.pipeline.driver import play
from tests.pipeline.scene import VNI, Scene, address

KEY = {(one.rule, one.name): one.key for one in PARAMETERS}


def evidence(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["evidence"])
    return found


# M4


@pytest.mark.parametrize(("moves", "found"), [(4, [98]), (3, [])])
@pytest.mark.parametrize("version", [4, 6])
def test_four_moves_that_alternate_between_two_places_are_ping_pong(
    moves: int, found: list[int], version: int
) -> None:
    outcome = play(moving(every(31, moves), version=version))

    assert [one["time"] for one in outcome.found("M4")] == found
    assert outcome.incidents == []
    for one in outcome.found("M4"):
        assert f"back and forth between {address(2, version)} and {address(1, version)}" in one["summary"]


def test_a_chain_of_migrations_is_no_ping_pong() -> None:
    assert play(moving(every(31, 8), places=5)).found("M4") == []


def test_a_move_to_a_third_place_ends_it() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), 0)
    for seq, place in enumerate((2, 1, 3, 1, 3, 1), 1):
        scene.passes(20).mac_route("s1", 1, address(place), seq)

    assert [one["time"] for one in play(scene).found("M4")] == [121]


@pytest.mark.parametrize(("step", "found"), [(59.9, True), (60.0, False)])
def test_the_four_moves_lie_within_180_s(step: float, *, found: bool) -> None:
    assert bool(play(moving(every(step, 4))).found("M4")) is found


@pytest.mark.parametrize(("last", "found"), [(15.1, True), (15.0, False)])
def test_what_fits_into_one_burst_may_be_a_migration(last: float, *, found: bool) -> None:
    assert bool(play(moving([5, 7, 9, last])).found("M4")) is found


# What flaps say they are.


def test_one_address_at_two_hosts_says_what_decided_and_what_was_ruled_out() -> None:
    [incident] = play(moving(every(20, 5))).incidents

    assert "Probably one address at two hosts: it goes between two places" in incident["summary"]
    told = evidence(incident)
    assert (told["cause"], told["macs_flapping"], told["macs_of_a_loop"]) == ("duplicate_host", 1, 10)
    assert told["ruled_out"] == [
        "loop: 1 of the 10 MACs that make one flap within 30 s",
        "migration: it has moved on for 80.0 s, a migration rests after 10.0 s",
        "failover of a redundant pair: no device is known to have both addresses",
        "multihoming: the places are not one Ethernet segment",
    ]


def test_a_mac_that_goes_around_is_a_wandering_host() -> None:
    [incident] = play(moving(every(20, 5), places=4)).incidents

    assert evidence(incident)["cause"] == "wandering_host"
    assert "Probably several hosts with one address, or one that keeps moving" in incident["summary"]


def test_moves_far_apart_are_no_migrations_because_each_counts_as_one() -> None:
    [incident] = play(moving(every(31, 5))).incidents

    assert "migration: 5 moves are left when each migration counts as one" in evidence(incident)["ruled_out"]


# Thresholds of single VNIs.


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ({}, ["M2"]),
        ({KEY["M2", "moves"]: 6}, ["M3"]),
        ({KEY["M2", "moves"]: 6, KEY["M3", "moves"]: 6}, []),
        ({KEY["M2", "window_s"]: 60}, ["M3"]),
        ({KEY["M2", "window_s"]: 60, KEY["M3", "window_s"]: 30}, []),
    ],
)
def test_a_vni_has_thresholds_of_its_own(values: dict[tuple[str, str], float], rules: list[str]) -> None:
    scene = moving(every(20, 5))

    assert play(scene, settings=Settings(vnis={VNI: values})).rules() == rules
    assert play(scene, settings=Settings(vnis={VNI + 1: values})).rules() == ["M2"]


def test_a_longer_window_is_kept_for() -> None:
    # five moves within 20 minutes
    scene = moving(every(240, 5))

    assert play(scene).incidents == []
    assert play(scene, settings=Settings(vnis={VNI: {KEY["M2", "window_s"]: 1200}})).rules() == ["M2"]


@pytest.mark.parametrize(("window", "moves"), [(5, 10), (10, 20)])
@pytest.mark.parametrize(("more", "found"), [(0, True), (1, False)])
def test_a_window_may_be_shorter_than_a_migration_lasts(
    window: float, moves: int, more: int, *, found: bool
) -> None:
    # two moves a second for 15 s: that is no migration
    limits = {KEY["M2", "window_s"]: window, KEY["M2", "moves"]: moves + more}

    rules = play(moving(every(0.5, 30)), settings=Settings(vnis={VNI: limits})).rules()
    assert ("M2" in rules) is found


def test_unseen_moves_have_a_threshold_of_their_own() -> None:
    scene = rising([(5, 5), (35, 5)])

    assert play(scene).rules() == ["M12"]
    assert play(scene, settings=Settings(vnis={VNI: {KEY["M12", "moves"]: 6}})).rules() == []
