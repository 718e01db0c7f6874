"""Timelines read at the few times at which anything changed."""

import polars as pl

from pipeline.detectors.moments import held_at, lasting, moments
from pipeline.detectors.timeline import PLACE


def timeline(*rows: tuple[str | None, int, bool | None]) -> pl.DataFrame:
    """Rows of unit, time and value; the offset is the row's number."""
    told = [(unit, time, number, 0, time, value) for number, (unit, time, value) in enumerate(rows)]
    return pl.DataFrame(told, schema={"unit": pl.String, **PLACE, "value": pl.Boolean}, orient="row")


def test_moments_are_changes_since_and_one_before() -> None:
    first, second = timeline(("a", 5, True), ("a", 20, False)), timeline(("b", 20, True), ("b", 30, True))

    found = moments([first, second], 10)

    assert found["time"].to_list() == [9, 20, 30]
    assert found.filter(pl.col("time") == 20)["offset"].to_list() == [1]


def test_what_is_settled_holds_before_the_first_change() -> None:
    told = timeline(("a", 5, True), ("a", 20, False))

    found = held_at(told, ["unit"], moments([told], 10))

    assert found.sort("time").rows() == [(9, "a", True), (20, "a", False)]


def test_the_last_word_at_a_time_counts_and_what_is_gone_is_not_there() -> None:
    told = timeline(("a", 20, True), ("a", 20, False), ("b", 20, True), ("b", 25, None))

    found = held_at(told, ["unit"], moments([told], 10))

    assert sorted(found.rows()) == [(20, "a", False), (20, "b", True), (25, "a", False)]


def test_a_key_that_is_null_is_one_of_its_own() -> None:
    told = timeline((None, 20, True))

    assert held_at(told, ["unit"], moments([told], 10)).rows() == [(20, "", True)]


def test_false_lasts_once_it_was_so_for_as_long_as_the_patience() -> None:
    told = timeline(("a", 10, False), ("b", 10, False), ("b", 14, True), ("c", 10, True), ("c", 12, False))

    found = lasting(told, 5, 15)

    # c's patience ends at 17, later than now
    assert found.select("unit", "time", "value").rows() == [
        ("a", 15, True),
        ("b", 14, False),
        ("c", 10, False),
    ]
