"""Durations and times that people write."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.errors import InputError
from pipeline.desk.options import LONGEST, duration, moment


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("1d12h", timedelta(hours=36)),
        ("366d", LONGEST),
        (" 5s ", timedelta(seconds=5)),
    ],
)
def test_a_duration_is_days_hours_minutes_and_seconds(text: str, length: timedelta) -> None:
    assert duration(text, "--for") == length


@pytest.mark.parametrize(
    "text",
    ["", "4", "h", "1h1d", "-1h", "0m", "366d1s", "999999999d", "9" * 30 + "d", "9" * 5000 + "s", "\u0664h"],
)
def test_what_is_no_duration_or_none_that_anybody_means_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--for") as wrong:
        duration(text, "--for")
    assert len(str(wrong.value)) < 200


def test_a_time_is_taken_with_its_offset() -> None:
    assert moment("2026-11-24T02:00+01:00", "--to") == datetime(2026, 11, 24, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2026-11-24T02:00",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-12:00",
        "2200-01-01T00:00Z",
        "x" * 10_000,
    ],
)
def test_what_is_no_time_or_in_no_year_that_anybody_means_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--to") as wrong:
        moment(text, "--to")
    assert len(str(wrong.value)) < 200
