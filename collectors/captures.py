"""Captures: a fabric's topic as one Parquet file, ``offset, timestamp, key, value``; one row per record."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from collectors.records import StoredRecord

SCHEMA: Final = pa.schema(
    [
        pa.field("offset", pa.int64()),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC")),
        pa.field("key", pa.string()),
        pa.field("value", pa.binary()),
    ]
)
ROWS_PER_GROUP: Final = 16_384


class CaptureError(ValueError):
    """A file that is no capture; the message names it and says what is wrong."""


def write_capture(path: Path, records: Iterable[StoredRecord]) -> int:
    """Write records, in the order they come, to ``path`` and return their number.

    The file appears under its name only when it is whole: until then it is called ``<name>.partial``, which a
    failure removes.
    """
    partial = path.with_name(path.name + ".partial")
    written = 0
    remaining = iter(records)
    try:
        with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
            while group := list(islice(remaining, ROWS_PER_GROUP)):
                writer.write_batch(_batch(group))
                written += len(group)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return written


def _batch(records: list[StoredRecord]) -> pa.RecordBatch:
    columns = (
        [record.offset for record in records],
        [record.timestamp_ms for record in records],
        [record.key for record in records],
        [record.value for record in records],
    )
    return pa.record_batch(
        [pa.array(column, type=field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def read_capture(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the records of a capture, in its order, as batches with the columns of SCHEMA.

    Raises CaptureError for a file that can't be read, has other columns or holds a null.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CaptureError(f"{path} is no Parquet file that can be read: {error}") from error
    with file:
        present = {field.name: field.type for field in file.schema_arrow}
        wrong = [
            f"{field.name} ({field.type}, not {present.get(field.name, 'missing')})"
            for field in SCHEMA
            if present.get(field.name) != field.type
        ]
        if wrong:
            raise CaptureError(f"{path} is no capture: it needs {', '.join(wrong)}")
        try:
            for batch in file.iter_batches(batch_size=ROWS_PER_GROUP, columns=SCHEMA.names):
                nulls = [name for name in SCHEMA.names if batch.column(name).null_count]
                if nulls:
                    raise CaptureError(f"{path} has nulls in {', '.join(nulls)}: no record lacks these")
                yield batch
        except (OSError, pa.ArrowInvalid) as error:
            raise CaptureError(f"{path} is damaged: {error}") from error
