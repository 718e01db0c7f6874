"""What the recordings must give, spelled out once, and that every way of missing it is noticed."""

from collections.abc import Callable

import pytest

from tests.recordings.compared import Found, Incident, Step, deviations
from tests.recordings.expected import Expected, Subject, Turn, expected_of
from tests.recordings.fabric import Port
from tests.recordings.variants import Recordings

LEAF = Subject("uplinks", "l2")
TURNS = [Turn(1, 395, 406, 5), Turn(2, 405, 414, 3), Turn(1, 425, 450), Turn(0, 440, 465)]
STEPS = [Step(400.2, 1), Step(410.4, 2), Step(425.3, 1), Step(445.3, 0)]


def incident(
    steps: list[Step], *, opened: float = 395.2, detected: float = 400.2, rule: str = "R15"
) -> Incident:
    severity = "critical" if rule == "R15" else "warning"
    last = steps[-1]
    resolved = None if last.level else last.time
    state = "open" if last.level else "resolved"
    return Incident({"1"}, list(steps), [opened], [detected], (rule, severity, state, resolved))


def said(found: Found) -> list[str]:
    expected = Expected(start=0, end=600)
    expected.turns[LEAF] += TURNS
    return deviations(expected, found)


def test_what_was_done_to_frr_main_and_what_must_come_of_it(recordings: Recordings) -> None:
    expected = expected_of(recordings.directory("frr-main"))
    turns = {
        subject: [(turn.level, round(turn.earliest), round(turn.latest)) for turn in turns]
        for subject, turns in expected.turns.items()
        if turns
    }
    assert turns == {
        # H4, H5, H7, H6
        ("mobility", (1010, "02:aa:00:00:10:04")): [(1, 108, 124), (3, 116, 122), (0, 308, 333)],
        ("mobility", (1020, "02:aa:00:00:20:05")): [(1, 172, 188), (3, 184, 190), (0, 388, 413)],
        ("mobility", (1010, "02:aa:00:00:10:07")): [(3, 205, 211), (0, 385, 410)],
        ("mobility", (1010, "02:aa:00:00:10:06")): [(3, 225, 241), (0, 415, 446)],
        ("verdict", (1010, "02:aa:00:00:10:04")): [(1, 116, 122), (0, 605, 630)],
        ("verdict", (1020, "02:aa:00:00:20:05")): [(1, 197, 203), (0, 605, 630)],
        ("verdict", (1010, "02:aa:00:00:10:07")): [(1, 206, 212), (0, 509, 534)],
        ("verdict", (1010, "02:aa:00:00:10:06")): [(1, 230, 236), (0, 605, 630)],
        ("uplinks", "l1"): [(1, 300, 311), (0, 325, 350)],
        ("uplinks", "s2"): [(1, 345, 356), (0, 370, 395)],
        ("uplinks", "l2"): [(1, 395, 406), (2, 405, 414), (1, 425, 450), (0, 440, 465)],
        ("vtep", "l2"): [(1, 405, 416), (0, 425, 450)],
        ("silence", "s1"): [(1, 460, 481), (0, 485, 510)],
        ("uplinks", "s1"): [(1, 460, 480), (0, 485, 510)],
        ("uplinks", "l3"): [(2, 510, 519), (0, 520, 545), (1, 540, 551), (0, 565, 590)],
        ("vtep", "l3"): [(1, 510, 521), (0, 520, 545)],
    }
    assert [(round(time), port) for time, port in expected.blips] == [
        (580, Port("s1", "swp2")),
        (580, Port("l2", "up1")),
    ]
    moved = {mac: times for (_, mac), times in expected.moves.items() if times}
    assert moved == {
        "02:aa:00:00:10:01": 1,
        "02:aa:00:00:20:02": 1,
        "02:aa:00:00:10:03": 4,
        "02:aa:00:00:10:04": 8,
        "02:aa:00:00:20:05": 9,
        "02:aa:00:00:10:06": 30,
        "02:aa:00:00:10:07": 5,
        "02:aa:00:00:20:08": 5,
        "02:aa:00:00:10:0a": 1,
        "02:aa:00:00:20:0b": 1,
    }


def test_what_was_done_to_frr_segments_and_what_must_come_of_it(recordings: Recordings) -> None:
    expected = expected_of(recordings.directory("frr-segments"))
    turns = {subject: [tuple(map(round, turn)) for turn in them] for subject, them in expected.turns.items()}
    assert {subject: them for subject, them in turns.items() if them} == {
        ("segment", "03:44:38:39:ff:ff:01:00:00:01"): [
            (1, 25, 36, 5),
            (0, 45, 70, 0),
            (1, 65, 76, 5),
            (2, 73, 84, 5),
            (1, 85, 110, 0),
            (0, 90, 115, 0),
        ],
        # its leg goes and comes twice within two minutes
        ("link_flap", "l1"): [(1, 65, 71, 0), (0, 210, 235, 0)],
    }


@pytest.mark.parametrize("flags", ["stripped", "renamed", "ipv6"])
def test_without_the_flags_no_verdict_is_expected(recordings: Recordings, flags: str) -> None:
    families = {
        subject.family for subject, turns in expected_of(recordings.directory(flags)).turns.items() if turns
    }
    assert families == {"mobility", "uplinks", "vtep", "silence"}


def test_what_is_found_in_time_is_no_deviation() -> None:
    assert said({LEAF: incident(STEPS)}) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: [Step(394.9, 1), *steps[1:]],
        lambda steps: [Step(406.1, 1), *steps[1:]],
        lambda steps: [steps[0], Step(404.9, 2), *steps[2:]],
        lambda steps: [steps[0], Step(414.1, 2), *steps[2:]],
        lambda steps: [steps[0], *steps[2:]],
        lambda steps: [*steps[:2], Step(424.9, 1), steps[3]],
        lambda steps: [*steps[:2], Step(450.1, 1), steps[3]],
        lambda steps: [*steps[:3], Step(439.9, 0)],
        lambda steps: [*steps[:3], Step(465.1, 0)],
        lambda steps: steps[:3],
        lambda steps: [*steps, Step(500.0, 1), Step(505.0, 0)],
        lambda steps: [steps[0], Step(402.0, 0), Step(404.0, 1), *steps[1:]],
    ],
    ids=[
        "opened-early",
        "opened-late",
        "raised-early",
        "raised-late",
        "never-raised",
        "lowered-early",
        "lowered-late",
        "resolved-early",
        "resolved-late",
        "never-resolved",
        "opened-again",
        "flapping",
    ],
)
def test_a_step_at_the_wrong_time_is_a_deviation(change: Callable[[list[Step]], list[Step]]) -> None:
    assert said({LEAF: incident(change(STEPS))}) != []


@pytest.mark.parametrize(
    "found",
    [
        {},
        {LEAF: incident(STEPS), Subject("vtep", "l2"): incident(STEPS)},
        {LEAF: incident(STEPS, opened=394.9)},
        {LEAF: incident(STEPS, opened=401.1)},
        {LEAF: incident(STEPS, detected=395.1)},
        {LEAF: incident(STEPS, detected=406.1)},
        {LEAF: incident(STEPS, rule="R16")},
    ],
    ids=["missing", "another", "open-early", "open-late", "detected-early", "detected-late", "weaker-rule"],
)
def test_a_row_that_is_wrong_is_a_deviation(found: Found) -> None:
    assert said(found) != []


def test_two_incidents_of_one_subject_are_a_deviation() -> None:
    twice = incident(STEPS)
    twice.ids.add("2")
    assert said({LEAF: twice}) != []
