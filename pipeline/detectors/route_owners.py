"""Whose addresses stand in routes: next hops, neighbours, originators."""

import polars as pl

from pipeline.detectors.roles import Roles


def addresses_of(roles: Roles) -> pl.DataFrame:
    """Return who has which address: ``address``, ``devices`` (names), interfaces' and VTEPs'."""
    pairs = [(entry.address, entry.device) for entry in roles.addresses] + list(roles.owners.items())
    frame = pl.DataFrame(pairs, schema={"address": pl.String, "device": pl.String}, orient="row")
    return frame.unique().group_by("address").agg(devices=pl.col("device").sort()).sort("address")
