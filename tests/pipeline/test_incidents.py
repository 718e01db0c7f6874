"""The life of an incident: waiting, opening, raising, clearing, continuing; folded at once or in pieces."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detectors import Rule
from pipeline.incidents import STEADY, Fold
from pipeline.life import Event, Incident, Life, Statement, incident_id

SECOND = 1_000_000
STATE = (
    Rule("R16", "N_MINUS_1", "uplinks", rank=1, wait=timedelta(seconds=5)),
    Rule("R15", "UPLINK_LOSS", "uplinks", rank=2, wait=timedelta(seconds=3)),
)
MOVES = (
    Rule("M1", "MAC_MOVE", "mobility", rank=0, clear=timedelta(seconds=180), momentary=True),
    Rule("M3", "MAC_FLAP", "mobility", rank=1, clear=timedelta(seconds=180), momentary=True),
    Rule("M2", "MAC_DUPLICATE", "mobility", rank=3, clear=timedelta(seconds=180), momentary=True),
)
STATES, MOBILITY = Fold("dc1", STATE), Fold("dc1", MOVES)
SEVERITY = {"M1": "info", "M3": "warning", "M2": "critical", "R16": "warning", "R15": "critical"}


def at(seconds: float, rule: str, *, active: bool | None = True, **more: Any) -> Statement:
    time = round(seconds * SECOND)
    given = {
        "time": time, "offset": time, "part": 0, "rule": rule, "severity": SEVERITY[rule], "active": active,
        "now": time, "coverage": 1.0 if active is not None else 0.0,
        "summary": f"{rule} at {seconds}", "evidence": "{}",
    }  # fmt: skip
    return Statement(**{**given, **more})


def run(fold: Fold, statements: Sequence[Statement], until: float) -> tuple[Incident | None, list[Any]]:
    """The incident in the end, and (seconds, kind, rule) of what happened."""
    life, events = fold.run(Life(), "subject", statements, round(until * SECOND))
    return life.incident, [(event.time / SECOND, event.kind, event.rule) for event in events]


def states(*statements: Statement, until: float) -> list[Any]:
    return run(STATES, statements, until)[1]


def moves(*statements: Statement, until: float) -> list[Any]:
    return run(MOBILITY, statements, until)[1]


# Flapping.


def flapping(times: int, *, period: float = 60) -> list[Statement]:
    """Return a state that holds for 10 s at the beginning of each period."""
    edges = [
        (number * period + offset, active)
        for number in range(times)
        for offset, active in ((0, True), (10, False))
    ]
    return [at(time, "R16", active=active) for time, active in edges]


def test_what_comes_back_twice_stays_open_until_it_is_steady() -> None:
    told = [turn[:2] for turn in states(*flapping(4), until=1000)]
    assert told == [
        (5, "opened"), (15, "resolved"), (65, "continued"), (75, "resolved"), (125, "continued"),
        (125, "damped"), (190 + STEADY / SECOND, "resolved"),
    ]  # fmt: skip


def test_what_comes_back_once_is_not_damped() -> None:
    assert [turn[1] for turn in states(*flapping(2), until=1000)] == [
        "opened",
        "resolved",
        "continued",
        "resolved",
    ]


@pytest.mark.parametrize(("period", "damped"), [(599, True), (620, False)])
def test_what_comes_back_seldom_is_an_incident_each_time(period: float, *, damped: bool) -> None:
    kinds = [turn[1] for turn in states(*flapping(4, period=period), until=4000)]
    assert ("damped" in kinds) is damped
    assert (kinds.count("opened") == 4) is not damped


# States.


@pytest.mark.parametrize(("until", "opened"), [(14.999999, False), (15, True)])
def test_a_state_opens_when_it_has_held_for_its_wait(until: float, *, opened: bool) -> None:
    assert states(at(10, "R16"), until=until) == ([(15, "opened", "R16")] if opened else [])


def test_an_incident_is_open_since_its_first_evidence_and_detected_when_it_opened() -> None:
    incident, _ = run(STATES, [at(10, "R16")], 20)

    assert incident is not None
    assert (incident.opened_at, incident.detected_at, incident.resolved_at) == (
        10 * SECOND,
        15 * SECOND,
        None,
    )


def test_evidence_that_came_late_is_not_detected_before_it_came() -> None:
    incident, _ = run(STATES, [at(10, "R16", now=19 * SECOND)], 20)

    assert incident is not None
    assert incident.detected_at == 19 * SECOND


def test_a_state_that_ends_while_it_waits_opens_nothing() -> None:
    assert states(at(10, "R16"), at(14.9, "R16", active=False), at(15, "R16"), until=19.9) == []


def test_repeating_a_state_does_not_begin_its_wait_anew() -> None:
    assert states(at(10, "R16"), at(14, "R16"), until=15) == [(15, "opened", "R16")]


def test_a_stronger_rule_waits_its_own_time_and_raises_the_incident() -> None:
    assert states(at(10, "R16"), at(20, "R15"), until=22.9) == [(15, "opened", "R16")]
    assert states(at(10, "R16"), at(20, "R15"), until=23)[1:] == [(23, "raised", "R15")]


def test_a_stronger_rule_that_holds_at_once_opens_after_its_shorter_wait_alone() -> None:
    assert states(at(10, "R15"), until=60) == [(13, "opened", "R15")]


def test_of_rules_that_are_due_at_once_the_strongest_opens_and_nothing_is_raised() -> None:
    fold = Fold("dc1", [replace(rule, wait=timedelta(seconds=5)) for rule in STATE])
    assert run(fold, [at(0, "R15")], until=10)[1] == [(5, "opened", "R15")]


def test_a_stronger_rule_that_ends_before_its_wait_leaves_the_weaker_s_wait_going_on() -> None:
    assert states(at(10, "R15"), at(12, "R16"), until=60) == [(15, "opened", "R16")]


def test_lowering_is_told_and_the_incident_keeps_its_strongest_rule() -> None:
    incident, events = run(STATES, [at(10, "R15"), at(20, "R16")], 60)

    assert events == [(13, "opened", "R15"), (20, "lowered", "R16")]
    assert incident is not None
    assert (incident.rule, incident.severity, incident.resolved_at) == ("R15", "critical", None)


@pytest.mark.parametrize(("until", "cleared"), [(24.999999, False), (25, True)])
def test_a_state_clears_when_it_was_false_for_5_s(until: float, *, cleared: bool) -> None:
    events = states(at(10, "R16"), at(20, "R16", active=False), until=until)

    assert events[1:] == ([(25, "resolved", "R16")] if cleared else [])


def test_a_relapse_begins_the_clearing_anew() -> None:
    said = [at(10, "R16"), at(20, "R16", active=False), at(24, "R16"), at(30, "R16", active=False)]

    assert states(*said, until=60)[1:] == [(35, "resolved", "R16")]


def test_repeating_that_it_is_false_does_not_begin_the_clearing_anew() -> None:
    said = [at(10, "R16"), at(20, "R16", active=False), at(24, "R16", active=False)]

    assert states(*said, until=60)[1:] == [(25, "resolved", "R16")]


def test_while_nobody_can_tell_nothing_resolves_and_coverage_is_told() -> None:
    incident, events = run(STATES, [at(10, "R16"), at(20, "R16", active=None)], 4000)

    assert events[1:] == [(20, "coverage", "R16")]
    assert incident is not None
    assert (incident.resolved_at, incident.coverage) == (None, 0.0)


def test_what_was_false_before_nobody_could_tell_must_be_seen_false_for_5_s_again() -> None:
    said = [
        at(10, "R16"), at(20, "R16", active=False), at(22, "R16", active=None), at(100, "R16", active=False)
    ]  # fmt: skip

    assert states(*said, until=104.9)[2:] == []
    assert states(*said, until=105)[2:] == [(105, "resolved", "R16")]


def test_what_held_before_nobody_could_tell_must_be_seen_to_hold_again() -> None:
    said = [at(10, "R16"), at(12, "R16", active=None), at(100, "R16")]

    assert states(*said, until=104.9) == []
    assert states(*said, until=105) == [(105, "opened", "R16")]


def test_coverage_is_back_when_somebody_tells() -> None:
    incident, _ = run(STATES, [at(10, "R16"), at(20, "R16", active=None), at(30, "R16")], 40)

    assert incident is not None
    assert (incident.coverage, incident.resolved_at) == (1.0, None)


def test_the_summary_is_that_of_the_latest_statement_of_its_rule() -> None:
    incident, _ = run(STATES, [at(10, "R16", summary="one"), at(12, "R16", summary="two")], 20)
    assert incident is not None
    assert incident.summary == "two"

    incident, _ = run(STATES, [at(10, "R15"), at(20, "R16", summary="weaker")], 30)
    assert incident is not None
    assert incident.summary == "R15 at 10"


def test_a_worse_severity_of_the_same_rule_raises_and_a_better_one_does_not_lower() -> None:
    said = [at(10, "R16"), at(20, "R16", severity="critical"), at(30, "R16", severity="warning")]
    incident, events = run(STATES, said, 40)

    assert events == [(15, "opened", "R16"), (20, "raised", "R16")]
    assert incident is not None
    assert incident.severity == "critical"


# Moments.


def test_a_moment_opens_at_once() -> None:
    assert moves(at(10, "M3"), until=10) == [(10, "opened", "M3")]


def test_information_opens_nothing() -> None:
    assert run(MOBILITY, [at(10, "M1"), at(20, "M1")], 30) == (None, [])


@pytest.mark.parametrize(("until", "cleared"), [(189.999999, False), (190, True)])
def test_a_moment_clears_when_nothing_happened_for_its_time(until: float, *, cleared: bool) -> None:
    assert moves(at(10, "M3"), until=until)[1:] == ([(190, "resolved", "M3")] if cleared else [])


def test_information_keeps_an_open_incident_alive() -> None:
    assert moves(at(10, "M3"), at(100, "M1"), until=400)[1:] == [(280, "resolved", "M3")]


def test_a_stronger_moment_raises_at_once_and_a_weaker_one_keeps_it_alive() -> None:
    said = [at(10, "M3"), at(20, "M2"), at(30, "M3")]

    assert moves(*said, until=400) == [(10, "opened", "M3"), (20, "raised", "M2"), (210, "resolved", "M2")]


def test_that_nobody_sees_moves_says_not_that_there_are_none() -> None:
    said = [at(10, "M3"), at(20, "M1", active=None), at(500, "M1", active=False)]

    assert moves(*said, until=500)[1:] == [(20, "coverage", "M1")]
    assert moves(*said, until=700)[2:] == [(680, "resolved", "M3")]


# Continuing, and identity.


@pytest.mark.parametrize(("again", "kind"), [(25 + 600, "continued"), (25 + 600.000001, "opened")])
def test_within_ten_minutes_it_goes_on_and_after_that_it_is_another(again: float, kind: str) -> None:
    said = [at(10, "R16"), at(20, "R16", active=False), at(again, "R16")]
    incident, events = run(STATES, said, again + 10)

    assert events[-1][1] == kind
    assert incident is not None
    assert (incident.opened_at == 10 * SECOND) == (kind == "continued")
    assert (incident.incident_id == incident_id("dc1", "subject", "uplinks", 10 * SECOND)) == (
        kind == "continued"
    )
    assert incident.resolved_at is None


def test_what_continues_weaker_than_it_was_has_the_rule_that_holds_now() -> None:
    said = [at(10, "R15"), at(20, "R15", active=False), at(40, "R16")]
    incident, _ = run(STATES, said, 60)

    assert incident is not None
    assert (incident.rule, incident.severity, incident.opened_at) == ("R16", "warning", 10 * SECOND)


def test_an_id_is_of_fabric_subject_family_and_first_evidence_and_of_nothing_else() -> None:
    ids = {
        incident_id(*parts)
        for parts in (
            ("a", "s", "f", 1), ("b", "s", "f", 1), ("a", "t", "f", 1), ("a", "s", "g", 1), ("a", "s", "f", 2)
        )
    }  # fmt: skip

    assert len(ids) == 5
    assert incident_id("a", "s", "f", 1) in ids


def test_all_events_of_a_life_carry_its_id() -> None:
    life, events = MOBILITY.run(Life(), "subject", [at(10, "M3"), at(20, "M2")], 900 * SECOND)

    assert life.incident is not None
    assert {event.incident_id for event in events} == {life.incident.incident_id}


# Laws.

spans = st.sampled_from([0.0, 0.5, 2.0, 3.0, 4.5, 5.0, 6.0, 60.0, 180.0, 599.0, 601.0])
said_states = st.lists(
    st.tuples(spans, st.sampled_from(["R16", "R15"]), st.sampled_from([True, True, False, None])), max_size=12
)
said_moves = st.lists(
    st.tuples(
        spans,
        st.sampled_from([("M1", True), ("M3", True), ("M2", True), ("M1", None), ("M1", False)]),
    ),
    max_size=12,
)


def timed(choices: Sequence[tuple[float, str, bool | None]]) -> list[Statement]:
    now, out = 0.0, []
    for number, (gap, rule, active) in enumerate(choices):
        now += gap
        out.append(at(now, rule, active=active, offset=number))
    return out


def in_pieces(
    fold: Fold, statements: Sequence[Statement], cuts: Sequence[float], until: int
) -> tuple[Life, list[Event]]:
    life, events = Life(), []
    edges = sorted({round(cut * SECOND) for cut in cuts if round(cut * SECOND) <= until})
    rest = list(statements)
    for edge in edges:
        now = [statement for statement in rest if statement.time < edge]
        rest = rest[len(now) :]
        life, some = fold.run(life, "subject", now, edge - 1)
        events += some
    life, some = fold.run(life, "subject", rest, until)
    return life, events + some


cuts = st.lists(st.sampled_from([0.0, 1.0, 3.0, 5.0, 7.5, 12.0, 65.0, 185.0, 300.0, 700.0]), max_size=5)


@given(said_states, cuts)
def test_states_folded_in_pieces_are_states_folded_at_once(
    choices: list[tuple[float, str, bool | None]], cuts: list[float]
) -> None:
    statements = timed(choices)
    until = (statements[-1].time if statements else 0) + 20 * SECOND

    assert in_pieces(STATES, statements, cuts, until) == STATES.run(Life(), "subject", statements, until)


@given(said_moves, cuts)
def test_moments_folded_in_pieces_are_moments_folded_at_once(
    choices: list[tuple[float, tuple[str, bool | None]]], cuts: list[float]
) -> None:
    statements = timed([(gap, *what) for gap, what in choices])
    until = (statements[-1].time if statements else 0) + 200 * SECOND

    assert in_pieces(MOBILITY, statements, cuts, until) == MOBILITY.run(Life(), "subject", statements, until)


@given(said_states, st.sampled_from([0, 1, 4, 20]))
def test_nothing_happens_before_the_time_that_is_due(
    choices: list[tuple[float, str, bool | None]], wait: int
) -> None:
    statements = timed(choices)
    last = statements[-1].time if statements else 0
    life, _ = STATES.run(Life(), "subject", statements, last + wait * SECOND)
    due = STATES.due(life)

    assert STATES.run(life, "subject", [], (due - 1 if due else 10**15))[1] == []
    if due is not None:
        # two rules may become due at once
        assert {event.time for event in STATES.run(life, "subject", [], due)[1]} == {due}


@given(said_states)
def test_a_life_opens_before_it_resolves_and_resolves_before_it_continues(
    choices: list[tuple[float, str, bool | None]],
) -> None:
    _, events = STATES.run(Life(), "subject", timed(choices), 10**12)
    is_open = False
    for event in events:
        if event.kind in ("opened", "continued"):
            assert not is_open
            is_open = True
        else:
            assert is_open
            is_open = event.kind != "resolved"
    assert [event.time for event in events] == sorted(event.time for event in events)
