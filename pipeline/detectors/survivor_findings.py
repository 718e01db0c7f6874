"""What is said of VNIs that survive on one leaf (rule R19): names, numbers, and who is hit next."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipeline.apply.columns import column_of
from pipeline.apply.mac_location import MacLocations
from pipeline.detectors import findings
from pipeline.detectors.crowds import turns
from pipeline.detectors.family import Scene
from pipeline.detectors.survivor_memory import KEEP
from pipeline.detectors.text import names_text
from pipeline.detectors.timeline import PLACE
from pipeline.schema import NAME

SHOWN = 10
"""VNIs that a finding about many names."""


def say_vni(told: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Return findings about single VNIs; ``told``: statements of ``pipeline.detectors.spells``."""
    tenants = told["vni"].replace_strict(scene.declared.tenant_of, default=None, return_dtype=pl.String)
    macs = [
        macs_at(scene.state.locations, time, [vni], lost) if active else None
        for time, vni, lost, active in told.select("time", "vni", "lost_vteps", "active").rows()
    ]
    name = pl.format("VNI {}{}", "vni", _of_tenant())
    lost = names_text("lost_leaves")
    return findings(
        told.with_columns(tenants.alias("tenant"), pl.Series("macs", macs, dtype=pl.Int64)).with_columns(
            rule=pl.lit("R19"),
            severity=pl.lit("critical"),
            coverage=_coverage(),
            summary=pl.when(pl.col("active") & (pl.col("left") == 0))
            .then(pl.format("{} is served by none of {} leaves: lost are {}", name, "expected", lost))
            .when("active")
            .then(
                pl.format(
                    "{} survives on {} alone, of {} leaves; lost: {}. The next failure takes {}{}",
                    name, "leaf", "expected", lost, _macs(), _blind(),
                )
            )
            .when(pl.col("active").is_null())
            .then(pl.format("{}: nobody who sees now can tell how many leaves serve it{}", name, _blind()))
            .otherwise(pl.format("{} is served by {} leaves", name, "left")),
            evidence=pl.struct(
                "left", "expected", "macs", "observers", "fresh_observers",
                survivor="leaf", survivor_vtep="place", lost="lost_leaves",
                ruled_out=pl.concat_list(
                    pl.lit("a VNI that was only ever on one leaf: others served it within 7 days"),
                    pl.lit("a standby leg: it would go on to announce its type-3 route"),
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def say_leaf(course: pl.DataFrame, members: pl.DataFrame, states: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Return findings about leaves on which many VNIs survive, by the course of their crowds."""
    told = turns(course).filter(pl.col("time") >= scene.horizon)
    if told.is_empty():
        return findings(told.select("place"))
    evidence = states.select("vni", *PLACE)
    places = (
        pl.concat(
            members.select("vni", "place", at=when, time=since).join(evidence, on=["vni", "time"])
            for when, since in (("told", "begun"), ("ended", "ended"))
        )
        .sort("place", "at", "offset", "index")
        .group_by("place", "at", maintain_order=True)
        .agg(pl.col("offset", "index").last(), now=pl.max_horizontal("now", "at").max())
        .rename({"at": "time"})
    )
    lost = pl.col("lost_vteps").explode(empty_as_null=True).drop_nulls().unique().sort()
    leaves = pl.col("lost_leaves").explode(empty_as_null=True).drop_nulls().unique().sort()
    shown = (
        told.select("place", "time", "crowd")
        .join(members.select("vni", "since", "ended", *KEEP), on="place")
        .filter((pl.col("since") <= pl.col("time")) & ((pl.col("time") < pl.col("ended")) | ~pl.col("crowd")))
        .group_by("place", "time")
        .agg(
            pl.col("vni").unique().sort(),
            pl.col("observers", "fresh_observers").max(),
            lost_vteps=lost,
            lost_leaves=leaves,
        )
    )
    rows = told.join(places, on=["place", "time"]).join(shown, on=["place", "time"], how="left")
    macs = [
        macs_at(scene.state.locations, time, vnis, lost) if crowd else None
        for time, vnis, lost, crowd in rows.select("time", "vni", "lost_vteps", "crowd").rows()
    ]
    tenants = [
        sorted({scene.declared.tenant_of[vni] for vni in vnis if vni in scene.declared.tenant_of})
        for vnis in rows["vni"].to_list()
    ]
    named = rows.drop("vni").with_columns(
        pl.Series("macs", macs, dtype=pl.Int64),
        pl.Series("tenants", tenants, dtype=pl.List(pl.String)),
        vnis=rows["vni"].list.head(SHOWN),
        device=pl.col("place").replace_strict(scene.roles.owners, default=None, return_dtype=pl.String),
    )
    leaf = pl.coalesce("device", "place")
    of_tenants = pl.when(pl.col("tenants").list.len() > 0).then(pl.format(" of {}", names_text("tenants")))
    return findings(
        named.with_columns(
            rule=pl.lit("R19"),
            severity=pl.lit("critical"),
            vtep="place",
            coverage=_coverage(),
            summary=pl.when("crowd")
            .then(
                pl.format(
                    "{} VNIs{} survive on {} alone; lost: {}. The next failure takes {}{}",
                    "standing", of_tenants.fill_null(""), leaf, names_text("lost_leaves"), _macs(),
                    _blind(),
                )
            )
            .otherwise(pl.format("No VNI survives on {} alone any more", leaf)),
            evidence=pl.struct(
                "vnis", "tenants", "macs", "observers", "fresh_observers",
                survivor=leaf, survivor_vtep="place", lost="lost_leaves", alone="standing",
            ).struct.json_encode(),
        )
    )  # fmt: skip


def macs_at(locations: MacLocations, time: int, vnis: Sequence[int], lost: Sequence[str]) -> int:
    """Return how many MACs of VNIs there were at a time, but for those behind lost VTEPs alone."""
    rows, location, vtep = locations.at(time)
    vni = locations.keys.take("vni", rows)
    gone = column_of(pl.Series(list(lost), dtype=pl.String).cast(NAME)).values
    alone = np.isin(vtep, gone) & (location == vtep)
    return int(np.count_nonzero(vni.known & np.isin(vni.values, vnis) & ~alone))


def _macs() -> pl.Expr:
    return pl.when(pl.col("macs") == 1).then(pl.lit("1 MAC")).otherwise(pl.format("{} MACs", "macs"))


def _of_tenant() -> pl.Expr:
    known = pl.col("tenant").is_not_null()
    return pl.when(known).then(pl.format(" of tenant {}", "tenant")).otherwise(pl.lit(""))


def _coverage() -> pl.Expr:
    return pl.col("fresh_observers") / pl.col("observers")


def _blind() -> pl.Expr:
    return (
        pl.when(pl.col("fresh_observers") < pl.col("observers"))
        .then(pl.format(" ({} of {} observers fresh)", "fresh_observers", "observers"))
        .otherwise(pl.lit(""))
    )
