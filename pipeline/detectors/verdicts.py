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
from pipeline.detectors.timeline import changes, telling

STATES: Final = ("DUPLICATE", "FROZEN")
RULES: Final = catalogue(Rule("M13", "DEVICE_DUP_FLAG", "verdict", rank=1))


def detect(says: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per change of how many fresh observers call a MAC duplicate.

    ``says``: timeline per (vni, mac, device) of texts, whether the device calls it so. ``fresh``: timeline
    per device.
    """
    states = votes(says, fresh, ["vni", "mac"]).with_columns(
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
                "{} fresh observers call MAC {} in VNI {} a duplicate", "yes", mac_text(pl.col("mac")), "vni"
            ),
            evidence=pl.struct(
                flagged_by="yes", fresh_observers="fresh", observers="known"
            ).struct.json_encode(),
        )
    )
