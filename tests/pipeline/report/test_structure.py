"""Sessions, legs and what stands in for each other, from a first state and changes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report.redundancy import MOST, redundancy
from pipeline.report.structure import Life, count, structure

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def session(device: str, peer: str, state: str | None, when: float | None = None) -> dict[str, Any]:
    """Return a row of fabric_at or, with a time, of changes."""
    told = None if state is None else json.dumps({"session_state": state, "peer_as": 65000})
    row = {"kind": "bgp", "device": device, "name": "default", "peer": peer, "esi": None, "vni": None}
    return {**row, "value": told} if when is None else {**row, "happened": at(when), "after": told}


def leg(device: str, esi: str, there: bool, when: float | None = None) -> dict[str, Any]:
    told = "{}" if there else None
    row = {"kind": "route", "device": device, "name": "type 4 x", "peer": None, "esi": esi, "vni": None}
    return {**row, "value": told} if when is None else {**row, "happened": at(when), "after": told}


def test_a_lost_session_is_fewer_for_as_long_as_it_is_down() -> None:
    first = [session("l1", "a", "ESTABLISHED"), session("l1", "b", "ESTABLISHED")]
    changes = [
        session("l1", "a", "IDLE", 10),
        session("l1", "a", "ACTIVE", 12),
        session("l1", "a", "ESTABLISHED", 30),
    ]
    found = structure(first, NOON, changes)
    (one,), more = redundancy(found, at(60))
    assert (one.name, one.of, one.most, more) == ("l1", "BGP sessions", 2, 0)
    assert one.points == ((NOON, 2), (at(10), 1), (at(30), 2), (at(60), 2))
    assert found.sessions["l1", "default", "a"].down(NOON, at(60)) == 20


def test_a_session_that_is_removed_is_lost() -> None:
    found = structure([session("l1", "a", "ESTABLISHED")], NOON, [session("l1", "a", None, 10)])
    assert found.sessions["l1", "default", "a"].failed(at(9), at(11))
    assert redundancy(found, at(60))[0][0].points[-1] == (at(60), 0)


def test_what_only_comes_up_has_lost_nothing() -> None:
    first = [session("l1", "a", "IDLE"), session("l1", "b", "ESTABLISHED")]
    found = structure(first, NOON, [session("l1", "a", "ESTABLISHED", 5)])
    assert redundancy(found, at(60)) == ((), 0)
    assert not found.sessions["l1", "default", "a"].failed(NOON, at(60))


def test_what_was_lost_just_before_and_is_still_down_counts() -> None:
    found = structure([session("l1", "a", "ESTABLISHED")], NOON, [session("l1", "a", "IDLE", 9.99)])
    assert found.sessions["l1", "default", "a"].failed(at(10), at(60))


def test_what_came_back_before_does_not_count() -> None:
    changes = [session("l1", "a", "IDLE", 5), session("l1", "a", "ESTABLISHED", 9)]
    found = structure([session("l1", "a", "ESTABLISHED")], NOON, changes)
    assert not found.sessions["l1", "default", "a"].failed(at(10), at(60))


def test_only_leaves_sessions_are_redundancy_where_leaves_are_known() -> None:
    first = [
        session("s1", "a", "ESTABLISHED"),
        session("s1", "b", "ESTABLISHED"),
        leg("l1", "00:01", there=True),
    ]
    found = structure(first, NOON, [session("s1", "a", "IDLE", 5), leg("l1", "00:01", there=False, when=6)])
    assert [one.name for one in redundancy(found, at(60))[0]] == ["segment 00:01"]


def test_what_has_least_left_comes_first_and_the_rest_is_counted() -> None:
    names = [f"l{number:02}" for number in range(MOST + 3)]
    first = [session(name, peer, "ESTABLISHED") for name in names for peer in "ab"]
    changes = [session(name, "a", "IDLE", 5) for name in names] + [session("l07", "b", "IDLE", 6)]
    shown, more = redundancy(structure(first, NOON, changes), at(60))
    assert shown[0].name == "l07"
    assert (len(shown), more) == (MOST, 3)


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=6), max_size=5))
def test_as_many_are_counted_as_work_at_any_time(told: list[list[tuple[int, bool]]]) -> None:
    lives = [Life([(at(when), up) for when, up in sorted(one, key=lambda it: it[0])]) for one in told]
    points = count(lives, at(60))
    for second in range(0, 60, 7):
        counted = next((up for when, up in reversed(points) if when <= at(second)), None)
        known = [life for life in lives if life.known[0][0] <= at(second)]
        if known:
            assert counted == sum(life.at(at(second)) is True for life in known)
