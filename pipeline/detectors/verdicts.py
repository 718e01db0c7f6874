"""MACs that a device itself calls duplicate or has frozen (rule M13).

openconfig-network-instance-l2: ``mobility-state`` DUPLICATE or FROZEN. A fact from the device, beside what
fabricscope counts: a device that froze a MAC stops advertising it, and then sequence numbers stop telling.
The rule holds while a fresh observer says so.

Subject: vni, mac.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.quorum import coverage, votes
from pipeline.detectors.text import mac_text
from pipeline.detectors.timeline import StepTable, changes, counts, telling
from pipeline.detectors.told import Told

STATES: Final = ("DUPLICATE", "FROZEN")
RULES: Final = catalogue(Rule("M13", "DEVICE_DUP_FLAG", "verdict", rank=1))


class Verdicts:
    """Which device calls which MAC duplicate, and rule M13."""

    def __init__(self) -> None:
        self._flagged = StepTable(["vni", "mac", "device", "producer"], pl.Boolean)
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._flagged.settle(scene.horizon - 1)
        if not (self._take(applied) or scene.fresh_news):
            return nothing()
        found = detect(self._flagged.timeline(), scene.fresh("mac"))
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {"flagged": self._flagged.dump(horizon - 1), "told": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._flagged.rows, self._told.frame = frames["flagged"], frames["told"]

    def _take(self, applied: Applied) -> bool:
        macs = applied.changes["mac"]
        if not len(macs):
            return False
        flagged = equals(macs.after["mobility_state"], *STATES).fill_null(value=False)
        was = equals(macs.before["mobility_state"], *STATES).fill_null(value=False)
        if not (flagged | was).any():
            return False
        keys = {"mac": "mac", "device": "device", "producer": "producer"}
        vnis = {
            side: frame_of({"vni": columns["vni"]}, {"vni": pl.UInt32})["vni"].cast(pl.String)
            for side, columns in (("before", macs.before), ("after", macs.after))
        }
        # a VNI may be told after the verdict: then it is a verdict on the MAC in that VNI
        other = vnis["before"].ne_missing(vnis["after"])
        ended, began = was & (~flagged | other), flagged & (~was | other)
        for rows, side in ((ended.arg_true(), "before"), (began.arg_true(), "after")):
            told = transitions(macs, applied.records, keys, flagged if side == "after" else ~was, rows)
            self._flagged.add(told.with_columns(vni=vnis[side].gather(rows)))
        return bool(ended.any() or began.any())


def detect(says: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per change of how many fresh observers call a MAC duplicate.

    ``says``: timeline per (vni, mac, device, producer), whether the device calls it so; vni and mac as text.
    ``fresh``: timeline per device.
    """
    by_device = ["vni", "mac", "device"]
    devices = counts(says, by_device, flagged=pl.col("value")).with_columns(value=pl.col("flagged") > 0)
    states = votes(devices.drop("flagged"), fresh, ["vni", "mac"]).with_columns(
        active=pl.when(pl.col("yes") > 0)
        .then(pl.lit(value=True))
        .when(pl.col("stale_yes") == 0)
        .then(pl.lit(value=False)),
        coverage=coverage(),
    )
    subject = ["vni", "mac"]
    told = telling(changes(states, subject, ["active", "yes"]), subject).with_columns(
        pl.col("mac").cast(pl.UInt64)
    )
    return findings(
        told.with_columns(
            rule=pl.lit("M13"),
            severity=pl.lit("critical"),
            summary=pl.format(
                "{} MAC {}{} a duplicate",
                pl.when(pl.col("yes") == 1)
                .then(pl.lit("1 fresh observer calls"))
                .otherwise(pl.format("{} fresh observers call", "yes")),
                mac_text(pl.col("mac")),
                pl.when(pl.col("vni").is_null()).then(pl.lit("")).otherwise(pl.format(" in VNI {}", "vni")),
            ),
            evidence=pl.struct(
                flagged_by="yes", fresh_observers="fresh", observers="known"
            ).struct.json_encode(),
        )
    )
