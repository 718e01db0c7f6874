"""MACs that a device itself calls duplicate or has frozen (M13), and that it keeps so for long (M15).

openconfig-network-instance-l2: ``mobility-state`` DUPLICATE or FROZEN. A fact from the device, beside what
fabricscope counts: a device that froze a MAC stops advertising it, and then sequence numbers stop telling.
M13 holds while a fresh observer says so.

M15: one of them has said so for 1800 s, FRRouting's auto-recovery, without a break. Junos without
auto-recovery keeps a MAC suppressed for good: the host stays cut off until somebody clears it.

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
from pipeline.detectors.quorum import coverage
from pipeline.detectors.settings import Parameter, Settings, parameters
from pipeline.detectors.text import mac_text
from pipeline.detectors.timeline import PLACE, StepTable, align, changes, counts, telling
from pipeline.detectors.told import Told

STATES: Final = ("DUPLICATE", "FROZEN")
RULES: Final = catalogue(
    Rule("M13", "DEVICE_DUP_FLAG", "verdict", rank=1), Rule("M15", "FROZEN_TOO_LONG", "verdict", rank=2)
)
PARAMETERS: Final = parameters(Parameter("M15", "frozen_s", 1800, "s", 60, 86_400, per_vni=True))
(_FROZEN_S,) = PARAMETERS
_SECOND: Final = 1_000_000


class Verdicts:
    """Which device calls which MAC duplicate, and rule M13."""

    def __init__(self) -> None:
        self._flagged = StepTable(["vni", "mac", "device", "producer"], pl.Boolean)
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._flagged.settle(scene.horizon - 1)
        if not (self._take(applied) or scene.fresh_news or self._due(scene)):
            return nothing()
        found = detect(self._flagged.timeline(), scene.fresh("mac"), scene.now, scene.settings)
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {"flagged": self._flagged.dump(horizon - 1), "told": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._flagged.rows, self._told.frame = frames["flagged"], frames["told"]

    def _due(self, scene: Scene) -> bool:
        """Return whether a MAC has come to be frozen for long since the horizon."""
        long = _until_long(self._flagged.rows, scene.settings).is_between(scene.horizon, scene.now)
        return bool(self._flagged.rows.select((long & pl.col("value")).any()).item())

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


def detect(says: pl.DataFrame, fresh: pl.DataFrame, now: int, settings: Settings) -> pl.DataFrame:
    """Return one finding per change of how many fresh observers call a MAC duplicate, and have for long.

    ``says``: timeline per (vni, mac, device, producer), whether the device calls it so; vni and mac as text.
    ``fresh``: timeline per device. ``now``: the fabric's clock, microseconds.
    """
    by_device = ["vni", "mac", "device"]
    devices = counts(
        _aged(says, now, settings), by_device, flagged=pl.col("value"), aged=pl.col("with long")
    ).select(*by_device, *PLACE, (pl.col("aged") > 0).alias("with long"), value=pl.col("flagged") > 0)
    together = align(devices, fresh, ["device"], "with fresh")
    sees, has_said = pl.col("with fresh").fill_null(value=False), pl.col("value").is_not_null()
    counted = counts(
        together,
        ["vni", "mac"],
        yes=pl.col("value") & sees,
        long=pl.col("with long") & sees,
        fresh=has_said & sees,
        stale_yes=pl.col("value") & ~sees,
        known=has_said,
    )
    states = counted.filter(pl.col("known") > 0).with_columns(
        active=pl.when(pl.col("yes") > 0)
        .then(pl.lit(value=True))
        .when(pl.col("stale_yes") == 0)
        .then(pl.lit(value=False)),
        coverage=coverage(),
    )
    subject = ["vni", "mac"]
    spoken = telling(changes(states, subject, ["active", "yes", "long"]), subject)
    told = _with_devices(spoken, devices).with_columns(pl.col("mac").cast(pl.UInt64))
    return findings(
        told.with_columns(
            rule=pl.when(pl.col("long") > 0).then(pl.lit("M15")).otherwise(pl.lit("M13")),
            severity=pl.lit("critical"),
            summary=pl.format(
                "{} MAC {}{} a duplicate{}",
                pl.when(pl.col("yes") == 1)
                .then(pl.lit("1 fresh observer calls"))
                .otherwise(pl.format("{} fresh observers call", "yes")),
                mac_text(pl.col("mac")),
                pl.when(pl.col("vni").is_null()).then(pl.lit("")).otherwise(pl.format(" in VNI {}", "vni")),
                pl.when(pl.col("long") > 0)
                .then(
                    pl.format(
                        ", {} of them for {} s or more: nothing brings it back by itself",
                        "long",
                        settings.limit(_FROZEN_S, told.columns).cast(pl.Int64),
                    )
                )
                .otherwise(pl.lit("")),
            ),
            evidence=pl.struct(
                "devices",
                flagged_by="yes",
                flagged_for_long_by="long",
                fresh_observers="fresh",
                observers="known",
            ).struct.json_encode(),
        )
    )


def _with_devices(told: pl.DataFrame, says: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the names of the devices that call the MAC so then."""
    rows = told.with_row_index("at")
    then = (
        rows.select("at", "vni", "mac", "time")
        .join(says.select("vni", "mac", "device", "value", since="time"), on=["vni", "mac"], nulls_equal=True)
        .filter(pl.col("since") <= pl.col("time"))
        .sort("since", maintain_order=True)
        .group_by("at", "device")
        .agg(pl.col("value").last())
        .filter("value")
        .sort("at", "device")
        .group_by("at")
        .agg(devices="device")
    )
    return rows.join(then, on="at", how="left", maintain_order="left").drop("at")


def _until_long(says: pl.DataFrame, settings: Settings) -> pl.Expr:
    limit = settings.limit(_FROZEN_S, says.columns)
    return pl.col("time") + (limit * _SECOND).cast(pl.Int64)


def _aged(says: pl.DataFrame, now: int, settings: Settings) -> pl.DataFrame:
    """Return the timeline with rows at which a verdict has stood for long: ``with long`` is set from then."""
    unit = ["vni", "mac", "device", "producer"]
    ordered = says.with_columns(
        (pl.lit(value=False)).alias("with long"),
        then=_until_long(says, settings),
        next=pl.col("time").shift(-1).over(unit),
    )
    stood = ordered.filter(
        pl.col("value")
        & (pl.col("then") <= now)
        & (pl.col("next").is_null() | (pl.col("next") > pl.col("then")))
    ).with_columns(pl.lit(value=True).alias("with long"), time="then", now="then")
    both = pl.concat([ordered, stood]).drop("then", "next")
    return both.sort(*unit, "time", "offset", "index", maintain_order=True)
