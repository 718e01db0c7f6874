from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collectors.errors import InputError
from pipeline.forensics.times import Reach, check_reach, moment, period, said

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 05:00 in Berlin
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
TIMES = st.integers(946_800_000 * 10**6, 7_258_000_000 * 10**6).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


def read(text: str, *, now: datetime = NOW, zone: tzinfo = BERLIN) -> str:
    return moment(text, now=now, zone=zone).isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-22T04:00:00+00:00"),
        (" NOW ", "2026-11-22T04:00:00+00:00"),
        ("-15m", "2026-11-22T03:45:00+00:00"),
        ("-2h30m", "2026-11-22T01:30:00+00:00"),
        ("-1d", "2026-11-21T04:00:00+00:00"),
        ("-0.25s", "2026-11-22T03:59:59.750000+00:00"),
        ("03:12", "2026-11-22T02:12:00+00:00"),
        ("3:12", "2026-11-22T02:12:00+00:00"),
        ("03:12:04.5", "2026-11-22T02:12:04.500000+00:00"),
        ("05:00", "2026-11-22T04:00:00+00:00"),  # now
        ("05:01", "2026-11-21T04:01:00+00:00"),  # clocks haven't shown it yet today
        ("03:12Z", "2026-11-22T03:12:00+00:00"),
        ("03:12 utc", "2026-11-22T03:12:00+00:00"),
        ("23:30-05:00", "2026-11-21T04:30:00+00:00"),  # it is 23:00 of the 21st there
        ("today 03:12", "2026-11-22T02:12:00+00:00"),
        ("today 23:00", "2026-11-22T22:00:00+00:00"),
        ("yesterday 14:00", "2026-11-21T13:00:00+00:00"),
        ("Yesterday 14:00Z", "2026-11-21T14:00:00+00:00"),
        ("2026-11-22", "2026-11-21T23:00:00+00:00"),
        ("2026-11-22 03:12", "2026-11-22T02:12:00+00:00"),
        ("2026-11-22T03:12:04.123456Z", "2026-11-22T03:12:04.123456+00:00"),
        ("2026-11-22 03:12 UTC", "2026-11-22T03:12:00+00:00"),
        ("2026-11-22T03:12+01:00", "2026-11-22T02:12:00+00:00"),
    ],
)
def test_a_time_is_read_as_people_mean_it(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "25:00", "03:60", "3", "-", "-15", "15m", "-15m2h", "yesterday", "+15m", "0312"),
        *("03:12+99:00", "2026-13-01", "2026-11-22T25:00", "03:12:04.", "--5m", "-٣m", "2026-11-22Z\x1b[31m"),
    ],
)
def test_what_is_no_time_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(InputError, match=r"is no time: write 03:12, 'yesterday 14:00', -15m") as refused:
        read(text)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("text", ["-9999999999d", f"-{'9' * 5000}s", "1999-12-31", "2200-01-01", "-9999d"])
def test_a_time_that_no_fabric_has_seen_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"longer ago than any fabric|in no year from 2000 to 2199"):
        read(text)


