"""How many routes of which VTEP each observer holds, second by second.

Counted are the best paths (all, where nobody tells which is best) of other devices' routes of types 2, 3 and
5 to single-homed places: what a segment loses is rule R9's, and a path that another one replaces is no loss.
The sums don't depend on the order of events. What an initial dump shows was there already.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import REASONS, Changes
from pipeline.apply.columns import Array, Column, Mask
from pipeline.apply.records import Records
from pipeline.schema import NAME

SECOND_US: Final = 1_000_000
FALL_S: Final = 30
RISE_S: Final = 300
_COUNTED: Final = (2, 3, 5)
TALLY: Final = pl.Schema(
    {
        "device": pl.String,
        "vtep": pl.String,
        "second": pl.Int64,
        "live": pl.Int64,
        "dumped": pl.Int64,
        "offset": pl.Int64,
    }
)
"""One row per observer, VTEP and second in which its routes came or went; ``live`` and ``dumped`` sum them.

What is older than any window is one row per observer and VTEP, of second -1."""
_KEY: Final = ["device", "vtep", "second"]
_MISSING: Final = REASONS.index("resync_missing")
"""A dump shows that it is gone, but not since when."""


class Tally:
    """The routes of one fabric, counted."""

    def __init__(self) -> None:
        self.rows = pl.DataFrame(schema=TALLY)
        self.totals = pl.DataFrame(schema=TALLY)
        """The same with the empty text for the VTEP: all of an observer, and longer back."""

    def take(self, routes: Changes, records: Records) -> int | None:
        """Take a batch's routes; return the first second in which a count changed."""
        wanted = np.isin(routes.keys["route_type"].values, _COUNTED) & routes.keys["neighbor"].known
        was, place = _counted(wanted & routes.existed, routes.before)
        will, goes = _counted(wanted & routes.exists, routes.after)
        # a path that only changes otherwise counts before and after
        moved = (was != will) | (was & (place != goes))
        left, came = np.flatnonzero(was & moved), np.flatnonzero(will & moved)
        at = np.concatenate([left, came])
        if not at.size:
            return None
        delta = np.repeat(np.array([-1, 1]), [len(left), len(came)])
        record = routes.record[at]
        dump = records.take("dump", record) | (routes.reason[at] == _MISSING)
        news = (
            pl.DataFrame(
                {
                    "device": routes.keys["device"].values[at],
                    "vtep": np.concatenate([place[left], goes[came]]),
                    "second": records.take("order_time", record) // SECOND_US,
                    "live": np.where(dump, 0, delta),
                    "dumped": np.where(dump, delta, 0),
                    "offset": records.take("offset", record),
                }
            )
            .group_by(_KEY)
            .agg(pl.col("live", "dumped").sum(), pl.col("offset").max())
            .with_columns(pl.col("device", "vtep").cat.to(NAME).cast(pl.String))
            .select(TALLY.names())
        )
        self.rows = _summed([self.rows, news])
        self.totals = _summed([self.totals, news.with_columns(vtep=pl.lit(""))])
        return int(news["second"].to_numpy().min())

    def stirred(self) -> int:
        """Return how many routes came and went within any window at the observer where most did.

        No count can have changed by more.
        """
        live = self.totals.filter(pl.col("second") >= 0).group_by("device").agg(pl.col("live").abs().sum())
        most = live["live"].max()
        return most if isinstance(most, int) else 0

    def settle(self, horizon: int) -> None:
        """Put together what no window reaches any more, microseconds."""
        self.rows = _settled(self.rows, horizon, FALL_S)
        self.totals = _settled(self.totals, horizon, RISE_S)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self.settle(horizon)
        return {"tally": self.rows.sort(_KEY), "totals": self.totals.sort(_KEY)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.rows, self.totals = frames["tally"], frames["totals"]


def _counted(there: Mask, side: Mapping[str, Column]) -> tuple[Mask, Array]:
    """Return which paths count, and the codes of their VTEPs."""
    best = ~(side["best"].known & ~side["best"].values)
    single: Mask = there & best & ~side["esi"].known & side["next_hop"].known
    return single, side["next_hop"].values


def _summed(parts: list[pl.DataFrame]) -> pl.DataFrame:
    return (
        pl.concat(parts)
        .group_by(_KEY)
        .agg(pl.col("live", "dumped").sum(), pl.col("offset").max())
        .select(TALLY.names())
    )


def _settled(rows: pl.DataFrame, horizon: int, window_s: int) -> pl.DataFrame:
    # one second more: windows end at full seconds
    old = pl.col("second") < horizon // SECOND_US - window_s - 1
    if not rows.select((old & (pl.col("second") >= 0)).any()).item():
        return rows
    base = rows.filter(old).with_columns(
        second=pl.lit(-1, pl.Int64), dumped=pl.col("live") + pl.col("dumped"), live=pl.lit(0, pl.Int64)
    )
    kept = _summed([base]).filter(pl.col("dumped") != 0)
    return pl.concat([kept, rows.filter(~old)])
