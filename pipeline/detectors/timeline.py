"""Step functions over time: what was true of which unit from when on, in the order of events.

State rules look at what several devices said. Their records come in any order within the lateness, so a
rule's value at a time is computed from the units' values at that time, not from whoever was heard last.

A timeline is a frame with key columns, PLACE and a value column; one row per time at which the value changed.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

PLACE: Final = {"time": pl.Int64, "offset": pl.Int64, "index": pl.UInt32, "now": pl.Int64}
"""When (event time, microseconds), by what evidence, and the fabric's clock then."""
_SMALL: Final = 200
"""Rows of a table that are never too many."""


class StepTable:
    """Current and recent values of units: what is older than the lateness is settled, one row per unit."""

    def __init__(self, keys: Sequence[str], value: pl.DataType | type[pl.DataType]) -> None:
        self.keys = list(keys)
        self._schema = pl.Schema({**dict.fromkeys(self.keys, pl.String), **PLACE, "value": value})
        self.rows = pl.DataFrame(schema=self._schema)
        self._size = _SMALL
        """Rows when the table was last settled, or that many."""

    def add(self, transitions: pl.DataFrame) -> None:
        """Take transitions: key columns, PLACE and value."""
        if len(transitions):
            self.rows = pl.concat([self.rows, transitions.select(self._schema.names()).cast(self._schema)])

    def dump(self, horizon: int) -> pl.DataFrame:
        """Return the state: settled up to the horizon, ordered."""
        self.settle(horizon, always=True)
        return self.timeline()

    def timeline(self) -> pl.DataFrame:
        """Return all rows kept, ordered by unit and time; the first of a unit is its settled value."""
        return self.rows.sort(*self.keys, "time", "offset", "index", maintain_order=True)

    def settle(self, horizon: int, *, always: bool = False) -> None:
        """Forget all but the last value up to the horizon of each unit; unless ``always``, when it pays.

        It pays when the table has doubled: to look costs as much as it has rows.
        """
        if always or len(self.rows) > 2 * self._size:
            old = pl.col("time") <= horizon
            kept = self.rows.filter(old).sort("time", "offset", "index").group_by(self.keys).last()
            self.rows = pl.concat([kept.select(self._schema.names()), self.rows.filter(~old)])
            self._size = max(_SMALL, len(self.rows))


def align(left: pl.DataFrame, right: pl.DataFrame, on: Sequence[str], name: str) -> pl.DataFrame:
    """Return the left timeline with the right one's value beside it, as ``name``, at each change of either.

    ``on`` are key columns of both; a right unit concerns all left units with its key. Before its first row a
    value is null. A change of the right side before the left unit's first row is not shown, but counts.
    """
    keys = [
        column
        for column in left.columns
        if column not in (*PLACE, "value") and not column.startswith("with ")
    ]
    beside = [column for column in left.columns if column == "value" or column.startswith("with ")]
    units = left.select(keys).unique()
    other = units.join(right.rename({"value": name}), on=list(on), how="inner", nulls_equal=True)
    # a null among the values says "unknown" and stays: only rows of the other side are filled
    ours = left.select(*keys, *PLACE, ours=pl.struct(beside))
    theirs = other.select(*keys, *PLACE, theirs=pl.struct(name))
    both = pl.concat([ours, theirs], how="diagonal").sort(
        *keys, "time", "offset", "index", maintain_order=True
    )
    return both.with_columns(pl.col("ours", "theirs").forward_fill().over(keys)).unnest("ours", "theirs")


def counts(timeline: pl.DataFrame, subject: Sequence[str], **flags: pl.Expr) -> pl.DataFrame:
    """Return, per subject and time, how many of its units have each flag set.

    ``timeline`` has a row per unit and change; null flags count as false. One row per subject and time at
    which a count could have changed, with the place of the last evidence then.
    """
    keys = [
        column
        for column in timeline.columns
        if column not in (*PLACE, "value") and not column.startswith("with ")
    ]
    now = timeline.with_columns(
        **{name: flag.fill_null(value=False).cast(pl.Int32) for name, flag in flags.items()}
    )
    deltas = now.with_columns(pl.col(name) - pl.col(name).shift(1, fill_value=0).over(keys) for name in flags)
    return (
        deltas.sort(*subject, "time", "offset", "index", maintain_order=True)
        .with_columns(pl.col(*flags).cum_sum().over(subject))
        .group_by(*subject, "time", maintain_order=True)
        .agg(pl.col("offset", "index", *flags).last(), pl.col("now").max())
    )


def changes(states: pl.DataFrame, subject: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """Return the rows of a subject whose ``columns`` differ from the row before."""
    ordered = states.sort(*subject, "time", "offset", "index", maintain_order=True)
    differs = pl.any_horizontal(
        pl.col(column).ne_missing(pl.col(column).shift(1).over(subject)) for column in columns
    )
    first = pl.int_range(pl.len()).over(subject) == 0
    return ordered.filter(first | differs)


def telling(states: pl.DataFrame, subject: Sequence[str]) -> pl.DataFrame:
    """Return the rows worth a finding: the active ones, and those that end what was active or doubtful.

    ``states``: rows of each subject in the order of their times, with ``active``.
    """
    before = pl.col("active").shift(1).over(subject)
    first = pl.int_range(pl.len()).over(subject) == 0
    active = pl.col("active").fill_null(value=False)
    return states.filter(active | (~first & pl.col("active").ne_missing(before)))
