"""What a rule has said of its subjects, so that it ends only what it began.

A verdict that isn't known, or false, is worth a finding only where the rule was said to hold before. Who was
said to hold is remembered beyond the lateness, so that neither batches nor restarts decide what is said.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from pipeline.detectors import NO_FINDINGS
from pipeline.detectors.told import Told


class Spoken:
    """The findings of one rule family, and the subjects of which the last thing known is that it holds."""

    def __init__(self, keys: Sequence[str]) -> None:
        """``keys``: columns of FINDING that make a subject of this family; null is a value of its own."""
        self._keys = list(keys)
        self._told = Told()
        self._open = NO_FINDINGS.select(self._keys)

    def before(self, since: int) -> pl.DataFrame:
        """Return the subjects of which it was said last, before ``since``, that the rule holds."""
        self._settle(since)
        return self._open

    def silent(self, since: int) -> bool:
        """Return whether there is nothing to end, nor to revise from ``since`` on."""
        self._settle(since)
        return self._open.is_empty() and self._told.frame.is_empty()

    def telling(self, states: pl.DataFrame, marks: Sequence[str], since: int) -> pl.DataFrame:
        """Return the states worth a finding, those from ``since`` on.

        ``states``: the keys, ``time`` and ``active``, a row per subject and time, also one before ``since``.
        ``marks``: columns of which a change is news while the rule holds.
        """
        self._settle(since)
        held = self._open.with_columns(held=pl.lit(value=True))
        ordered = states.join(held, on=self._keys, how="left", nulls_equal=True).sort(
            *self._keys, "time", maintain_order=True
        )
        known = pl.col("active").forward_fill().shift(1).over(self._keys)
        # before the first row that is known what was said last counts
        before = pl.coalesce(known, pl.col("held").fill_null(value=False))
        differs = pl.any_horizontal(
            pl.col(mark).ne_missing(pl.col(mark).shift(1).over(self._keys)) for mark in ["active", *marks]
        )
        first = pl.int_range(pl.len()).over(self._keys) == 0
        return ordered.filter(
            (first | differs)
            & (pl.col("active").fill_null(value=False) | before)
            & (pl.col("time") >= since)
        ).drop("held")  # fmt: skip

    def revise(self, found: pl.DataFrame, since: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Replace what was said from ``since`` on; return the findings added and those removed."""
        self._settle(since)
        return self._told.revise(found, since)

    def dump(self, since: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self._settle(since)
        return {"told": self._told.dump(since), "open": self._open.sort(self._keys)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._told.frame, self._open = frames["told"], frames["open"]

    def _settle(self, since: int) -> None:
        """Remember of which subjects the rule holds by what was said before ``since``."""
        said = self._told.frame.filter(pl.col("time") < since)
        if said.is_empty():
            return
        last = (
            said.drop_nulls("active")
            .sort("time", "offset", "index")
            .group_by(self._keys)
            .agg(pl.col("active").last())
        )
        kept = self._open.join(last, on=self._keys, how="anti", nulls_equal=True)
        self._open = pl.concat([kept, last.filter("active").select(self._keys)])
        self._told.frame = self._told.frame.filter(pl.col("time") >= since)
