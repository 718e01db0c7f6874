"""Spells of many subjects at one place at once: one thing that happened, told once.

When a spell is told while so many others at its place began lately and go on, the place has a crowd. It lasts
until no spell of the place goes on; what is told within is part of it and not told by itself.
"""

import polars as pl

from pipeline.detectors.spells import NEVER
from pipeline.detectors.timeline import changes, telling

_OUT, _IN, _TOLD = 0, 1, 2
"""What counts first of what happens at one time: what has ended is over."""


def crowds(spells: pl.DataFrame, limit: float, window: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the course of crowds, and the spells with ``crowd``: whether each is part of one.

    The course has ``place``, ``time``, ``standing`` (spells that go on), ``crowd`` (whether there is one).

    Args:
        spells: rows with ``place``, ``since``, ``told``, ``ended`` (see ``pipeline.detectors.spells``), an
            ``id`` of their own; of those told long ago ``was_crowd`` (they are part of one) and ``kept``
            (their place had one when the spells begin), else null.
        limit: how many make a crowd.
        window: how long ago they may have begun, microseconds; half open, (t - window, t].
    """
    began = spells.filter(pl.col("since").is_not_null())
    over = pl.min_horizontal("ended", pl.col("since") + window)
    marks = pl.concat(
        [
            _marks(began, pl.col("since"), _IN, young=1, standing=1),
            _marks(began, over, _OUT, young=-1, standing=0),
            _marks(began.filter(pl.col("ended") < NEVER), pl.col("ended"), _OUT, young=0, standing=-1),
            _marks(began.filter(pl.col("told").is_not_null()), pl.col("told"), _TOLD, young=0, standing=0),
        ]
    ).sort("place", "time", "what", "id")
    made = (pl.col("young") >= limit) | pl.col("kept").fill_null(value=False)
    course = marks.with_columns(pl.col("young", "standing").cum_sum().over("place")).with_columns(
        crowd=pl.when((pl.col("what") == _TOLD) & made)
        .then(pl.lit(value=True))
        .when(pl.col("standing") == 0)
        .then(pl.lit(value=False))
        .forward_fill()
        .over("place")
        .fill_null(value=False)
    )
    within = course.filter((pl.col("what") == _TOLD) & pl.col("crowd")).select(
        "id", within=pl.lit(value=True)
    )
    told = (
        spells.join(within, on="id", how="left", maintain_order="left")
        .with_columns(crowd=pl.coalesce("was_crowd", "within", pl.lit(value=False)))
        .drop("within")
    )
    last = course.group_by("place", "time", maintain_order=True).last()
    return last.select("place", "time", "standing", "crowd"), told


def turns(course: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the course of crowds that are worth a finding, with ``active``.

    A crowd is told when it forms, each time it is twice as large, and when it is over.
    """
    size = pl.col("standing").clip(1).log(2).floor()
    rows = course.with_columns(
        active="crowd",
        size=pl.when("crowd").then(size).cum_max().over("place"),
        offset=pl.lit(0),
        index=pl.lit(0),
    )
    told = telling(changes(rows, ["place"], ["active", "size"]), ["place"])
    return told.drop("offset", "index", "size")


def _marks(spells: pl.DataFrame, time: pl.Expr, what: int, *, young: int, standing: int) -> pl.DataFrame:
    return spells.select(
        "place", "id", "kept", time=time, what=pl.lit(what), young=pl.lit(young), standing=pl.lit(standing)
    )
