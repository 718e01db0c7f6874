"""Moves of MACs and the bursts they come in: what the mobility rules count.

RFC 7432, section 15: a move is a MAC seen on another Ethernet segment with a newer sequence number. A
migration of a virtual machine moves its MAC up to six times within seconds (Juniper KB35676), so moves come
in bursts: moves less than 30 s apart. A burst that is over looks like a migration if it lasted 10 s or less,
had up to six moves and did not just go there and back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors.settings import Parameter, Settings, parameters

WINDOW: Final = timedelta(seconds=180)
DUPLICATE_MOVES: Final = 5
FLAP_WINDOW: Final = timedelta(seconds=60)
FLAP_MOVES: Final = 3
BURST: Final = timedelta(seconds=10)
STILL: Final = timedelta(seconds=30)
UNSEEN_MOVES: Final = 5
"""M12 fires above this many moves in the window."""
MIGRATION_MOVES: Final = 6
"""Moves that one migration may show (Juniper KB35676)."""
PING_PONG_MOVES: Final = 4
_THERE_AND_BACK: Final = 2
_SECOND: Final = 1_000_000
_LEAST: Final = timedelta(microseconds=1)

PARAMETERS: Final = parameters(
    Parameter("M2", "moves", DUPLICATE_MOVES, "moves", 2, 1000, per_vni=True),
    Parameter("M2", "window_s", WINDOW.total_seconds(), "s", 5, 3600, per_vni=True),
    Parameter("M3", "moves", FLAP_MOVES, "moves", 2, 1000, per_vni=True),
    Parameter("M3", "window_s", FLAP_WINDOW.total_seconds(), "s", 5, 3600, per_vni=True),
    Parameter("M4", "moves", PING_PONG_MOVES, "moves", 3, 1000, per_vni=True),
    Parameter("M5", "burst_s", BURST.total_seconds(), "s", 1, 120, per_vni=True),
    Parameter("M5", "hold_s", STILL.total_seconds(), "s", 5, 300, per_vni=True),
    Parameter("M5", "moves", MIGRATION_MOVES, "moves", 1, 100, per_vni=True),
    Parameter("M12", "moves", UNSEEN_MOVES, "moves", 1, 1000, per_vni=True),
)


@dataclass(frozen=True)
class Limits:
    """The thresholds of one VNI; the fields are ``PARAMETERS``, in their order."""

    duplicate_moves: float
    window_s: float
    flap_moves: float
    flap_window_s: float
    ping_pong_moves: float
    burst_s: float
    still_s: float
    migration_moves: float
    unseen_moves: float

    @property
    def window(self) -> timedelta:
        """Return the window of M2, M4 and M12."""
        return timedelta(seconds=self.window_s)

    @property
    def flap_window(self) -> timedelta:
        """Return the window of M3."""
        return timedelta(seconds=self.flap_window_s)

    @property
    def burst(self) -> timedelta:
        """Return how long a migration may last."""
        return timedelta(seconds=self.burst_s)

    @property
    def still(self) -> timedelta:
        """Return how far apart moves of different bursts are at least."""
        return timedelta(seconds=self.still_s)


def by_limits(frame: pl.DataFrame, settings: Settings) -> Iterator[tuple[Limits, pl.DataFrame]]:
    """Split rows with a vni by the thresholds that hold for them: most often there is one part."""
    names = [f"limit {number}" for number in range(len(PARAMETERS))]
    limits = [
        settings.limit(parameter, frame.columns).alias(name)
        for parameter, name in zip(PARAMETERS, names, strict=True)
    ]
    limited = frame.with_columns(limits)
    for values, part in limited.partition_by(names, as_dict=True, maintain_order=True).items():
        yield Limits(*(float(value) for value in values)), part.drop(names)


def kept(settings: Settings) -> timedelta:
    """Return how long steps are of use: the longest window, the burst before it, and the lateness."""
    longest = sum(
        max(settings.widest(each) for each in PARAMETERS if each.name == name)
        for name in ("window_s", "hold_s", "burst_s")
    )
    return timedelta(seconds=longest + 10)


def moves(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the steps with a newer sequence number than the MAC ever had: ``newer`` moves each.

    A winner that only comes back, after a withdraw or a stale claim, brings no new number and has not moved.
    ``live``: no dump shows it; ``move``: live, and to another location. Ordered by key and time.
    """
    newer = (pl.col("seq") - pl.col("old_top")) % 2**32
    sequenced = pl.col("old_known") & pl.col("found") & ~pl.col("sticky") & ~pl.col("old_sticky")
    elsewhere = pl.col("location") != pl.col("old_location")
    # without a number after a withdraw the MAC's life begins anew: no wrap, however high the number was
    reborn = ~pl.col("old_found") & (pl.col("seq") == 0)
    return (
        steps.with_columns(pl.col("seq", "old_seq", "old_top").cast(pl.Int64))
        .with_columns(newer=newer)
        .filter(sequenced & ~reborn & ~pl.col("late") & pl.col("newer").is_between(1, 2**31 - 1))
        .with_columns(
            live=~pl.col("dump"),
            move=elsewhere & ~pl.col("dump"),
            at=pl.from_epoch("time", time_unit="us"),
        )
        .sort("key", "time", "observer", "offset", "index")
    )


