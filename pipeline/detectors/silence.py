"""Targets that fell silent (rule X1).

Every target sends a liveness sample each 5 s. The rule holds when nothing was heard of a target for 15 s
while the fabric's clock went on; all verdicts that rest on it alone are then unknown. That the stream itself
stood still is no silence of a target: a collector was away, or Kafka.

Subject: device. Look first whether the device answers at all, then at its telemetry agent and the collector.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings

SILENCE: Final = timedelta(seconds=15)
RULES: Final = catalogue(Rule("X1", "COLLECTOR_BLIND", "silence", rank=1))
_SILENCE_US: Final = SILENCE // timedelta(microseconds=1)


def gaps(heard: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return the silences: device, since, until (null: goes on), with the evidence's offset.

    ``heard``: one row per device and second in which it was heard: device, second, first, last
    (microseconds), offset (of the last record), first_offset, final (the watch ended).
    """
    ordered = heard.sort("device", "second").with_columns(
        until=pl.col("first").shift(-1).over("device"),
        end_offset=pl.col("first_offset").shift(-1).over("device"),
    )
    span = pl.coalesce("until", pl.lit(now)) - pl.col("last")
    # nobody waits to hear of a target that was taken out of service
    return ordered.filter((span >= _SILENCE_US) & ~pl.col("final")).select(
        "device", "offset", "until", "end_offset", since=pl.col("last")
    )


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
