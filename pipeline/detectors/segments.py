"""Ethernet segments that lost redundancy (rules R4, R5).

A PE serves a segment while its routes for it are there: the Ethernet segment route (type 4) and the Ethernet
A-D route of the segment (type 1, tag 0xffffffff), RFC 7432, sections 8.2 and 8.5; of a PE that only ever
showed one kind that kind decides. A PE is lost when half of the fresh observers that held its routes hold
them no more. Expected are all PEs that served the segment, until one is lost and nothing was heard of it for
7 days: that one has left for good. R4: fewer than expected (warning; critical when one is left). R5: none.

Subject: esi. Look first at the lost PE's member link and its uplinks: the service still works, the next
failure is an outage.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.behind import Count, macs_text
from pipeline.detectors.es_members import as_declared
from pipeline.detectors.timeline import PLACE, changes, counts, telling

QUORUM: Final = 0.5
MEMORY: Final = timedelta(days=7)
"""How long a PE that serves a segment no more is expected to come back."""
_MEMORY_US: Final = MEMORY // MEMORY.resolution
RULES: Final = catalogue(
    Rule("R4", "ES_DEGRADED", "segment", rank=1, wait=timedelta(seconds=5)),
    Rule("R5", "ES_DOWN", "segment", rank=2, wait=timedelta(seconds=5)),
)


def detect(
    held: pl.DataFrame,
    kinds: pl.DataFrame,
    owners: Mapping[str, str],
    now: int,
    *,
    declared: pl.DataFrame,
    behind: Count,
) -> pl.DataFrame:
    """Return one finding per change of the verdict on a segment.

    ``held``: timeline per (esi, pe, kind, device), whether the device holds a route of that kind. ``kinds``:
    timeline per (esi, pe, kind) that a PE ever showed, whether it is lost; null: nobody fresh can tell.
    ``owners``: VTEP to device. ``now``: the fabric's clock, microseconds. ``declared``:
    timeline per esi, a JSON list of the devices that should serve it. ``behind``: counts MACs.
    """
    legs = counts(
        kinds.select("esi", "pe", "kind", *PLACE, "value"),
        ["esi", "pe"],
        lost=pl.col("value"),
        unknown=pl.col("value").is_null(),
    )
    legs = as_declared(_given_up(legs, held, now), declared, owners)
    states = counts(
        legs.select("esi", "pe", *PLACE, "value", (pl.col("unknown") > 0).alias("with unknown")),
        ["esi"],
        lost=pl.col("value"),
        unknown=~pl.col("value") & pl.col("with unknown"),
        expected=pl.col("value").is_not_null(),
    ).with_columns(left=pl.col("expected") - pl.col("lost"))
    down = (pl.col("left") == 0) & (pl.col("expected") > 0)
    # one PE has no redundancy to lose: without it the segment is down
    degraded = (pl.col("lost") > 0) & ~down
    sure = (pl.col("unknown") == 0) | (pl.col("lost") > 0)
    verdicts = changes(states, ["esi"], ["lost", "left", "unknown"]).with_columns(
        active=pl.when(sure).then(degraded | down)
    )
    verdicts = _since(verdicts)
    name, days = pl.format("Ethernet segment {}", "esi"), pl.lit(MEMORY.days)
    named = _with_names(telling(verdicts, ["esi"]), legs, owners)
    told = named.with_columns(macs=behind(named))
    takes = (
        pl.when((pl.col("left") == 1) & (pl.col("macs") > 0))
        .then(pl.format("; the next failure takes {}", macs_text("macs")))
        .otherwise(pl.lit(""))
    )
    left = pl.when(pl.col("left") == 1).then(pl.format("{} alone", "left_pes")).otherwise("left_pes")
    since = pl.from_epoch("began", time_unit="us").dt.strftime("%H:%M:%S UTC")
    return findings(
        told.with_columns(
            rule=pl.when(down).then(pl.lit("R5")).otherwise(pl.lit("R4")),
            severity=pl.when(pl.col("left") <= 1).then(pl.lit("critical")).otherwise(pl.lit("warning")),
            coverage=pl.when(pl.col("expected") > 0).then(1 - pl.col("unknown") / pl.col("expected")),
            summary=pl.when(down)
            .then(
                pl.format(
                    "{} is down since {}: none of its {} PEs serves it, {}",
                    name, since, "expected", "lost_pes",
                )
            )
            .when(pl.col("lost") > 0)
            .then(
                pl.format(
                    "{} survives on {}, {} of {} PEs, since {}: lost is {}{}",
                    name, left, "left", "expected", since, "lost_pes", takes,
                )
            )
            .when(pl.col("expected") == 0)
            .then(pl.format("{} is given up: not served for {} days by {}", name, days, "given_up_pes"))
            .when(pl.col("given_up_pes") != "")
            .then(
                pl.format(
                    "{} is served by all its {} PEs, {}; not for {} days, and expected no more, by {}",
                    name, "expected", "left_pes", days, "given_up_pes",
                )
            )
            .otherwise(
                pl.format("{} is served by all its {} PEs, {}", name, "expected", "left_pes")
            ),
            evidence=pl.struct(
                "left", "expected", "lost", "unknown", "left_pes", "lost_pes", "macs", since=since
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _since(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with ``began``: since when as many PEs are lost and left."""
    before = pl.col("lost", "left").shift(1).over("esi")
    new = pl.any_horizontal(pl.col("lost", "left").ne_missing(before))
    return verdicts.with_columns(began=pl.when(new).then("time")).with_columns(
        pl.col("began").forward_fill().over("esi")
    )


