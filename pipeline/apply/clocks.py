"""How far each device's clock is behind its collector's, and which time orders what a device says.

What a device says live is received after it happened: receipt less event time is what its clock is behind
plus the time on the way, which is never negative. So the least of many is the estimate (the clock filter of
NTP, RFC 5905, section 10), and a delay of some of them changes nothing. It is taken over seconds in which
the device was heard: a backlog of a thousand rows that arrives at once is one of them.

An estimate holds from one second to the next and is known before a second begins, so that batches change
nothing.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from pipeline.apply.records import LATENESS, Flags, Times, us
from pipeline.schema import NAME

SKEW_FLAGGED: Final = timedelta(seconds=5)
SKEW_CLEARED: Final = timedelta(seconds=4)
"""Below it a flag is taken back: a clock at the threshold is not told again and again."""
SKEW_DISTRUSTED: Final = timedelta(seconds=60)
"""From here on a device's clock doesn't order its rows: the collector's does."""
ENOUGH: Final = 3
"""Seconds in which a device was heard before its clock is judged: one delayed record is no clock."""
WINDOW: Final = 32
"""Seconds with a sign of the device that the estimate looks back on: 160 s of one that only shows it lives.
So long a clock that was set back makes rows late, and a device that begins to send late is no skewed clock.
"""

_SECOND_US: Final = us(timedelta(seconds=1))
_SECONDS: Final = pl.Schema(
    {
        "device": pl.UInt32,  # code of the name
        "second": pl.Int64,
        "behind": pl.Int64,
        "estimate": pl.Int64,
        "flagged": pl.Boolean,
    }
)
"""One row per device and second in which it was heard live, in order: what it was behind at least in that
second, what was estimated before it, and whether its clock counted as skewed; microseconds."""


class Turn(NamedTuple):
    """A device's clock is flagged at a record, or its flag is taken back."""

    record: int
    flagged: bool
    estimate: int


@dataclass(frozen=True)
class Clock:
    """What is known of the device's clock at each record of a batch; microseconds."""

    known: Flags
    """There is an estimate: the record is live, has a time of its own, and the device was heard before."""
    flagged: Flags
    estimate: Times
    """What the device's clock is behind the collector's; negative: ahead."""
    turns: list[Turn]

    def believed(self, behind: Times) -> Flags:
        """Return whether the device's time can be used; without an estimate each record judges itself."""
        off = np.where(self.known, self.estimate, behind)
        believed: Flags = np.abs(off) < us(SKEW_DISTRUSTED)
        return believed

    def corrected(self, event_time: Times, recv_time: Times) -> Times:
        """Return event times by the collector's clock where the device's is skewed, ahead or beyond lateness.

        What is behind by less is in time all the same, and a delay on the way can't be told from it: that
        changes nothing.
        """
        off = self.flagged & ((self.estimate < 0) | (self.estimate > us(LATENESS)))
        there = np.minimum(event_time + self.estimate, recv_time)
        return np.where(off, there, event_time)


class Clocks:
    """The clocks of the devices of one fabric."""

    def __init__(self) -> None:
        self._seconds = pl.DataFrame(schema=_SECONDS)

    def judge(self, device: Times, event_time: Times, recv_time: Times, live: Flags) -> Clock:
        """Take the ``live`` records of a batch; return what is known at each record.

        ``device``: codes of names. Live: counts, is no dump, and carries the device's own time.
        """
        rows = np.flatnonzero(live)
        heard = pl.DataFrame(
            {
                "device": device[rows].astype(np.uint32),
                "second": recv_time[rows] // _SECOND_US,
                "behind": recv_time[rows] - event_time[rows],
                "row": rows,
            }
        )
        mine = pl.col("device").is_in(heard["device"].unique().to_list())
        before = self._seconds.filter(mine)
        last = before.group_by("device").agg(last=pl.col("second").max())
        # times of receipt may go back where another collector takes over: what was judged stays so
        heard = heard.join(last, on="device", how="left", maintain_order="left").with_columns(
            second=pl.max_horizontal(pl.col("second").cum_max().over("device"), "last")
        )
        seconds = _judged(before, heard)
        kept = seconds.group_by("device", maintain_order=True).tail(WINDOW)
        self._seconds = pl.concat([self._seconds.filter(~mine), kept.select(_SECONDS.names())])
        turned = seconds.filter("turned").sort("row")
        told = heard.join(seconds, on=["device", "second"], how="left", maintain_order="left")
        known, flagged = np.zeros(len(live), dtype=bool), np.zeros(len(live), dtype=bool)
        estimate = np.zeros(len(live), dtype=np.int64)
        known[rows] = told["estimate"].is_not_null().to_numpy()
        flagged[rows] = told["flagged"].to_numpy()
        estimate[rows] = told["estimate"].fill_null(0).to_numpy()
        turns = [Turn(*turn) for turn in turned.select("row", "flagged", "estimate").rows()]
        return Clock(known, flagged, estimate, turns)

    def dump(self) -> pl.DataFrame:
        """Return the state, with names of devices, ordered."""
        named = self._seconds.with_columns(pl.col("device").cat.to(NAME).cast(pl.String))
        return named.sort("device", "second")

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        self._seconds = frame.with_columns(pl.col("device").cast(NAME).to_physical()).cast(_SECONDS)


def _judged(before: pl.DataFrame, heard: pl.DataFrame) -> pl.DataFrame:
    """Return _SECONDS of the devices heard, old and new, with the first ``row`` and whether it ``turned``.

    ``before``: their seconds so far, the last of which may go on. ``heard``: one row per record.
    """
    new = heard.group_by("device", "second").agg(pl.col("behind").min(), pl.col("row").min())
    both = pl.concat([before.with_columns(old=pl.lit(value=True)), new], how="diagonal")
    seconds = (
        both.group_by("device", "second")
        .agg(
            pl.col("behind", "row").min(),
            pl.col("estimate", "flagged").drop_nulls().first(),
            pl.col("old").fill_null(value=False).any(),
        )
        .sort("device", "second")
    )
    least = pl.col("behind").shift(1).rolling_min(WINDOW, min_samples=ENOUGH).over("device")
    estimate = pl.when("old").then("estimate").otherwise(least)
    off = pl.col("estimate").abs()
    mark = (
        pl.when("old")
        .then("flagged")
        .when(off >= us(SKEW_FLAGGED))
        .then(pl.lit(value=True))
        .when(off < us(SKEW_CLEARED))
        .then(pl.lit(value=False))
    )
    flagged = pl.col("flagged")
    was = flagged.shift(1, fill_value=False).over("device")
    return (
        seconds.with_columns(estimate=estimate)
        .with_columns(flagged=mark)
        .with_columns(flagged.forward_fill().over("device").fill_null(value=False))
        .with_columns(turned=(flagged != was) & ~pl.col("old"))
    )
