"""Columns as arrays: values with a validity mask, between Polars frames and keyed state.

Interned text travels as its process-local code. A value under a false mask is 0 and means nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.schema import Columns

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


class Column(NamedTuple):
    """Values and where they are known."""

    values: Array
    known: Mask

    def take(self, rows: Rows) -> "Column":
        """Return the column at ``rows``; row -1 is unknown."""
        if not self.known.any():  # half the columns of a batch of routes: ten times as fast as the rest
            return unknown(len(rows), self.values.dtype)
        return Column(self.values.take(rows, mode="clip"), self.known.take(rows, mode="clip") & (rows >= 0))


def unknown(size: int, dtype: np.dtype[Any]) -> Column:
    """Return a column that is known nowhere."""
    return Column(np.zeros(size, dtype=dtype), np.zeros(size, dtype=bool))


def storage_type(dtype: pl.DataType | type[pl.DataType]) -> np.dtype[Any]:
    """Return the numpy type that holds a column of this Polars type in state."""
    if isinstance(dtype, pl.Categorical):
        return np.dtype(np.uint32)
    if isinstance(dtype, pl.Datetime):
        return np.dtype(np.int64)
    if dtype == pl.Boolean:
        return np.dtype(np.bool_)
    return _PLAIN[dtype if isinstance(dtype, type) else type(dtype)]


_PLAIN: Final[Mapping[type[pl.DataType], np.dtype[Any]]] = {
    pl.UInt8: np.dtype(np.uint8),
    pl.UInt16: np.dtype(np.uint16),
    pl.UInt32: np.dtype(np.uint32),
    pl.UInt64: np.dtype(np.uint64),
    pl.Int64: np.dtype(np.int64),
    pl.Float64: np.dtype(np.float64),
}


def column_of(series: pl.Series) -> Column:
    """Return a series as values and mask."""
    physical = series.to_physical()
    if series.null_count() == 0:
        return Column(physical.to_numpy(), np.ones(len(series), dtype=bool))
    if len(series) == series.null_count():
        return unknown(len(series), storage_type(series.dtype))
    zero: Any = False if series.dtype == pl.Boolean else 0
    return Column(physical.fill_null(zero).to_numpy(), series.is_not_null().to_numpy())


def columns_of(frame: pl.DataFrame, names: Iterable[str]) -> dict[str, Column]:
    """Return the named columns of a frame as arrays."""
    return {name: column_of(frame[name]) for name in names}


def frame_of(columns: Mapping[str, Column], schema: Columns) -> pl.DataFrame:
    """Return arrays as a frame with the types of ``schema``, one row per array element."""
    found = {name: columns[name] for name in schema if columns[name].known.any()}
    if not found:
        return pl.DataFrame(schema=schema).clear(max(len(columns[name].known) for name in schema))
    raw = pl.DataFrame({name: column.values for name, column in found.items()})
    masks = pl.DataFrame(
        {f"known {name}": column.known for name, column in found.items() if not column.known.all()}
    )
    expressions = []
    for name, dtype in schema.items():
        if name not in found:
            expressions.append(pl.lit(None, dtype=dtype).alias(name))
            continue
        value = pl.col(name)
        if f"known {name}" in masks.columns:
            value = pl.when(f"known {name}").then(value).alias(name)
        if isinstance(dtype, pl.Categorical):
            value = value.cat.to(dtype)
        elif raw.schema[name] != dtype:
            value = value.cast(dtype)
        expressions.append(value)
    return raw.hstack(masks.get_columns()).select(expressions)


class ColumnStore:
    """Growable columns, one value per row number; up to 64 columns, their masks packed into one word."""

    def __init__(self, schema: Columns) -> None:
        if len(schema) > 64:
            raise ValueError(f"{len(schema)} columns: one 64-bit word holds the masks")
        self.schema = schema
        self._bits = {name: np.uint64(1 << bit) for bit, name in enumerate(schema)}
        self._values = {name: np.zeros(0, dtype=storage_type(dtype)) for name, dtype in schema.items()}
        self._known = np.zeros(0, dtype=np.uint64)
        self._ever = np.uint64(0)

    def ever_known(self, name: str) -> bool:
        """Return whether a column was ever known in any row."""
        return bool(self._ever & self._bits[name])

    def grow(self, rows: int) -> None:
        """Make room for row numbers below ``rows``; new rows are unknown."""
        if rows <= len(self._known):
            return
        capacity = max(1024, 2 * len(self._known), rows)
        for name, values in self._values.items():
            grown = np.zeros(capacity, dtype=values.dtype)
            grown[: len(values)] = values
            self._values[name] = grown
        known = np.zeros(capacity, dtype=np.uint64)
        known[: len(self._known)] = self._known
        self._known = known

    def values(self, name: str) -> Array:
        """Return all values of a column, room for growth included; not a copy."""
        return self._values[name]

    def known(self, name: str) -> Mask:
        """Return where a column is known, room for growth included."""
        known: Mask = (self._known & self._bits[name]) != 0
        return known

    def take(self, name: str, rows: Rows) -> Column:
        """Return a column at ``rows``; row -1 is unknown."""
        if not self.ever_known(name):
            return unknown(len(rows), self._values[name].dtype)
        known = (self._known.take(rows, mode="clip") & self._bits[name]) != 0
        return Column(self._values[name].take(rows, mode="clip"), known & (rows >= 0))

    def put(self, rows: Rows, columns: Mapping[str, Column]) -> None:
        """Set columns at distinct ``rows``."""
        word = self._known.take(rows)
        for name, (values, known) in columns.items():
            self._values[name][rows] = values
            bit = self._bits[name]
            if known.any():
                self._ever |= bit
                word = np.where(known, word | bit, word & ~bit)
            elif self._ever & bit:
                word &= ~bit
        self._known[rows] = word

    def frame(self, rows: Rows) -> pl.DataFrame:
        """Return all columns at ``rows`` as a frame."""
        return frame_of({name: self.take(name, rows) for name in self.schema}, self.schema)