def _given_up(legs: pl.DataFrame, held: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return the PEs' timeline with ``value``: lost; null: expected no more.

    That begins when a PE is lost and what was heard of it last, by whomever, is as old as MEMORY. Nothing is
    given up that nobody fresh can tell to be lost.
    """
    leg = ["esi", "pe"]
    ever_lost = legs.filter(pl.col("lost") > 0).select(leg).unique()
    heard = held.join(ever_lost, on=leg, how="semi").select(*leg, *PLACE, heard="time")
    then = heard.select(*leg, "offset", "index", time=pl.col("time") + _MEMORY_US).with_columns(now="time")
    both = pl.concat([legs, heard, then.filter(pl.col("time") <= now)], how="diagonal")
    value = (pl.col("lost") > 0).alias("value")
    old = pl.col("time") - pl.col("heard") >= _MEMORY_US
    return (
        both.sort(*leg, "time", "offset", "index", maintain_order=True)
        .with_columns(pl.col("lost", "unknown", "heard").forward_fill().over(leg))
        .group_by(*leg, "time", maintain_order=True)
        .agg(pl.col("offset", "index", "lost", "unknown", "heard").last(), pl.col("now").max())
        .with_columns(value=pl.when(~(value & old).fill_null(value=False)).then(value))
    )


def _with_names(told: pl.DataFrame, legs: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return the rows with the names of the PEs that served the segment then, that didn't, just given up."""
    name = pl.col("pe").replace_strict(owners, default=pl.col("pe"), return_dtype=pl.String)
    rows = told.with_row_index("at")
    lost = pl.col("lost_then")
    now_given_up = lost.is_null() & (pl.col("since") == pl.col("time"))
    then = (
        rows.select("at", "esi", "time")
        .join(legs.select("esi", pe=name, since="time", lost_then="value"), on="esi")
        .filter(pl.col("since") <= pl.col("time"))
        .sort("since", maintain_order=True)
        .group_by("at", "pe")
        .agg(lost.last(), given_up=now_given_up.last())
        .sort("at", "pe")
        .group_by("at")
        .agg(
            left_pes=pl.col("pe").filter(~lost).str.join(", "),
            lost_pes=pl.col("pe").filter(lost).str.join(", "),
            given_up_pes=pl.col("pe").filter("given_up").str.join(", "),
        )
    )
    return rows.join(then, on="at", how="left", maintain_order="left").drop("at")