def test_an_hour_that_clocks_show_twice_is_asked_about() -> None:
    with pytest.raises(InputError) as refused:
        read("2026-10-25 02:30")
    assert str(refused.value) == (
        "'2026-10-25 02:30' is there twice, for clocks were set back on 2026-10-25 in Europe/Berlin: write"
        " 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-10-25T00:29:59+00:00", "2026-10-24T00:30:00+00:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25T00:30:00+00:00"),  # seen once so far
        ("2026-10-25T01:29:59+00:00", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_in_the_hour_that_clocks_show_twice_the_second_is_yet_to_come(now: str, expected: str) -> None:
    assert read("02:30", now=datetime.fromisoformat(now)) == expected


def test_after_the_hour_that_clocks_show_twice_both_have_been() -> None:
    with pytest.raises(InputError, match="is there twice"):
        read("02:30", now=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026-03-29 02:30", "today 02:30", "02:30"])
def test_a_time_that_clocks_never_show_has_neighbours(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text, now=datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert str(refused.value).endswith(
        "clocks were set forward on 2026-03-29: the nearest are 2026-03-29T01:30:00+01:00 and"
        " 2026-03-29T03:30:00+02:00"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("today 06:00", "which is in the future: the latest that is known is 2026-11-22T03:59:00Z"),
        ("-2d", "before the first data: the earliest that is known is 2026-11-21T12:00:00.002Z"),
        ("now", "after the last data: the latest that is known is 2026-11-22T03:59:00Z"),
    ],
)
def test_a_time_that_the_store_does_not_know_is_refused_with_the_nearest_it_does(
    text: str, sentence: str
) -> None:
    reach = Reach(
        datetime(2026, 11, 21, 12, 0, 0, 1500, tzinfo=UTC), datetime(2026, 11, 22, 3, 59, tzinfo=UTC)
    )
    when = moment(text, now=NOW, zone=UTC)
    with pytest.raises(InputError) as refused:
        check_reach(text, when, now=NOW, zone=UTC, reach=reach)
    assert str(refused.value).endswith(sentence)
    assert str(refused.value).startswith(f"'{text}' is 2026-11-2")


def test_the_first_and_the_last_moment_are_known() -> None:
    reach = Reach(NOW - timedelta(hours=1), NOW)
    assert period("-1h", "now", now=NOW, zone=UTC, reach=reach) == (reach.first, reach.last)
    for since, until in (("-1h0.000001s", "now"), ("-1h", "2026-11-22T04:00:00.000001Z")):
        with pytest.raises(InputError, match=r"the (earliest|latest) that is known is"):
            period(since, until, now=NOW, zone=UTC, reach=reach)


def test_a_range_does_not_go_backwards() -> None:
    with pytest.raises(InputError) as refused:
        period("03:13", "03:12", now=NOW, zone=UTC)
    assert str(refused.value) == (
        "'03:13' is 2026-11-22T03:13:00Z, which is after '03:12', 2026-11-22T03:12:00Z: give the earlier one"
        " first"
    )


@given(TIMES, ZONES)
def test_what_is_said_of_a_time_is_read_as_that_time(when: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    read_back = moment(said(when, zone), now=NOW, zone=UTC)
    assert timedelta() <= when - read_back < timedelta(milliseconds=1)
    assert (
        timedelta() <= moment(said(when, zone, up=True), now=NOW, zone=UTC) - when < timedelta(milliseconds=1)
    )


@given(TIMES, ZONES)
def test_a_time_without_zone_is_that_of_the_zone_or_is_not_unique(when: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    local = when.astimezone(zone).replace(tzinfo=None)
    twice = local.replace(tzinfo=zone, fold=0).utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset()
    if twice:
        with pytest.raises(InputError, match="is there twice"):
            moment(local.isoformat(), now=NOW, zone=zone)
    else:
        assert moment(local.isoformat(), now=NOW, zone=zone) == when


@given(TIMES, ZONES, st.timedeltas(timedelta(), timedelta(hours=22)))
def test_a_time_of_day_is_the_last_one(now: datetime, name: str, ago: timedelta) -> None:
    zone, when = ZoneInfo(name), now - ago
    local = when.astimezone(zone)
    assume(local.utcoffset() == (when + timedelta(hours=26)).astimezone(zone).utcoffset())
    assume(local.utcoffset() == (when - timedelta(hours=26)).astimezone(zone).utcoffset())
    assert moment(local.time().isoformat(), now=now, zone=zone) == when


@given(TIMES, st.integers(0, 30), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_how_long_ago_is_counted_back(
    now: datetime, days: int, hours: int, minutes: int, seconds: int
) -> None:
    ago = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assume((now - ago).year >= 2000)
    assert moment(f"-{days}d{hours}h{minutes}m{seconds}s", now=now, zone=BERLIN) == now - ago


@given(st.text(max_size=30) | st.from_regex(r"[-+0-9:T dhms.Z]{1,30}", fullmatch=True), ZONES)
def test_any_text_is_a_time_or_is_refused(text: str, name: str) -> None:
    try:
        when = moment(text, now=NOW, zone=ZoneInfo(name))
    except InputError:
        return
    assert when.utcoffset() == timedelta()
    assert 2000 <= when.year < 2200
