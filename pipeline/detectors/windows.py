"""Sums over the window that ends at each row, of many units at once.

Units are many and their rows few: a window function per unit costs more than what it sums.
"""

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.columns import Array

_US: Final = timedelta(microseconds=1)


class Windows:
    """The rows (t - window, t] of each row's unit, of which those at the same time are the last."""

    def __init__(self, rows: pl.DataFrame, window: timedelta) -> None:
        """Take rows with ``key``, ``burst`` and ``time`` (microseconds), in this order.

        A burst is a part of its unit's rows that follow each other; none begins and ends at one time.
        """
        self._rows = rows
        key, time = rows["key"].to_numpy(), rows["time"].to_numpy()
        new_key = np.diff(key, prepend=-1) != 0
        new_burst = new_key | (np.diff(rows["burst"].to_numpy().astype(np.int64), prepend=-1) != 0)
        age = time - time.min(initial=np.iinfo(np.int64).max) if len(rows) else time
        # units follow each other, further apart than any window is long
        place = age + np.cumsum(new_key) * (age.max(initial=0) + window // _US + 1)
        self._end: Array = np.searchsorted(place, place, side="right")
        self._begin: Array = np.searchsorted(place, place - window // _US, side="right")
        burst = np.flatnonzero(new_burst)[np.cumsum(new_burst) - 1] if len(rows) else self._begin
        self._in_burst: Array = np.maximum(self._begin, burst)

    def sum(self, column: str, *, in_burst: bool = False) -> pl.Expr:
        """Return the sum of a column of whole numbers, or of flags, in each window."""
        values = self._rows[column].cast(pl.Int64).fill_null(0).to_numpy()
        total = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(values)])
        begin = self._in_burst if in_burst else self._begin
        return pl.lit(pl.Series(total[self._end] - total[begin]))

    def first(self, column: str) -> pl.Expr:
        """Return a column's value at the first row of each window."""
        return pl.lit(self._rows[column].gather(self._begin))
