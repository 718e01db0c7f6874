"""Decode: a batch of records to partial rows, a pure function.

Stages, each in a module of its own: bytes to flat arrays (``wire``, ``updates``), paths to meanings
(``plan``, ``shapes``), updates to entries (``entries``, ``json_values``), entries to typed rows (``rows``),
deletes (``deletes``), and all rows of a table together (``tables``).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.batch import RawBatch
from pipeline.decode import wire
from pipeline.decode.meaning import counted, meaning_of
from pipeline.decode.report import Report
from pipeline.decode.tables import assemble, told_rows
from pipeline.decode.updates import notifications
from pipeline.schema import CONTROL, DEAD, NAME, TIME

_MOST = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch says.

    ``control`` has one row per readable record; ``tables`` the partial rows by entity name, in the order of
    (record, index), tables without rows left out; ``dead`` one row per record, update or delete that could
    not be read; ``unmapped`` counts the updates and deletes whose path no entity of the profile has, by path
    without keys.
    """

    control: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    dead: pl.DataFrame
    unmapped: pl.DataFrame


def decode(batch: RawBatch) -> Decoded:
    """Return the rows of a batch. Any bytes are taken: what can't be read is told in ``dead``."""
    rows, records, unreadable = wire.read(batch.values)
    report = Report()
    found = notifications(records)
    meaning = meaning_of(records, found, report)
    told = told_rows(meaning, found, report)
    told += [one for removal in meaning.removals for one in removal.cleared(report)]
    gone = [one for removal in meaning.removals for one in removal.gone(report)]
    tables = assemble(told, gone, len(rows))
    control = _control(batch, rows, records, found.updates.duplicates)
    dead = [(int(one.row), -1, one.reason) for one in unreadable]
    dead += [(int(rows[record]), number, reason) for record, number, reason in report.lines]
    dead.sort()
    return Decoded(
        control=control,
        tables=tables,
        dead=pl.DataFrame(
            {
                "offset": [batch.offsets[row] for row, _, _ in dead],
                "record_time": [batch.timestamps_ms[row] * 1000 for row, _, _ in dead],
                "device": [batch.keys[row] for row, _, _ in dead],
                "reason": [reason for _, _, reason in dead],
            },
            schema_overrides={
                "offset": pl.Int64,
                "record_time": pl.Int64,
                "device": pl.String,
                "reason": pl.String,
            },
        ).cast(pl.Schema(DEAD)),
        unmapped=counted(meaning.unmapped),
    )


def _control(
    batch: RawBatch, rows: NDArray[np.int64], records: pa.RecordBatch, duplicates: NDArray[np.int64]
) -> pl.DataFrame:
    response = records.column("response")
    notification = response.field("update")
    start = notification.field("update").offsets.to_numpy()
    total = np.concatenate(([0], np.cumsum(duplicates)))
    told = response.is_valid().to_numpy(zero_copy_only=False)
    return (
        pl.DataFrame(
            {
                "offset": batch.offsets[rows],
                "record_time": batch.timestamps_ms[rows] * 1000,
                "device": pl.Series([batch.keys[row] for row in rows], dtype=pl.String),
                "kind": pl.Series(records.column("kind")),
                "profile": pl.Series(records.column("profile")),
                "family": pl.Series(records.column("family")),
                "session": pl.Series(records.column("session")),
                "seq": pl.Series(records.column("seq")),
                "recv_time": pl.Series(records.column("recv_ns")),
                "event_time": pl.Series(notification.field("timestamp")),
                "sync": pl.Series(response.field("sync_response").to_numpy(zero_copy_only=False) & told),
                "updates": np.diff(start) + np.diff(notification.field("delete").offsets.to_numpy()),
                "duplicates": np.minimum(total[start[1:]] - total[start[:-1]], _MOST),
                "json": pl.Series(records.column("json")),
            }
        )
        .select(
            "offset",
            pl.col("record_time").cast(TIME),
            pl.col("device", "profile", "family").replace("", None).cast(NAME),
            "kind",
            "session",
            "seq",
            *(
                pl.when(pl.col(time) != 0).then(pl.col(time) // 1000).cast(TIME).alias(time)
                for time in ("recv_time", "event_time")
            ),
            "sync",
            "updates",
            "duplicates",
            "json",
        )
        .select(pl.col(name).cast(dtype) for name, dtype in CONTROL.items())
    )
