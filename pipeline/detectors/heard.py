"""When each target was last heard: what rule X1 reads.

Only answers count, not that a collector tried: a start of a session is a beginning where nothing was heard
before, and the end of the liveness session of a target that was taken out of service ends the watch.

While the stream itself stands still, with no tick of any collector, nobody listens: the watch over targets
that were not silent before ends with the last record and begins again with the next.
"""

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from collectors.profiles import LIVENESS
from collectors.records import Kind
from pipeline.apply.columns import Array
from pipeline.apply.records import Records
from pipeline.apply.sessions import SessionBatch
from pipeline.schema import NAME

SCHEMA: Final = pl.Schema(
    {
        "device": pl.String,
        "second": pl.Int64,
        "first": pl.Int64,
        "last": pl.Int64,
        "offset": pl.Int64,
        "first_offset": pl.Int64,
        "final": pl.Boolean,
    }
)
"""One row per device and second in which it was heard; first and last in microseconds.

The row of STREAM says when the last record of all came."""
STREAM: Final = ""
SILENCE: Final = timedelta(seconds=15)
"""A target is silent when nothing was heard of it for so long: three liveness samples."""
_SECOND_US: Final = 1_000_000
_STALL_US: Final = 5 * _SECOND_US
"""Collectors tick each second."""
_SILENCE_US: Final = SILENCE // SILENCE.resolution
_KEPT_US: Final = 2 * SILENCE // SILENCE.resolution


class Heard:
    """What was heard of the targets of one fabric lately."""

    def __init__(self) -> None:
        self.rows = pl.DataFrame(schema=SCHEMA)

    @property
    def targets(self) -> pl.DataFrame:
        """Return the rows of the targets."""
        return self.rows.filter(pl.col("device") != STREAM)

    def take(self, sessions: SessionBatch) -> None:
        """Remember the answers of a batch."""
        records = sessions.records
        answers = _rows(records, np.flatnonzero(records.accepted & (records.kind == Kind.RESPONSE)))
        parts = [answers]
        begun = np.flatnonzero(records.accepted & (records.kind == Kind.START))
        if begun.size:
            unknown = _rows(records, begun).join(self.rows, on="device", how="anti")
            parts.append(unknown.sort("time").group_by("device").first().select(answers.columns))
        left = [row for row, family in sessions.retired if family == LIVENESS]
        if left:
            ended = _rows(records, np.array(left, dtype=np.int64))
            parts.append(ended.with_columns(final=pl.lit(value=True)))
        new = self._with_stalls(records, pl.concat(parts))
        if len(records):
            self.rows = self.targets
            new = pl.concat([new, _one(STREAM, int(records.now[-1]), int(records.offset[-1]))])
        if new.is_empty():
            return
        seconds = new.select(
            "device",
            "final",
            "offset",
            second=pl.col("time") // _SECOND_US,
            first="time",
            last="time",
            first_offset="offset",
        )
        self.rows = (
            pl.concat([self.rows, seconds.select(SCHEMA.names())])
            .sort("last", "offset", maintain_order=True)
            .group_by("device", "second")
            .agg(
                pl.col("first").min(),
                pl.col("last").max(),
                pl.col("offset").last(),
                pl.col("first_offset").sort_by("first", maintain_order=True).first(),
                pl.col("final").last(),
            )
            .select(SCHEMA.names())
        )

    def _with_stalls(self, records: Records, new: pl.DataFrame) -> pl.DataFrame:
        """Return what a batch heard, and where the watch ends and begins around stalls of the stream."""
        stream = self.rows.filter(pl.col("device") == STREAM)
        before = np.concatenate([stream["last"].to_numpy(), records.now])[: len(records)]
        offsets = np.concatenate([stream["offset"].to_numpy(), records.offset])[: len(records)]
        now, at = records.now, records.offset
        if stream.is_empty():
            now, at = now[1:], at[1:]
        for stall in np.flatnonzero(now - before[: len(now)] > _STALL_US).tolist():
            ended, begun = int(before[stall]), int(now[stall])
            known = pl.concat(
                [
                    self.targets.select("device", "offset", "final", time="last"),
                    new.filter(pl.col("offset") < int(at[stall])).select("device", "offset", "final", "time"),
                ]
            )
            watched = (
                known.sort("time", "offset", maintain_order=True)
                .group_by("device", maintain_order=True)
                .last()
                .filter(~pl.col("final") & (ended - pl.col("time") < _SILENCE_US))["device"]
                .to_list()
            )
            told = [_one(device, ended, int(offsets[stall]), final=True) for device in watched]
            told += [_one(device, begun, int(at[stall])) for device in watched]
            new = pl.concat([new, *(row.select(new.columns) for row in told)])
        return new

    def settle(self, horizon: int) -> None:
        """Forget what can't be part of a silence any more.

        The last sign of each target stays, and the last before a sign that may still be revised: the silence
        between the two is over only then.
        """
        old = pl.col("second") < (horizon - _KEPT_US) // _SECOND_US
        following = pl.col("first").shift(-1).over("device")
        done = old & (following < horizon)
        self.rows = self.rows.sort("device", "second").filter(~done.fill_null(value=False))


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


def _one(device: str, time: int, offset: int, *, final: bool = False) -> pl.DataFrame:
    schema = {"device": pl.String, "time": pl.Int64, "offset": pl.Int64, "final": pl.Boolean}
    return pl.DataFrame([(device, time, offset, final)], schema=schema, orient="row")


def _rows(records: Records, at: Array) -> pl.DataFrame:
    codes = pl.DataFrame({"device": records.device[at]}, schema={"device": pl.UInt32})
    return codes.select(pl.col("device").cat.to(NAME).cast(pl.String)).with_columns(
        time=pl.Series(records.record_time[at]),
        offset=pl.Series(records.offset[at]),
        final=pl.lit(value=False),
    )
