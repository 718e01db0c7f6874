"""What people do to an incident, against what its rule says."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.incidents import CONTINUES, Fold
from pipeline.life import Deed, Incident, Life, Statement, incident_id
from tests.pipeline.test_incidents import MOBILITY, SECOND, STATES, at

Told = list[Statement | Deed]
FIRST = {
    "uplinks": incident_id("dc1", "subject", "uplinks", 0),
    "mobility": incident_id("dc1", "subject", "mobility", 0),
}


def does(seconds: float, verb: str, fold: Fold, **more: Any) -> Deed:
    """What alice does to the first incident of a fold, that of the evidence at 0."""
    time = round(seconds * SECOND)
    until = more.get("until")
    return Deed(
        time, 10**9 + time, verb, "alice", more.get("key", FIRST[fold.family]), more.get("text", "why"),
        None if until is None else round(until * SECOND),
    )  # fmt: skip


def run(fold: Fold, told: Sequence[Statement | Deed], until: float) -> tuple[Incident, list[str]]:
    life, events = fold.run(Life(), "subject", told, round(until * SECOND))
    assert life.incident is not None
    return life.incident, [f"{event.time / SECOND:g} {event.kind}" for event in events]


# Acknowledgements.


def test_an_acknowledgement_holds_until_it_is_taken_back() -> None:
    told: Told = [at(0, "R16"), does(10, "ack", STATES), does(20, "unack", STATES)]
    assert run(STATES, told[:2], 30)[0].acknowledged_by == "alice"

    incident, events = run(STATES, told, 30)
    assert incident.acknowledged_by is None
    assert events == ["5 opened", "10 acknowledged", "20 unacknowledged"]


@pytest.mark.parametrize(("until", "by"), [(29.999999, "alice"), (30, None)])
def test_an_acknowledgement_ends_when_its_time_is_over(until: float, by: str | None) -> None:
    incident, _ = run(STATES, [at(0, "R16"), does(10, "ack", STATES, until=30)], until)
    assert incident.acknowledged_by == by


@pytest.mark.parametrize("worse", [at(20, "R15"), at(20, "R16", severity="critical")])
def test_an_incident_that_gets_worse_is_acknowledged_no_more(worse: Statement) -> None:
    incident, events = run(STATES, [at(0, "R16"), does(10, "ack", STATES), worse], 40)
    assert incident.acknowledged_by is None
    assert [event.split()[1] for event in events] == ["opened", "acknowledged", "raised", "unacknowledged"]


def test_an_incident_that_stays_as_it_is_stays_acknowledged() -> None:
    incident, _ = run(STATES, [at(0, "R16"), does(10, "ack", STATES), at(20, "R16")], 40)
    assert incident.acknowledged_by == "alice"


def test_an_incident_that_goes_on_is_still_acknowledged() -> None:
    told: Told = [at(0, "R16"), does(10, "ack", STATES), at(20, "R16", active=False), at(60, "R16")]
    incident, events = run(STATES, told, 70)
    assert (incident.acknowledged_by, events[-1]) == ("alice", "65 continued")


def test_nobody_acknowledges_what_is_resolved_or_another_incident() -> None:
    late: Told = [at(0, "R16"), at(10, "R16", active=False), does(20, "ack", STATES)]
    other: Told = [at(0, "R16"), does(10, "ack", STATES, key="0" * 20)]
    assert [run(STATES, told, 30)[0].acknowledged_by for told in (late, other)] == [None, None]


# Resolving.


def test_what_fresh_evidence_says_to_hold_is_not_resolved_by_a_word() -> None:
    incident, events = run(STATES, [at(0, "R16"), does(10, "resolve", STATES)], 30)
    assert incident.resolved_at is None
    assert events == ["5 opened", "10 still_holds"]


def test_what_nobody_fresh_can_tell_is_resolved_by_a_word() -> None:
    told: Told = [at(0, "R16"), at(10, "R16", active=None), does(20, "resolve", STATES)]
    incident, events = run(STATES, told, 30)
    assert incident.resolved_at == 20 * SECOND
    assert events == ["5 opened", "10 coverage", "20 resolved"]


@pytest.mark.parametrize(("again", "same"), [(30, True), (20 + CONTINUES / SECOND + 1, False)])
def test_what_was_resolved_blindly_comes_back_with_the_evidence(again: float, *, same: bool) -> None:
    told: Told = [at(0, "R16"), at(10, "R16", active=None), does(20, "resolve", STATES), at(again, "R16")]
    incident, events = run(STATES, told, again + 10)
    assert incident.resolved_at is None
    assert (incident.incident_id == FIRST["uplinks"]) is same
    assert events[-1] == f"{again + 5:g} {'continued' if same else 'opened'}"


def test_what_is_clearing_is_resolved_at_once() -> None:
    told: Told = [at(0, "R16"), at(10, "R16", active=False), does(12, "resolve", STATES)]
    assert run(STATES, told, 30)[1] == ["5 opened", "12 resolved"]


def test_what_happened_is_resolved_by_a_word_and_goes_on_when_it_happens_again() -> None:
    told: Told = [at(0, "M3"), does(10, "resolve", MOBILITY)]
    assert run(MOBILITY, told, 20)[1] == ["0 opened", "10 resolved"]
    assert run(MOBILITY, [*told, at(30, "M3")], 40)[1] == ["0 opened", "10 resolved", "30 continued"]


# False alarms.


def test_a_false_alarm_is_closed_while_its_rule_goes_on() -> None:
    told: Told = [at(0, "R16"), does(10, "mark-false", STATES), at(20, "R16"), at(40, "R16")]
    incident, events = run(STATES, told, 10_000)
    assert incident.resolved_at == 10 * SECOND
    assert events == ["5 opened", "10 marked_false", "10 resolved"]


def test_a_stronger_rule_is_another_matter() -> None:
    told: Told = [at(0, "R16"), does(10, "mark-false", STATES), at(20, "R15")]
    incident, events = run(STATES, told, 40)
    assert (incident.rule, incident.resolved_at, events[-1]) == ("R15", None, "23 opened")
    assert incident.incident_id != FIRST["uplinks"]


def test_a_higher_severity_of_its_rule_is_another_matter() -> None:
    told: Told = [at(0, "R16"), does(10, "mark-false", STATES), at(20, "R16", severity="critical")]
    incident, events = run(STATES, told, 40)
    assert (incident.severity, incident.resolved_at, events[-1]) == ("critical", None, "25 opened")
    assert (incident.opened_at, incident.incident_id != FIRST["uplinks"]) == (20 * SECOND, True)


def test_a_higher_severity_that_does_not_last_leaves_the_false_alarm_one() -> None:
    told: Told = [at(0, "R16"), does(10, "mark-false", STATES), at(20, "R16", severity="critical")]
    assert run(STATES, [*told, at(24.9, "R16")], 400)[1][-1] == "10 resolved"
    assert run(STATES, [*told, at(25.1, "R16")], 400)[1][-1] == "25 opened"


def test_a_move_of_higher_severity_is_none_of_the_false_alarm() -> None:
    told: Told = [at(0, "M3"), does(10, "mark-false", MOBILITY), at(20, "M3", severity="critical")]
    assert run(MOBILITY, told, 30)[1][-1] == "20 opened"


def test_after_it_was_over_the_same_rule_is_believed_again_under_another_id() -> None:
    told: Told = [at(0, "R16"), does(10, "mark-false", STATES), at(20, "R16", active=False), at(30, "R16")]
    incident, events = run(STATES, told, 40)
    assert events[-1] == "35 opened"
    assert incident.incident_id != FIRST["uplinks"]


@pytest.mark.parametrize(("gap", "opens"), [(179.999999, False), (180, True)])
def test_moves_belong_to_the_false_alarm_until_it_would_have_cleared(gap: float, *, opens: bool) -> None:
    told: Told = [at(0, "M3"), does(10, "mark-false", MOBILITY), at(100, "M1"), at(100 + gap, "M3")]
    _, events = run(MOBILITY, told, 400)
    assert ("opened" in [event.split()[1] for event in events[1:]]) is opens


def test_a_resolved_incident_can_be_marked_and_is_not_continued() -> None:
    told: Told = [at(0, "R16"), at(10, "R16", active=False), does(20, "mark-false", STATES), at(30, "R16")]
    assert run(STATES, told, 40)[1] == ["5 opened", "15 resolved", "20 marked_false", "35 opened"]


def test_a_false_alarm_is_marked_once() -> None:
    told: Told = [at(0, "R16"), does(10, "mark-false", STATES), does(20, "mark-false", STATES)]
    assert run(STATES, told, 30)[1] == ["5 opened", "10 marked_false", "10 resolved"]


def test_notes_are_kept_whatever_the_state() -> None:
    told: Told = [
        at(0, "R16"),
        does(10, "note", STATES),
        at(20, "R16", active=False),
        does(60, "note", STATES),
    ]
    assert run(STATES, told, 70)[1] == ["5 opened", "10 noted", "25 resolved", "60 noted"]
