"""The fields of one protobuf message, for the few that are read one by one."""

from typing import Final

VARINT: Final = 0
DELIMITED: Final = 2
_FIXED: Final = {1: 8, 5: 4}
_MOST_BITS: Final = 70

Field = tuple[int, int, int, int]
"""Number, wire type, and where the value starts and ends."""


class MalformedError(ValueError):
    """Bytes that are no protobuf message."""


def fields(raw: bytes, at: int, end: int) -> list[Field]:
    """Return the fields that stand between two octets; raises MalformedError."""
    found: list[Field] = []
    while at < end:
        tag, at = varint(raw, at, end)
        wire_type, start = tag & 7, at
        if wire_type == VARINT:
            _, at = varint(raw, at, end)
        elif wire_type == DELIMITED:
            size, start = varint(raw, at, end)
            at = start + size
        elif wire_type in _FIXED:
            at += _FIXED[wire_type]
        else:
            raise MalformedError(f"wire type {wire_type} at octet {start}")
        if at > end:
            raise MalformedError(f"cut off at octet {end}")
        found.append((tag >> 3, wire_type, start, at))
    return found


def varint(raw: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a base-128 number and the octet behind it; raises MalformedError."""
    value = shift = 0
    while at < end and shift < _MOST_BITS:
        octet = raw[at]
        at += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value, at
        shift += 7
    raise MalformedError(f"no number ends at octet {at}")
