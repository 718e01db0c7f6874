"""Many at one place at once."""

import polars as pl
import pytest

from pipeline.detectors.crowds import crowds, turns
from pipeline.detectors.spells import NEVER

WINDOW = 30


def spells(*rows: tuple[str, int, int | None, int]) -> pl.DataFrame:
    """Place, since, told, ended of each."""
    schema = {"place": pl.String, "since": pl.Int64, "told": pl.Int64, "ended": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        id=pl.int_range(pl.len()),
        was_crowd=pl.lit(None, dtype=pl.Boolean),
        kept=pl.lit(None, dtype=pl.Boolean),
    )


@pytest.mark.parametrize(("second", "crowd"), [(29, True), (30, False)])
def test_they_count_while_they_began_within_the_window(second: int, *, crowd: bool) -> None:
    _, told = crowds(spells(("a", 0, None, NEVER), ("a", 20, second, NEVER)), 2, WINDOW)
    assert told["crowd"].to_list() == [False, crowd]


def test_who_is_told_before_there_are_enough_is_told_alone() -> None:
    _, told = crowds(spells(("a", 0, 10, NEVER), ("a", 15, 25, NEVER), ("a", 16, 26, NEVER)), 3, WINDOW)
    assert told["crowd"].to_list() == [False, True, True]


def test_a_place_has_its_own_crowd() -> None:
    _, told = crowds(spells(("a", 0, 10, NEVER), ("b", 0, 10, NEVER)), 2, WINDOW)
    assert told["crowd"].to_list() == [False, False]


def test_a_crowd_lasts_until_nothing_of_its_place_goes_on() -> None:
    course, _ = crowds(spells(("a", 0, 10, 50), ("a", 0, 10, 60)), 2, WINDOW)
    assert turns(course).select("time", "active", "standing").rows() == [(10, True, 2), (60, False, 0)]


def test_it_is_told_again_when_it_is_twice_as_large() -> None:
    course, _ = crowds(spells(*(("a", at, at + 10, NEVER) for at in range(8))), 2, WINDOW)
    assert turns(course)["standing"].to_list() == [8]

    course, _ = crowds(spells(*(("a", at, at + 1, NEVER) for at in range(9))), 2, WINDOW)
    assert turns(course)["standing"].to_list() == [2, 4, 8]
