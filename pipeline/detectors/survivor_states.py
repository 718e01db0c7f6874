"""How many leaves serve a VNI at a time: from who holds their type-3 routes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors.quorum import votes
from pipeline.detectors.timeline import PLACE, changes, counts

QUORUM: Final = 0.5
MEMORY: Final = timedelta(days=7)
"""How long a leaf that serves a VNI no more is expected to come back."""
MEMORY_US: Final = MEMORY // MEMORY.resolution
_LEG: Final = ["vni", "vtep"]


def legs_of(held: pl.DataFrame, fresh: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return the timeline of each leg, a VTEP that serves a VNI: vni, vtep, PLACE, ``leg``, observers.

    ``leg``: serves, lost, unknown, or given up: lost for 7 days. ``held``: timeline per (device, vtep, vni),
    whether the device holds the route. ``fresh``: timeline per device.
    """
    gone = held.with_columns(value=~pl.col("value"))
    told = votes(gone, fresh, _LEG).with_columns(
        leg=pl.when(pl.col("fresh") == 0)
        .then(pl.lit("unknown"))
        .when(pl.col("yes") / pl.col("fresh") >= QUORUM)
        .then(pl.lit("lost"))
        .otherwise(pl.lit("serves"))
    )
    runs = changes(told, _LEG, ["leg"]).select(
        *_LEG, *PLACE, "leg", observers="known", fresh_observers="fresh"
    )
    following = pl.col("time").shift(-1).over(_LEG).fill_null(2**62)
    when = pl.col("time") + MEMORY_US
    given_up = runs.filter((pl.col("leg") == "lost") & (when < following) & (when <= now)).with_columns(
        time=when, now=when, leg=pl.lit("given up")
    )
    return pl.concat([runs, given_up]).sort(*_LEG, "time", "offset", "index")


def vni_states(legs: pl.DataFrame, shared: pl.Series, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return a row per VNI and time at which a leg changed.

    ``vni``, PLACE, ``value`` (one leaf is left of more; null: nobody can tell), ``news``, ``place`` (its
    VTEP), ``leaf``, ``lost_leaves``, ``lost_vteps``, ``left``, ``unknown``, ``expected`` and observers.

    Args: legs: as ``legs_of`` returns them. shared: VTEPs that several devices have. owners: VTEP to device.
    """
    flags = {name: pl.col("value") == name for name in ("serves", "lost", "unknown")}
    states = counts(legs.select(*_LEG, *PLACE, value="leg"), ["vni"], **flags)
    then = _legs_then(states.select("vni", "time"), legs, owners)
    left = pl.col("serves") + pl.col("unknown")
    expected = left + pl.col("lost")
    is_shared = pl.col("place").is_in(shared.implode()).fill_null(value=False)
    return (
        states.join(then, on=["vni", "time"], how="left", maintain_order="left")
        .with_columns(left=left, expected=expected, news=pl.lit(value=True))
        .with_columns(
            value=pl.when((expected <= 1) | is_shared & (left <= 1))
            .then(pl.lit(value=False))
            .when(left <= 1)
            .then(pl.lit(value=True))
            # some may be lost: nobody can tell
            .when(pl.col("serves") > 1)
            .then(pl.lit(value=False)),
            vni=pl.col("vni").cast(pl.UInt32),
        )
    )


def _legs_then(times: pl.DataFrame, legs: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return which legs there were at times, by name."""
    leaf = pl.col("vtep").replace(owners)
    serves, lost = pl.col("leg").is_in(["serves", "unknown"]), pl.col("leg") == "lost"
    return (
        times.join(legs.select(*_LEG, "leg", "observers", "fresh_observers", since="time"), on="vni")
        .filter(pl.col("since") <= pl.col("time"))
        .sort("since", maintain_order=True)
        .group_by("vni", "time", "vtep")
        .last()
        .sort("vni", "time", "vtep")
        .group_by("vni", "time", maintain_order=True)
        .agg(
            place=pl.col("vtep").filter(serves).first(),
            leaf=leaf.filter(serves).first(),
            lost_leaves=leaf.filter(lost).sort(),
            lost_vteps=pl.col("vtep").filter(lost),
            observers=pl.col("observers").max(),
            fresh_observers=pl.col("fresh_observers").max(),
        )
    )
