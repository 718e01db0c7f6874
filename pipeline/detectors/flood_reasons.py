"""Why a leaf lacks a VTEP: the troubleshooting tree of EVPN, walked from the leaf towards the VTEP.

ipSpace.net, 2025/11 (evpn-multi-pod-tshoot): does the leaf have a session that carries EVPN; do its
neighbours hold the route; has the route what it needs; would the leaf take it (its own AS isn't in the path,
route targets meet); do both leaves have a neighbour in common, and does that hold it. The first that fails is
the cause, what was looked at and is right is ruled out. What isn't observed is said to be so.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.detectors.designs import Design
from pipeline.detectors.flood_matrix import Lists

PAIR: Final = ["time", "device", "vtep"]


@dataclass(frozen=True)
class Known:
    """What the tree asks, at some times."""

    ends: pl.DataFrame
    """time, device, other, established, active: what devices say of their EVPN sessions."""
    owners: pl.DataFrame
    """vtep, owner."""
    numbers: pl.DataFrame
    """device, local_as."""
    design: Design


def explained(cells: pl.DataFrame, lists: Lists, known: Known) -> pl.DataFrame:
    """Return per lacking pair: time, device, vtep, cause, reason, ruled_out (a list of sentences), senders.

    ``cells``: time, device, vtep, vni, holds. ``cause`` is a rule's id, or null. ``senders``: from whom the
    leaf has routes that it doesn't use.
    """
    ordered = cells.sort(*PAIR, "holds", "vni")
    pairs = ordered.group_by(PAIR, maintain_order=True).agg(pl.col("vni", "holds").first())
    pairs = pairs.join(known.owners, on="vtep", how="left")
    facts = (
        pairs.join(_neighbors(known.ends, "device", "near"), on=["time", "device"], how="left")
        .join(_neighbors(known.ends, "owner", "far"), on=["time", "owner"], how="left")
        .with_columns(pl.col("near", "near_evpn", "far", "far_evpn").fill_null([]))
        .join(_holders(pairs, lists, known.ends), on=PAIR, how="left")
        .with_columns(pl.col("holding", "without", "unseen", "bare").fill_null([]))
        .join(_targets(pairs, lists), on=PAIR, how="left")
        .join(known.numbers.rename({"local_as": "mine"}), on="device", how="left")
        .join(known.numbers.rename({"device": "owner", "local_as": "theirs"}), on="owner", how="left")
    )
    common = pl.col("near").list.set_intersection("far").list.sort()
    return facts.with_columns(common=common).select(
        *PAIR,
        **_walked(known.design),
        senders=pl.when("holds").then("near").otherwise([]),
    )


def _walked(design: Design) -> dict[str, pl.Expr]:
    """Return the expressions of cause, reason and what was ruled out."""
    holding, unseen = pl.col("holding"), pl.col("unseen")
    some = holding.list.len() > 0
    asked = pl.col("near").list.len() > 0
    no_family = asked & (pl.col("near_evpn").list.len() == 0)
    one_as = (pl.col("mine") == pl.col("theirs")).fill_null(value=False)
    same_as = some & one_as & pl.lit(bool(design.external))
    strangers = some & pl.col("apart").fill_null(value=False)
    bare = pl.col("bare").list.len() > 0
    no_common = asked & ~some & (pl.col("far").list.len() > 0) & (pl.col("common").list.len() == 0)
    owner = pl.coalesce("owner", "vtep")
    near, far = pl.col("near").list.join(", "), pl.col("far").list.join(", ")
    who, bare_on = holding.list.join(", "), pl.col("bare").list.join(", ")
    without = pl.col("common").list.set_intersection("without").list.sort()
    unsent = asked & ~some & (without.list.len() > 0)
    steps: list[tuple[pl.Expr, str | None, pl.Expr]] = [
        (
            pl.col("holds"),
            None,
            pl.format("{} holds the route and ceased to use it: it doesn't import it any more", "device"),
        ),
        (
            no_family,
            "V16",
            pl.format("{} carries EVPN on none of its BGP sessions (with {})", "device", near),
        ),
        (
            bare,
            "V5",
            pl.format("{} hold it without route targets: they were stripped on the way", bare_on),
        ),
        (
            same_as,
            None,
            pl.format(
                "{} and {} are both in AS {}: BGP takes its own AS in a path for a loop",
                "device", owner, "mine",
            ),
        ),
        (
            strangers,
            "V4",
            pl.format(
                "route targets don't meet: {} exports {}, {} exports {}",
                "device", "my_targets", owner, "their_targets",
            ),
        ),
        (some, None, pl.format("{} hold it, and don't pass it on or {} doesn't take it", who, "device")),
        (
            no_common,
            None,
            pl.format(
                "no neighbour has sessions with both: {} is left with {}, {} with {}",
                "device", near, owner, far,
            ),
        ),
        (
            unsent,
            None,
            pl.format(
                "{}, who have sessions with both, don't hold it: {} doesn't send it or they refuse it",
                without.list.join(", "), owner,
            ),
        ),
    ]  # fmt: skip
    cause, reason = (
        pl.lit(None, pl.String),
        pl.when(unseen.list.len() > 0)
        .then(
            pl.format(
                "it can't be told why: {} say nothing of their routes", unseen.list.sort().list.join(", ")
            )
        )
        .otherwise(pl.lit("it can't be told why")),
    )
    for holds, rule, words in reversed(steps):
        cause = pl.when(holds).then(pl.lit(rule, pl.String)).otherwise(cause)
        reason = pl.when(holds).then(words).otherwise(reason)
    out = [
        pl.when("holds").then(pl.format("a missing route: {} holds it", "device")),
        pl.when(asked).then(pl.format("session down: {} has some with {}", "device", near)),
        pl.when(asked & ~no_family).then(
            pl.format("V16: EVPN is active with {}", pl.col("near_evpn").list.join(", "))
        ),
        pl.when(some & ~bare).then(pl.lit("V5: who holds the route tells its route targets")),
        pl.when(some & (pl.col("mine") != pl.col("theirs"))).then(
            pl.format("AS loop: {} is in AS {}, {} in AS {}", "device", "mine", owner, "theirs")
        ),
        pl.when(pl.col("apart").not_()).then(pl.lit("V4: both leaves export a common route target")),
        pl.when(~some & (pl.col("common").list.len() > 0)).then(
            pl.format("no way: {} has sessions with both", pl.col("common").list.join(", "))
        ),
    ]
    return {"cause": cause, "reason": reason, "ruled_out": pl.concat_list(out).list.drop_nulls()}


def _neighbors(ends: pl.DataFrame, device: str, called: str) -> pl.DataFrame:
    """Return with whom a device has sessions, and on which of them EVPN."""
    up = ends.filter("established")
    other = pl.col("other")
    return up.group_by("time", pl.col("device").alias(device)).agg(
        other.unique().sort().alias(called),
        other.filter(pl.col("active").fill_null(value=True)).unique().sort().alias(f"{called}_evpn"),
    )


def _holders(pairs: pl.DataFrame, lists: Lists, ends: pl.DataFrame) -> pl.DataFrame:
    """Return which of the leaf's neighbours hold the route, don't, hold it bare, or say nothing."""
    near = ends.filter("established").select("time", "device", "other").unique()
    asked = (
        pairs.join(near, on=["time", "device"])
        .join(lists.fresh, left_on=["time", "other"], right_on=["time", "device"], how="left")
        .join(
            lists.held.select("time", "vtep", "vni", other="device", has=pl.lit(value=True)),
            on=["time", "vtep", "vni", "other"],
            how="left",
        )
        .join(
            lists.held.filter(pl.col("vni") == "").select(
                "time", "vtep", other="device", bare=pl.lit(value=True)
            ),
            on=["time", "vtep", "other"],
            how="left",
        )
    )
    sees, has = pl.col("fresh").fill_null(value=False), pl.col("has").is_not_null()
    bare = pl.col("bare").is_not_null() & ~has
    other = pl.col("other")
    return asked.group_by(PAIR).agg(
        holding=other.filter(sees & has).unique().sort(),
        without=other.filter(sees & ~has & ~bare).unique().sort(),
        bare=other.filter(sees & bare).unique().sort(),
        unseen=other.filter(~sees).unique().sort(),
    )


def _targets(pairs: pl.DataFrame, lists: Lists) -> pl.DataFrame:
    """Return what both leaves export for the VNI, and whether that is apart even without the AS numbers."""
    own = lists.own.filter(pl.col("targets") != "")
    mine = own.select("time", "device", "vni", my_targets="targets").unique(["time", "device", "vni"])
    theirs = own.select("time", "vtep", "vni", their_targets="targets").unique(["time", "vtep", "vni"])
    both = pairs.join(mine, on=["time", "device", "vni"]).join(theirs, on=["time", "vtep", "vni"])
    numbers = [
        pl.col(name).str.split(" ").list.eval(pl.element().str.split(":").list.last())
        for name in ("my_targets", "their_targets")
    ]
    meet = numbers[0].list.set_intersection(numbers[1]).list.len() > 0
    return both.select(*PAIR, "my_targets", "their_targets", apart=~meet)
