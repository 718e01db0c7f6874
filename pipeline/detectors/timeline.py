"""Step functions over time: what was true of which unit from when on, in the order of events.

State rules look at what several devices said. Their records come in any order within the lateness, so a
rule's value at a time is computed from the units' values at that time, not from whoever was heard last.

A timeline is a frame with key columns, PLACE and a value column; one row per time at which the value changed.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import polars as pl

PLACE: Final = {"time": pl.Int64, "offset": pl.Int64, "index": pl.UInt32, "now": pl.Int64}
"""When (event time, microseconds), by what evidence, and the fabric's clock then."""
_SMALL: Final = 200
"""Rows of a table that are never too many."""
_UNIT, _SUBJECT = "number of unit", "number of subject"


@lru_cache(maxsize=256)
def _made(columns: tuple[tuple[str, pl.DataType | type[pl.DataType]], ...]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(columns))


def _nothing(schema: pl.Schema) -> pl.DataFrame:
    """Return an empty frame; made once, to make one takes a millisecond."""
    return _made(tuple(schema.items()))


class StepTable:
    """Current and recent values of units: what is older than the lateness is settled, one row per unit."""

    def __init__(self, keys: Sequence[str], value: pl.DataType | type[pl.DataType]) -> None:
        self.keys = list(keys)
        self._schema = pl.Schema({**dict.fromkeys(self.keys, pl.String), **PLACE, "value": value})
        self.rows = _nothing(self._schema)
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
    keys = _keys(left)
    beside = [column for column in left.columns if column not in (*keys, *PLACE)]
    units = left.select(keys).unique().sort(keys).with_row_index(_UNIT)
    ours = left.join(units, on=keys, nulls_equal=True, maintain_order="left").with_columns(ours=True)
    # a null among the values says "unknown" and stays: only rows of the other side are filled
    theirs = units.join(
        right.rename({"value": name}), on=list(on), nulls_equal=True, maintain_order="right"
    ).with_columns(ours=False)
    both = pl.concat(
        [ours.select(_UNIT, *PLACE, *beside, "ours"), theirs.select(_UNIT, *PLACE, name, "ours")],
        how="diagonal",
    ).sort(_UNIT, "time", "offset", "index", maintain_order=True)
    row = pl.int_range(pl.len())
    begin = _begin(_UNIT)

    def last(side: pl.Expr) -> pl.Expr:
        """Return the unit's last row of a side, null before its first."""
        at = pl.when(side).then(row).forward_fill()
        return pl.when(at >= begin).then(at)

    filled = both.select(
        _UNIT,
        *PLACE,
        *(pl.col(column).gather(last(pl.col("ours"))) for column in beside),
        pl.col(name).gather(last(~pl.col("ours"))),
    )
    named = units.select(pl.col(keys).gather(filled[_UNIT]))
    return named.hstack(filled.drop(_UNIT).get_columns())


def counts(timeline: pl.DataFrame, subject: Sequence[str], **flags: pl.Expr) -> pl.DataFrame:
    """Return, per subject and time, how many of its units have each flag set.

    ``timeline`` has a row per unit and change; null flags count as false. One row per subject and time at
    which a count could have changed, with the place of the last evidence then.
    """
    keys = _keys(timeline)
    units = timeline.select(keys).unique().sort(*subject, *keys).with_row_index(_UNIT)
    each = units.select(subject).unique(maintain_order=True).with_row_index(_SUBJECT)
    units = units.join(each, on=list(subject), nulls_equal=True)
    now = (
        timeline.join(units.select(*keys, _UNIT, _SUBJECT), on=keys, nulls_equal=True, maintain_order="left")
        .select(
            _UNIT,
            _SUBJECT,
            *PLACE,
            **{name: flag.fill_null(value=False).cast(pl.Int32) for name, flag in flags.items()},
        )
        .sort(_UNIT, maintain_order=True)
    )
    follows = pl.col(_UNIT) == pl.col(_UNIT).shift(1)
    steps = now.with_columns(
        pl.col(name) - pl.when(follows).then(pl.col(name).shift(1)).fill_null(0) for name in flags
    ).sort(_SUBJECT, "time", "offset", "index", maintain_order=True)
    begin = _begin(_SUBJECT)
    tally = (
        steps.with_columns(
            pl.col(name).cum_sum() - (pl.col(name).cum_sum() - pl.col(name)).gather(begin) for name in flags
        )
        .group_by(_SUBJECT, "time", maintain_order=True)
        .agg(pl.col("offset", "index", *flags).last(), pl.col("now").max())
    )
    named = each.select(pl.col(subject).gather(tally[_SUBJECT]))
    return named.hstack(tally.drop(_SUBJECT).get_columns())


def _keys(timeline: pl.DataFrame) -> list[str]:
    """Return the key columns of a timeline, which may have other values beside its own."""
    return [
        column
        for column in timeline.columns
        if column not in (*PLACE, "value") and not column.startswith("with ")
    ]


def _begin(number: str) -> pl.Expr:
    """Return, of rows that are together by a number, the first row with the same.

    A window function per unit or subject would cost far more: there are as many as observers times routes.
    """
    row = pl.int_range(pl.len())
    first = (pl.col(number) != pl.col(number).shift(1)).fill_null(value=True)
    return pl.when(first).then(row).forward_fill()


def changes(states: pl.DataFrame, subject: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """Return the rows of a subject whose ``columns`` differ from the row before."""
    ordered = states.sort(*subject, "time", "offset", "index", maintain_order=True)
    # what one subject says first may be what another said last: then the subject differs
    differs = pl.any_horizontal(
        pl.col(column).ne_missing(pl.col(column).shift(1)) for column in (*subject, *columns)
    )
    return ordered.filter(differs | (pl.int_range(pl.len()) == 0))


def telling(states: pl.DataFrame, subject: Sequence[str]) -> pl.DataFrame:
    """Return the rows worth a finding: the active ones, and those that end what was active or doubtful.

    ``states``: rows of each subject in the order of their times, with ``active``.
    """
    before = pl.col("active").shift(1).over(subject)
    first = pl.int_range(pl.len()).over(subject) == 0
    active = pl.col("active").fill_null(value=False)
    return states.filter(active | (~first & pl.col("active").ne_missing(before)))
