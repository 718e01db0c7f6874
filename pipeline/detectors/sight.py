"""Verdicts on what one device tells of itself: known while it is heard, unknown while it is not.

A verdict is lost with the sight of what was wrong, or changed just before: within the lateness nobody can say
that it was over for good. What was well for longer is not told to be unknown each time its device is not
heard.
"""

from collections.abc import Sequence

import polars as pl

from pipeline.apply.records import LATENESS, us
from pipeline.detectors.timeline import PLACE, align


def beside(
    tally: pl.DataFrame, subject: Sequence[str], *timelines: tuple[pl.DataFrame, Sequence[str], str]
) -> pl.DataFrame:
    """Return counts of subjects with the values of timelines beside them, at each change of any.

    ``tally``: subject, PLACE and counts. ``timelines``: each with its key columns and the name of its value;
    one of them is called ``fresh``: the device's session of the family is. ``since``: when a count changed.
    """
    flags = [name for name in tally.columns if name not in (*subject, *PLACE)]
    states = tally.select(
        *subject,
        *PLACE,
        pl.col(*flags).name.prefix("with "),
        pl.col("time").alias("with since"),
        value=pl.lit(value=True),
    )
    for timeline, on, name in timelines:
        states = align(states, timeline, on, f"with {name}")
    return (
        states.filter(pl.col("value").is_not_null())
        .drop("value")
        .rename(lambda name: name.removeprefix("with "))
        .with_columns(pl.col("fresh").fill_null(value=False))
    )


def verdict(bad: pl.Expr) -> pl.Expr:
    """Return whether something is wrong, of rows that ``beside`` made; null while nobody can tell."""
    lately = pl.col("time") - pl.col("since") <= us(LATENESS)
    return pl.when("fresh").then(bad).when(~(bad | lately)).then(pl.lit(value=False))
