"""Things that once worked and are expected to: what rules on lost members and adjacencies (L2, L5) keep.

What was never seen to work is not missed. What was lost is expected back until it has been lost for seven
days: then it has left for good.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.records import LATENESS, us
from pipeline.detectors.timeline import PLACE, StepTable

MEMORY: Final = timedelta(days=7)
GOOD, BAD = "+", "-"
"""First character of what is said of a unit; its text follows."""


class Expected:
    """What was last said of units, and which of them are missed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.table = StepTable(keys, pl.String)
        self._settled = 0

    def add(self, told: pl.DataFrame) -> bool:
        """Take transitions in the order of the stream: keys, PLACE, ``value`` (GOOD or BAD and a text).

        Return whether there are any of units that once were good. Null values say nothing.
        """
        keys = self.table.keys
        told = told.drop_nulls("value")
        if told.is_empty():
            return False
        known = self.table.rows.select(keys).unique().with_columns(known=pl.lit(value=True))
        good = pl.col("value").str.starts_with(GOOD)
        told = (
            told.join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")
            .filter(good.cum_max().over(keys) | pl.col("known").fill_null(value=False))
            .drop("known")
        )
        self.table.add(told)
        return len(told) > 0

    def due(self, since: int, now: int) -> bool:
        """Return whether time alone may change a verdict after ``since``, microseconds."""
        begun = self.table.rows.filter(pl.col("time").is_between(since - us(MEMORY), now - us(MEMORY)))
        return bool(begun["value"].str.starts_with(BAD).any())

    def settle(self, horizon: int) -> None:
        """Forget what is older than the last word on each unit, and units that have left for good."""
        news = self.table.rows["time"].is_between(self._settled, horizon, closed="right").any()
        if not (news or self.due(self._settled, horizon)):
            return
        self.table.settle(horizon)
        left = pl.col("value").str.starts_with(BAD) & (pl.col("time") < horizon - us(MEMORY))
        self.table.rows = self.table.rows.filter(~left)
        self._settled = horizon

    def dump(self, horizon: int) -> pl.DataFrame:
        """Return the state, settled up to the horizon, ordered."""
        self.settle(horizon)
        return self.table.dump(horizon)

    def timeline(self, subject: Sequence[str], horizon: int, now: int) -> pl.DataFrame:
        """Return the units of subjects of which not all is well, or of which there is news.

        A row per unit and change: ``value`` (it is good; null: it left for good), ``with said``, the text.
        """
        rows = self.table.rows
        news = (pl.col("time") >= horizon - us(LATENESS)) | pl.col("value").str.starts_with(BAD)
        busy = rows.filter(news).select(subject).unique()
        ordered = rows.join(busy, on=list(subject), how="semi", nulls_equal=True).sort(
            *self.table.keys, "time", "offset", "index", maintain_order=True
        )
        lost = pl.col("value").str.starts_with(BAD)
        then = pl.col("time") + us(MEMORY)
        last = pl.col("time").shift(-1).over(self.table.keys).fill_null(now + 1) > then
        given_up = ordered.filter(lost & last & (then <= now)).with_columns(
            time=then, now=then, value=pl.lit(None, pl.String)
        )
        return (
            pl.concat([ordered, given_up])
            .with_columns(pl.col("value").str.slice(1).alias("with said"), value=~lost)
            .sort(*self.table.keys, "time", "offset", "index", maintain_order=True)
        )


def lost_then(told: pl.DataFrame, units: pl.DataFrame, subject: Sequence[str], name: str) -> pl.DataFrame:
    """Return rows with ``lost_names`` and ``lost_said``: units lost then, by ``name``, and their texts."""
    rows = told.with_row_index("at")
    keys = [column for column in units.columns if column not in (*PLACE, "value", "with said")]
    of_row = (
        rows.select("at", *subject, "time")
        .join(units.rename({"time": "since"}), on=list(subject), nulls_equal=True)
        .filter(pl.col("since") <= pl.col("time"))
        .sort("since", "offset", "index", maintain_order=True)
        .group_by("at", *[key for key in keys if key not in subject])
        .agg(pl.col("value", "with said").last())
        .filter(~pl.col("value"))
        .sort("at", name, maintain_order=True)
        .group_by("at")
        .agg(
            lost_names=pl.col(name).unique(maintain_order=True).str.join(", "),
            lost_said=pl.col("with said").first(),
        )
    )
    return rows.join(of_row, on="at", how="left", maintain_order="left").drop("at")
