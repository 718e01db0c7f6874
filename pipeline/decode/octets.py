"""Many small pieces of one buffer of bytes, read side by side: numbers, and slices as text.

The messages inside a notification are read here instead of by a protobuf library: an update of an EVPN route
has some thirty of them, and a call or an object for each costs more than all the rest of decode.
"""

from typing import Final, cast

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Places = NDArray[np.int64]

PAD: Final = 16
"""Octets at the end of a buffer that nothing stands in."""
_INLINE: Final = 12
"""Longest text that an Arrow view holds itself."""
_LOW_OCTETS: Final = np.array([(1 << 8 * octets) - 1 for octets in range(9)], dtype=np.uint64)
_MORE: Final = np.uint64(0x8080808080808080)
_ONE: Final = np.uint64(1)


class Octets:
    """A buffer of bytes. Starts and lengths below are positions in it, one per row."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        """Take a buffer as it is; its last octets are there only so that wide reads stay inside."""
        assert len(data) >= PAD, f"{len(data)} octets are too few"
        self.data = data
        # numbers may begin at any octet: overlapping views, one item per octet
        self._u32 = _overlapping(self.data, "<u4")
        self._u64 = _overlapping(self.data, "<u8")

    @classmethod
    def of(cls, *parts: bytes | NDArray[np.uint8]) -> "Octets":
        """Return the parts as one buffer."""
        arrays = [np.frombuffer(part, dtype=np.uint8) if isinstance(part, bytes) else part for part in parts]
        return cls(np.concatenate([*arrays, np.zeros(PAD, dtype=np.uint8)]))

    def lengths(self, at: Places) -> tuple[Places, Places]:
        """Return base-128 lengths and the positions behind them: ``varints`` that are mostly short."""
        first = self.data[at].astype(np.int64)
        more = first > 0x7F
        if not more.any():
            return first, at + 1
        second = self.data[at + 1].astype(np.int64)
        value = np.where(more, first & 0x7F | second << 7, first)
        behind = at + 1 + more
        longer = np.flatnonzero(more & (second > 0x7F))
        if len(longer):
            number, end = self.varints(at[longer])
            value[longer] = np.minimum(number, len(self.data)).astype(np.int64)
            behind[longer] = end
        return value, behind

    def varints(self, at: Places) -> tuple[NDArray[np.uint64], Places]:
        """Return base-128 numbers of up to 64 bits and the positions behind them.

        One of more than ten octets ends where it begins.
        """
        raw = self._u64[at]
        ends = ~raw & _MORE
        last = ends & (~ends + _ONE)
        raw &= (last - _ONE) | last
        raw &= np.uint64(0x7F7F7F7F7F7F7F7F)
        raw = (raw & np.uint64(0x007F007F007F007F)) | ((raw & np.uint64(0x7F007F007F007F00)) >> _ONE)
        raw = (raw & np.uint64(0x00003FFF00003FFF)) | ((raw & np.uint64(0x3FFF00003FFF0000)) >> np.uint64(2))
        raw = (raw & np.uint64(0x000000000FFFFFFF)) | ((raw & np.uint64(0x0FFFFFFF00000000)) >> np.uint64(4))
        octets = np.bitwise_count((last - _ONE) | last).astype(np.int64) >> 3
        long = np.flatnonzero(ends == 0)
        if len(long):
            ninth, tenth = (self.data[at[long] + place].astype(np.uint64) for place in (8, 9))
            raw[long] |= (ninth & np.uint64(0x7F)) << np.uint64(56)
            more = ninth > 0x7F
            raw[long] |= np.where(more, tenth & _ONE, np.uint64(0)) << np.uint64(63)
            octets[long] = np.where(more, np.where(tenth > 0x7F, 0, 10), 9)
        return raw, at + octets

    def slices(self, start: Places, length: Places) -> pl.Series:
        """Return slices as a Binary column; nothing is copied that is longer than a view."""
        # an Arrow view: length, first four octets, then eight more or the place in the buffer
        view = np.empty((len(start), 2), dtype=np.uint64)
        # keys of a kind are mostly of one length
        size = length[:1] if len(length) and (length == length[0]).all() else length
        head = self._u32[start] & _LOW_OCTETS[np.minimum(size, 4)]
        view[:, 0] = size.astype(np.uint64) | head.astype(np.uint64) << np.uint64(32)
        if (size > _INLINE).all():
            view[:, 1] = start.astype(np.uint64) << np.uint64(32)
        else:
            inline = self._u64[start + 4] & _LOW_OCTETS[np.minimum(np.maximum(size - 4, 0), 8)]
            view[:, 1] = np.where(size <= _INLINE, inline, start.astype(np.uint64) << np.uint64(32))
        buffers = [None, pa.py_buffer(view), pa.py_buffer(self.data)]
        array = pa.Array.from_buffers(pa.binary_view(), len(start), buffers)
        return cast("pl.Series", pl.from_arrow(array))

    def texts(self, start: Places, length: Places) -> pl.Series:
        """Return slices as a String column; null where one is no UTF-8."""
        return as_text(self.slices(start, length))

    def words(self, start: Places, count: int) -> NDArray[np.uint64]:
        """Return so many words of eight octets from each start, one row per start."""
        size = 8 * count
        # one item per octet, each as long as all words: taking an item is one copy
        items = np.ndarray((len(self.data) - size + 1,), f"V{size}", self.data.data, strides=(1,))
        return items[start].view(np.uint64).reshape(len(start), count)


def as_text(raw: pl.Series) -> pl.Series:
    """Return a Binary column as String; null where a value is no UTF-8."""
    try:
        return raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        # Polars refuses the whole column for one value
        return pl.Series([_decoded(value) for value in raw], dtype=pl.String)


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _overlapping(data: NDArray[np.uint8], dtype: str) -> NDArray[np.uint64]:
    size = np.dtype(dtype).itemsize
    return cast("NDArray[np.uint64]", np.ndarray((len(data) - size + 1,), dtype, data.data, strides=(1,)))
