"""The control frame: one row per readable record."""

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.batch import RawBatch
from pipeline.schema import CONTROL, NAME, TIME

_MOST: Final = (1 << 32) - 1


def control_frame(
    batch: RawBatch, rows: NDArray[np.int64], records: pa.RecordBatch, duplicates: NDArray[np.int64]
) -> pl.DataFrame:
    """Return the envelopes of the records at ``rows``, with what their notifications say in sum.

    ``duplicates`` has one row per update.
    """
    response = records.column("response")
    notification = response.field("update")
    start = notification.field("update").offsets.to_numpy()
    total = np.concatenate(([0], np.cumsum(duplicates)))
    everyone = len(rows) == len(batch)
    keys = batch.keys if everyone else [batch.keys[row] for row in rows.tolist()]
    columns = {
        "offset": pl.Series(batch.offsets[rows]),
        "record_time": pl.Series(batch.timestamps_ms[rows] * 1000).cast(TIME),
        "device": _names(pl.Series(keys, dtype=pl.String)),
        "kind": pl.Series(records.column("kind")).cast(pl.UInt8),
        "profile": _names(pl.Series(records.column("profile"))),
        "family": _names(pl.Series(records.column("family"))),
        "session": pl.Series(records.column("session")),
        "seq": pl.Series(records.column("seq")),
        "recv_time": _times(records.column("recv_ns").to_numpy()),
        "event_time": _times(notification.field("timestamp").to_numpy()),
        "sync": pl.Series(
            response.field("sync_response").to_numpy(zero_copy_only=False)
            & response.is_valid().to_numpy(zero_copy_only=False)
        ),
        "updates": pl.Series(np.diff(start) + np.diff(notification.field("delete").offsets.to_numpy())),
        "duplicates": pl.Series(np.minimum(total[start[1:]] - total[start[:-1]], _MOST)),
        "json": pl.Series(records.column("json")),
    }
    return pl.DataFrame({name: columns[name].cast(dtype) for name, dtype in CONTROL.items()})


def _names(text: pl.Series) -> pl.Series:
    """Return names; an absent field, which protobuf tells as empty text, is null."""
    return text.set(text == "", None).cast(NAME)


def _times(ns: NDArray[np.int64]) -> pl.Series:
    """Return nanoseconds since the epoch as times; an absent field, which protobuf tells as 0, is null."""
    return pl.Series(pa.array(ns // 1000, mask=ns == 0)).cast(TIME)
