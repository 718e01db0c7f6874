"""Columns of the store's tables, as Arrow."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.store.life import Flags, Ints

Columns = dict[str, pa.Array]


def time_of(micros: Ints) -> pa.Array:
    return pa.array(micros).view(pa.timestamp("us", tz="UTC"))


def text(names: Iterable[str]) -> pa.Array:
    return pa.array(list(names), pa.string())


def named(codes: npt.NDArray[np.integer], names: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=codes < 0), names)


def same(name: str, count: int) -> pa.Array:
    return named(np.zeros(count, np.int64), pa.array([name]))


def number(values: Ints, dtype: pa.DataType, known: Flags | None = None) -> pa.Array:
    return pa.array(
        values if known is None else np.where(known, values, 0), mask=None if known is None else ~known
    ).cast(dtype)
