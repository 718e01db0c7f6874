"""Step functions over time, against plain Python: aligned, counted, settled."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detectors.timeline import PLACE, StepTable, align, changes, counts, telling

Row = tuple[str, str, int, bool | None]
"""Subject, unit, time, value."""
rows = st.lists(
    st.tuples(
        st.sampled_from("XY"), st.sampled_from("ab"), st.integers(0, 9), st.sampled_from([True, False, None])
    ),
    max_size=20,
)


def timeline(said: Sequence[tuple[Any, ...]], *keys: str) -> pl.DataFrame:
    """One row per statement; the order among those of one time is that of ``said``."""
    data = [
        {
            **dict(zip(keys, row, strict=False)),
            "time": row[-2],
            "offset": at,
            "index": 0,
            "now": row[-2],
            "value": row[-1],
        }
        for at, row in enumerate(said)
    ]
    schema = {**dict.fromkeys(keys, pl.String), **PLACE, "value": pl.Boolean}
    return pl.DataFrame(data, schema=schema).sort(*keys, "time", "offset")


def value_at(said: Sequence[tuple[Any, ...]], unit: tuple[str, ...], time: int) -> bool | None:
    """What was said of a unit last, up to and including a time."""
    told = sorted(
        (row[-2], at, row[-1]) for at, row in enumerate(said) if row[: len(unit)] == unit and row[-2] <= time
    )
    return told[-1][2] if told else None


@settings(max_examples=80)
@given(rows, rows)
def test_aligned_values_are_those_of_their_time(said: list[Row], of_subjects: list[Row]) -> None:
    right = [(subject, time, value) for subject, _, time, value in of_subjects]

    both = align(timeline(said, "subject", "unit"), timeline(right, "subject"), ["subject"], "with right")

    last = {(row["subject"], row["unit"], row["time"]): row for row in both.to_dicts()}
    for (subject, unit, time), row in last.items():
        assert row["value"] == value_at(said, (subject, unit), time)
        assert row["with right"] == value_at(right, (subject,), time)
    times = {(subject, unit, time) for subject, unit, time, _ in said} | {
        (subject, unit, time)
        for subject, time, _ in right
        for unit in {row[1] for row in said if row[0] == subject}
    }
    assert set(last) == times


@settings(max_examples=80)
@given(rows)
def test_counts_are_those_of_all_units_at_each_time(said: list[Row]) -> None:
    tally = counts(
        timeline(said, "subject", "unit"),
        ["subject"],
        up=pl.col("value"),
        down=~pl.col("value"),
        told=pl.lit(value=True),
    )

    for row in tally.to_dicts():
        units = {one[:2] for one in said if one[0] == row["subject"] and one[2] <= row["time"]}
        values = [value_at(said, unit, row["time"]) for unit in units]
        assert (row["up"], row["down"], row["told"]) == (values.count(True), values.count(False), len(units))
    assert {(row["subject"], row["time"]) for row in tally.to_dicts()} == {(row[0], row[2]) for row in said}


@settings(max_examples=60)
@given(rows, st.integers(0, 10))
def test_what_is_settled_is_forgotten_but_for_the_last_value(said: list[Row], horizon: int) -> None:
    table = StepTable(["subject", "unit"], pl.Boolean)
    table.add(timeline(said, "subject", "unit"))

    settled = table.dump(horizon)

    kept = [(*row[:2], row[2], row[-1]) for row in settled.rows()]
    for time in range(horizon, 10):
        for unit in {row[:2] for row in said}:
            assert value_at(kept, unit, time) == value_at(said, unit, time)
    assert sum(row[2] <= horizon for row in kept) == len({row[:2] for row in said if row[2] <= horizon})


@given(rows)
def test_changes_are_the_rows_that_differ_from_the_one_before(said: list[Row]) -> None:
    states = timeline([(subject, time, value) for subject, _, time, value in said], "subject")

    told = changes(states, ["subject"], ["value"])

    for subject in "XY":
        values = states.filter(subject=subject)["value"].to_list()
        expected = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
        assert told.filter(subject=subject)["value"].to_list() == expected


@pytest.mark.parametrize(
    ("active", "told"),
    [
        ([True], [True]),
        ([False], []),
        ([None], []),
        ([False, True, False], [True, False]),
        ([True, True, False, False], [True, True, False]),
        ([True, None, False], [True, None, False]),
        ([None, False], [False]),
        ([False, None, False], [None, False]),
    ],
)
def test_told_is_what_is_wrong_and_what_ends_it_or_doubts_it(
    active: list[bool | None], told: list[bool | None]
) -> None:
    states = pl.DataFrame(
        {"subject": ["X"] * len(active), "active": active},
        schema={"subject": pl.String, "active": pl.Boolean},
    )

    assert telling(states, ["subject"])["active"].to_list() == told


def test_of_nothing_comes_nothing() -> None:
    empty = timeline([], "subject", "unit")

    assert align(empty, timeline([], "subject"), ["subject"], "with right").is_empty()
    assert counts(empty, ["subject"], up=pl.col("value")).is_empty()
    assert StepTable(["subject", "unit"], pl.Boolean).dump(5).is_empty()
