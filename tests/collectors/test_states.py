"""What a family's state says, and when a target counts as silent."""

import pytest

from collectors.backoff import FIRST_S, LONGEST_S, Backoff, jittered
from collectors.life import Life
from collectors.states import RATE_WINDOW_S, STEADY_S, FamilyStatus, Heartbeat, State


def status() -> FamilyStatus:
    return FamilyStatus("leaf1", "dc1", "mac", since_ns=1)


def test_a_family_goes_from_dialled_to_up() -> None:
    one = status()
    one.dialling(10)
    seen = [(one.state, one.since_ns)]
    one.answered(11)
    seen.append((one.state, one.since_ns))
    one.synced("", 12)
    seen.append((one.state, one.since_ns))
    assert seen == [(State.CONNECTING, 1), (State.SYNCING, 11), (State.UP, 12)]
    assert one.sessions == 1
    assert one.lost == 0


def test_a_loss_is_counted_once_however_often_dialling_fails() -> None:
    one = status()
    one.answered(1)
    one.synced("", 2)
    one.ended("UNAVAILABLE", 3)
    one.dialling(4)
    one.ended("UNAVAILABLE: again", 5)
    assert (one.state, one.reason, one.lost, one.since_ns) == (State.CONNECTING, "UNAVAILABLE: again", 1, 3)


def test_a_refusal_and_silence_stay_visible_while_the_target_is_dialled_again() -> None:
    for enter, state in ((FamilyStatus.refused, State.REFUSED), (FamilyStatus.silent, State.STALE)):
        one = status()
        one.answered(1)
        enter(one, "why", 2)
        one.dialling(3)
        assert (one.state, one.reason) == (state, "why")
        one.answered(4)
        assert (one.state, one.reason) == (State.SYNCING, "")


def test_silence_of_the_target_does_not_hide_that_a_path_was_refused() -> None:
    one = status()
    one.refused("unknown path", 1)
    one.silent("no liveness", 2)
    assert (one.state, one.reason, one.lost) == (State.REFUSED, "unknown path", 0)


def test_a_renewal_is_no_loss() -> None:
    one = status()
    for at in (1, 3):
        one.answered(at)
        one.synced("", at + 1)
    assert (one.sessions, one.lost) == (2, 0)


def test_what_is_up_but_not_as_asked_says_so() -> None:
    one = status()
    one.answered(1)
    one.synced("ON_CHANGE refused", 2)
    assert (one.state, one.reason) == (State.UP, "ON_CHANGE refused")


def test_the_rate_nears_what_comes_each_second_and_then_nothing() -> None:
    one = status()
    for _ in range(int(5 * RATE_WINDOW_S)):
        for _ in range(20):
            one.received(100)
        one.second_passed()
    assert one.records_per_s == pytest.approx(20, rel=0.02)
    for _ in range(int(5 * RATE_WINDOW_S)):
        one.second_passed()
    assert one.records_per_s == pytest.approx(0, abs=0.2)
    assert (one.records, one.bytes) == (1000, 100_000)


@pytest.mark.parametrize(("silence", "told"), [(14.999, None), (15.0, 15.0)])
def test_a_target_is_silent_when_three_samples_failed_to_come(silence: float, told: float | None) -> None:
    heart = Heartbeat(interval_s=5.0, heard_s=100.0)
    assert heart.silence_s(100.0 + silence) == told


def test_each_sample_begins_the_silence_anew() -> None:
    heart = Heartbeat(interval_s=5.0, heard_s=0.0)
    for second in range(0, 100, 5):
        heart.heard(second)
        assert heart.silence_s(second + 5) is None


def test_waits_grow_to_a_limit_and_never_end() -> None:
    backoff = Backoff()
    waits = [backoff.failed(1.0) for _ in range(1000)]
    assert waits[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert waits == sorted(waits)
    assert set(waits[10:]) == {LONGEST_S}


def test_a_success_makes_the_next_wait_short() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.failed(0.5)
    backoff.succeeded()
    assert backoff.failed(1.0) == FIRST_S


def test_half_of_a_wait_is_left_to_chance() -> None:
    assert (jittered(60.0, 0.0), jittered(60.0, 0.5), jittered(60.0, 1.0)) == (30.0, 45.0, 60.0)


def test_after_a_renewal_nothing_is_known_before_the_next_dump() -> None:
    one = status()
    one.answered(1)
    one.synced("", 2)
    one.renewed(3)
    assert (one.state, one.reason, one.lost) == (State.CONNECTING, "renewed", 0)
    one.asked(4)
    assert (one.state, one.reason) == (State.CONNECTING, "the target has not answered yet")
    one.refused("no", 5)
    one.renewed(6)
    assert one.state is State.REFUSED


def test_a_refusal_in_the_middle_of_a_stream_is_a_loss() -> None:
    one = status()
    one.refused("no", 1)
    assert one.lost == 0
    one.answered(2)
    one.refused("no", 3)
    assert one.lost == 1


def test_only_a_family_that_was_up_for_a_while_is_steady() -> None:
    one = status()
    one.answered(0)
    assert not one.steady(10**12)
    one.synced("", 0)
    one.synced("", 30 * 10**9)  # said again
    assert not one.steady(int(STEADY_S * 1e9) - 1)
    assert one.steady(int(STEADY_S * 1e9))


def test_only_a_connection_that_stood_for_a_while_is_steady() -> None:
    life = Life(Heartbeat(5.0, 0.0))
    assert not life.steady(1e9)
    life.synced(100.0)
    life.synced(130.0)
    assert not life.steady(100.0 + STEADY_S - 0.001)
    assert life.steady(100.0 + STEADY_S)
