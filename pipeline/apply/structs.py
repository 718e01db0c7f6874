"""Structured arrays as frames and back, for snapshots: codes become text, sub-arrays a column per element."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.schema import NAME

Structs = npt.NDArray[np.void]


def to_frame(array: Structs, names: Collection[str]) -> pl.DataFrame:
    """Return a frame with a row per element; fields called ``names`` hold codes of interned text."""
    columns: dict[str, Any] = {}
    for field, width in _fields(array.dtype):
        for at in range(width):
            values = array[field] if width == 1 else array[field][:, at]
            columns[field if width == 1 else f"{field}_{at}"] = np.ascontiguousarray(values)
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        pl.col(column).cat.to(NAME).cast(pl.String) for column in frame.columns if _is_name(column, names)
    )


def from_frame(frame: pl.DataFrame, dtype: np.dtype[Any], names: Collection[str]) -> Structs:
    """Return the array that ``to_frame`` made a frame of."""
    array = np.zeros(len(frame), dtype=dtype)
    codes = frame.with_columns(
        pl.col(column).cast(NAME).to_physical() for column in frame.columns if _is_name(column, names)
    )
    for field, width in _fields(dtype):
        for at in range(width):
            if width == 1:
                array[field] = codes[field].to_numpy()
            else:
                array[field][:, at] = codes[f"{field}_{at}"].to_numpy()
    return array


def _fields(dtype: np.dtype[Any]) -> list[tuple[str, int]]:
    fields: Any = dtype.fields or {}
    return [
        (name, int(np.prod(fields[name][0].shape)) if fields[name][0].shape else 1)
        for name in dtype.names or ()
    ]


def _is_name(column: str, names: Collection[str]) -> bool:
    return column in names or column.rpartition("_")[0] in names
