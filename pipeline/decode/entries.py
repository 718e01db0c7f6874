"""Entries: list entries that a batch talks about, keys and leaves still as the wire spells them.

Updates of one entry in one record begin with the same elements, octet by octet: so they are found by a hash
of these octets, and keys are read once per entry, not once per update.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.decode.paths import Paths, Rows
from pipeline.decode.plan import ListKey, Source
from pipeline.decode.shapes import Bound, Shape
from pipeline.decode.updates import Notifications
from pipeline.decode.values import Cells


@dataclass(frozen=True, slots=True)
class Target:
    """What entries are entries of: a source's entity, or one of its ancestors in the tree."""

    source: int
    depth: int
    """Depth of the list element."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Updates of one shape that mean one leaf of a source, or with None only that the entry is there."""

    shape: Shape
    leaf: int | None
    part: str
    rows: Rows
    """Numbers of the updates, ascending."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Values of one leaf of a source: which entry each belongs to, and where it was told."""

    leaf: int
    part: str
    entry: Rows
    cells: Cells
    number: Rows
    """Update of the record that told it, for reports."""
    segment: pl.Series | None = None
    """Key of the list below the entry that a leaf stands in, if it stands in one."""


@dataclass(frozen=True, slots=True)
class Entries:
    """List entries, one row per entry and record, in the order they were told."""

    record: Rows
    number: Rows
    """Update or delete of the record that told the entry first."""
    keys: dict[ListKey, pl.Series]
    """Key values as text; null where the path left one out."""
    leaves: tuple[Leaves, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Paths of some shapes below the prefixes of their records, one row each."""

    paths: Paths
    prefixes: Paths
    shapes: Sequence[Shape]
    shape: Rows
    row: Rows
    record: Rows

    def take(self, at: Rows) -> "Places":
        """Return some of the paths."""
        return Places(self.paths, self.prefixes, self.shapes, self.shape[at], self.row[at], self.record[at])

    def text(self, bound: Bound) -> pl.Series:
        """Return the values of the list key that stands at one place in all paths."""
        part, row = (self.prefixes, self.record) if bound.in_prefix else (self.paths, self.row)
        return part.key(row, bound.at)

    def key(self, key: ListKey) -> pl.Series:
        """Return the values of a list key; null where a path has none."""
        bounds = [shape.keys.get(key) for shape in self.shapes]
        if bounds[0] is not None and len(set(bounds)) == 1:
            return self.text(bounds[0])
        values = pl.Series([None], dtype=pl.String).new_from_index(0, len(self.row))
        for bound in set(bounds) - {None}:
            assert bound is not None
            alike = np.isin(self.shape, [at for at, one in enumerate(bounds) if one == bound])
            members = np.flatnonzero(alike)
            values = values.scatter(pl.Series(members, dtype=pl.UInt32), self.take(members).text(bound))
        return values


def entries_of(source: Source, depth: int, picked: Sequence[Picked], found: Notifications) -> Entries:
    """Return the entries at ``depth`` that some updates tell, and their leaves."""
    # which updates, in their order, and the place of each among them
    shape_of: Rows = np.full(len(found.update), -1, dtype=np.int64)
    for at, pick in enumerate(picked):
        shape_of[pick.rows] = at
    row = np.flatnonzero(shape_of >= 0)
    place = np.empty(len(shape_of), dtype=np.int64)
    place[row] = np.arange(len(row))
    shapes = [pick.shape for pick in picked]
    places = Places(found.update, found.prefix, shapes, shape_of[row], row, found.update_record[row])
    wanted = source.list_keys(depth)
    first, entry_of = group(places.record, _codes(places, depth))
    leaves: list[Leaves] = []
    for pick in picked:
        if pick.leaf is None:
            continue
        members = place[pick.rows]
        below = [key for key in pick.shape.keys if key[0] > depth]
        leaves.append(
            Leaves(
                leaf=pick.leaf,
                part=pick.part,
                entry=entry_of[members],
                cells=found.cells(pick.rows),
                number=found.update_number[pick.rows],
                segment=places.take(members).key(below[0]) if below else None,
            )
        )
    told = places.take(first)
    return Entries(
        record=told.record,
        number=found.update_number[told.row],
        keys={key: told.key(key) for key in wanted},
        leaves=tuple(leaves),
    )


def group(record: Rows, code: NDArray[np.uint64]) -> tuple[Rows, Rows]:
    """Return the first row of each distinct (record, code), in order of appearance, and each row's group.

    ``record`` ascends. Rows of one entity mostly stand together, so runs are looked for first.
    """
    new = np.empty(len(code), dtype=np.bool_)
    new[:1] = True
    new[1:] = (code[1:] != code[:-1]) | (record[1:] != record[:-1])
    first = np.flatnonzero(new)
    run_of = np.cumsum(new) - 1
    mixed = np.sort(code[first] + record[first].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    if not (mixed[1:] == mixed[:-1]).any():
        return first, run_of
    # an entry is told in several places of a record
    runs = pl.DataFrame({"record": record[first], "code": code[first], "run": np.arange(len(first))})
    head = runs.select(pl.col("run").first().over("record", "code")).to_series().to_numpy()
    is_head = head == np.arange(len(first))
    group_of_run = (np.cumsum(is_head) - 1)[head]
    return first[is_head], group_of_run[run_of]


def _codes(places: Places, depth: int) -> NDArray[np.uint64]:
    """Return codes that are equal only for updates of one entry, among the updates of one record."""
    elements = np.array([depth + 1 - shape.own_from for shape in places.shapes])
    codes = np.zeros(len(places.row), dtype=np.uint64)
    # none: the entry stands in the prefix, which all updates of a record share
    for count in set(elements[elements > 0].tolist()):
        members = np.flatnonzero((elements == count)[places.shape])
        codes[members] = places.paths.codes(places.row[members], count)
    return codes
