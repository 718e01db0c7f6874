"""Fields of a protobuf message by where they stand: nothing is decoded but tags and lengths. Pure."""

from collections.abc import Iterator
from typing import Final, NamedTuple

VARINT: Final = 0
LENGTH_DELIMITED: Final = 2
_FIXED: Final = {1: 8, 5: 4}
_LONGEST_VARINT: Final = 10
"""Bytes of a number of 64 bits."""


class Field(NamedTuple):
    """One field: its tag begins at ``start``, its value at ``value``, and both end before ``end``."""

    number: int
    wire_type: int
    start: int
    value: int
    end: int


class WireError(ValueError):
    """Bytes that are no protobuf message; the message of the error says where."""


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in ``data[start:end]``, in order; raises WireError on the way."""
    at = start
    while at < end:
        tag, value = varint(data, at, end)
        wire_type = tag & 7
        if wire_type == LENGTH_DELIMITED:
            size, value = varint(data, value, end)
            after = value + size
        elif wire_type == VARINT:
            _, after = varint(data, value, end)
        elif wire_type in _FIXED:
            after = value + _FIXED[wire_type]
        else:
            raise WireError(f"wire type {wire_type} at byte {at}")
        if after > end:
            raise WireError(f"a field at byte {at} is cut off")
        yield Field(tag >> 3, wire_type, at, value, after)
        at = after


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number at ``at`` and where it ends; raises WireError."""
    number = shift = 0
    for here in range(at, min(at + _LONGEST_VARINT, end)):
        byte = data[here]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, here + 1
        shift += 7
    raise WireError(f"a number at byte {at} has no end")


def length_delimited(number: int, *contents: bytes) -> bytes:
    """Return a field whose value is ``contents``, one behind the other; ``number`` is below 16."""
    size = sum(map(len, contents))
    head = bytearray((number << 3 | LENGTH_DELIMITED,))
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return b"".join((head, *contents))
