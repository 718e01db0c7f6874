"""How often things went up and down lately: what rules on flapping links and sessions (L1, L4) count.

A device tells of an event twice: in a state that changes and in a counter that rises, maybe in notifications
of their own. So the two are added up separately, and the larger sum holds: a blip between two looks at the
state is in the counter, and what a counter doesn't count (it may be sampled, or missing) is in the state. A
counter that falls was reset, which is no event. Initial dumps say what was, not what happened.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask
from pipeline.apply.records import Records, us
from pipeline.detectors.timeline import PLACE, changes

MEMORY: Final = timedelta(days=7)
"""How long it is known that something flapped: so long its incident may wait for somebody to see again."""


class Recurrence:
    """Events per unit within a window, and units that had too many."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)
        counts = {"counted": pl.Int64, "seen": pl.Int64, "status": pl.String}
        self._schema = pl.Schema({**dict.fromkeys(self.keys, pl.String), **PLACE, **counts})
        self.rows = pl.DataFrame(schema=self._schema)
        times = {"first": pl.Int64, "last": pl.Int64}
        self.spoken = pl.DataFrame(schema={**dict.fromkeys(self.keys, pl.String), **times})
        """Units that reached the limit, when first and when last."""

    def add(self, events: pl.DataFrame) -> None:
        """Take events: keys, PLACE, ``counted`` by a counter, ``seen`` in a state, the ``status`` then."""
        self.rows = pl.concat([self.rows, events.select(self._schema.names()).cast(self._schema)])

    def settle(self, horizon: int, window: timedelta) -> None:
        """Forget what no window reaches any more."""
        if len(self.rows):
            self.rows = self.rows.filter(pl.col("time") > horizon - us(window))
        if len(self.spoken):
            self.spoken = self.spoken.filter(pl.col("last") > horizon - us(MEMORY))

    def reached(self, window: timedelta, limit: float, without: pl.DataFrame | None = None) -> pl.DataFrame:
        """Return the events at which a window that ends there holds ``limit`` events or more.

        Beside their columns ``total`` and the sums ``counted`` and ``seen`` of the window, half open, (t -
        window, t]. Units that are among them are remembered. ``without``: timeline per unit, whether its
        events count for nothing.
        """

        def total(column: str) -> pl.Expr:
            values = pl.col(column).cast(pl.Float64)
            return values.rolling_sum_by("at", window, closed="right").over(self.keys).round().cast(pl.Int64)

        rows = self.rows if without is None or without.is_empty() else self._counting(without)
        ordered = rows.sort(*self.keys, "time", "offset", "index", maintain_order=True)
        found = (
            ordered.with_columns(at=pl.from_epoch("time", time_unit="us"))
            .with_columns(counted=total("counted"), seen=total("seen"))
            .with_columns(total=pl.max_horizontal("counted", "seen"))
            .filter(pl.col("total") >= limit)
            .drop("at")
        )
        if len(found):
            both = pl.concat([self.spoken, found.select(*self.keys, first="time", last="time")])
            self.spoken = both.group_by(self.keys).agg(pl.col("first").min(), pl.col("last").max())
        return found

    def _counting(self, without: pl.DataFrame) -> pl.DataFrame:
        void = without.sort("time", "offset", "index").select(*self.keys, "time", void="value")
        then = self.rows.sort("time").join_asof(void, on="time", by=self.keys, check_sortedness=False)
        return then.filter(~pl.col("void").fill_null(value=False)).drop("void")

    def sight(self, fresh: pl.DataFrame) -> pl.DataFrame:
        """Return, of units that flapped, when nobody sees them any more and when somebody does again.

        ``fresh``: timeline per device. ``active``: null (nobody can tell) or false (it is still, so far).
        """
        turns = changes(self.spoken.join(fresh, on="device"), self.keys, ["value"])
        told = turns.filter(pl.col("time") > pl.col("first"))
        return told.with_columns(active=pl.when("value").then(pl.lit(value=False)))

    def dump(self, horizon: int, window: timedelta) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self.settle(horizon, window)
        return {
            "events": self.rows.sort(*self.keys, "time", "offset", "index"),
            "spoken": self.spoken.sort(self.keys),
        }


def live(changed: Changes, records: Records) -> Mask:
    """Return which changes tell that something happened to an entity that was there, in time."""
    quiet = records.take("dump", changed.record) | records.take("late", changed.record)
    mask: Mask = changed.existed & ~quiet
    return mask


def risen(before: Column, after: Column) -> pl.Series:
    """Return by how much a counter rose; 0 where it fell or isn't known."""
    rise = after.values.astype(np.int64) - before.values.astype(np.int64)
    return pl.Series(np.where(before.known & after.known, rise.clip(0), 0))
