"""Values of leaves and keys: from the types of the wire to the types of the columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from collectors.profiles import Kind
from pipeline.decode import addresses
from pipeline.schema import NAME, TIME

DataType = pl.DataType | type[pl.DataType]

# what a cell holds; the four below TEXT_LAST are read from its text
NONE: Final = 0
STRING: Final = 1
NUMBER: Final = 2
"""A JSON number, as text."""
JSON_BOOL: Final = 3
TEXT_LAST: Final = JSON_BOOL
UINT: Final = 4
INT: Final = 5
BOOL: Final = 6
LEAFLIST: Final = 7
"""Bytes of a gnmi.ScalarArray."""
CONTAINER: Final = 8
"""Bytes of a JSON object or array."""
MALFORMED: Final = 9
"""Bytes that are no JSON."""
JSON_NULL: Final = 10

_SPELL: Final[dict[Kind, Callable[[str], str | None]]] = {
    Kind.IDENTITY: addresses.spell_identity,
    Kind.ADDRESS: addresses.spell_address,
    Kind.PEER: addresses.spell_peer,
    Kind.ESI: addresses.spell_esi,
    Kind.RD: addresses.spell_rd,
}
_TEXT_CODES: Final = {
    Kind.TEXT: (STRING, NUMBER),
    Kind.UINT: (STRING, NUMBER),
    Kind.HOST_LENGTH: (STRING, NUMBER),
    Kind.TIME_NS: (STRING, NUMBER),
    Kind.BOOL: (STRING, JSON_BOOL),
}
_NUMERIC: Final = (Kind.TEXT, Kind.UINT, Kind.HOST_LENGTH, Kind.TIME_NS)
EXPECTED: Final = {
    Kind.TEXT: "text",
    Kind.IDENTITY: "an identity",
    Kind.UINT: "an unsigned number that fits",
    Kind.HOST_LENGTH: "a length that fits",
    Kind.BOOL: "true or false",
    Kind.TIME_NS: "nanoseconds since the epoch",
    Kind.MAC: "a MAC address",
    Kind.ADDRESS: "an IP address",
    Kind.PEER: "an IP address",
    Kind.IP: "an IP address",
    Kind.ESI: "an Ethernet segment identifier",
    Kind.RD: "a route distinguisher",
    Kind.EXT_COMMUNITIES: "a list of extended communities",
    Kind.AS_PATH: "a segment of an AS path",
}
"""What a value should have been, for a reason that people read."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Values as the wire has them, one row each: ``code`` says which of the other columns holds the value."""

    code: pl.Series
    text: pl.Series
    uint: pl.Series
    int: pl.Series
    bool: pl.Series
    raw: pl.Series
    """Bytes of what is neither text nor number."""

    def gather(self, rows: pl.Series) -> "Cells":
        """Return the cells of some rows."""
        return Cells(*(getattr(self, name).gather(rows) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column: a null that is ``readable`` is known to be none, any other couldn't be read."""

    values: pl.Series
    readable: pl.Series


def parse_text(kind: Kind, dtype: DataType, text: pl.Series) -> Parsed:
    """Return text as a column of ``dtype``; null text is unreadable."""
    match kind:
        case Kind.TEXT:
            values = text.cast(NAME)
        case Kind.UINT | Kind.HOST_LENGTH:
            values = text.cast(dtype, strict=False)
        case Kind.TIME_NS:
            return _times(text.cast(pl.Int64, strict=False))
        case Kind.BOOL:
            low = text.str.to_lowercase()
            values = pl.select(
                pl.when(low == "true").then(pl.lit(value=True)).when(low == "false").then(pl.lit(value=False))
            ).to_series()
        case Kind.MAC:
            values = addresses.mac_numbers(text)
        case _:
            return Parsed(*addresses.canonical(text, _SPELL[kind]))
    return Parsed(values, values.is_not_null())


def parse_cells(kind: Kind, dtype: DataType, cells: Cells) -> Parsed:
    """Return cells of any wire type as a column of ``dtype``."""
    codes = cells.code.unique().to_list()
    allowed = _TEXT_CODES.get(kind, (STRING,))
    if all(code in allowed for code in codes):
        return parse_text(kind, dtype, cells.text)
    text = cells.text.set(~cells.code.is_in(allowed), None)
    if kind is Kind.BOOL:
        parsed = parse_text(kind, dtype, text)
        values = pl.select(pl.when(cells.code == BOOL).then(cells.bool).otherwise(parsed.values)).to_series()
        return Parsed(values, values.is_not_null())
    if kind not in _NUMERIC:
        return parse_text(kind, dtype, text)
    if all(code == UINT for code in codes):
        return _parse_numbers(kind, dtype, cells.uint)
    if kind is Kind.TEXT or not all(code in (UINT, INT) for code in codes):
        digits = pl.coalesce(
            pl.when(cells.code == UINT).then(cells.uint.cast(pl.String)),
            pl.when(cells.code == INT).then(cells.int.cast(pl.String)),
            text,
        )
        return parse_text(kind, dtype, pl.select(digits).to_series())
    number = pl.when(cells.code == UINT).then(cells.uint).otherwise(cells.int.cast(pl.UInt64, strict=False))
    return _parse_numbers(kind, dtype, pl.select(number).to_series())


def _parse_numbers(kind: Kind, dtype: DataType, numbers: pl.Series) -> Parsed:
    if kind is Kind.TIME_NS:
        return _times(numbers.cast(pl.Int64, strict=False))
    values = numbers.cast(pl.String).cast(NAME) if kind is Kind.TEXT else numbers.cast(dtype, strict=False)
    return Parsed(values, values.is_not_null())


def _times(ns: pl.Series) -> Parsed:
    """Return nanoseconds since the epoch as times; 0 means never."""
    return Parsed((ns.set(ns <= 0, None) // 1000).cast(TIME), (ns >= 0).fill_null(value=False))
