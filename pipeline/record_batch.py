"""Kafka's record batches (message format 2) to arrays, without an object per record.

The layout is that of Kafka's protocol guide, "Record Batch" and "Record": behind a batch's header stands, for
each record, its length, attributes, timestamp delta, offset delta, key, value and headers; lengths and deltas
are zigzag varints. Headers are skipped, since the record contract has none.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.batch import RawBatch

Int64s = npt.NDArray[np.int64]
_MAX_VARINT_BYTES: Final = 10


class CorruptBatchError(ValueError):
    """Bytes that are no records of format 2."""


@dataclass(frozen=True, slots=True)
class RecordSection:
    """The records of one batch, decompressed, with what its header says of them."""

    data: bytes | bytearray | memoryview
    count: int
    base_offset: int
    base_timestamp_ms: int
    append_timestamp_ms: int | None = None
    """The broker's time where the topic keeps that; it then counts for every record of the batch."""


def read_records(sections: list[RecordSection]) -> RawBatch:
    """Return the records of all sections in one batch, in their order; raises CorruptBatchError."""
    data = b"".join(section.data for section in sections)
    counts = np.array([section.count for section in sections], dtype=np.int64)
    try:
        starts, ends = _bounds(data, sections)
        octets = np.frombuffer(data, dtype=np.uint8)
        at = starts + 1  # behind the attributes, of which none is in use
        timestamp_delta, at = _varints(octets, at)
        offset_delta, at = _varints(octets, at)
        key_length, key_start = _varints(octets, at)
        key_end = key_start + key_length.clip(0, len(data))  # -1 means none
        value_length, value_start = _varints(octets, key_end)
        value_end = value_start + value_length.clip(0, len(data))
    except IndexError as error:
        raise CorruptBatchError("a record ends before its fields do") from error
    if (value_end >= ends).any():  # a count of headers follows the value
        raise CorruptBatchError("a key or value is longer than its record")
    base = np.repeat(np.array([section.base_offset for section in sections], dtype=np.int64), counts)
    timestamps = np.repeat(np.array([s.base_timestamp_ms for s in sections], dtype=np.int64), counts)
    timestamps += timestamp_delta
    for section, end in zip(sections, np.cumsum(counts).tolist(), strict=True):
        if section.append_timestamp_ms is not None:
            timestamps[end - section.count : end] = section.append_timestamp_ms
    names: dict[bytes, str] = {}  # a topic has few keys, each many times
    keys = [data[start:end] for start, end in zip(key_start.tolist(), key_end.tolist(), strict=True)]
    return RawBatch(
        offsets=base + offset_delta,
        timestamps_ms=timestamps,
        keys=[names.get(key) or names.setdefault(key, decode_key(key)) for key in keys],
        values=[data[start:end] for start, end in zip(value_start.tolist(), value_end.tolist(), strict=True)],
    )


def decode_key(key: bytes | None) -> str:
    """Return a record's key as text; octets that are no UTF-8 stay visible as escapes."""
    return (key or b"").decode(errors="backslashreplace")


def _bounds(data: bytes, sections: list[RecordSection]) -> tuple[Int64s, Int64s]:
    """Return where each record begins, behind its length, and ends.

    A record's place follows from the lengths of those before it, so this is the one loop over records.
    """
    starts, ends = [], []
    at = 0
    section_end = 0
    for section in sections:
        section_end += len(section.data)
        for _ in range(section.count):
            length = octet = data[at]
            at += 1
            if octet > 0x7F:  # the top bit says that more follows
                length &= 0x7F
                shift = 7
                while octet > 0x7F:
                    octet = data[at]
                    at += 1
                    length |= (octet & 0x7F) << shift
                    shift += 7
            starts.append(at)
            at += length >> 1  # zigzag; a negative length is odd and fails the check below
            ends.append(at)
        if at != section_end:
            raise CorruptBatchError(
                f"{section.count} records don't fill their batch of {len(section.data)} bytes"
            )
    return np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


def _varints(octets: npt.NDArray[np.uint8], at: Int64s) -> tuple[Int64s, Int64s]:
    """Return the zigzag varint at each position, and the positions behind them."""
    octet = octets[at]
    value = (octet & 0x7F).astype(np.uint64)
    at = at + 1
    more = np.flatnonzero(octet > 0x7F)
    for position in range(1, _MAX_VARINT_BYTES):
        if not len(more):
            break
        octet = octets[at[more]]
        value[more] |= (octet & 0x7F).astype(np.uint64) << np.uint64(7 * position)
        at[more] += 1
        more = more[octet > 0x7F]
    if len(more):
        raise CorruptBatchError(f"a varint is longer than {_MAX_VARINT_BYTES} bytes")
    signed = (value >> np.uint64(1)).astype(np.int64) ^ -(value & np.uint64(1)).astype(np.int64)
    return signed, at
