"""When windows are open: once, and by rules of RFC 5545 in local time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.actions.schedule import MOST_WINDOWS, Once, Recurring
from pipeline.actions.wrong import ActionError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def again(
    rule: str, start: str = "2026-10-20T02:30:00", zone: str = "Europe/Berlin", **more: Any
) -> Recurring:
    return Recurring.of({"rrule": rule, "start": start, "zone": zone, "duration_s": 7200, **more})


def begins(schedule: Recurring, count: int) -> list[str]:
    return [f"{EPOCH + timedelta(microseconds=at):%Y-%m-%dT%H:%MZ}" for at in schedule.begins[:count]]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-24T01:59:59.999999Z", False), ("2026-11-24T02:00:00Z", True),
        ("2026-11-24T03:59:59.999999Z", True), ("2026-11-24T04:00:00Z", False),
    ],
)  # fmt: skip
def test_a_window_is_open_from_its_beginning_to_just_before_its_end(moment: str, *, is_open: bool) -> None:
    once = Once(us("2026-11-24T02:00:00Z"), us("2026-11-24T04:00:00Z"))
    assert bool(once.at(us(moment))) is is_open


def test_two_o_clock_stays_two_o_clock_when_clocks_change() -> None:
    # summer time ends in Berlin on 2026-10-25
    assert begins(again("FREQ=WEEKLY;BYDAY=TU"), 2) == ["2026-10-20T00:30Z", "2026-10-27T01:30Z"]


def test_a_time_that_a_change_of_clocks_skips_is_an_hour_later() -> None:
    # on 2027-03-28 there is no half past two in Berlin
    schedule = again("FREQ=DAILY", start="2027-03-27T02:30:00")
    assert begins(schedule, 3) == ["2027-03-27T01:30Z", "2027-03-28T01:30Z", "2027-03-29T00:30Z"]


def test_the_last_friday_of_a_month() -> None:
    schedule = again("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", start="2026-10-01T22:00:00", zone="UTC")
    assert begins(schedule, 9) == ["2026-10-30T22:00Z", "2026-11-27T22:00Z", "2026-12-25T22:00Z"]


def test_windows_that_overlap_are_all_open() -> None:
    schedule = again("FREQ=DAILY;COUNT=3", zone="UTC", duration_s=36 * 3600)
    assert [span.number for span in schedule.at(us("2026-10-21T03:00:00Z"))] == [0, 1]
    assert schedule.after(us("2026-10-21T03:00:00Z")) == us("2026-10-21T14:30:00Z")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("every tuesday", "no rule of RFC 5545"),
        ("FREQ=HOURLY", "FREQ is one of"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;BYSECOND=1", "can't be used here"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20271231T000000Z", "exclude each other"),
        ("FREQ=DAILY;UNTIL=20271231", "UNTIL is a time in UTC"),
        ("FREQ=DAILY;UNTIL=20201231T000000Z", "gives no window"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "gives no window"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
        ("FREQ=DAILY;BYHOUR=1,2,3", f"more than {MOST_WINDOWS} windows"),
        ("DTSTART=20260101", "can't be used here"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_the_reason(rule: str, reason: str) -> None:
    with pytest.raises(ActionError, match=reason):
        again(rule)


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        ({"zone": "Mars/Olympus"}, "no IANA time zone"),
        ({"zone": "../../etc/passwd"}, "no IANA time zone"),
        ({"start": "2026-10-20T02:30:00Z"}, "has an offset"),
        ({"start": "tuesday"}, "is no time"),
    ],
)
def test_a_start_that_is_none_is_refused_with_the_reason(given_: dict[str, str], reason: str) -> None:
    with pytest.raises(ActionError, match=reason):
        again("FREQ=DAILY", **given_)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYSETPOS=9", "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31"],
)
def test_a_rule_that_never_comes_true_holds_nobody_up(rule: str) -> None:
    began = time.process_time()
    with pytest.raises(ActionError, match="gives no window"):
        again(rule)
    assert time.process_time() - began < 1  # some 5 s where it is looked for from our time on


def test_leap_days_and_days_of_the_week_are_those_of_our_time() -> None:
    leap = again("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", zone="UTC")
    assert begins(leap, 2) == ["2028-02-29T02:30Z", "2032-02-29T02:30Z"]
    weeks = again("FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR", zone="UTC")
    assert begins(weeks, 2) == ["2027-01-01T02:30Z", "2032-12-31T02:30Z"]


def test_the_last_window_opens_at_the_end_that_the_rule_says() -> None:
    until = again("FREQ=DAILY;UNTIL=20261026T013000Z")  # in UTC; clocks change in Berlin the day before
    assert begins(until, 9)[-1] == "2026-10-26T01:30Z"
    assert begins(again("FREQ=DAILY;UNTIL=20261026T012959Z"), 9)[-1] == "2026-10-25T00:30Z"


parts = st.lists(
    st.tuples(
        st.sampled_from(
            ["FREQ", "INTERVAL", "COUNT", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "UNTIL"]
        ),
        st.sampled_from(
            ["WEEKLY", "YEARLY", "0", "1", "-1", "99", "MO", "-1FR", "XX", ",", "20271231T000000Z"]
        ),
    ),
    min_size=1,
    max_size=4,
)


@given(parts)
def test_any_rule_is_taken_or_refused(chosen: list[tuple[str, str]]) -> None:
    try:
        schedule = again(";".join(f"{name}={value}" for name, value in chosen))
    except ActionError:
        return
    assert list(schedule.begins) == sorted(schedule.begins)
    # between two edges nothing opens or closes
    at, steps = schedule.begins[0] - 1, 0
    while (edge := schedule.after(at)) is not None and steps < 20:
        assert edge > at
        assert schedule.at(edge - 1) == schedule.at(at)
        assert schedule.at(edge) != schedule.at(at)
        at, steps = edge, steps + 1
