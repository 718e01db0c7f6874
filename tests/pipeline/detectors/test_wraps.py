"""Sequence numbers that wrap: M11."""

import pytest

from tests.pipeline.detectors.test_mobility import TOP, moving
from tests.pipeline.driver import play
from tests.pipeline.scene import Scene, address


@pytest.mark.parametrize("version", [4, 6])
def test_a_number_that_wraps_is_told_once(version: int) -> None:
    outcome = play(moving([5, 40, 100], version=version, first=TOP).until(300))

    [incident] = outcome.incidents
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("M11", "warning", 5)
    assert incident["resolved_at"] == 185
    assert incident["summary"].startswith(
        "The sequence number of MAC 00:11:c0:08:00:01 in VNI 1010 wrapped from 4294967295 to 0, now at "
        + address(2, version)
    )
    assert len(outcome.found("M11")) == 1


@pytest.mark.parametrize(("first", "found"), [(TOP, True), (TOP - 1, False)])
def test_up_to_the_last_number_nothing_wraps(first: int, *, found: bool) -> None:
    assert bool(play(moving([5], first=first)).found("M11")) is found


@pytest.mark.parametrize(("seq", "found"), [(TOP - 2, True), (2**31 + 5, False)])
def test_a_number_lost_in_place_is_no_wrap(seq: int, *, found: bool) -> None:
    # from afar a PE that lost its count says none; a jump over the top goes beyond none
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), seq).passes(20)
    scene.mac_route("s1", 1, address(1), 4 if found else None).passes(20)

    assert bool(play(scene).found("M11")) is found


def test_no_number_after_a_withdraw_is_no_wrap() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), TOP).passes(5)
    scene.mac_route("s1", 1, address(1), op="delete").passes(5).mac_route("s1", 1, address(2)).passes(5)

    assert play(scene).findings == []


def test_a_wrap_that_a_dump_shows_is_no_news() -> None:
    scene = Scene()
    for seq in (TOP, 3):
        with scene.dump("s1"):
            scene.mac_route("s1", 1, address(1), seq)
        scene.passes(5)

    assert play(scene).found("M11") == []
