"""Between topics and capture files, record by record and unchanged."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from collectors.captures import CaptureError, read_capture
from collectors.errors import InputError, RefusedError
from collectors.kafka_access import KafkaAccess
from collectors.records import StoredRecord
from pipeline.batch import RawBatch, concatenate
from pipeline.kafka import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, KafkaSource
from pipeline.kafka_publish import Publisher

POLL_TIME: Final = timedelta(milliseconds=500)
LAST_TIME: Final = timedelta(seconds=10)


def batches_of(path: Path) -> Iterator[RawBatch]:
    """Yield the records of a capture in their order; raises InputError for a file that is none."""
    try:
        for rows in read_capture(path):
            yield RawBatch(
                offsets=rows.column("offset").to_numpy(),
                timestamps_ms=rows.column("timestamp").cast("int64").to_numpy(),
                keys=rows.column("key").to_pylist(),
                values=rows.column("value").to_pylist(),
            )
    except CaptureError as error:
        raise InputError(str(error)) from error


def filled(batches: Iterable[RawBatch]) -> Iterator[RawBatch]:
    """Yield the same records in batches as full as those of a topic that is being caught up with."""
    pending: list[RawBatch] = []
    records = size = 0
    for batch in batches:
        pending.append(batch)
        records += len(batch)
        size += sum(map(len, batch.values))
        if records >= MAX_BATCH_RECORDS or size >= MAX_BATCH_BYTES:
            yield concatenate(pending)
            pending, records, size = [], 0, 0
    if pending:
        yield concatenate(pending)


def records_of(
    source: KafkaSource, fabric: str, stop: threading.Event, *, follow: bool
) -> Iterator[StoredRecord]:
    """Yield a topic's records up to its end as it is now, or up to ``stop``, whichever comes first.

    With ``follow`` there is no end, and being asked to stop means: after what the topic still holds, for
    LAST_TIME at most.
    """
    end = None if follow else source.end(fabric)
    last_call: float | None = None
    while end is None or source.position(fabric) < end:
        batches = source.poll(POLL_TIME)
        for batch in batches.values():
            columns = (batch.offsets.tolist(), batch.timestamps_ms.tolist(), batch.keys, batch.values)
            for offset, timestamp_ms, key, value in zip(*columns, strict=True):
                if end is not None and offset >= end:
                    return
                yield StoredRecord(offset, timestamp_ms, key, value)
        if stop.is_set():
            last_call = last_call or time.monotonic() + LAST_TIME.total_seconds()
            if not follow or not batches or time.monotonic() > last_call:
                return


def require_empty(access: KafkaAccess, fabric: str) -> None:
    """Raise RefusedError when the fabric's topic holds records, InputError when there is no topic."""
    with KafkaSource.open(access, {fabric: None}) as source:
        if source.lag(fabric):
            raise RefusedError(
                f"the topic of fabric {fabric} holds records already, and another recording behind them"
                " would run time backwards: publish to another fabric, or say --append"
            )


def publish(
    batches: Iterable[RawBatch],
    publisher: Publisher,
    stop: threading.Event,
    progress: Callable[[int], None],
    *,
    speed: float | None,
) -> int:
    """Send all records, their times unchanged, and return their number; fewer when ``stop`` was set.

    ``speed`` paces them by those times: 1.0 as they came, 10.0 ten times as fast; None does not wait.
    ``progress`` is told the number of records sent since it was told last.
    """
    first_ms: int | None = None
    started = time.monotonic()
    sent = 0
    for batch in batches:
        for key, value, timestamp_ms in zip(
            batch.keys, batch.values, batch.timestamps_ms.tolist(), strict=True
        ):
            if speed is not None:
                first_ms = timestamp_ms if first_ms is None else first_ms
                due = started + (timestamp_ms - first_ms) / 1000 / speed
                stop.wait(max(0.0, due - time.monotonic()))
            if stop.is_set():
                return sent
            publisher.send(key, value, timestamp_ms)
            sent += 1
        progress(len(batch))
    return sent
