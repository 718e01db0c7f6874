"""Targets that fell silent (rule X1).

Every target sends a liveness sample each 5 s. The rule holds when nothing was heard of a target for 15 s
while the fabric's clock went on; all verdicts that rest on it alone are then unknown. That the stream itself
stood still is no silence of a target: a collector was away, or Kafka.

Subject: device. Look first whether the device answers at all, then at its telemetry agent and the collector.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.heard import SILENCE
from pipeline.detectors.told import Told

RULES: Final = catalogue(Rule("X1", "COLLECTOR_BLIND", "silence", rank=1))
_SILENCE_US: Final = SILENCE // timedelta(microseconds=1)


class Silences:
    """Rule X1; the silences themselves are kept by who else needs them."""

    def __init__(self) -> None:
        self._told = Told()

    def judge(self, _applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        if scene.silences.is_empty() and self._told.frame.is_empty():
            return nothing()
        return self._told.revise(detect(scene.silences), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {"told": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._told.frame = frames["told"]


def detect(silences: pl.DataFrame) -> pl.DataFrame:
    """Return two findings per silence: that it is one, 15 s after it began, and that it is over."""
    began = silences.with_columns(
        active=pl.lit(value=True),
        time=pl.col("since") + _SILENCE_US,
        now=pl.col("since") + _SILENCE_US,
        coverage=pl.lit(0.0),
        summary=pl.format("Nothing was heard of {} for {} s", "device", pl.lit(SILENCE.seconds)),
    )
    over = silences.filter(pl.col("until").is_not_null()).with_columns(
        active=pl.lit(value=False),
        time="until",
        now="until",
        offset="end_offset",
        coverage=pl.lit(1.0),
        summary=pl.format(
            "{} was silent for {} s", "device", ((pl.col("until") - pl.col("since")) / 1e6).round(1)
        ),
    )
    # that it began is told before it is over: nothing in it may depend on the end
    told = pl.concat([began.with_columns(until=pl.lit(None, dtype=pl.Int64)), over])
    return findings(
        told.with_columns(
            rule=pl.lit("X1"),
            severity=pl.lit("warning"),
            index=pl.lit(0, dtype=pl.UInt32),
            evidence=pl.struct(
                last_heard=_utc("since"),
                heard_again=_utc("until"),
            ).struct.json_encode(),
        )
    )


def _utc(microseconds: str) -> pl.Expr:
    """Return a time in the form of RFC 3339."""
    return pl.from_epoch(microseconds, time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
