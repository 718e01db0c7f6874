"""What the server sends: PostgreSQL's protocol 3.0 from values to bytes (documentation, section 54.7)."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.pgwire.refusal import RefusalError

PARSE_COMPLETE: Final = b"1\0\0\0\4"
BIND_COMPLETE: Final = b"2\0\0\0\4"
CLOSE_COMPLETE: Final = b"3\0\0\0\4"
NO_DATA: Final = b"n\0\0\0\4"
EMPTY_QUERY: Final = b"I\0\0\0\4"
PORTAL_SUSPENDED: Final = b"s\0\0\0\4"
AUTHENTICATED: Final = b"R\0\0\0\10\0\0\0\0"
ENCRYPTED: Final = b"S"
NOT_ENCRYPTED: Final = b"N"

State = Literal["I", "T", "E"]
"""Of a session: idle, in a transaction, in one that failed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result.

    Attributes:
        name: its name.
        oid: its type's number.
        size: bytes of a value in memory, -1 where they differ.
        modifier: precision and scale of a numeric as PostgreSQL packs them, else -1.
        format: 0 for text, 1 for binary.
    """

    name: str
    oid: int
    size: int = -1
    modifier: int = -1
    format: int = 0


def sasl(mechanisms: Sequence[str]) -> bytes:
    """Return the demand to authenticate by one of the mechanisms."""
    return _message(b"R", struct.pack("!i", 10), *map(_text, mechanisms), b"\0")


def sasl_continue(data: bytes) -> bytes:
    """Return the next challenge."""
    return _message(b"R", struct.pack("!i", 11), data)


def sasl_final(data: bytes) -> bytes:
    """Return the server's own proof."""
    return _message(b"R", struct.pack("!i", 12), data)


def parameter_status(name: str, value: str) -> bytes:
    """Return a setting the client is told of."""
    return _message(b"S", _text(name), _text(value))


def backend_key(process: int, key: bytes) -> bytes:
    """Return what a request to cancel must name."""
    return _message(b"K", struct.pack("!i", process), key)


def negotiate_version(minor: int, unknown: Sequence[str]) -> bytes:
    """Return the newest minor version spoken, and the names of protocol options (``_pq_...``) that aren't."""
    return _message(b"v", struct.pack("!ii", minor, len(unknown)), *map(_text, unknown))


def ready(state: State) -> bytes:
    """Return that the next query may come."""
    return _message(b"Z", state.encode())


def row_description(fields: Sequence[Field]) -> bytes:
    """Return names and types of a result's columns."""
    parts = [
        _text(field.name)
        + struct.pack("!IhIhih", 0, 0, field.oid, field.size, field.modifier, field.format)  # of no table
        for field in fields
    ]
    return _message(b"T", struct.pack("!H", len(fields)), *parts)


def parameter_description(oids: Sequence[int]) -> bytes:
    """Return the types of a prepared statement's parameters."""
    return _message(b"t", struct.pack("!H", len(oids)), *(struct.pack("!I", oid) for oid in oids))


def data_row(values: Sequence[bytes | None]) -> bytes:
    """Return one row, each value in the format of its field."""
    parts = [
        struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values
    ]
    return _message(b"D", struct.pack("!H", len(values)), *parts)


def command_complete(tag: str) -> bytes:
    """Return that a statement is done, as in ``SELECT 3``."""
    return _message(b"C", _text(tag))


def error(refusal: RefusalError, severity: Literal["ERROR", "FATAL"] = "ERROR") -> bytes:
    """Return an error; after a FATAL one the connection ends."""
    fields = {"S": severity, "V": severity, "C": refusal.sqlstate, "M": refusal.message}
    if refusal.position is not None:
        fields["P"] = str(refusal.position)
    return _message(b"E", _fields(fields))


def notice(message: str) -> bytes:
    """Return something the client may show, as that the limit of rows cut a result."""
    return _message(b"N", _fields({"S": "WARNING", "V": "WARNING", "C": "01000", "M": message}))


def _fields(fields: Mapping[str, str]) -> bytes:
    return b"".join(kind.encode() + _text(value) for kind, value in fields.items()) + b"\0"


def _text(text: str) -> bytes:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace") + b"\0"


def _message(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return kind + struct.pack("!i", len(body) + 4) + body
