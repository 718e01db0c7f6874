"""Values of leaves and keys: from the types of the wire to the types of the columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from collectors.profiles import Kind
from pipeline.decode import addresses
from pipeline.schema import NAME, TIME

DataType = pl.DataType | type[pl.DataType]

# what a cell holds; the first three are read from its text
NONE: Final = 0
STRING: Final = 1
NUMBER: Final = 2
"""A JSON number, as text."""
JSON_BOOL: Final = 3
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
JSON: Final = 11
"""A JSON document not yet looked at."""

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

    code: NDArray[np.uint8]
    text: pl.Series
    number: NDArray[np.uint64]
    """The bits of UINT, INT and BOOL."""
    raw: pl.Series
    """Bytes of what is neither text nor number."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column: a null that is ``readable`` is known to be none, any other couldn't be read."""

    values: pl.Series
    readable: NDArray[np.bool_]


def parse_text(kind: Kind, dtype: DataType, text: pl.Series) -> Parsed:
    """Return text as a column of ``dtype``; null text is unreadable."""
    match kind:
        case Kind.TEXT:
            values = text.cast(NAME)
        case Kind.UINT | Kind.HOST_LENGTH:
            values = text.cast(dtype, strict=False)
        case Kind.TIME_NS:
            numbers = text.cast(pl.Int64, strict=False)
            return _times(numbers.fill_null(-1).to_numpy() if numbers.null_count() else numbers.to_numpy())
        case Kind.BOOL:
            return Parsed(*addresses.canonical(text, _spell_bool, pl.Boolean))
        case Kind.MAC:
            values = addresses.mac_numbers(text)
        case _:
            return Parsed(*addresses.canonical(text, _SPELL[kind], NAME))
    return Parsed(values, there(values))


def parse_cells(kind: Kind, dtype: DataType, cells: Cells) -> Parsed:
    """Return cells of any wire type as a column of ``dtype``."""
    code = cells.code
    of_text = np.isin(code, _TEXT_CODES.get(kind, (STRING,)))
    if of_text.all():
        return parse_text(kind, dtype, cells.text)
    if kind is Kind.BOOL:
        of_number = code == BOOL
    elif kind in _NUMERIC:
        of_number = (code == UINT) | ((code == INT) & (cells.number < 1 << 63))
    else:
        of_number = np.zeros(len(code), dtype=np.bool_)
    if of_number.all():
        return _parse_numbers(kind, dtype, cells.number)
    # several wire types for one leaf, or a wrong one: hardly ever
    text = parse_text(kind, dtype, cells.text)
    values, readable = text.values, text.readable & of_text
    if of_number.any():
        number = _parse_numbers(kind, dtype, cells.number)
        values = pl.select(pl.when(pl.Series(of_number)).then(number.values).otherwise(values)).to_series()
        readable = np.where(of_number, number.readable, readable)
    return Parsed(values.set(pl.Series(~readable), None), readable)


def there(values: pl.Series) -> NDArray[np.bool_]:
    """Return which values are not null."""
    if not values.null_count():
        return np.ones(len(values), dtype=np.bool_)
    return values.is_not_null().to_numpy()


def taken(values: pl.Series, at: NDArray[np.int64]) -> pl.Series:
    """Return values by row number, null for a negative one."""
    absent = at < 0
    place = at.astype(np.uint32)
    return values[pl.Series(pa.array(place, mask=absent) if absent.any() else place)]


def _parse_numbers(kind: Kind, dtype: DataType, numbers: NDArray[np.uint64]) -> Parsed:
    if kind is Kind.BOOL:
        values = pl.Series(numbers != 0)
    elif kind is Kind.TIME_NS:
        return _times(numbers.view(np.int64))
    elif kind is Kind.TEXT:
        values = pl.Series(numbers).cast(pl.String).cast(NAME)
    else:
        values = pl.Series(numbers).cast(dtype, strict=False)
    return Parsed(values, there(values))


def _times(ns: NDArray[np.int64]) -> Parsed:
    """Return nanoseconds since the epoch as times; 0 means never, less is no time."""
    known = ns > 0
    values = pl.Series(ns // 1000 if known.all() else pa.array(ns // 1000, mask=~known))
    return Parsed(values.cast(TIME), ns >= 0)


def _spell_bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())
