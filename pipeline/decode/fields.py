"""The fields of ``gnmi.Update`` and ``gnmi.TypedValue``, column by column.

Read here is what every encoder writes: known fields in order, each once. What is written otherwise goes
through a protobuf library, one by one, and is read again as that writes it.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from pipeline.decode import wire
from pipeline.decode.octets import Octets, Places
from pipeline.decode.values import BOOL, INT, JSON, LEAFLIST, NONE, STRING, UINT

_PATH, _VAL, _DUPLICATES = 0x0A, 0x1A, 0x20
_OTHER: Final = 0xFF
"""Code of a value that doesn't begin with the tag of a value."""
_SCALARS: Final = (INT, UINT, BOOL)
_CODE_OF_TAG: Final = np.full(256, _OTHER, dtype=np.uint8)
for _tag, _code in (
    (0x0A, STRING),
    (0x10, INT),
    (0x18, UINT),
    (0x20, BOOL),
    (0x42, LEAFLIST),
    (0x52, JSON),
    (0x5A, JSON),
    # bytes, float, decimal, any, ascii, proto_bytes, double: no leaf here has them
    *((tag, NONE) for tag in (0x2A, 0x35, 0x3A, 0x4A, 0x62, 0x6A, 0x71)),
):
    _CODE_OF_TAG[_tag] = _code


@dataclass(frozen=True, slots=True)
class Updates:
    """Where path and value of each update stand."""

    octets: Octets
    path: Places
    path_length: Places
    value: Places
    value_length: Places
    duplicates: NDArray[np.int64]
    malformed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Values:
    """Code of each value (see ``values``), and where its text or bytes stand; of a number, its bits."""

    octets: Octets
    code: NDArray[np.uint8]
    start: Places
    length: Places
    number: NDArray[np.uint64]


def read_updates(raw: pa.BinaryArray) -> Updates:
    """Return the fields of updates, one row each."""
    data, start, end = wire.flat(raw)
    octets = Octets(data)
    updates, unusual = _read_updates(octets, start, end)
    if not len(unusual):
        return updates
    written = [_rewrite(wire.UPDATE, data[start[at] : end[at]].tobytes()) for at in unusual.tolist()]
    malformed = np.zeros(len(start), dtype=np.bool_)
    malformed[unusual] = [one is None for one in written]
    octets, start, end = _appended(octets, start, end, unusual, [one or b"" for one in written])
    updates, _ = _read_updates(octets, start, end)
    updates.malformed[:] = malformed
    return updates


def read_values(octets: Octets, start: Places, length: Places) -> Values:
    """Return the values that stand at some places, one row each; one that can't be read is NONE."""
    values, unusual = _read_values(octets, start, start + length)
    if not len(unusual):
        return values
    data = octets.data
    written = [
        _rewrite(wire.TYPED_VALUE, data[start[at] : start[at] + length[at]].tobytes()) or b""
        for at in unusual.tolist()
    ]
    octets, start, end = _appended(octets, start, start + length, unusual, written)
    values, unread = _read_values(octets, start, end)
    values.code[unread] = NONE
    return values


def _read_updates(octets: Octets, start: Places, end: Places) -> tuple[Updates, Places]:
    """Return the fields, and which updates are not written as usual."""
    data = octets.data
    path_length, path = octets.lengths(start + 1)
    behind = path + path_length
    good = (data[start] == _PATH) & (behind <= end) & (start < end)
    behind = np.where(good, behind, start)
    valued = good & (behind < end) & (data[behind] == _VAL)
    value_length, value = octets.lengths(behind + 1)
    good &= ~valued | (value + value_length <= end)
    value_length = np.where(valued & good, value_length, 0)
    behind = np.where(valued & good, value + value_length, behind)
    duplicates = np.zeros(len(start), dtype=np.int64)
    counted = np.flatnonzero(good & (behind < end))
    if len(counted):
        number, last = octets.varints(behind[counted] + 1)
        good[counted] = (data[behind[counted]] == _DUPLICATES) & (last == end[counted]) & (number < 1 << 32)
        duplicates[counted] = np.minimum(number, (1 << 32) - 1)
    updates = Updates(
        octets=octets,
        path=np.where(good, path, start),
        path_length=np.where(good, path_length, 0),
        value=np.where(good & valued, value, start),
        value_length=np.where(good, value_length, 0),
        duplicates=np.where(good, duplicates, 0),
        malformed=np.zeros(len(start), dtype=np.bool_),
    )
    return updates, np.flatnonzero(~good)


def _read_values(octets: Octets, start: Places, end: Places) -> tuple[Values, Places]:
    """Return the values, and which are not written as usual."""
    code = _CODE_OF_TAG[octets.data[start]]
    code[start >= end] = NONE
    scalar = np.isin(code, _SCALARS)
    number = np.zeros(len(start), dtype=np.uint64)
    begin, length = start.copy(), np.zeros(len(start), dtype=np.int64)
    good = code != _OTHER
    numbers = np.flatnonzero(scalar)
    if len(numbers):
        number[numbers], last = octets.varints(start[numbers] + 1)
        good[numbers] = last == end[numbers]
    delimited = np.flatnonzero(~scalar & (code != NONE) & good)
    if len(delimited):
        length[delimited], begin[delimited] = octets.lengths(start[delimited] + 1)
        good[delimited] = begin[delimited] + length[delimited] == end[delimited]
    unusual = np.flatnonzero(~good)
    length[unusual] = 0
    begin[unusual] = start[unusual]
    return Values(octets, code, begin, length, number), unusual


def _rewrite(message: str, raw: bytes) -> bytes | None:
    """Return a message as encoders write it; None if it is malformed."""
    parsed: Any = wire.message_class(message)()
    try:
        parsed.ParseFromString(raw)
    except DecodeError:
        return None
    parsed.DiscardUnknownFields()
    if message == wire.UPDATE:
        # an absent path is the prefix itself
        parsed.path = parsed.path
        path = b"" if parsed.path else b"\x0a\x00"
        return path + bytes(parsed.SerializeToString())
    return bytes(parsed.SerializeToString())


def _appended(
    octets: Octets, start: Places, end: Places, at: Places, written: list[bytes]
) -> tuple[Octets, Places, Places]:
    """Return a buffer with messages written anew behind it, and starts and ends that point to them."""
    sizes = np.array([len(one) for one in written], dtype=np.int64)
    last = len(octets.data) + np.cumsum(sizes)
    start, end = start.copy(), end.copy()
    start[at], end[at] = last - sizes, last
    return Octets.of(octets.data, b"".join(written)), start, end
