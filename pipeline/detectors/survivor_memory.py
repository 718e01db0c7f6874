"""What is known of VNIs as of the horizon (rule R19), however much of the timelines is forgotten.

Timelines keep the last value of each unit: since when a verdict holds, and whether it was told, they don't
say. That is carried along, for the VNIs of which something was told and goes on, or is about to be.
"""

from typing import Final

import polars as pl

from pipeline.detectors.timeline import PLACE
from pipeline.schema import Columns

NAMES: Final[pl.DataType] = pl.List(pl.String)
SPELL: Final[Columns] = {
    "since": pl.Int64,
    "begun": pl.Int64,
    "told": pl.Int64,
    "place": pl.String,
    "lost_vteps": NAMES,
    "lost_leaves": NAMES,
    "observers": pl.Int32,
    "fresh_observers": pl.Int32,
}
"""Of a spell (``pipeline.detectors.spells``), the last five as they were when it began."""
KEEP: Final = ("place", "lost_vteps", "lost_leaves", "observers", "fresh_observers")
_STATE: Final[Columns] = {
    "vni": pl.UInt32,
    **PLACE,
    "value": pl.Boolean,
    "serves": pl.Int32,
    "lost": pl.Int32,
    "unknown": pl.Int32,
    "left": pl.Int32,
    "expected": pl.Int32,
    "place": pl.String,
    "leaf": pl.String,
    "lost_leaves": NAMES,
    "lost_vteps": NAMES,
    "observers": pl.Int32,
    "fresh_observers": pl.Int32,
    "news": pl.Boolean,
}
STATE: Final = pl.Schema(_STATE)
"""One row per VNI and time: see ``pipeline.detectors.survivor_states``."""
MEMORY: Final = pl.Schema(
    {
        **_STATE,
        **{f"spell {name}": dtype for name, dtype in SPELL.items()},
        "was_crowd": pl.Boolean,
        "kept": pl.Boolean,
    }
)
"""One row per VNI: its state as of the horizon, with the place where its value began, and its spell's."""


def as_of(horizon: int, states: pl.DataFrame, spells: pl.DataFrame, course: pl.DataFrame) -> pl.DataFrame:
    """Return what goes on as of a time (MEMORY).

    ``states``: STATE. ``spells``: SPELL with ``vni``, ``ended`` and ``crowd``. ``course``: see
    ``pipeline.detectors.crowds``.
    """
    past = states.filter(pl.col("time") < horizon).sort("vni", "time", "offset", "index", maintain_order=True)
    turned = pl.col("value").ne_missing(pl.col("value").shift(1)).cum_sum().over("vni")
    run = past.with_columns(run=turned).group_by("vni", "run", maintain_order=True)
    last = run.agg(
        pl.col(*PLACE).first(), pl.col(*(name for name in STATE if name not in (*PLACE, "vni"))).last()
    )
    now = last.group_by("vni", maintain_order=True).last().select(STATE.names())
    crowded = (
        course.filter(pl.col("time") < horizon).sort("place", "time").group_by("place").last().filter("crowd")
    )
    told = pl.when(pl.col("told") < horizon).then("told")
    going_on = spells.filter((pl.col("since") < horizon) & (pl.col("ended") >= horizon)).select(
        "vni",
        *(pl.col(name).alias(f"spell {name}") for name in SPELL if name != "told"),
        told.alias("spell told"),
        was_crowd=pl.when(told.is_not_null()).then("crowd"),
        kept=pl.col("place").is_in(crowded["place"].implode()),
    )
    return now.join(going_on, on="vni").select(MEMORY.names()).cast(MEMORY).sort("vni")


def since(horizon: int, states: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """Return the states from a time on, after those of the memory as of it."""
    new = states.filter(pl.col("time") >= horizon).select(STATE.names()).cast(STATE)
    return pl.concat([memory.select(STATE.names()), new])


def carried(memory: pl.DataFrame) -> pl.DataFrame:
    """Return the spells that go on, as ``pipeline.detectors.spells`` takes them."""
    return memory.select("vni", "was_crowd", "kept", *(pl.col(f"spell {name}").alias(name) for name in SPELL))
