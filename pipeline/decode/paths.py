"""Paths: which have the same shape, and the values of their list keys, without reading each.

Two paths have the same layout if they have the same elements and the same key names, and key values of the
same lengths in the same places: then all their octets but those of key values are equal. One path of each
layout is read; the others are compared with it, eight octets at a time, and their key values stand where its
stand. A batch has millions of paths, some hundreds of layouts and some dozens of shapes, which are layouts
whatever the lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.decode.octets import Octets, Places

Rows = NDArray[np.int64]
Element = tuple[str, tuple[str, ...]]
"""Name and key names of a path element."""

_ORIGIN, _ELEM, _NAME, _KEY = 2, 3, 1, 2
_BLOCK: Final = 2048
"""Paths compared at once: so many of some hundred octets fit a processor's cache."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_MOST_ELEMENTS: Final = 64
"""Elements that tell layouts apart; paths with more are compared all the same."""
_TRIES: Final = 4
"""Layouts of one length that paths are compared with before they are told apart by a signature."""
_PATIENCE: Final = 32
"""Layouts of one signature that paths are compared with; beyond that each path is read for itself."""


class MalformedPathError(ValueError):
    """Bytes that are no ``gnmi.Path``."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the paths of one layout have in common; places are octets from the beginning of a path."""

    origin: str
    elements: tuple[Element, ...]
    element_ends: tuple[int, ...]
    values: tuple[tuple[int, int], ...]
    """Start and length of the value of each list key, in the order of the wire."""


