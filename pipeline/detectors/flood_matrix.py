"""Who has whom in its flood list: the timelines that rules V2 and V4 read.

A leaf serves a VNI when it originates a type-3 route for it (RFC 8365, section 9) or shows it among the VNIs
of its VTEP (openconfig, ``endpoint-vnis``). VNIs are text here, as keys of timelines are; a type-3 route
whose VNI nobody tells (FRR 8.4 prints no label, so one without route targets has none) has the empty text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask, frame_of
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records
from pipeline.detectors.known import IMET_ROUTE
from pipeline.detectors.moments import held_at
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.presence import Presence
from pipeline.detectors.timeline import StepTable
from pipeline.schema import NAME, VTEP

CELL: Final = ["device", "vtep", "vni"]
USE: Final = ["device", "instance", "vtep"]
_ROUTE: Final = {"device": "device", "vtep": "originator"}


@dataclass(frozen=True)
class Observers:
    """Who tells of flood lists, and whose VTEPs they are of."""

    routes: pl.DataFrame
    """Timeline per device: its routes are told freshly."""
    use: pl.DataFrame
    """Timeline per device: the VTEPs it uses are told freshly."""
    owners: pl.DataFrame
    """vtep, owner: at all times."""


@dataclass(frozen=True)
class Lists:
    """Flood lists of some VNIs at some times."""

    times: pl.DataFrame
    held: pl.DataFrame
    """device, vtep, vni: who has whom."""
    ever: pl.DataFrame
    """device, vtep, vni: who has whom, or had."""
    unused: pl.DataFrame
    """device, vtep, vni, shows: who has whom and ceased to use it; ``shows``: its VTEPs are told freshly."""
    own: pl.DataFrame
    """device, vtep, vni, targets: who originates."""
    served: pl.DataFrame
    """device, instance, vni."""
    fresh: pl.DataFrame
    """device, fresh."""
    owners: pl.DataFrame
    """vtep, owner: at all times."""


class FloodMatrix:
    """Type-3 routes held and originated, VNIs served and VTEPs in use, per device."""

    def __init__(self) -> None:
        self._routes = Presence(CELL)
        self.held = StepTable(CELL, pl.Boolean)
        """Whether a device holds a type-3 route of another's VTEP for a VNI."""
        self.own = StepTable(CELL, pl.String)
        """Route targets of a device's own type-3 routes, space-separated."""
        self.served = StepTable(["device", "instance", "vni"], pl.Boolean)
        """Whether a network instance of a device serves a VNI."""
        self.peers = StepTable(USE, pl.Boolean)
        """Whether a network instance of a device uses a remote VTEP."""

    @property
    def tables(self) -> dict[str, StepTable]:
        """Return the timelines by name."""
        return {"held": self.held, "own": self.own, "served": self.served, "peers": self.peers}

    def take(self, applied: Applied) -> bool:
        """Take a batch; return whether it told anything new."""
        records = applied.records
        routes, vteps = applied.changes["evpn_route"], applied.changes["vtep"]
        multicast = np.flatnonzero(routes.keys["route_type"].values == IMET_ROUTE)
        news = self._take_routes(routes.take(multicast), records) if multicast.size else False
        return self._take_vteps(vteps, records) or news if len(vteps) else news

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "routes": self._routes.dump(),
            **{name: table.dump(horizon) for name, table in self.tables.items()},
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._routes.load(frames["routes"])
        for name, table in self.tables.items():
            table.rows = frames[name]

    def _take_routes(self, part: Changes, records: Records) -> bool:
        known = part.keys["neighbor"].known
        sides = (
            (_cell(part, part.before), known & part.existed & _valid(part.before)),
            (_cell(part, part.after), known & part.exists & _valid(part.after)),
        )
        held = self._routes.apply(part, records, sides)
        self.held.add(held.with_columns(pl.col("vni").fill_null("")))
        return self._take_own(part, records) or len(held) > 0

    def _take_own(self, part: Changes, records: Records) -> bool:
        """Take what devices originate; a route that changes its VNI leaves the old one."""
        before, after = (_origin(part, existed=existed) for existed in (True, False))
        own = ~pl.Series(part.keys["neighbor"].known)
        moved = before["vni"].ne_missing(after["vni"])
        left = (own & before["vni"].is_not_null() & moved).arg_true()
        came = own & after["vni"].is_not_null() & (moved | before["targets"].ne_missing(after["targets"]))
        nothing = pl.repeat(None, len(own), dtype=pl.String, eager=True)
        told = False
        for rows, value, vni in ((left, nothing, before), (came.arg_true(), after["targets"], after)):
            if len(rows):
                found = transitions(part, records, _ROUTE, value, rows)
                self.own.add(found.with_columns(vni=vni["vni"].gather(rows)))
                told = True
        return told

    def _take_vteps(self, vteps: Changes, records: Records) -> bool:
        down = equals(vteps.after["peer_state"], "DOWN").fill_null(value=False).to_numpy()
        told = False
        for table, key, thing, value in (
            (self.served, "vni", "vni", vteps.exists),
            (self.peers, "vtep", "peer", vteps.exists & ~down),
        ):
            rows = pl.Series(np.flatnonzero(vteps.keys[thing].known))
            if len(rows):
                keys = {"device": "device", "instance": "network_instance", key: thing}
                table.add(transitions(vteps, records, keys, pl.Series(value), rows))
                told = True
        return told


