"""A redundant pair that lost or regained a member link: no move of a host (REDUNDANCY_CHANGE).

Two devices that share a VTEP (an anycast address) also have one each of their own. When a host loses its link
to one of them, the other goes on serving it from its own address: the MAC's next hop changes, with a newer
sequence number, and looks like a move (ipspace.net, 2024/05, "MLAG VXLAN rerouting"). It is none: one device
has both addresses. What shared and own addresses say is who serves the host now.

Told once per 10 s, device and direction, with the number of MACs. It opens no incident: the lost link does.

Subject: device, vtep (where the MACs went). Look first at the member link between the pair and its hosts.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.records import LATENESS, us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.moves import WINDOW
from pipeline.detectors.text import mac_text
from pipeline.detectors.told import Told

RULES: Final = catalogue(
    Rule("REDUNDANCY_CHANGE", "REDUNDANCY_CHANGE", "redundancy", rank=0, clear=WINDOW, momentary=True)
)
_SHIFT: Final = pl.Schema(
    {
        "key": pl.Int64,
        "vni": pl.UInt32,
        "mac": pl.UInt64,
        "time": pl.Int64,
        "offset": pl.Int64,
        "index": pl.UInt32,
        "name": pl.String,
        "old_name": pl.String,
    }
)
_EVERY: Final = 10_000_000
_SHOWN: Final = 5


class Redundancy:
    """Recent changes of MACs between addresses of one device."""

    def __init__(self) -> None:
        self._shifts = pl.DataFrame(schema=_SHIFT)
        self._told = Told()

    def take(self, moves: pl.DataFrame, first: pl.DataFrame) -> None:
        """Take the changes that are no moves; those of keys in ``first`` are told anew from ``from`` on."""
        mine = self._shifts.join(first, on="key", how="left")
        kept = mine.filter(pl.col("from").is_null() | (pl.col("time") < pl.col("from"))).drop("from")
        news = moves.filter(pl.col("move") & (pl.col("time") >= pl.col("from")))
        if len(kept) < len(self._shifts) or len(news):
            self._shifts = pl.concat([kept, news.select(_SHIFT.names()).cast(_SHIFT)])

    def judge(self, addresses: pl.DataFrame, scene: Scene) -> Judged:
        """Return what is told and taken back; ``addresses``: rows of ``known.FirstSeen``."""
        if self._shifts.is_empty() and self._told.frame.is_empty():
            return nothing()
        judged = self._told.revise(detect(self._shifts, addresses, scene.now), scene.horizon)
        self._shifts = _kept(self._shifts, scene.now)
        return judged

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        shifts = _kept(self._shifts, now).sort("key", "time", "offset", "index")
        return {"shifts": shifts, "told_shifts": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._shifts, self._told.frame = frames["shifts"], frames["told_shifts"]


def detect(shifts: pl.DataFrame, addresses: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return one finding per 10 s that are over, device and direction.

    ``shifts``: vni, mac, time, offset, index, old_name, name. ``addresses``: device, address, seen.
    """
    ends = (pl.col("time") // _EVERY + 1) * _EVERY
    over = shifts.with_columns(end=ends).filter(pl.col("end") <= now)
    known = addresses.filter(
        pl.col("address").is_in(pl.concat([over["name"], over["old_name"]]).unique().implode())
    )
    owned = known.select("device", "address", "seen")
    both = (
        over.join(owned, left_on="old_name", right_on="address")
        .join(owned, left_on=["name", "device"], right_on=["address", "device"], suffix="_new")
        .filter((pl.col("seen") <= pl.col("time")) & (pl.col("seen_new") <= pl.col("time")))
    )
    direction = ["device", "old_name", "name", "end"]
    told = (
        both.sort("time", "offset", "index")
        .group_by(direction, maintain_order=True)
        .agg(
            macs=pl.struct("vni", "mac").n_unique().cast(pl.Int64),
            vnis=pl.col("vni").drop_nulls().unique().sort(),
            began=pl.col("time").first(),
            ended=pl.col("time").last(),
            offset=pl.col("offset").first(),
            index=pl.col("index").first(),
            some=mac_text(pl.col("mac").unique().sort().head(_SHOWN)),
        )
    )
    for name in ("old_name", "name"):
        sharing = told.select(*direction).join(owned, left_on=name, right_on="address", suffix="_other")
        shared = (
            sharing.filter(pl.col("seen") <= pl.col("end"))
            .group_by(direction)
            .agg((pl.col("device_other").n_unique() > 1).alias(f"{name} shared"))
        )
        told = told.join(shared, on=direction, how="left")
    return findings(_say(told))


def _say(told: pl.DataFrame) -> pl.DataFrame:
    lost = pl.col("old_name shared") & ~pl.col("name shared")
    regained = ~pl.col("old_name shared") & pl.col("name shared")
    macs = pl.when(pl.col("macs") == 1).then(pl.lit("1 MAC")).otherwise(pl.format("{} MACs", "macs"))
    went = (
        pl.when(lost)
        .then(
            pl.format(
                "went from the VTEP {} that a pair shares to {}'s own {}: {} serves them alone now, its "
                "partner has lost its links to them",
                "old_name", "device", "name", "device",
            )
        )
        .when(regained)
        .then(
            pl.format(
                "went from {}'s own VTEP {} back to {}, which a pair shares: both serve them again",
                "device", "old_name", "name",
            )
        )
        .otherwise(
            pl.format("went from one address of {} to another, {} to {}", "device", "old_name", "name")
        )
    )  # fmt: skip
    return told.with_columns(
        rule=pl.lit("REDUNDANCY_CHANGE"),
        severity=pl.lit("info"),
        active=pl.lit(value=True),
        vtep="name",
        time="end",
        now="end",
        summary=pl.format("{} {}. No host moved", macs, went),
        evidence=pl.struct(
            cause=pl.when(lost)
            .then(pl.lit("redundancy_lost"))
            .when(regained)
            .then(pl.lit("redundancy_regained"))
            .otherwise(pl.lit("address_changed")),
            macs="macs", vnis="vnis", some_macs="some", from_location="old_name", to_location="name",
            lasted_s=(pl.col("ended") - pl.col("began")) / 1_000_000,
            ruled_out=pl.concat_list(
                pl.format("move of hosts (M1, M2, M3): {} has both addresses", "device"),
                pl.format("loop: the next hops are of one device, {}", "device"),
            ),
        ).struct.json_encode(),
    )  # fmt: skip


def _kept(shifts: pl.DataFrame, now: int) -> pl.DataFrame:
    return shifts.filter(pl.col("time") >= now - us(LATENESS) - 2 * _EVERY)
