"""What identifies routers, and since when it is known: their MACs, and the addresses of one device.

A time belongs to each, so that neither batches nor restarts decide what a rule knows: what was seen at or
before a step counts for it. What was once configured stays known.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask, frame_of
from pipeline.apply.records import Records
from pipeline.schema import NAME, Columns

IMET_ROUTE: Final = 3
MACS: Final[Columns] = {"mac": pl.UInt64}
ADDRESSES: Final[Columns] = {"device": pl.String, "address": pl.String}


class FirstSeen:
    """When each key was seen first, microseconds; a row per key ever seen."""

    def __init__(self, keys: Columns) -> None:
        self._keys = list(keys)
        self.rows = pl.DataFrame(schema={**keys, "seen": pl.Int64})

    def take(self, seen: pl.DataFrame) -> int | None:
        """Take sightings: keys and ``seen``; return the earliest that is news, if any."""
        if seen.is_empty():
            return None
        first = seen.group_by(self._keys).agg(pl.col("seen").min())
        known = self.rows.rename({"seen": "known"})
        news = first.join(known, on=self._keys, how="left").filter(
            pl.col("known").is_null() | (pl.col("seen") < pl.col("known"))
        )
        if news.is_empty():
            return None
        both = pl.concat([self.rows, news.select(self.rows.columns)])
        self.rows = both.group_by(self._keys).agg(pl.col("seen").min()).sort(self._keys)
        earliest: int = news.select(pl.col("seen").min()).item()
        return earliest


def router_macs(changes: Mapping[str, Changes], records: Records) -> pl.DataFrame:
    """Return sightings of routers' MACs: Router's MAC communities (RFC 9135), and what VTEPs are told by."""
    return _sightings(
        (
            (
                {"mac": part.after["router_mac"]},
                part.exists & part.after["router_mac"].known & ~_told_before(part, "router_mac"),
                part,
            )
            for part in (changes["evpn_route"], changes["vtep"])
        ),
        MACS,
        records,
    )


def addresses(changes: Mapping[str, Changes], records: Records) -> pl.DataFrame:
    """Return sightings of devices' addresses: of interfaces, and what they originate type-3 routes for."""
    routes, interfaces = changes["evpn_route"], changes["interface_address"]
    own = (routes.keys["route_type"].values == IMET_ROUTE) & ~routes.keys["neighbor"].known
    return _sightings(
        (
            (
                {"device": part.keys["device"], "address": part.keys[name]},
                part.exists & ~part.existed & told & part.keys[name].known,
                part,
            )
            for part, name, told in (
                (routes, "originator", own),
                (interfaces, "address", np.ones(len(interfaces), dtype=bool)),
            )
        ),
        {"device": NAME, "address": NAME},
        records,
    ).with_columns(pl.col("device", "address").cast(pl.String))


def one_device(steps: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Return whether a step goes between two addresses of one device, as known by then.

    ``steps``: with old_name, name and time. ``known``: rows of ``FirstSeen``. Of a pair with a shared VTEP
    (an anycast address) each device has the shared one and its own.
    """
    pairs = steps.filter(pl.col("old_name") != pl.col("name")).select("old_name", "name").unique()
    names = pl.concat([pairs["old_name"], pairs["name"]]).unique()
    mine = known.filter(pl.col("address").is_in(names.implode()))
    if mine.is_empty():
        return pl.repeat(value=False, n=len(steps), eager=True)
    since = (
        pairs.join(mine, left_on="old_name", right_on="address")
        .join(mine, left_on=["name", "device"], right_on=["address", "device"], suffix="_new")
        .group_by("old_name", "name")
        .agg(since=pl.max_horizontal("seen", "seen_new").min())
    )
    known_by_then = steps.select("old_name", "name", "time").join(
        since, on=["old_name", "name"], how="left", maintain_order="left"
    )
    return known_by_then.select((pl.col("time") >= pl.col("since")).fill_null(value=False)).to_series()


def of_router(steps: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Return whether a step is of a router's MAC, as known by then; ``known``: rows of ``FirstSeen``."""
    mine = known.filter(pl.col("mac").is_in(steps["mac"].implode()))
    if mine.is_empty():
        return pl.repeat(value=False, n=len(steps), eager=True)
    then = steps.select("mac", "time").join(mine, on="mac", how="left", maintain_order="left")
    return then.select((pl.col("time") >= pl.col("seen")).fill_null(value=False)).to_series()


def _told_before(changes: Changes, leaf: str) -> Mask:
    before, after = changes.before[leaf], changes.after[leaf]
    told: Mask = changes.existed & before.known & (before.values == after.values)
    return told


def _sightings(
    parts: Iterable[tuple[Mapping[str, Column], Mask, Changes]], schema: Columns, records: Records
) -> pl.DataFrame:
    frames = [pl.DataFrame(schema={**schema, "seen": pl.Int64})]
    for columns, seen, changes in parts:
        at = np.flatnonzero(seen)
        if at.size:
            frame = frame_of({name: column.take(at) for name, column in columns.items()}, schema)
            times = records.take("order_time", changes.record[at])
            frames.append(frame.with_columns(seen=pl.Series(times)))
    return pl.concat(frames)