class Paths:
    """Some paths, one row each."""

    def __init__(self, octets: Octets, start: Places, length: Places) -> None:
        """Find the layouts of the paths that stand at some places."""
        self._octets = octets
        self._start = start
        self._length = length
        self.malformed = np.zeros(len(start), dtype=np.bool_)
        self._layout: Rows = np.zeros(len(start), dtype=np.int64)
        layouts: list[Layout] = []
        for alike in by_code(length):
            rest = self._find(alike, layouts, _TRIES)
            # layouts of one length are few, or else mostly told apart by the lengths of their elements
            for rows in by_code(_signatures(octets, start[rest], length[rest])):
                for row in self._find(rest[rows], layouts, _PATIENCE):
                    self._find(np.array([row]), layouts, 1)
        shapes = {(found.origin, found.elements): None for found in layouts}
        self.shapes: Sequence[tuple[str, tuple[Element, ...]]] = list(shapes)
        """Origin and elements of each shape."""
        number = {shape: at for at, shape in enumerate(self.shapes)}
        shape_of = np.array([number[found.origin, found.elements] for found in layouts], dtype=np.int64)
        self.shape: Rows = shape_of[self._layout] if layouts else self._layout
        """Number of each path's shape."""
        most = max((len(found.values) for found in layouts), default=0)
        self._values = np.zeros((len(layouts), most, 2), dtype=np.int64)
        deepest = max((len(found.element_ends) for found in layouts), default=0)
        self._ends = np.zeros((len(layouts), deepest), dtype=np.int64)
        for at, found in enumerate(layouts):
            self._values[at, : len(found.values)] = np.array(found.values).reshape(-1, 2)
            self._ends[at, : len(found.element_ends)] = found.element_ends

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self._start)

    def key(self, rows: Rows, at: int) -> pl.Series:
        """Return the value of the list key with that place among a path's keys, as text."""
        value = self._values[self._layout[rows], at]
        return self._octets.texts(self._start[rows] + value[:, 0], value[:, 1])

    def codes(self, rows: Rows, elements: int) -> NDArray[np.uint64]:
        """Return codes that are equal only if so many first elements are, key values included."""
        length = self._ends[self._layout[rows], elements - 1]
        return self._octets.slices(self._start[rows], length).hash().to_numpy()

    def _find(self, rows: Rows, layouts: list[Layout], tries: int) -> Rows:
        """Find the layouts of paths, at most so many; return the paths that have still others."""
        while len(rows) and tries:
            tries -= 1
            first, rest = int(rows[0]), rows[1:]
            size = int(self._length[first])
            raw = self._octets.data[self._start[first] : self._start[first] + size].tobytes()
            alike = np.zeros(len(rest), dtype=np.bool_)
            try:
                found = read_path(raw)
            except MalformedPathError:
                found = Layout("", (), (), ())
                self.malformed[first] = True
            else:
                alike = (self._length[rest] == size) & self._alike(rest, raw, found)
            self._layout[first] = self._layout[rest[alike]] = len(layouts)
            layouts.append(found)
            rows = rest[~alike]
        return rows

    def _alike(self, rows: Rows, raw: bytes, found: Layout) -> NDArray[np.bool_]:
        """Return which paths have all octets of ``raw`` but those of key values."""
        words = -(-len(raw) // 8)
        if not words:
            return np.ones(len(rows), dtype=np.bool_)
        mask = np.zeros(8 * words, dtype=np.uint8)
        mask[: len(raw)] = 0xFF
        for start, length in found.values:
            mask[start : start + length] = 0
        expected = np.frombuffer(raw.ljust(8 * words, b"\0"), dtype=np.uint64)
        alike = np.empty(len(rows), dtype=np.bool_)
        for block in range(0, len(rows), _BLOCK):
            there = self._octets.words(self._start[rows[block : block + _BLOCK]], words)
            there ^= expected
            there &= mask.view(np.uint64)
            # mostly all of them are
            alike[block : block + _BLOCK] = np.bitwise_or.reduce(there, axis=1) == 0 if there.any() else True
        return alike


def read_path(raw: bytes) -> Layout:
    """Return the layout of a path; raises MalformedPathError."""
    origin = ""
    elements: list[Element] = []
    ends: list[int] = []
    values: list[tuple[int, int]] = []
    for number, start, end in _fields(raw, 0, len(raw)):
        if number == _ORIGIN:
            origin = _text(raw, start, end)
        elif number == _ELEM:
            name, keys = "", []
            for inner, inner_start, inner_end in _fields(raw, start, end):
                if inner == _NAME:
                    name = _text(raw, inner_start, inner_end)
                elif inner == _KEY:
                    key, value = _entry(raw, inner_start, inner_end)
                    keys.append(key)
                    values.append(value)
            elements.append((name, tuple(keys)))
            ends.append(end)
    return Layout(origin, tuple(elements), tuple(ends), tuple(values))


def _entry(raw: bytes, start: int, end: int) -> tuple[str, tuple[int, int]]:
    """Return the name of a list key, and start and length of its value."""
    name, value = "", (start, 0)
    for number, inner_start, inner_end in _fields(raw, start, end):
        if number == _NAME:
            name = _text(raw, inner_start, inner_end)
        elif number == _KEY:
            value = (inner_start, inner_end - inner_start)
    return name, value


def _fields(raw: bytes, at: int, end: int) -> list[tuple[int, int, int]]:
    """Return number, start and end of all delimited fields of a message."""
    found: list[tuple[int, int, int]] = []
    while at < end:
        tag, at = _varint(raw, at, end)
        match tag & 7:
            case 0:
                _, at = _varint(raw, at, end)
                continue
            case 1:
                size = 8
            case 2:
                size, at = _varint(raw, at, end)
                found.append((tag >> 3, at, at + size))
            case 5:
                size = 4
            case _:
                raise MalformedPathError(f"wire type {tag & 7} at octet {at}")
        at += size
        if at > end:
            raise MalformedPathError(f"cut off at octet {end}")
    return found


def _varint(raw: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        octet = raw[at]
        at += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value, at
        shift += 7
    raise MalformedPathError(f"no number ends at octet {at}")


def _text(raw: bytes, start: int, end: int) -> str:
    try:
        return raw[start:end].decode()
    except UnicodeDecodeError as error:
        raise MalformedPathError(f"no UTF-8 at octet {start}") from error


def _signatures(octets: Octets, start: Places, length: Places) -> NDArray[np.uint64]:
    """Return numbers that differ wherever lengths of elements do, and are mostly equal for equal layouts."""
    code = length.astype(np.uint64) * _MIX
    at, end = start, start + length
    for _ in range(_MOST_ELEMENTS):
        if not (at < end).any():
            break
        size, behind = octets.lengths(np.minimum(at + 1, end))
        inside = at < end
        code = np.where(inside, (code ^ size.astype(np.uint64)) * _MIX + octets.data[at], code)
        at = np.where(inside, np.minimum(behind + size, end), end)
    return code


def by_code(codes: NDArray[np.uint64] | NDArray[np.int64]) -> list[Rows]:
    """Return the rows of each distinct code, ascending."""
    if not len(codes):
        return []
    distinct = np.sort(pl.Series(codes).unique().to_numpy())
    number = np.searchsorted(distinct, codes)
    small = number.astype(np.uint16) if len(distinct) < 1 << 16 else number  # what NumPy sorts by radix
    order = np.argsort(small, kind="stable")
    return np.split(order, np.cumsum(np.bincount(number, minlength=len(distinct)))[:-1])
