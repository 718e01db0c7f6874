"""Incidents held against what was expected: every way of missing it is noticed."""

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.found import Found, Turn
from scenarios.matching import Result, matched
from scenarios.quality import per_rule, summary, worse
from scenarios.scenario import Allowed, Expected, Recorded, Scenario

LEAF = {"device": frozenset({"leaf-1"})}
WANTED = Expected("leaf", "R15", LEAF, (8, 10), 8, (25, 30), ("R16",), "")
FOUND = Found("1", "R15", {"device": "leaf-1"}, 5, 8, 26, None, (Turn(8, "R15"),), "cut off")
CHILD = Expected("vtep", "V1", {"vtep": frozenset({"10.1.0.1"})}, (10, 12), 10, None, (), "leaf")
GONE = Found("2", "V1", {"vtep": "10.1.0.1"}, 5, 10, None, "1", (Turn(10, "V1"),), "gone")


def result(
    *found: Found,
    expected: tuple[Expected, ...] = (WANTED,),
    allowed: tuple[Allowed, ...] = (),
    roots: int | None = None,
) -> Result:
    scenario = Scenario("it", "", "", Recorded(Path()), expected, allowed, roots)
    return matched(scenario, found)


def test_what_is_found_in_time_is_right() -> None:
    (match,) = result(FOUND).matches
    assert (match.missed, match.wrong, match.latency_s) == (None, (), 0)
    assert result(FOUND).false == ()


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        (replace(FOUND, detected_s=10.005), None),
        (replace(FOUND, detected_s=10.02, turns=(Turn(10.02, "R15"),)), "not by 10 s"),
        (replace(FOUND, detected_s=7.995, turns=(Turn(7.995, "R15"),)), None),
        (replace(FOUND, rule="R16", turns=(Turn(8, "R16"),)), "nothing was told"),
        (replace(FOUND, subject={"device": "leaf-2"}), "nothing was told"),
    ],
    ids=["just in time", "late", "just not early", "a weaker rule", "of another"],
)
def test_what_is_not_told_in_time_under_its_rule_is_missed(found: Found, missed: str | None) -> None:
    (match,) = result(found).matches
    assert (match.missed or "")[-len(missed or "") :] == (missed or "")
    assert (match.latency_s is None) == (missed is not None)


def test_what_is_told_too_early_is_missed_and_false() -> None:
    early = replace(FOUND, detected_s=7, turns=(Turn(7, "R15"),))
    assert result(early).matches[0].missed is not None
    assert result(early).false == (early,)


def test_what_nobody_expected_is_false() -> None:
    assert result(FOUND, GONE).false == (GONE,)


def test_two_incidents_of_one_subject_are_one_too_many() -> None:
    again = replace(FOUND, id="9")
    assert len(result(FOUND, again).false) == 1


def test_what_is_allowed_under_a_root_is_false_elsewhere() -> None:
    may = (Allowed("V1", {}, "leaf"),)
    assert result(FOUND, GONE, allowed=may).false == ()
    stray = replace(GONE, root=None)
    assert result(FOUND, stray, allowed=may).false == (stray,)


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (replace(FOUND, resolved_s=None), "is open"),
        (replace(FOUND, resolved_s=24.9), "resolved at"),
        (replace(FOUND, resolved_s=30.1), "resolved at"),
        (replace(FOUND, turns=(Turn(6, "M2"), Turn(8, "R15"))), "was M2 before"),
        (replace(FOUND, root="2"), "should be a root"),
    ],
)
def test_what_is_told_otherwise_than_it_has_to_is_wrong(found: Found, wrong: str) -> None:
    other = replace(GONE, root=None)
    (match,) = result(found, other).matches
    assert match.missed is None
    assert [wrong in it for it in match.wrong] == [True]


def test_a_weaker_rule_may_come_before_where_it_is_said() -> None:
    raised = replace(FOUND, detected_s=6, turns=(Turn(6, "R16"), Turn(8, "R15")))
    assert result(raised).matches[0].wrong == ()


def test_a_child_of_a_child_is_under_the_root() -> None:
    far = Found("3", "R4", {"esi": "e"}, 5, 10, None, "2", (Turn(10, "R4"),), "lost")
    segment = Expected("segment", "R4", {}, (10, 12), 10, None, (), "leaf")
    judged = result(FOUND, GONE, far, expected=(WANTED, CHILD, segment), roots=1)
    assert [it.wrong for it in judged.matches] == [(), (), ()]
    assert judged.roots is None


def test_incidents_that_explain_each_other_have_an_end() -> None:
    one, two = replace(FOUND, root="2"), replace(GONE, root="1")
    assert len(result(one, two, expected=(WANTED, CHILD)).matches) == 2


def test_more_roots_than_said_are_wrong() -> None:
    alone = replace(GONE, root=None)
    judged = result(FOUND, alone, expected=(WANTED, replace(CHILD, under=None)), roots=1)
    assert judged.roots is not None
    assert judged.roots.startswith("2 incidents stand for themselves, not 1")


def test_the_incident_nearest_in_time_answers() -> None:
    second = Expected("again", "R15", LEAF, (40, 42), 40, None)
    later = replace(FOUND, id="5", detected_s=41, resolved_s=None, turns=(Turn(41, "R15"),))
    assert [it.missed for it in result(later, FOUND, expected=(WANTED, second)).matches] == [None, None]


def test_figures_count_each_rule() -> None:
    figures = per_rule([result(replace(FOUND, resolved_s=None), GONE), result()])
    assert {rule: (it.expected, it.found, it.missed, it.wrong, it.false) for rule, it in figures.items()} == {
        "R15": (2, 1, 1, 1, 0),
        "V1": (0, 0, 0, 0, 1),
    }


def test_latency_is_that_of_the_share_asked_for() -> None:
    rules = per_rule(
        [
            result(replace(FOUND, detected_s=8 + at / 100, turns=(Turn(8 + at / 100, "R15"),)))
            for at in range(100)
        ]
    )
    assert rules["R15"].latency_s(0.5) == pytest.approx(0.49)
    assert rules["R15"].latency_s(0.99) == pytest.approx(0.98)
    assert per_rule([result()])["R15"].latency_s(0.5) is None


GOOD, BAD = result(FOUND), result(replace(FOUND, resolved_s=None), GONE)


def test_the_same_again_is_not_worse() -> None:
    for judged in (GOOD, BAD, result()):
        assert list(worse([judged], summary([judged]))) == []


def test_what_was_right_and_is_not_is_worse() -> None:
    assert len(list(worse([BAD], summary([GOOD])))) == 2  # wrong, and false
    assert len(list(worse([result()], summary([GOOD])))) == 1


def test_what_gets_better_is_not_worse() -> None:
    assert list(worse([GOOD], summary([BAD]))) == []
    assert list(worse([BAD], summary([result(GONE)]))) == []  # found, though it is wrong


def test_one_more_false_alarm_of_a_rule_is_worse() -> None:
    twice = result(FOUND, GONE, replace(GONE, id="7"))
    assert len(list(worse([twice], summary([result(FOUND, GONE)])))) == 1


def test_a_new_scenario_has_to_be_right() -> None:
    assert list(worse([GOOD], {})) == []
    assert len(list(worse([BAD], {}))) == 2
