"""Flood lists that differ from who serves a VNI (rule V2).

RFC 8365, section 9: a leaf floods to the VTEPs whose type-3 routes it has. Every leaf that serves a VNI
should have every other leaf that originates one for it; the rule holds when a leaf lacks some for 10 s
(SuzieQ and Apstra compare the same sets, without time or cause). A leaf lacks a VTEP whose route it doesn't
hold, and one that it ceased to use though it holds the route, on systems that show the VTEPs in use
(openconfig, ``endpoint-peers``). A VTEP that most observers lost is rule V1, a leaf without any EVPN session
R15, a route that isn't used since route targets don't meet V4: none is told again here. Blind leaves neither
lack nor have.

Subject: device and vtep, who lacks whom; the leaf alone when it lacks two or more, at least half of those it
should have; the VTEP alone when two or more leaves, at least half, lack it. vni where it is one only. The
cause is looked for in the order in which an engineer would (``pipeline.detectors.flood_reasons``). Look first
at what the summary says.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue
from pipeline.detectors.flood_matrix import CELL, USE, Lists

RULES: Final = catalogue(
    Rule("V2", "VTEP_PARTIAL", "flood_list", rank=1, wait=timedelta(seconds=10), labels=frozenset({"vni"}))
)
QUORUM: Final = 0.5
SUBJECT: Final = ["device", "vtep"]
_SEVERAL: Final = 2


def suspicious(tables: Mapping[str, pl.DataFrame], since: int) -> list[str]:
    """Return the VNIs in which anybody may lack anybody at ``since`` or later: cheap, and never too few.

    ``tables``: timelines by name. A VNI is whole if as many cells are there all the time as there are VTEPs
    to each leaf; a few that are whole may be taken for suspicious.
    """
    held, peers = tables["held"], tables["peers"]
    originated = tables["own"].drop_nulls("value").select(CELL).unique()
    served = tables["served"].filter("value")
    leaves = pl.concat([originated.select("device", "vni"), served.select("device", "vni")]).unique()
    wanted = (
        leaves.group_by("vni")
        .agg(leaves=pl.len())
        .join(originated.group_by("vni").agg(origins=pl.col("vtep").n_unique(), mine=pl.len()), on="vni")
        .select("vni", wanted=pl.col("leaves") * pl.col("origins") - pl.col("mine"))
    )
    there = (
        held.join(leaves, on=["device", "vni"], how="semi")
        .join(originated.select("vtep", "vni").unique(), on=["vtep", "vni"], how="semi")
        .group_by(CELL)
        .agg(always=pl.col("value").all() & (pl.col("time").min() < since))
        .filter("always")
    )
    cells = there.group_by("vni").agg(cells=pl.len())
    few = wanted.join(cells, on="vni", how="left").filter(pl.col("cells").fill_null(0) < pl.col("wanted"))
    # who isn't observed is known by what others hold: a VTEP that nobody originates but some have
    foreign = held.filter("value").join(originated.select("vtep").unique(), on="vtep", how="anti")
    fallen = (
        peers.filter(~pl.col("value"))
        .select(USE)
        .unique()
        .join(served.select("device", "instance", "vni").unique(), on=["device", "instance"])
        .join(held.filter("value"), on=CELL, how="semi")
    )
    return sorted({*few["vni"], *foreign["vni"], *fallen["vni"]} - {""})


def missing(lists: Lists) -> pl.DataFrame:
    """Return the cells that should be there: time, device, vtep, vni, sees, holds, lacks.

    ``sees``: the leaf is fresh. ``holds``: it has the route; if it lacks the VTEP all the same, it ceased to
    use it.
    """
    leaves = pl.concat(
        [lists.own.select("time", "device", "vni"), lists.served.select("time", "device", "vni")]
    ).unique()
    cells = (
        leaves.join(origins(lists), on=["time", "vni"])
        .join(lists.own, on=["time", *CELL], how="anti")
        .join(_own_vteps(lists), on=["time", "device", "vtep"], how="anti")
    )
    cells = _told_by_others(cells, lists)
    has = pl.concat(
        [
            lists.held.filter(pl.col("vni") != "").select("time", *CELL),
            # a route whose VNI nobody tells may be the one: what it lacks is rule V5's
            lists.held.filter(pl.col("vni") == "")
            .select("time", "device", "vtep")
            .join(cells, on=["time", "device", "vtep"])
            .select("time", *CELL),
        ]
    ).unique()
    sees, shows = (pl.col(name).fill_null(value=False) for name in ("fresh", "shows"))
    unused = lists.unused.select("time", *CELL, shows, unused=pl.lit(value=True))
    holds, lies_idle = pl.col("has").is_not_null(), pl.col("unused").is_not_null()
    return (
        cells.join(has.with_columns(has=pl.lit(value=True)), on=["time", *CELL], how="left")
        .join(unused, on=["time", *CELL], how="left")
        .join(lists.fresh, on=["time", "device"], how="left")
        .select(
            "time", *CELL,
            sees=sees & pl.col("sure") & (~lies_idle | pl.col("shows")),
            holds=holds,
            lacks=~holds | lies_idle,
        )
    )  # fmt: skip


def origins(lists: Lists) -> pl.DataFrame:
    """Return which VTEP originates a route for which VNI: time, vtep, vni, sure.

    Of a leaf that is blind, or not observed, others tell. Not sure: that was so, and its leaf is blind.
    """
    place = ["time", "vtep", "vni"]
    fresh = lists.fresh.filter("fresh").select("time", "device")
    of_fresh_owners = (
        lists.owners.join(fresh.rename({"device": "owner"}), on="owner").select("time", "vtep").unique()
    )
    told = lists.own.join(fresh, on=["time", "device"], how="semi").select(place)
    others = pl.concat([lists.held.select("time", *CELL), lists.own.select("time", *CELL)]).join(
        of_fresh_owners, on=["time", "vtep"], how="anti"
    )
    by_others = others.join(lists.held, on=["time", *CELL], how="semi").join(fresh, on=["time", "device"])
    sure = pl.concat([told, by_others.select(place)]).unique()
    before = others.select(place).unique().join(sure, on=place, how="anti")
    return pl.concat(
        [sure.with_columns(sure=pl.lit(value=True)), before.with_columns(sure=pl.lit(value=False))]
    )


def _told_by_others(cells: pl.DataFrame, lists: Lists) -> pl.DataFrame:
    """Return the cells without those of VTEPs that a fresh device, but the leaf itself, knows to be gone."""
    fresh = lists.fresh.filter("fresh").select("time", "device")
    knows = lists.ever.join(fresh, on=["time", "device"]).select("time", *CELL)
    count = knows.group_by("time", "vtep", "vni").agg(tellers=pl.len())
    mine = knows.with_columns(mine=pl.lit(1))
    others = pl.col("tellers").fill_null(0) - pl.col("mine").fill_null(0)
    return (
        cells.join(count, on=["time", "vtep", "vni"], how="left")
        .join(mine, on=["time", *CELL], how="left")
        .filter(pl.col("sure") | (others == 0))
        .drop("tellers", "mine")
    )


def _own_vteps(lists: Lists) -> pl.DataFrame:
    return lists.own.select("time", "device", "vtep").unique()


def lost_to_all(held: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return the VTEPs that half of the fresh observers who had them have no more (V1): time, vtep.

    ``held``: time, device, vtep, vni, value: whoever ever had a VTEP for a VNI, and whether he has.
    """
    return (
        held.group_by("time", "device", "vtep")
        .agg(pl.col("value").any())
        .join(fresh.filter("fresh"), on=["time", "device"])
        .group_by("time", "vtep")
        .agg(gone=(~pl.col("value")).mean())
        .filter(pl.col("gone") >= QUORUM)
        .select("time", "vtep")
    )


