"""A rule ends only what it began."""

import polars as pl
import pytest

from pipeline.detectors import findings
from pipeline.detectors.spoken import Spoken


def states(*rows: tuple[int, bool | None, int], device: str = "l1") -> pl.DataFrame:
    """Rows of time, verdict and a mark."""
    told = [(device, time, active, mark) for time, active, mark in rows]
    schema = {"device": pl.String, "time": pl.Int64, "active": pl.Boolean, "mark": pl.Int64}
    return pl.DataFrame(told, schema=schema, orient="row")


def say(spoken: Spoken, told: pl.DataFrame, since: int) -> list[tuple[int, bool | None]]:
    found = spoken.telling(told, ["mark"], since)
    spoken.revise(findings(found.with_columns(rule=pl.lit("X"), offset="time")), since)
    return found.select("time", "active").rows()


@pytest.mark.parametrize("verdict", [False, None])
def test_what_never_held_is_not_said_to_end(*, verdict: bool | None) -> None:
    told = states((9, None, 0), (10, verdict, 0), (11, False, 0))

    assert say(Spoken(["device"]), told, 10) == []


def test_beginning_doubt_and_end_are_told_and_news_in_between() -> None:
    told = states((9, False, 0), (10, True, 1), (11, True, 1), (12, True, 2), (13, None, 2), (14, False, 0))

    assert say(Spoken(["device"]), told, 10) == [(10, True), (12, True), (13, None), (14, False)]


def test_doubt_after_the_end_is_nobody_s_news() -> None:
    told = states((9, False, 0), (10, True, 1), (11, False, 0), (12, None, 0), (13, False, 0))

    assert say(Spoken(["device"]), told, 10) == [(10, True), (11, False)]


def test_who_was_said_to_hold_long_ago_is_said_to_end() -> None:
    spoken = Spoken(["device"])
    assert say(spoken, states((9, False, 0), (10, True, 1)), 10) == [(10, True)]
    assert spoken.before(10).is_empty()
    assert spoken.before(100)["device"].to_list() == ["l1"]

    # meanwhile nobody could tell
    assert say(spoken, states((99, None, 0), (100, False, 0)), 100) == [(100, False)]
    assert say(spoken, states((199, None, 0), (200, False, 0)), 200) == []


def test_a_restart_forgets_nothing() -> None:
    spoken, after = Spoken(["device"]), Spoken(["device"])
    say(spoken, states((9, False, 0), (10, True, 1)), 10)
    after.load(spoken.dump(50))

    assert say(after, states((99, None, 0), (100, False, 0)), 100) == [(100, False)]
