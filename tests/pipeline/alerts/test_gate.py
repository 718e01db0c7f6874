"""When a replica may speak for a fabric."""

from datetime import timedelta

import pytest

from pipeline.alerts.gate import PRESENT, STARTS_AWAITED, Gate, Progress
from tests.pipeline.alerts.incidents import MINUTE, NOW

MILLISECOND = timedelta(milliseconds=1)


def progress(at: int = 100, unread: int = 0, age: timedelta = timedelta(0)) -> Progress:
    return Progress(next_offset=at, end=100, stream_time=NOW - age, unread_starts=unread)


def speaks(gate: Gate, so_far: Progress) -> bool:
    return gate.held(so_far, NOW) is None


@pytest.mark.parametrize(("at", "held"), [(99, "catching up, 1 records to go"), (100, None), (101, None)])
def test_nothing_is_said_before_what_the_topic_held_is_in_the_store(at: int, held: str | None) -> None:
    assert Gate().after(progress(at), NOW).held(progress(at), NOW) == held


def test_nothing_is_said_before_it_is_known_where_the_topic_ends() -> None:
    unknown = Progress(next_offset=5, end=None, stream_time=NOW, unread_starts=0)
    assert Gate().after(unknown, NOW).held(unknown, NOW) == "catching up"


def test_nothing_is_said_while_live_sessions_have_not_said_what_they_are() -> None:
    gate = Gate().after(progress(unread=2), NOW)
    assert gate.held(progress(unread=2), NOW) == "the start of 2 live sessions is not read yet"
    assert speaks(gate.after(progress(), NOW + MINUTE), progress())


@pytest.mark.parametrize(("waited", "says"), [(STARTS_AWAITED - MILLISECOND, False), (STARTS_AWAITED, True)])
def test_a_start_that_never_comes_is_not_waited_for_without_end(waited: timedelta, says: bool) -> None:
    gate = Gate().after(progress(unread=1), NOW - waited)
    assert speaks(gate.after(progress(unread=1), NOW), progress(unread=1)) is says


def test_a_session_that_begins_later_holds_nothing_back() -> None:
    gate = Gate().after(progress(), NOW)
    assert speaks(gate.after(progress(unread=1), NOW), progress(unread=1))


@pytest.mark.parametrize(("age", "says"), [(PRESENT, True), (PRESENT + MILLISECOND, False)])
def test_who_knows_only_how_it_was_says_nothing(age: timedelta, says: bool) -> None:
    gate = Gate().after(progress(), NOW)
    assert speaks(gate, progress(age=age)) is says


def test_a_topic_without_a_record_tells_nothing_to_say() -> None:
    empty = Progress(next_offset=0, end=0, stream_time=None, unread_starts=0)
    assert Gate().after(empty, NOW).held(empty, NOW) == "nothing was read yet"
