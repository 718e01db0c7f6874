"""What held at which moment: timelines read at the few times at which anything changed.

Rules that compare many units with each other (who lacks whom) look at the whole at each moment. Moments are
those within the lateness, and one before it, which stands for what is settled.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.detectors.timeline import PLACE

MOMENTS: Final = pl.Schema(PLACE)
"""One row per time at which something changed, with the place of the last evidence then."""


def moments(timelines: Sequence[pl.DataFrame], since: int) -> pl.DataFrame:
    """Return the times from ``since`` on at which any timeline changes, after one for what is settled.

    Times in microseconds. Of several changes at one time the last evidence counts.
    """
    rows = [one.select(*PLACE).filter(pl.col("time") >= since) for one in timelines]
    settled = pl.DataFrame([(since - 1, 0, 0, since - 1)], schema=MOMENTS, orient="row")
    together = pl.concat([settled, *(one.cast(MOMENTS) for one in rows)])
    return (
        together.sort("time", "offset", "index")
        .group_by("time", maintain_order=True)
        .agg(pl.col("offset", "index").last(), pl.col("now").max())
    )


def held_at(
    timeline: pl.DataFrame, keys: Sequence[str], times: pl.DataFrame, name: str = "value"
) -> pl.DataFrame:
    """Return what each unit's value was at each time: ``time``, keys and ``name``.

    ``times`` has a column ``time``. Units that have no value yet at a time, or a null, are not there then.
    Keys that are null come as empty text: joins take no null for equal to another.
    """
    last = (
        timeline.select(*(pl.col(key).fill_null("") for key in keys), *PLACE, "value")
        .sort("time", "offset", "index", maintain_order=True)
        .group_by(*keys, "time", maintain_order=True)
        .last()
        .select(*keys, "time", "value")
        .sort("time")
    )
    asked = times.select("time").unique().join(last.select(keys).unique(), how="cross").sort("time")
    found = asked.join_asof(last, on="time", by=list(keys), strategy="backward", check_sortedness=False)
    return found.drop_nulls("value").rename({"value": name})


def lasting(timeline: pl.DataFrame, patience: int, now: int) -> pl.DataFrame:
    """Return the timeline, per unit of a Boolean one, of having been false for ``patience`` microseconds."""
    keys = [name for name in timeline.columns if name not in (*PLACE, "value")]
    false = ~pl.col("value").fill_null(value=True)
    then = pl.when(false).then(pl.col("time") + patience).otherwise("time")
    following = pl.col("time").shift(-1).over(keys)
    return (
        timeline.with_columns(time=then, now=pl.when(false).then(then).otherwise("now"), until=following)
        .filter((pl.col("until").is_null() | (pl.col("time") < pl.col("until"))) & (pl.col("time") <= now))
        .with_columns(value=false)
        .drop("until")
    )
