"""How many MACs an address has at a time, and where: from the log of its bindings.

A MAC counts while a fresh observer hears its binding from a neighbour. What a leaf says of itself, a route of
its own or an entry learned at its own port, counts only while that leaf hears another MAC for the address: a
leaf that is cut off from the fabric goes on alone. Nobody can tell of a MAC that only blind observers hold.
"""

from typing import Final

import polars as pl

from pipeline.detectors.timeline import PLACE

_AT: Final = ["group", "time"]
_MAC: Final = ["group", "time", "mac"]


def mac_states(log: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return a row per address, MAC and time at which anything of the address changed.

    Columns group, mac, PLACE; ``alive`` (null: nobody can tell), ``gateway``, ``places`` (a list), ``live``:
    something was heard of it just then that happened; how many observers spoke, how many of them are fresh.

    ``log``: rows of ``pipeline.detectors.binding_log.LOG`` with ``gateway_since``: when what they bind was
    known to be a gateway's, microseconds. ``fresh``: timeline per device.
    """
    rows = (
        log.sort("group", "member", "time", "offset", "index")
        .group_by("group", "member", "time", maintain_order=True)
        .last()
    )
    seen = fresh.select("device", "time", fresh="value", fresh_offset="offset", fresh_now="now").sort("time")
    at = _times(rows, fresh)
    members = rows.select("group", "member", "device").unique(maintain_order=True)
    grid = (
        at.join(members, on="group")
        .sort("time", maintain_order=True)
        .join_asof(
            rows.select(
                "group",
                "member",
                "mac",
                "place",
                "remote",
                "held",
                "gateway_since",
                "live",
                "time",
                said="time",
            ).sort("time", maintain_order=True),
            on="time",
            by=["group", "member"],
            check_sortedness=False,
        )
        .filter(pl.col("held").is_not_null())
        .join_asof(seen.select("device", "time", "fresh"), on="time", by="device", check_sortedness=False)
    )
    fresh_now = pl.col("fresh").fill_null(value=False)
    heard = pl.when(pl.col("held") & fresh_now & pl.col("remote")).then("mac")
    by_observer = [*_AT, "device"]
    hears_other = (heard.min().over(by_observer) != pl.col("mac")) | (
        heard.max().over(by_observer) != pl.col("mac")
    )
    counts = pl.col("held") & fresh_now & (pl.col("remote") | hears_other.fill_null(value=False))
    alive, gone = pl.col("counts").any(), (~pl.col("held") & fresh_now).any()
    stale = (pl.col("held") & ~fresh_now & pl.col("remote")).any()
    return (
        grid.with_columns(counts=counts)
        .group_by(_MAC)
        .agg(
            alive=pl.when(alive).then(True).when(gone | ~stale).then(False),  # noqa: FBT003 (values, no flags)
            gateway=(pl.col("held") & (pl.col("gateway_since") <= pl.col("time"))).any(),
            places=pl.col("place").filter("counts").unique().sort(),
            live=(pl.col("live") & pl.col("held") & (pl.col("said") == pl.col("time"))).any(),
            observers=pl.col("device").n_unique(),
            fresh_observers=pl.col("device").filter(fresh_now).n_unique(),
        )
        .join(at, on=_AT)
        .sort(*_MAC)
    )


def _times(rows: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return when anything changed for each address, by the last evidence then."""
    begun = rows.group_by("group").agg(begun=pl.col("time").min())
    watchers = rows.select("group", "device").unique().join(begun, on="group")
    turned = (
        watchers.join(fresh.select("device", *PLACE), on="device")
        .filter(pl.col("time") > pl.col("begun"))
        .select("group", *PLACE)
    )
    return (
        pl.concat([rows.select("group", *PLACE), turned])
        .sort("group", "time", "offset", "index")
        .group_by(_AT, maintain_order=True)
        .agg(pl.col("offset", "index").last(), pl.col("now").max())
    )
