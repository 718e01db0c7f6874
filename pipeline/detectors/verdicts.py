"""MACs that a device itself calls duplicate or has frozen (rule M13).

openconfig-network-instance-l2: ``mobility-state`` DUPLICATE or FROZEN. A fact from the device, beside what
fabricscope counts: a device that froze a MAC stops advertising it, and then sequence numbers stop telling.
The rule holds while a fresh observer says so.

Subject: vni, mac.
"""

from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.quorum import coverage, votes
from pipeline.detectors.text import mac_text
from pipeline.detectors.timeline import changes, counts, telling

STATES: Final = ("DUPLICATE", "FROZEN")
RULES: Final = catalogue(Rule("M13", "DEVICE_DUP_FLAG", "verdict", rank=1))


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
