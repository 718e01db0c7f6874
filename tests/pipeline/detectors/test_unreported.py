"""Duplicates that no device calls one, although one of them had to: DUP_UNREPORTED."""

from typing import Any

import pytest

from pipeline.detectors.settings import Settings
from tests.pipeline.detectors.test_mobility import every
from tests.pipeline.detectors.test_patterns import evidence
from tests.pipeline.driver import judged_by
from tests.pipeline.scene import Scene, address, delayed

_RULE = "DUP_UNREPORTED"
_CUT = object()
"""Instead of a state: the session in which the leaf tells its MACs ends."""
play = judged_by("macs", "verdicts")


def going(
    times: list[float],
    *,
    version: int = 4,
    places: int = 2,
    flags: dict[float, tuple[str, Any]] | None = None,
    verdicts: bool = True,
) -> Scene:
    """A MAC that moves between leaves, as a spine sees it; ``flags``: when a leaf says what of it.

    ``verdicts``: another MAC is called something before, so that such verdicts are known to be told.
    """
    devices = [f"l{number + 1}" for number in range(places)]
    scene = Scene().joins("s1", *devices).passes(1)
    for number, device in enumerate(devices, 1):
        scene.serves(device).imet(device, address(number, version), neighbor=None)
    if verdicts:
        scene.learns("l1", 9, mobility_state="NORMAL")
    scene.mac_route("s1", 1, address(1, version), 0)
    told = sorted({**dict.fromkeys(times), **(flags or {})})
    move = 0
    for at in told:
        scene.until(at)
        if at in times:
            move += 1
            scene.mac_route("s1", 1, address(1 + move % places, version), move)
            scene.mac_route("s1", 1, address(1 + (move - 1) % places, version), op="delete")
        if at in (flags or {}):
            device, state = (flags or {})[at]
            scene.ends(device, "mac") if state is _CUT else scene.learns(device, 1, mobility_state=state)
    return scene.passes(1)


@pytest.mark.parametrize("version", [4, 6])
def test_who_announces_again_10_s_after_it_learned_it_five_times_does_not_detect(version: int) -> None:
    # l2 learns it at 5, 11, 17, 23 and 29 s, and announces it again at 35 s, 41 s
    outcome = play(going(every(3, 13), version=version))

    [found] = outcome.found(_RULE)
    assert (found["time"], found["severity"]) == (41, "warning")
    assert evidence(found)["announced_by"] == "l2"
    assert evidence(found)["learned_by_it"] == 5
    assert found["summary"].startswith(
        "No device calls MAC 00:11:c0:08:00:01 in VNI 1010 a duplicate, though devices here tell "
    )
    [incident] = outcome.of(_RULE)
    assert (incident["detected_at"], incident["severity"]) == (41, "warning")


@pytest.mark.parametrize(("last", "found"), [(39.0, 1), (38.9, 0)])
def test_the_device_has_10_s_to_act(last: float, found: int) -> None:
    # l2 learns it for the fifth time at 29 s
    assert len(play(going([*every(3, 10), last])).found(_RULE)) == found


def test_whoever_learned_it_four_times_need_not_call_it_a_duplicate() -> None:
    # nine moves, five of them to l2, the fifth just now; some systems don't count moves away
    outcome = play(going(every(15, 9)))
    assert outcome.of("M2")
    assert outcome.found(_RULE) == []


@pytest.mark.parametrize("state", ["DUPLICATE", "FROZEN"])
@pytest.mark.parametrize("who", ["l1", "l2"])
def test_what_any_device_calls_a_duplicate_is_reported(who: str, state: str) -> None:
    outcome = play(going(every(3, 13), flags={40.0: (who, state)}))
    assert outcome.found(_RULE) == []
    assert outcome.of("M13")


def test_what_was_called_so_once_and_is_no_more_counts_for_nothing() -> None:
    outcome = play(going(every(3, 13), flags={31.0: ("l2", "DUPLICATE"), 40.0: ("l2", "NORMAL")}))
    assert [one["time"] for one in outcome.found(_RULE)] == [41]


def test_of_a_leaf_whose_word_on_macs_is_not_fresh_nobody_can_tell() -> None:
    assert play(going(every(3, 13), flags={6.0: ("l2", _CUT)})).found(_RULE) == []


def test_where_no_device_ever_tells_a_verdict_nobody_can_tell() -> None:
    outcome = play(going(every(3, 13), verdicts=False))
    assert outcome.of("M2")
    assert outcome.found(_RULE) == []


@pytest.mark.parametrize(("at", "found"), [(40.9, [41]), (41.1, [])])
def test_from_the_first_verdict_on_silence_says_something(at: float, found: list[int]) -> None:
    scene = going(every(3, 13), flags={at: ("l1", "NORMAL")}, verdicts=False)
    assert [one["time"] for one in play(scene).found(_RULE)] == found


def test_around_three_places_no_pe_sees_enough_and_m14_says_so() -> None:
    outcome = play(going(every(31, 5), places=3))
    assert outcome.found("M14")
    assert outcome.found(_RULE) == []


def test_a_migration_is_nothing_to_report() -> None:
    # six moves within 10 s, and six more a minute later: M2 counts two
    outcome = play(going([*every(1.5, 6), *every(1.5, 6, 70)]))
    assert outcome.found("M2") == []
    assert outcome.found(_RULE) == []


def test_the_time_to_act_can_be_set() -> None:
    settings = Settings(fabric={(_RULE, "seconds"): 60})
    assert play(going(every(3, 13)), settings=settings).found(_RULE) == []


def test_it_is_over_180_s_after_the_last_move() -> None:
    scene = going(every(3, 13)).until(41 + 179)
    assert play(scene).spans(_RULE) == [(41, None)]
    assert play(scene.passes(2)).spans(_RULE) == [(41, 41 + 180)]


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = going([*every(3, 14), 100, 130], flags={43.0: ("l1", "FROZEN"), 101.0: ("l1", "NORMAL")}).passes(
        3
    )
    whole = play(scene)
    assert [one["time"] for one in whole.found(_RULE)] == [41, 130]
    records = scene.records
    told = [number for number, one in enumerate(records) if one.rows or one.sync]
    cut = play(scene, told, restarts=told[1::5])
    assert (cut.findings, cut.incidents, cut.events) == (whole.findings, whole.incidents, whole.events)
    late = delayed(records, (0.0, 3.0, 1.0, 7.0, 0.5))
    found = play(late, range(0, len(late), 9), restarts=[len(late) // 2]).found(_RULE)
    assert [(one["time"], one["summary"]) for one in found] == [
        (one["time"], one["summary"]) for one in whole.found(_RULE)
    ]
