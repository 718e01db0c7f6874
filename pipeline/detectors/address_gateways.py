"""Which bindings of addresses are gateways', and since when that is known.

A route may say so itself. Else its MAC is a router's (Router's MAC community, RFC 9135), or the device that
announced it has the address on an interface of its own.
"""

import polars as pl


def with_gateways(
    log: pl.DataFrame, addresses: pl.DataFrame, routers: pl.DataFrame, own: pl.DataFrame
) -> pl.DataFrame:
    """Return rows of ``pipeline.detectors.binding_log.LOG`` with ``gateway_since`` (null: never).

    Times in microseconds. ``addresses``: group, and its address as text (``ip``). ``routers``, ``own``: rows
    of MACS and ADDRESSES of ``pipeline.detectors.known.FirstSeen``.
    """
    named = log.join(addresses.select("group", "ip"), on="group", how="left", maintain_order="left")
    pairs = named.select("vtep", "device", "ip").unique()
    mine = own.filter(pl.col("address").is_in(pairs["ip"].implode()))
    behind = (
        pairs.select("vtep", "ip")
        .unique()
        .join(own.rename({"seen": "seen_vtep"}), left_on="vtep", right_on="address")
        .join(mine, left_on=["device", "ip"], right_on=["device", "address"])
        .group_by("vtep", "ip")
        .agg(by_route=pl.max_horizontal("seen", "seen_vtep").min())
    )
    learnt = (
        pairs.select("device", "ip")
        .unique()
        .join(mine.rename({"seen": "by_entry"}), left_on=["device", "ip"], right_on=["device", "address"])
    )
    return (
        named.join(routers.rename({"seen": "as_router"}), on="mac", how="left", maintain_order="left")
        .join(behind, on=["vtep", "ip"], how="left", maintain_order="left")
        .join(learnt, on=["device", "ip"], how="left", maintain_order="left")
        .with_columns(
            gateway_since=pl.min_horizontal(
                pl.when("gateway").then(0),
                "as_router",
                "by_route",
                pl.when(pl.col("vtep").is_null()).then("by_entry"),
            )
        )
        .drop("as_router", "by_route", "by_entry", "ip")
    )
