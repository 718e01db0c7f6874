"""What leaves learn at ports of their own: a leaf that honours a sticky MAC never advertises its intruder.

RFC 7432, section 15.2: a PE that learns a MAC that another PE advertises as static does not advertise it. So
the entry in the leaf's own table (openconfig l2rib, producer LOCAL) is all there is to see of it.

The place of a learn is its Ethernet segment, else the leaf's VTEP: the originator of its own type-3 routes at
that point of its stream. A leaf with none, or with several at once, learns at a place unknown: no claim.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.claims import CLAIM, Claims, of_a_host, place_in_stream
from pipeline.apply.columns import Column, Mask, Rows, column_of, unknown
from pipeline.apply.records import Records
from pipeline.schema import NAME

IMET_ROUTE: Final = 3
_HELD: Final = pl.Schema({"device": pl.UInt32, "vtep": pl.UInt32, "routes": pl.Int64})
_BEFORE: Final = pl.lit(-1, dtype=pl.Int64)
_TELLS: Final = ("vni", "esi", "sticky")


class OwnVteps:
    """The VTEPs that devices originate type-3 routes for; one row per (device, vtep)."""

    def __init__(self) -> None:
        self._held = pl.DataFrame(schema=_HELD)
        self._now = _vteps(self._held.with_columns(record=_BEFORE))

    def apply(self, routes: Changes) -> pl.DataFrame:
        """Take a batch's changes of routes; return each device's VTEP (null: several) from each record on.

        Columns device, record, vtep; record -1 is what held before the batch.
        """
        own = np.flatnonzero(
            (routes.keys["route_type"].values == IMET_ROUTE)
            & ~routes.keys["neighbor"].known
            & routes.keys["originator"].known
            & (routes.existed != routes.exists)
        )
        if not own.size:
            return self._now
        told = pl.DataFrame(
            {
                "device": routes.keys["device"].values[own],
                "vtep": routes.keys["originator"].values[own],
                "routes": np.where(routes.exists[own], 1, -1),
                "record": routes.record[own],
            },
            schema={**_HELD, "record": pl.Int64},
        )
        both = pl.concat([self._held.with_columns(record=_BEFORE), told])
        held = both.group_by("device", "vtep", maintain_order=True).agg(pl.col("routes").sum())
        self._hold(held.filter(pl.col("routes") > 0))
        return _vteps(both)

    def _hold(self, held: pl.DataFrame) -> None:
        self._held = held
        self._now = _vteps(held.with_columns(record=_BEFORE))

    def dump(self) -> pl.DataFrame:
        """Return the state as a frame."""
        names = {name: pl.col(name).cat.to(NAME).cast(pl.String) for name in ("device", "vtep")}
        return self._held.with_columns(**names).sort("device", "vtep")

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        codes = {name: pl.col(name).cast(NAME).to_physical() for name in ("device", "vtep")}
        self._hold(frame.with_columns(**codes).cast(_HELD))


def _vteps(routes: pl.DataFrame) -> pl.DataFrame:
    """Return device, record, vtep: what each device's own routes say, a row of ``routes`` each, in order."""
    pair = ["device", "vtep"]
    held = (pl.col("routes").cum_sum().over(pair) > 0).cast(pl.Int64)
    return (
        routes.with_columns(held=held)
        # what a record withdraws and announces again was never gone
        .group_by(*pair, "record", maintain_order=True)
        .last()
        .sort("record", maintain_order=True)
        .with_columns(step=pl.col("held") - pl.col("held").shift(1, fill_value=0).over(pair))
        .with_columns(
            count=pl.col("step").cum_sum().over("device"),
            code=(pl.col("step") * pl.col("vtep").cast(pl.Int64)).cum_sum().over("device"),
        )
        .group_by("device", "record", maintain_order=True)
        .last()
        .select("device", "record", vtep=pl.when(pl.col("count") == 1).then("code").cast(pl.UInt32))
    )


def concern_learns(macs: Changes) -> Rows:
    """Return the changes of MAC entries that can begin, end or change a local learn."""
    tells = macs.existed != macs.exists
    for name in _TELLS:
        before, after = macs.before[name], macs.after[name]
        tells = tells | (before.known != after.known) | (after.known & (before.values != after.values))
    producer = macs.keys["producer"]
    local = column_of(pl.Series(["LOCAL"]).cast(NAME)).values[0]
    return np.flatnonzero(tells & producer.known & (producer.values == local))


def vtep_at(vteps: pl.DataFrame, macs: Changes) -> Column:
    """Return the VTEP of each change's device at that record; ``vteps``: as ``OwnVteps.apply`` tells them."""
    if vteps.is_empty() or not len(macs):
        return unknown(len(macs), np.dtype(np.uint32))
    asked = pl.DataFrame({"device": macs.keys["device"].values, "record": macs.record.astype(np.int64)})
    found = asked.join_asof(vteps, on="record", by="device", strategy="backward", check_sortedness=False)
    return column_of(found["vtep"])


def learnt(macs: Changes, side: str) -> Mask:
    """Return whether the MAC is learned at a port, and not sticky there, on this side of the change."""
    columns = getattr(macs, side)
    there = macs.existed if side == "before" else macs.exists
    sticky = columns["sticky"]
    host = of_a_host(macs.keys["mac"].values)
    held: Mask = there & columns["vni"].known & ~(sticky.known & sticky.values) & host
    return held


def learn_keys(macs: Changes, side: str) -> dict[str, Column]:
    """Return vni, evi, mac of local learns; those of no VNI are told by none."""
    vni = getattr(macs, side)["vni"]
    return {"vni": vni, "evi": unknown(len(macs), np.dtype(np.uint32)), "mac": macs.keys["mac"]}


def learns_of(
    macs: Changes, side: str, records: Records, hashes: npt.NDArray[np.uint32], vtep: Column
) -> Claims:
    """Return one claim per change, without keys: the learn ended (side before) or began (side after)."""
    claims = np.zeros(len(macs), dtype=CLAIM)
    esi = getattr(macs, side)["esi"]
    prefix = "old_" if side == "before" else ""
    claims[prefix + "location"] = np.where(esi.known, esi.values, vtep.values)
    claims[prefix + "vtep"] = vtep.values
    claims["leaves" if side == "before" else "joins"] = True
    place_in_stream(claims, macs, records, hashes)
    claims["learner"] = claims["observer"]
    return claims
