"""Leaves that have each other's routes and don't import them (rule V4).

A route comes into a VNI when one of its route targets is among those the leaf imports there (RFC 7432,
section 7.10). OpenConfig doesn't tell import targets, so a leaf is taken to import what it exports for the
same VNI, as leaves with derived targets do; the evidence says so. Derived targets are AS:VNI (RFC 8365,
section 5.1.2.1) and differ from leaf to leaf in EBGP designs: there nothing is imported unless the AS is
disregarded, as FRRouting does (ipSpace.net, 2018/04 and 2025/11). So targets that differ in the AS alone are
a fault only where the leaf shows its VTEPs and the other is none of them. Only the low 16 bits of a 4-byte AS
go into a target (ipSpace.net, 2018/05).

Subject: device, the leaf whose targets meet those of less than half of the others; every leaf that is apart
from any when there is no such majority, and then each one's evidence names all of them as ``devices``: it is
one fault. vni where it is one only. Look first at the route targets configured for the VNI on the leaf
named and on one of the others.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.flood_matrix import Lists, one_vni
from pipeline.detectors.text import names_text, plural

RULES: Final = catalogue(
    Rule("V4", "RT_MISMATCH", "route_targets", rank=1, wait=timedelta(seconds=10), labels=frozenset({"vni"}))
)
MARKS: Final = ("vnis", "bad")
"""Columns of verdicts of which a change is news."""
_SHOWN: Final = 20
"""VNIs whose targets stand in the evidence."""
ASSUMED: Final = "a leaf imports for a VNI what it exports for it: OpenConfig doesn't tell import targets"


def differing(own: pl.DataFrame) -> list[str]:
    """Return the VNIs of which leaves ever export different route targets, from their timeline."""
    told = own.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    sets = told.group_by("vni").agg(pl.col("value").n_unique())
    return sets.filter(pl.col("value") > 1)["vni"].sort().to_list()


def apart(lists: Lists, peers: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of leaves that could import from each other, and whether the first doesn't.

    One row per time, vni, device and other: ``wrong``, ``sees`` (the first is fresh), ``targets``,
    ``theirs``. ``peers``: time, device, instance, vtep: remote VTEPs in use.
    """
    own = lists.own.filter(pl.col("targets") != "")
    ordered = own.sort("time", "device", "vni", "vtep", "targets")
    exports = ordered.group_by("time", "device", "vni", maintain_order=True).agg(
        pl.col("vtep", "targets").first()
    )
    pairs = (
        exports.join(exports.rename({"device": "other", "targets": "theirs"}), on=["time", "vni"])
        .filter(pl.col("device") != pl.col("other"))
        .drop("vtep")
        .rename({"vtep_right": "vtep"})
        .join(lists.held, on=["time", "device", "vtep", "vni"])
        .join(lists.fresh, on=["time", "device"], how="left")
    )
    mine, yours = pl.col("targets").str.split(" "), pl.col("theirs").str.split(" ")
    number = pl.element().str.split(":").list.last()
    meet = mine.list.set_intersection(yours).list.len() > 0
    alike = mine.list.eval(number).list.set_intersection(yours.list.eval(number)).list.len() > 0
    return _with_use(pairs, lists.served, peers).with_columns(
        sees=pl.col("fresh").fill_null(value=False),
        wrong=~meet & pl.when(alike).then("unused").otherwise(~pl.col("used")),
    )


def _with_use(pairs: pl.DataFrame, served: pl.DataFrame, peers: pl.DataFrame) -> pl.DataFrame:
    """Tell of pairs whether the first surely uses the other's VTEP for the VNI, or surely doesn't."""
    vnis = served.group_by("time", "device", "instance").agg(vnis=pl.len())
    using = peers.join(vnis, on=["time", "device", "instance"]).with_columns(alone=pl.col("vnis") == 1)
    told = served.select("time", "device", "vni", "instance")
    of_vni = (
        told.join(using, on=["time", "device", "instance"])
        .group_by("time", "device", "vni", "vtep")
        .agg(alone=pl.col("alone").any())
    )
    tells = told.select("time", "device", "vni", tells=pl.lit(value=True)).unique()
    return (
        pairs.join(of_vni, on=["time", "device", "vni", "vtep"], how="left")
        .join(tells, on=["time", "device", "vni"], how="left")
        .with_columns(
            # an instance with several VNIs shows a VTEP that any of them uses
            used=pl.col("alone").fill_null(value=False),
            unused=pl.col("alone").is_null() & pl.col("tells").fill_null(value=False),
        )
    )