def lists_at(
    tables: Mapping[str, pl.DataFrame],
    vnis: list[str],
    observers: Observers,
    times: pl.DataFrame,
) -> Lists:
    """Return the flood lists of ``vnis`` at ``times``. ``tables``: timelines by name."""
    held = tables["held"].filter(pl.col("vni").is_in([*vnis, ""]))
    own = tables["own"].filter(pl.col("vni").is_in(vnis))
    served = tables["served"]
    mine = served.join(served.filter(pl.col("vni").is_in(vnis)), on=["device", "instance"], how="semi")
    ever = held_at(held, CELL, times)
    here = ever.filter("value").drop("value")
    serving = held_at(mine, ["device", "instance", "vni"], times).filter("value").drop("value")
    use = held_at(ceased(tables["peers"]), USE, times)
    shows = held_at(observers.use, ["device"], times, "shows")
    return Lists(
        times=times,
        held=here,
        ever=ever.drop("value"),
        unused=unused(use, serving, here).join(shows, on=["time", "device"], how="left"),
        own=held_at(own, CELL, times, "targets"),
        served=serving,
        fresh=held_at(observers.routes, ["device"], times, "fresh"),
        owners=observers.owners,
    )


def ceased(peers: pl.DataFrame) -> pl.DataFrame:
    """Return the timeline of the remote VTEPs that a network instance ever ceased to use."""
    return peers.join(peers.filter(~pl.col("value")).select(USE).unique(), on=USE, how="semi")


def unused(use: pl.DataFrame, served: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return the cells whose routes a device holds though it ceased to use the VTEP for the VNI: time, CELL.

    A VTEP that was never in use is none: some systems show a VTEP when the first host behind it is heard of.
    ``use``: time, device, instance, vtep, value, of ``ceased``. ``served``, ``held``: of ``Lists``.
    """
    return (
        served.join(use, on=["time", "device", "instance"])
        .group_by("time", *CELL)
        .agg(used=pl.col("value").any())
        .filter(~pl.col("used"))
        .drop("used")
        .join(held, on=["time", *CELL], how="semi")
    )


def _cell(part: Changes, side: Mapping[str, Column]) -> dict[str, Column]:
    number = frame_of({"vni": side["label"]}, {"vni": VTEP.keys["vni"]})["vni"]
    text = number.cast(pl.String).cast(NAME)
    vni = Column(text.to_physical().fill_null(0).to_numpy(), text.is_not_null().to_numpy())
    return {"device": part.keys["device"], "vtep": part.keys["originator"], "vni": vni}


def _valid(side: Mapping[str, Column]) -> Mask:
    valid: Mask = ~(side["valid"].known & ~side["valid"].values)
    return valid


def _origin(part: Changes, *, existed: bool) -> pl.DataFrame:
    """Return VNI and route targets per change, before or after; null where there is no route."""
    side, there = (part.before, part.existed) if existed else (part.after, part.exists)
    schema = {"label": VTEP.keys["vni"], "route_targets": NAME}
    told = frame_of({name: side[name] for name in schema}, schema).with_columns(there=pl.Series(there))
    return told.select(
        vni=pl.when("there").then(pl.col("label").cast(pl.String)),
        targets=pl.when("there").then(pl.col("route_targets").cast(pl.String).fill_null("")),
    )


def one_vni(subject: list[str]) -> pl.Expr:
    """Return the VNI of each row's list ``vnis`` if it is one only; an empty list has that of the row before.

    Rows of each subject in the order of their times: what is over was about the same VNI.
    """
    several = pl.col("vnis").list.len() > 1
    number = pl.col("vnis").list.first().cast(pl.UInt32, strict=False)
    last = pl.when(several).then(pl.lit(0, pl.UInt32)).otherwise(number).forward_fill().over(subject)
    return pl.when(last > 0).then(last)