def verdicts(cells: pl.DataFrame, times: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return who lacks whom, in as few subjects as say it: time, device, vtep, active, cells.

    ``cells``: of ``missing``, without those that other rules tell. ``before``: subjects said to lack
    something. A subject is there at all times if it is at one; ``cells`` lists what it lacks then.
    """
    seen = cells.filter("sees")
    short = seen.with_columns(
        on_leaf=_share("vtep", ["time", "device"]), on_vtep=_share("device", ["time", "vtep"])
    )
    rows = pl.col("on_leaf")
    columns = (_share("device", ["time", "vtep"], besides=rows)) & ~rows
    placed = short.with_columns(on_vtep=columns).filter("lacks").with_columns(
        subject_device=pl.when(~pl.col("on_vtep")).then("device"),
        subject_vtep=pl.when(~pl.col("on_leaf")).then("vtep"),
    )  # fmt: skip
    wrong = placed.group_by("time", "subject_device", "subject_vtep").agg(
        cells=pl.struct(CELL).sort()
    ).select("time", device="subject_device", vtep="subject_vtep", cells="cells")  # fmt: skip
    # what nobody fresh can tell of any more is in doubt, whichever subject it belonged to
    blind = cells.filter(~pl.col("sees") & pl.col("lacks"))
    nobody = pl.lit(None, pl.String)
    doubt = pl.concat(
        [
            blind.select("time", "device", vtep=nobody),
            blind.select("time", "vtep", device=nobody).select("time", "device", "vtep"),
            blind.select("time", "device", "vtep"),
        ]
    ).unique().with_columns(doubt=pl.lit(value=True))  # fmt: skip
    subjects = pl.concat([wrong.select(SUBJECT), before.select(SUBJECT)]).unique()
    return (
        times.select("time")
        .join(subjects, how="cross")
        .join(wrong, on=["time", *SUBJECT], how="left", nulls_equal=True)
        .join(doubt, on=["time", *SUBJECT], how="left", nulls_equal=True)
        .with_columns(wrong=pl.col("cells").is_not_null())
        .with_columns(active=pl.when(pl.col("wrong") | pl.col("doubt").is_null()).then("wrong"))
    )  # fmt: skip


def _share(of: str, over: list[str], besides: pl.Expr | None = None) -> pl.Expr:
    """Return whether at least half of those due, and two, are lacking."""
    lacks = pl.col("lacks") if besides is None else pl.col("lacks") & ~besides
    lacking = pl.col(of).filter(lacks).n_unique().over(over)
    due = pl.col(of).n_unique().over(over)
    return (lacking >= _SEVERAL) & (lacking >= QUORUM * due)