def verdicts(pairs: pl.DataFrame, times: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the verdict on each leaf, a row per time.

    ``pairs``: of ``apart``. ``times``: moments. ``before``: devices of which it was said to hold.
    """
    leaf = ["time", "vni", "device"]
    either = pl.concat(
        [
            pairs,
            pairs.rename({"device": "other", "other": "device", "targets": "theirs", "theirs": "targets"}),
        ],
        how="diagonal",
    )
    # in an order of their own: which target is named first may not depend on how rows came together
    tally = (
        either.sort(*leaf, "other", "targets", "theirs")
        .group_by(leaf, maintain_order=True)
        .agg(
            bad=pl.col("other").filter(pl.col("wrong") & pl.col("sees")).n_unique(),
            blind=pl.col("other").filter(pl.col("wrong") & ~pl.col("sees")).n_unique(),
            others=pl.col("other").n_unique(),
            targets=pl.col("targets").first(),
            theirs=pl.col("theirs").filter("wrong").first(),
            apart_from=pl.col("other").filter("wrong").unique().sort(),
        )
    )
    odd = pl.col("bad") * 2 > pl.col("others")
    majority = (odd.sum().over("time", "vni") * 2) < pl.len().over("time", "vni")
    named = pl.when(majority).then(odd).otherwise(pl.col("bad") > 0)
    by_leaf = (
        tally.with_columns(named=named, agreed=majority)
        .with_columns(
            all_of_them=pl.col("device")
            .filter(pl.col("named") & ~pl.col("agreed"))
            .over("time", "vni", mapping_strategy="join")
        )
        .sort(*leaf)
        .group_by("time", "device", maintain_order=True)
        .agg(
            vnis=pl.col("vni").filter("named").sort(),
            doubt=(pl.col("blind") > 0).any(),
            exports=pl.format("VNI {}: {}", "vni", "targets").filter("named").sort().head(_SHOWN),
            devices=pl.col("all_of_them").filter("named").list.explode().unique().sort(),
            **{
                name: pl.col(name).filter("named").first()
                for name in ("bad", "others", "targets", "theirs", "apart_from")
            },
        )
        .with_columns(wrong=pl.col("vnis").list.len() > 0)
    )
    subjects = pl.concat([by_leaf.filter("wrong").select("device"), before.select("device")]).unique()
    judged = (
        times.join(subjects, how="cross")
        .join(by_leaf, on=["time", "device"], how="left")
        .with_columns(
            pl.col("wrong", "doubt").fill_null(value=False),
            pl.col("vnis", "devices", "exports").fill_null([]),
        )
        .with_columns(active=pl.when(pl.col("wrong") | ~pl.col("doubt")).then("wrong"))
    )
    return judged.sort("device", "time").with_columns(vni=one_vni(["device"]))


def say(told: pl.DataFrame) -> pl.DataFrame:
    """Return findings of verdicts worth telling."""
    count = pl.col("vnis").list.len()
    return findings(
        told.with_columns(
            rule=pl.lit("V4"),
            severity=pl.lit("critical"),
            coverage=pl.when(pl.col("active").is_null()).then(0.0).otherwise(1.0),
            summary=pl.when(pl.col("active").fill_null(value=False))
            .then(
                pl.format(
                    "Route targets of {} don't meet those of {} of {} leaves for VNI{} {}: it exports {},"
                    " {} export{} {}",
                    "device", "bad", "others", plural(count), names_text("vnis"), "targets",
                    names_text("apart_from"),
                    pl.when(pl.col("apart_from").list.len() == 1).then(pl.lit("s")).otherwise(pl.lit("")),
                    "theirs",
                )
            )
            .otherwise(pl.format("Route targets of {} meet those of the other leaves", "device")),
            evidence=pl.struct(
                "vnis", "exports", "targets", "theirs", "apart_from", "devices", leaves="others",
                assumed=pl.lit(ASSUMED),
                ruled_out=pl.lit("route missing: the leaf holds it"),
            ).struct.json_encode(),
        )
    )  # fmt: skip
