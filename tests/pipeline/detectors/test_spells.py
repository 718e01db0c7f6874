"""Spells, and when they have lasted long enough to be told."""

from typing import Any

import polars as pl
import pytest

from pipeline.detectors.spells import NEVER, spells, statements
from pipeline.detectors.timeline import PLACE


def states(*rows: tuple[int, bool | None]) -> pl.DataFrame:
    """Time and value of one subject; all is news."""
    return pl.DataFrame(
        [("x", time, number, 0, time, value, True) for number, (time, value) in enumerate(rows)],
        schema={"name": pl.String, **PLACE, "value": pl.Boolean, "news": pl.Boolean},
        orient="row",
    )


def look(frame: pl.DataFrame, hold: int, now: int) -> tuple[list[Any], list[Any]]:
    found = spells(frame, ["name"], pl.lit(hold), now)
    told = statements(frame, found, ["name"]).select("time", "active", "now").rows()
    return found.select("begun", "told", "ended").rows(), told


@pytest.mark.parametrize(("now", "told"), [(19, None), (20, 20)])
def test_it_is_told_when_it_has_lasted_long_enough(now: int, told: int | None) -> None:
    found, said = look(states((5, False), (10, True)), 10, now)
    assert found == [(10, told, NEVER)]
    assert said == ([(20, True, 20)] if told else [])


@pytest.mark.parametrize(("end", "told"), [(20, []), (21, [(20, True, 20), (21, False, 21)])])
def test_one_that_ends_in_time_is_not_told(end: int, told: list[Any]) -> None:
    assert look(states((10, True), (end, False)), 10, 100)[1] == told


def test_it_goes_on_while_nobody_can_tell() -> None:
    _, told = look(states((10, True), (30, None), (40, True), (50, False)), 10, 100)
    assert told == [(20, True, 20), (30, None, 30), (40, True, 40), (50, False, 50)]


def test_the_time_that_it_must_hold_begins_anew_when_sight_is_lost() -> None:
    found, told = look(states((10, True), (15, None), (18, True)), 10, 100)
    assert (found, told) == ([(18, 28, NEVER)], [(28, True, 28)])


def test_what_was_there_when_the_first_look_was_taken_is_no_news() -> None:
    frame = states((10, True)).with_columns(news=False)
    assert look(frame, 10, 100) == ([(None, None, NEVER)], [])


def test_two_spells_are_two() -> None:
    found, _ = look(states((0, True), (30, False), (40, True), (45, False), (60, True)), 10, 100)
    assert found == [(0, 10, 30), (None, None, 45), (60, 70, NEVER)]
