"""Routes of segments that don't fit together (rules R7, R9, R10).

A PE of a segment originates an Ethernet segment route (type 4), an Ethernet A-D route for the segment (type
1, tag 0xffffffff) and the MAC routes of the hosts behind it. R7: type 4 without type 1 or the reverse (RFC
7432, sections 8.2 to 8.5: without the A-D route nobody balances load over the PE or splits its horizon).
R9: an A-D route was withdrawn; all that hear it take the PE's MACs behind the segment for withdrawn at once
(section 17.3: mass withdrawal). It is one finding with their number and no incident: that the leg is lost is
R4's to say. R10: a PE's MAC routes name the segment while its A-D route is gone: they can't be resolved, and
what is sent there may be lost.

A route is there while more than half of the fresh observers that ever held it hold it. Of a PE that never
showed a kind of route that other PEs of its segment show, those who hold theirs are the observers. A kind
that no PE of the segment ever showed is none that these devices make: it is missed nowhere. A next hop of a
device that is no leaf is no PE: the device put itself there on the way (V3).

Subject: esi and vtep, the PE. Look first at the PE's own routes of the segment, then at what its route
reflectors pass on.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.behind import Count, macs_text
from pipeline.detectors.quorum import votes
from pipeline.detectors.timeline import PLACE, align, changes, counts, telling

QUORUM: Final = 0.5
RULES: Final = catalogue(
    Rule("R7", "T1_T4_MISMATCH", "es_routes", rank=1, wait=timedelta(seconds=10)),
    Rule("R9", "MASS_WITHDRAW", "mass_withdraw", rank=0, momentary=True, clear=timedelta(seconds=60)),
    Rule("R10", "MAC_NO_AD", "mac_no_ad", rank=1, wait=timedelta(seconds=30)),
)
INHIBITS: Final = timedelta(seconds=60)
"""How long after a mass withdrawal what happens to single MACs of the PE behind the segment is its effect."""
_LEG: Final = ["esi", "pe"]


def legs(
    held: pl.DataFrame, macs: pl.DataFrame, fresh: pl.DataFrame, transit: AbstractSet[str] = frozenset()
) -> pl.DataFrame:
    """Return a timeline per (esi, pe, kind): the route is lost, null: nobody fresh can tell.

    ``held``: timeline per (esi, pe, kind, device). ``macs``: per (esi, pe, device), whether it holds a MAC
    route of the PE. ``fresh``: per device. Kind ``mac`` stands for MAC routes. ``transit``: next hops that
    are no PE's, but of a device on the way.
    """
    others = pl.col("pe").is_in(sorted(transit))
    rewritten = held.filter(others & (pl.col("kind") == "ad_per_es")).drop("kind")
    held, macs = held.filter(~others), macs.filter(~others)
    every = pl.concat(
        [held, _never_shown(held, macs), macs.with_columns(kind=pl.lit("mac")).select(held.columns)]
    )
    every = _hidden(every, rewritten)
    gone = every.with_columns(value=~pl.col("value"))
    said = votes(gone, fresh, [*_LEG, "kind"], doubts=True).with_columns(
        value=pl.when(pl.col("fresh") > 0).then(pl.col("yes") / pl.col("fresh") >= QUORUM)
    )
    return changes(said, [*_LEG, "kind"], ["value", "yes", "fresh"])


def _hidden(every: pl.DataFrame, rewritten: pl.DataFrame) -> pl.DataFrame:
    """Return the timeline with null for A-D routes missed by who holds one whose PE can't be told.

    ``rewritten``: timeline per (esi, pe, device) of A-D routes with the next hop of a device on the way. An
    A-D route names its PE by its next hop only: which of them it is, nobody there knows.
    """
    if rewritten.is_empty():
        return every
    holds = counts(rewritten, ["esi", "device"], held=pl.col("value"))
    holds = holds.select("esi", "device", *PLACE, value=pl.col("held") > 0)
    told = align(every, holds, ["esi", "device"], "with rewritten")
    unsure = (pl.col("kind") == "ad_per_es") & ~pl.col("value") & pl.col("with rewritten")
    return told.with_columns(
        value=pl.when(~unsure.fill_null(value=False)).then("value"),
    ).select(every.columns)


def _never_shown(held: pl.DataFrame, macs: pl.DataFrame) -> pl.DataFrame:
    """Return rows that say of kinds which a PE never showed, but others of its segment, that it has none."""
    pes = pl.concat([held.select(*_LEG, *PLACE), macs.select(*_LEG, *PLACE)])
    first = pes.sort("time", "offset", "index").group_by(_LEG, maintain_order=True).first()
    able = held.select("esi", "kind", "device").unique()
    missing = first.join(able, on="esi").join(held, on=[*_LEG, "kind"], how="anti")
    return missing.with_columns(value=pl.lit(value=False)).select(held.columns)


def detect(kinds: pl.DataFrame, owners: Mapping[str, str], behind: Count) -> pl.DataFrame:
    """Return findings of R7, R9 and R10.

    ``kinds``: what ``legs`` returns. ``owners``: VTEP to device. ``behind``: counts MACs.
    """
    lost, kind = pl.col("value"), pl.col("kind")
    tally = counts(
        kinds.select(*_LEG, "kind", *PLACE, "value"),
        _LEG,
        segment=(kind == "segment") & ~lost,
        ad=(kind == "ad_per_es") & ~lost,
        no_ad=(kind == "ad_per_es") & lost,
        macs=(kind == "mac") & ~lost,
        routes=kind != "mac",
        unknown=(kind != "mac") & lost.is_null(),
        macs_unknown=(kind == "mac") & lost.is_null(),
    )
    return pl.concat(
        [_mismatched(tally, owners), _withdrawn(kinds, owners, behind), _unresolved(tally, owners)]
    )


def _mismatched(tally: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    odd = (pl.col("segment") != pl.col("ad")) & (pl.col("routes") == 2)
    states = changes(tally, _LEG, ["segment", "ad", "routes", "unknown"]).with_columns(
        active=pl.when(pl.col("unknown") == 0).then(odd)
    )
    has_4 = pl.col("segment") > 0
    return findings(
        telling(states, _LEG).with_columns(
            rule=pl.lit("R7"),
            severity=pl.lit("warning"),
            vtep="pe",
            coverage=1 - pl.col("unknown") / pl.col("routes"),
            summary=pl.when("active")
            .then(
                pl.format(
                    "{} announces Ethernet segment {} by {} only: {}",
                    _name(owners), "esi",
                    pl.when(has_4).then(pl.lit("its type-4 route")).otherwise(pl.lit("its type-1 route")),
                    pl.when(has_4)
                    .then(pl.lit("without the A-D route nobody balances load over it"))
                    .otherwise(pl.lit("without the segment route it takes no part in the DF election")),
                )
            )
            .otherwise(
                pl.format("{} announces Ethernet segment {} by both routes or by none", _name(owners), "esi")
            ),
            evidence=pl.struct(type_4="segment", type_1_per_es="ad").struct.json_encode(),
        )
    )  # fmt: skip


def _withdrawn(kinds: pl.DataFrame, owners: Mapping[str, str], behind: Count) -> pl.DataFrame:
    """Return a finding for each A-D route that was there and is lost, with MACs behind it."""
    was = pl.col("value").shift(1).over(_LEG)
    gone = kinds.filter(pl.col("kind") == "ad_per_es").filter(pl.col("value") & ~was)
    # without MACs behind it nothing but the route is withdrawn
    counted = gone.with_columns(macs=behind(gone)).filter(pl.col("macs") > 0)
    return findings(
        counted.with_columns(
            rule=pl.lit("R9"),
            severity=pl.lit("info"),
            active=pl.lit(value=True),
            vtep="pe",
            coverage=pl.col("fresh") / pl.col("known"),
            summary=pl.format(
                "The A-D route of {} for Ethernet segment {} is gone: it is no way to {} behind it any more",
                _name(owners), "esi", macs_text("macs"),
            ),
            evidence=pl.struct(
                "macs", observers_lost="yes", observers_fresh="fresh", observers="known",
                inhibits_mac_events_s=pl.lit(INHIBITS.seconds),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _unresolved(tally: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    sure = (pl.col("macs_unknown") == 0) & (pl.col("ad") + pl.col("no_ad") > 0)
    states = changes(
        tally.filter(pl.col("ad") + pl.col("no_ad") + pl.col("unknown") > 0),
        _LEG,
        ["macs", "ad", "no_ad", "macs_unknown"],
    ).with_columns(active=pl.when(sure).then((pl.col("macs") > 0) & (pl.col("no_ad") > 0)))
    return findings(
        telling(states, _LEG).with_columns(
            rule=pl.lit("R10"),
            severity=pl.lit("warning"),
            vtep="pe",
            coverage=((pl.col("macs_unknown") == 0).cast(pl.Int8) + (pl.col("ad") + pl.col("no_ad") > 0)) / 2,
            summary=pl.when("active")
            .then(
                pl.format(
                    "MAC routes of {} name Ethernet segment {}, but its A-D route is gone: they can't be"
                    " resolved through it",
                    _name(owners), "esi",
                )
            )
            .otherwise(
                pl.format("No MAC route of {} names Ethernet segment {} without an A-D route",
                          _name(owners), "esi")
            ),
            evidence=pl.struct(
                mac_routes=pl.col("macs") > 0, a_d_route=pl.col("ad") > 0,
                ruled_out=pl.when("active").then(
                    pl.lit("age-out after a withdrawal (RFC 7432, section 17.3): it takes less than 30 s")
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _name(owners: Mapping[str, str]) -> pl.Expr:
    return pl.col("pe").replace_strict(owners, default=pl.col("pe"), return_dtype=pl.String)