def bursts(moved: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Number the bursts of each MAC; a move knows when its burst began and whether the burst became long.

    ``moved``: as ``moves`` orders them.
    """
    gap = pl.when(pl.col("key") == pl.col("key").shift(1)).then(pl.col("at").diff())
    age = pl.col("at") - pl.col("at").first().over("burst")
    back = pl.col("old_name").first().over("burst") == pl.col("name").last().over("burst")
    return (
        moved.with_columns(burst=(gap.is_null() | (gap >= limits.still)).cum_sum())
        # older steps are forgotten: nothing may depend on when; a window may be shorter than a burst is long
        .with_columns(age=pl.min_horizontal(age, pl.lit(max(limits.window, limits.burst + _LEAST))))
        .with_columns(
            last=(pl.col("burst") != pl.col("burst").shift(-1)).fill_null(value=True),
            moves=pl.when("live").then("newer").otherwise(0),
        )
        .with_columns(all_moves=pl.col("moves").sum().over("burst"))
        .with_columns(
            long=(pl.col("age").max().over("burst") > limits.burst)
            | (pl.col("all_moves") > limits.migration_moves)
            | (back & (pl.col("all_moves") == _THERE_AND_BACK))
        )
        .with_columns(
            counted=pl.when("long").then("moves").otherwise((pl.col("last") & pl.col("live")).cast(pl.Int64)),
            single=(pl.col("live") & (pl.col("newer") == 1)).cast(pl.Int64),
            jump=pl.when(pl.col("live") & (pl.col("newer") > 1)).then("newer").otherwise(0),
        )
        .with_columns(
            counted_single=pl.when("long").then("single").otherwise(pl.col("single") * pl.col("last"))
        )
    )


def migrations(burst: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Return one row per burst of two moves or more that looks like a migration, if it stays over.

    ``burst``: as ``bursts`` tells them. Columns besides those of its last move: ``first_name`` (where it
    began), ``began`` and ``due`` (when it will have been still for long enough), microseconds.
    """
    looks_so = pl.col("last") & ~pl.col("long") & (pl.col("all_moves") > 1)
    return burst.with_columns(
        first_name=pl.col("old_name").first().over("burst"),
        began=pl.col("time").first().over("burst"),
        all_live=pl.col("live").all().over("burst"),
        moved=pl.col("move").any().over("burst"),
        due=pl.col("time") + int(limits.still_s * _SECOND),
        burst_limit_s=pl.lit(limits.burst_s),
        hold_s=pl.lit(limits.still_s),
        move_limit=pl.lit(int(limits.migration_moves)),
        flap_moves=pl.lit(int(limits.flap_moves)),
        duplicate_moves=pl.lit(int(limits.duplicate_moves)),
    ).filter(looks_so & pl.col("all_live") & pl.col("moved"))
