"""Migrations of machines: bursts of moves that came to rest (rule M5, opens no incident).

A burst of two to six moves within 10 s, not just there and back, with none for 30 s after it: what a live
migration or the takeover of a virtual router looks like (Juniper KB35676: up to six moves). It counts as one
move, and the finding says so: why neither M3 nor M2 was opened.

Subject: vni or evi, mac. Look first at the hypervisor's log of migrations.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.records import LATENESS, us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.moves import WINDOW
from pipeline.detectors.text import domain_text, mac_text, random_mac
from pipeline.detectors.told import Told

RULES: Final = catalogue(Rule("M5", "MIGRATION", "migration", rank=0, clear=WINDOW, momentary=True))
RESTING: Final = pl.Schema(
    {
        "key": pl.Int64,
        "vni": pl.UInt32,
        "evi": pl.UInt32,
        "mac": pl.UInt64,
        "due": pl.Int64,
        "began": pl.Int64,
        "time": pl.Int64,
        "offset": pl.Int64,
        "index": pl.UInt32,
        "name": pl.String,
        "first_name": pl.String,
        "seq": pl.Int64,
        "all_moves": pl.Int64,
        "burst_limit_s": pl.Float64,
        "hold_s": pl.Float64,
        "move_limit": pl.Int64,
        "flap_moves": pl.Int64,
        "duplicate_moves": pl.Int64,
    }
)
"""One row per burst that is a migration if nothing moves until ``due`` (microseconds)."""


class Migrations:
    """Bursts that rest, or may."""

    def __init__(self) -> None:
        self._resting = pl.DataFrame(schema=RESTING)
        self._told = Told()

    def take(self, resting: pl.DataFrame, first: pl.DataFrame, horizon: int) -> None:
        """Take all bursts of the keys in ``first``: they replace what was known of these."""
        others = self._resting.join(first, on="key", how="anti")
        news = resting.filter(pl.col("due") >= horizon)
        if len(others) < len(self._resting) or len(news):
            self._resting = pl.concat([others, news.select(RESTING.names()).cast(RESTING)])

    def judge(self, scene: Scene) -> Judged:
        """Return what is told and taken back."""
        if self._resting.is_empty() and self._told.frame.is_empty():
            return nothing()
        judged = self._told.revise(detect(self._resting, scene.now), scene.horizon)
        self._resting = _kept(self._resting, scene.now)
        return judged

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        resting = _kept(self._resting, now).sort("key", "time", "offset", "index")
        return {"resting": resting, "told_resting": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._resting, self._told.frame = frames["resting"], frames["told_resting"]


def detect(resting: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return one finding per burst that has rested by ``now``, at the time it had."""
    lasted = (pl.col("time") - pl.col("began")) / 1_000_000
    back = pl.col("first_name") == pl.col("name")
    return findings(
        resting.filter(pl.col("due") <= now).with_columns(
            rule=pl.lit("M5"),
            severity=pl.lit("info"),
            active=pl.lit(value=True),
            summary=pl.format(
                "MAC {} in {} {}: {} moves within {} s, then none for {} s. Probably a migration, which may "
                "show up to {} moves within {} s; it counts as one, so it is no flap (M3, {} moves) and no "
                "duplicate (M2, {} moves)",
                mac_text(pl.col("mac")), domain_text(),
                pl.when(back).then(pl.format("came to rest at {} again", "name"))
                .otherwise(pl.format("went from {} to {}", "first_name", "name")),
                "all_moves", lasted, "hold_s", "move_limit", "burst_limit_s", "flap_moves", "duplicate_moves",
            ),
            evidence=pl.struct(
                cause=pl.lit("migration"), moves="all_moves", lasted_s=lasted, rested_s="hold_s",
                from_location="first_name", to_location="name", sequence="seq",
                random_mac=random_mac(pl.col("mac")),
                ruled_out=pl.concat_list(
                    pl.format(
                        "duplicate host: it came to rest {} s after its first move, and stayed for {} s",
                        lasted, "hold_s",
                    ),
                    pl.format("loop: a loop goes on, this stopped after {} moves", "all_moves"),
                ),
            ).struct.json_encode(),
            time="due",
            now="due",
        )
    )  # fmt: skip


def _kept(resting: pl.DataFrame, now: int) -> pl.DataFrame:
    return resting.filter(pl.col("due") >= now - us(LATENESS))
