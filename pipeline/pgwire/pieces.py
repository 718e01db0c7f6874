"""Byte strings of many rows at once, and how they become messages, without a loop over rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

NULL: Final = -1


@dataclass(frozen=True, slots=True)
class Pieces:
    """One byte string per row.

    Attributes:
        data: bytes they lie in.
        starts: where each begins.
        lengths: bytes of each; ``NULL`` for null, which takes none.
    """

    data: Bytes
    starts: Numbers
    lengths: Numbers


def constant(data: bytes, rows: int) -> Pieces:
    """Return the same bytes in each row."""
    return Pieces(np.frombuffer(data, np.uint8), np.zeros(rows, np.int64), np.full(rows, len(data), np.int64))


def equally_long(values: npt.NDArray[np.generic]) -> Pieces:
    """Return the bytes of each row of ``values`` as they are in memory."""
    rows = len(values)
    size = values.nbytes // rows if rows else 0
    data = np.ascontiguousarray(values).view(np.uint8).reshape(-1)
    return Pieces(data, np.arange(rows, dtype=np.int64) * size, np.full(rows, size, np.int64))


def joined(parts: Sequence[Pieces]) -> Pieces:
    """Return the pieces of each row behind one another; null adds nothing."""
    lengths = np.maximum(np.stack([part.lengths for part in parts], axis=1), 0)
    ends = np.cumsum(lengths.reshape(-1)).reshape(lengths.shape)
    begins = ends - lengths
    out = np.empty(int(ends[-1, -1]) if len(ends) else 0, np.uint8)
    for place, part in enumerate(parts):
        taken = lengths[:, place]
        inside = np.arange(int(taken.sum()), dtype=np.int64)
        before = np.cumsum(taken) - taken
        to = np.repeat(begins[:, place] - before, taken) + inside
        out[to] = part.data[np.repeat(part.starts - before, taken) + inside]
    return Pieces(out, begins[:, 0].copy(), lengths.sum(axis=1))


def prefixed(values: Pieces) -> Pieces:
    """Return each value behind its length in four bytes, null as the length -1."""
    return joined([equally_long(values.lengths.astype(">i4")), values])


def data_rows(columns: Sequence[Pieces], rows: int) -> bytes:
    """Return a DataRow message per row of ``columns``."""
    sizes = sum((np.maximum(column.lengths, 0) for column in columns), np.zeros(rows, np.int64))
    head = np.zeros(rows, np.dtype([("kind", "S1"), ("length", ">i4"), ("columns", ">u2")]))
    head["kind"] = b"D"
    head["length"] = sizes + 6 + 4 * len(columns)
    head["columns"] = len(columns)
    parts = [equally_long(head)]
    for column in columns:
        parts += [equally_long(column.lengths.astype(">i4")), column]
    return joined(parts).data.tobytes()
