"""Ethernet segments that lost redundancy (rules R4, R5).

A PE serves a segment while its routes for it are there: the Ethernet segment route (type 4) and the Ethernet
A-D route of the segment (type 1, tag 0xffffffff), RFC 7432, sections 8.2 and 8.5; of a PE that only ever
showed one kind that kind decides. A PE is lost when half of the fresh observers that held its routes hold
them no more. Expected are all PEs that served the segment. R4: fewer than expected (warning; critical when
one is left). R5: none.

Subject: esi. Look first at the lost PE's member link and its uplinks: the service still works, the next
failure is an outage.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.quorum import votes
from pipeline.detectors.timeline import PLACE, changes, counts, telling

QUORUM: Final = 0.5
RULES: Final = catalogue(
    Rule("R4", "ES_DEGRADED", "segment", rank=1, wait=timedelta(seconds=5)),
    Rule("R5", "ES_DOWN", "segment", rank=2, wait=timedelta(seconds=5)),
)


def detect(held: pl.DataFrame, fresh: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return one finding per change of the verdict on a segment.

    ``held``: timeline per (esi, pe, kind, device), whether the device holds a route of that kind. ``fresh``:
    timeline per device. ``owners``: VTEP to device.
    """
    gone = held.with_columns(value=~pl.col("value"))
    kinds = votes(gone, fresh, ["esi", "pe", "kind"]).with_columns(
        value=pl.when(pl.col("fresh") > 0).then(pl.col("yes") / pl.col("fresh") >= QUORUM)
    )
    legs = counts(
        kinds.select("esi", "pe", "kind", *PLACE, "value"),
        ["esi", "pe"],
        lost=pl.col("value"),
        unknown=pl.col("value").is_null(),
    )
    lost = (pl.col("lost") > 0).alias("value")
    states = counts(
        legs.select("esi", "pe", *PLACE, lost, unknown=pl.col("unknown") > 0),
        ["esi"],
        lost=pl.col("value"),
        unknown=~pl.col("value") & pl.col("unknown"),
        expected=pl.col("value").is_not_null(),
    ).with_columns(left=pl.col("expected") - pl.col("lost"))
    down = pl.col("left") == 0
    # one PE has no redundancy to lose: without it the segment is down
    degraded = (pl.col("lost") > 0) & ~down
    sure = (pl.col("unknown") == 0) | (pl.col("lost") > 0)
    verdicts = changes(states, ["esi"], ["lost", "left", "unknown"]).with_columns(
        active=pl.when(sure).then(degraded | down)
    )
    names = _lost_names(legs, owners)
    return findings(
        telling(verdicts, ["esi"])
        .join(names, on="esi", how="left", maintain_order="left")
        .with_columns(
            rule=pl.when(down).then(pl.lit("R5")).otherwise(pl.lit("R4")),
            severity=pl.when(pl.col("left") <= 1).then(pl.lit("critical")).otherwise(pl.lit("warning")),
            coverage=1 - pl.col("unknown") / pl.col("expected"),
        )
        .with_columns(
            summary=pl.when(down)
            .then(pl.format("Ethernet segment {} is down: none of its {} PEs serves it", "esi", "expected"))
            .otherwise(
                pl.format(
                    "Ethernet segment {} is served by {} of {} PEs; its PEs are {}",
                    "esi", "left", "expected", "pes",
                )
            ),
            evidence=pl.struct("left", "expected", "lost", "unknown").struct.json_encode(),
        )
    )  # fmt: skip


def _lost_names(legs: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return per segment the names of its PEs."""
    pe = pl.col("pe").replace_strict(owners, default=pl.col("pe"), return_dtype=pl.String)
    return legs.group_by("esi").agg(pes=pe.unique().sort().str.join(", "))
