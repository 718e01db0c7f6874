"""Parameters, from text or binary to what DuckDB takes (PostgreSQL's input and receive functions)."""

import re
import struct
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from pipeline.pgwire import oids
from pipeline.pgwire.oids import ELEMENT_OF
from pipeline.pgwire.refusal import FEATURE_NOT_SUPPORTED, INVALID_BINARY, INVALID_TEXT, RefusalError

Value = bool | int | float | Decimal | str | bytes | date | datetime | UUID | list[Any]

_ZERO: Final = datetime.fromisoformat("2000-01-01")
_ZERO_UTC: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_NEGATIVE: Final = 0x4000
_MAX_SCALE: Final = 200
"""Decimal digits behind the point, and digits to the base 10000 before it; DuckDB has 38 decimal digits."""

_NUMERIC_SPECIAL: Final = {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}


def decode(value: bytes, oid: int, *, binary: bool) -> Value:
    """Return one parameter; a type that was left open (0) is text.

    Raises RefusalError for what is no value of the type, and for types that can't be taken.
    """
    try:
        return _received(value, oid) if binary else _read(value.decode(), oid)
    except RefusalError:
        raise
    except (ValueError, ArithmeticError, struct.error) as error:
        code = INVALID_BINARY if binary else INVALID_TEXT
        raise RefusalError(code, f"a parameter is no value of its type (OID {oid}): {error}") from None


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    for answer, words in ((True, ("true", "yes", "on", "1")), (False, ("false", "no", "off", "0"))):
        if word and any(it.startswith(word) for it in words) and word != "o":
            return answer
    raise ValueError(f"{text[:40]!r} is neither true nor false")


_OCTAL: Final = re.compile(rb"\\(\\|[0-3][0-7]{2})")
"""The older format: a backslash before itself, or before three octal digits."""


def _bytes(text: str) -> bytes:
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    raw = text.encode()
    if b"\\" in _OCTAL.sub(b"", raw):
        raise ValueError("bytes are written as \\x and hexadecimal digits")
    return _OCTAL.sub(lambda found: bytes([int(found[1], 8)]) if found[1] != b"\\" else b"\\", raw)


_READERS: Final[dict[int, Callable[[str], Value]]] = {
    oids.BOOL: _boolean,
    oids.INT2: int,
    oids.INT4: int,
    oids.INT8: int,
    oids.OID: int,
    oids.FLOAT4: float,
    oids.FLOAT8: float,
    oids.NUMERIC: Decimal,
    oids.DATE: date.fromisoformat,
    oids.TIMESTAMP: datetime.fromisoformat,
    oids.TIMESTAMPTZ: datetime.fromisoformat,
    oids.UUID: UUID,
    oids.BYTEA: _bytes,
}
_TEXTS: Final = {0, oids.TEXT, oids.VARCHAR, oids.BPCHAR, oids.UNKNOWN, oids.JSON}


def _read(text: str, oid: int) -> Value:
    if oid in _TEXTS:
        return text
    if oid in ELEMENT_OF:
        return [None if item is None else _read(item, ELEMENT_OF[oid]) for item in _items(text)]
    if oid not in _READERS:
        raise _not_taken(oid)
    return _READERS[oid](text)


def _items(text: str) -> list[str | None]:
    """Return the elements of an array of one dimension; null is written without quotes."""
    if not _ARRAY.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no array of one dimension")
    items: list[str | None] = []
    for quoted, plain in _ITEM.findall(text[1:-1]):
        if quoted:
            items.append(_ESCAPED.sub(r"\1", quoted[1:-1]))
        else:
            items.append(None if plain.upper() == "NULL" else plain)
    return items


_PLAIN: Final = r'[^\s,{}"\\][^,{}"\\]*'
_QUOTED: Final = r'"(?:[^"\\]|\\.)*+"'
_ITEM: Final = re.compile(f"({_QUOTED})|({_PLAIN})", re.DOTALL)
_ARRAY: Final = re.compile(rf"\{{(?:(?:{_QUOTED}|{_PLAIN})(?:,(?:{_QUOTED}|{_PLAIN}))*+)?\}}", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def _number(layout: str) -> Callable[[bytes], Value]:
    def received(value: bytes) -> Value:
        found: bool | int | float
        (found,) = struct.unpack(layout, value)
        return found

    return received


def _date(value: bytes) -> Value:
    (days,) = struct.unpack("!i", value)
    return _ZERO.date() + timedelta(days=days)


def _timestamp(value: bytes) -> Value:
    (microseconds,) = struct.unpack("!q", value)
    return _ZERO + timedelta(microseconds=microseconds)


def _timestamptz(value: bytes) -> Value:
    (microseconds,) = struct.unpack("!q", value)
    return _ZERO_UTC + timedelta(microseconds=microseconds)


def _numeric(value: bytes) -> Value:
    count, weight, sign, scale = struct.unpack_from("!HhHH", value)
    if sign in _NUMERIC_SPECIAL:
        return Decimal(_NUMERIC_SPECIAL[sign])
    digits = struct.unpack(f"!{count}H", value[8:])
    if (
        sign not in {0, _NEGATIVE}
        or scale > _MAX_SCALE
        or abs(weight) > _MAX_SCALE
        or any(d > 9999 for d in digits)
    ):
        raise ValueError("digits, sign or scale of a numeric are none")
    whole = int("".join(f"{digit:04}" for digit in digits) or "0")
    exponent = 4 * (weight + 1 - count)
    with localcontext(prec=1000):
        found = Decimal(-whole if sign else whole).scaleb(exponent)
        return found.quantize(Decimal(1).scaleb(-scale))


def _received(value: bytes, oid: int) -> Value:
    if oid in _TEXTS:
        return value.decode()
    if oid in ELEMENT_OF:
        return _received_array(value, ELEMENT_OF[oid])
    if oid not in _RECEIVERS:
        raise _not_taken(oid)
    return _RECEIVERS[oid](value)


def _received_array(value: bytes, element: int) -> Value:
    dimensions, _, oid = struct.unpack_from("!iiI", value)
    if oid != element or dimensions not in {0, 1}:
        raise ValueError("it is no array of one dimension")
    if dimensions == 0:
        return []
    count, _ = struct.unpack_from("!ii", value, 12)
    found: list[Any] = []
    position = 20
    while position < len(value):
        (size,) = struct.unpack_from("!i", value, position)
        position += 4
        item = value[position : position + size] if size >= 0 else None
        if item is not None and len(item) < size:
            raise ValueError("an element of the array ends too early")
        found.append(None if item is None else _received(item, element))
        position += max(size, 0)
    if len(found) != count:
        raise ValueError(f"the array says it has {count} elements and has {len(found)}")
    return found


_RECEIVERS: Final[dict[int, Callable[[bytes], Value]]] = {
    oids.BOOL: _number("!?"),
    oids.INT2: _number("!h"),
    oids.INT4: _number("!i"),
    oids.INT8: _number("!q"),
    oids.OID: _number("!I"),
    oids.FLOAT4: _number("!f"),
    oids.FLOAT8: _number("!d"),
    oids.NUMERIC: _numeric,
    oids.DATE: _date,
    oids.TIMESTAMP: _timestamp,
    oids.TIMESTAMPTZ: _timestamptz,
    oids.UUID: lambda value: UUID(bytes=value),
    oids.BYTEA: bytes,
}


def _not_taken(oid: int) -> RefusalError:
    return RefusalError(FEATURE_NOT_SUPPORTED, f"a parameter of type OID {oid} can't be taken: give text")
