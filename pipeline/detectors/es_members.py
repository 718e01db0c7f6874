"""The PEs that should serve a segment, where operators declare them."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.detectors.timeline import PLACE

_LEG: Final = ["esi", "pe"]


def as_declared(legs: pl.DataFrame, declared: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return the timeline of legs where members are declared: those alone are expected, and all of them are.

    A PE that isn't declared is no leg of the segment here (rule R11 speaks of it); a member that nobody ever
    saw serve it is lost since it was declared. What is declared of a segment that nobody ever saw counts for
    nothing.

    Args:
        legs: timeline per (esi, pe), ``value``: lost, null: expected no more; ``unknown``: kinds of routes
            that nobody fresh can tell.
        declared: timeline per esi, a JSON list of devices, null: none are declared any more.
        owners: VTEP to device.
    """
    if declared.is_empty():
        return legs
    seen = legs.select(_LEG).unique()
    whole = declared.join(seen.select("esi").unique(), on="esi", how="semi").with_columns(
        members=pl.col("value").str.json_decode(pl.List(pl.String))
    )
    name = pl.col("pe").replace_strict(owners, default=pl.col("pe"), return_dtype=pl.String)
    pes = seen.with_columns(member=name)
    listed = pl.concat(
        [
            whole.select("esi", member=pl.col("members")).explode("member").drop_nulls(),
            pes.select("esi", "member"),
        ]
    ).unique()
    units = listed.join(pes, on=["esi", "member"], how="left").join(whole.drop("value"), on="esi")
    expected = units.select(
        "esi", *PLACE, pe=pl.coalesce("pe", "member"),
        expected=pl.col("members").list.contains(pl.col("member")),
    )  # fmt: skip
    served = legs.select(*_LEG, *PLACE, served=pl.struct("value", "unknown"))
    both = pl.concat([served, expected], how="diagonal").sort(
        *_LEG, "time", "offset", "index", maintain_order=True
    )
    lost = (
        pl.when(pl.col("expected").is_null())
        .then("value")
        .when("expected")
        # a member is lost before its first route, and what was given up as gone for good is
        .then(pl.col("value").fill_null(value=True))
    )
    return (
        both.with_columns(pl.col("served", "expected").forward_fill().over(_LEG))
        .group_by(*_LEG, "time", maintain_order=True)
        .agg(pl.col("offset", "index", "served", "expected").last(), pl.col("now").max())
        .unnest("served")
        .select(*_LEG, *PLACE, pl.col("unknown").fill_null(0), value=lost)
    )
