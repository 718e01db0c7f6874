"""Rows of entities that share a key of their own: found by key once, by number from then on.

A route's row number never changes (``pipeline.apply.entity``), so its key is hashed when it is seen first;
from then on a batch costs a look into an array.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipeline.apply.columns import Array, Column, ColumnStore, Mask, Rows, columns_of, frame_of
from pipeline.apply.keytable import KeyTable, key_hashes
from pipeline.schema import Columns

_NO_ROW = -1


class Groups:
    """Groups by key, and which rows of one entity or more belong to each."""

    def __init__(self, keys: Columns, sources: int) -> None:
        self._schema = keys
        self._sources = sources
        self.table = KeyTable()
        self.keys = ColumnStore(keys)
        self._of = [np.zeros(0, dtype=np.int64) for _ in range(sources)]
        self._head = np.zeros(0, dtype=np.int64)
        """Of each group the last of its links."""
        self._member = np.zeros(0, dtype=np.int64)
        self._before = np.zeros(0, dtype=np.int64)
        self._links = 0

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.table)

    def frame(self) -> pl.DataFrame:
        """Return the keys of all groups, in their order."""
        return self.keys.frame(np.arange(len(self)))

    def load(self, frame: pl.DataFrame) -> None:
        """Take the groups of a frame that ``frame`` made; who belongs to them is to be told again."""
        self._rows(columns_of(frame.cast(pl.Schema(self._schema)), self._schema))

    def find(self, source: int, rows: Rows, keys: Mapping[str, Column], wanted: Mask, *, join: bool) -> Rows:
        """Return the group of each row where it is wanted, else -1; rows that ``join`` belong to it now."""
        self._grow(source, int(rows.max(initial=-1)) + 1)
        group = np.where(wanted, self._of[source].take(rows, mode="clip"), _NO_ROW)
        new = wanted & (group < 0)
        old = np.flatnonzero(group >= 0)
        for name, (values, known) in keys.items():
            held, is_known = self.keys.take(name, group[old])
            new[old] |= (is_known != known[old]) | (is_known & (held != values[old]))
        at = np.flatnonzero(new)
        if at.size:
            group[at] = self._rows({name: column.take(at) for name, column in keys.items()})
            if join:
                self._of[source][rows[at]] = group[at]
                self._link(group[at], rows[at] * self._sources + source)
        return group

    def members(self, groups: Rows) -> tuple[Rows, Rows, Rows]:
        """Return group, source and row of all that belong to groups."""
        link = self._head[groups]
        found_group, found_member = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        while (going := link >= 0).any():
            groups, link = groups[going], link[going]
            found_group.append(groups)
            found_member.append(self._member[link])
            link = self._before[link]
        group, member = np.concatenate(found_group), np.concatenate(found_member)
        row, source = member // self._sources, member % self._sources
        mine = np.zeros(len(group), dtype=bool)
        for number, of in enumerate(self._of):
            at = np.flatnonzero(source == number)
            mine[at] = of[row[at]] == group[at]
        _, first = np.unique(np.column_stack([group, member])[mine], axis=0, return_index=True)
        at = np.flatnonzero(mine)[first]
        return group[at], source[at], row[at]

    def _rows(self, keys: Mapping[str, Column]) -> Rows:
        rows = self.table.find_or_add(*key_hashes(frame_of(keys, self._schema), list(self._schema)))
        self.keys.grow(len(self.table))
        self.keys.put(rows, keys)
        self._head = _grown(self._head, len(self.table))
        return rows

    def _grow(self, source: int, size: int) -> None:
        self._of[source] = _grown(self._of[source], size)

    def _link(self, groups: Rows, members: Rows) -> None:
        """Put members in front of those that their groups have."""
        order = np.argsort(groups, kind="stable")
        groups, members = groups[order], members[order]
        link = self._links + np.arange(len(groups))
        first = np.diff(groups, prepend=-1) != 0
        self._links += len(groups)
        self._member, self._before = _grown(self._member, self._links), _grown(self._before, self._links)
        self._member[link] = members
        self._before[link] = np.where(first, self._head[groups], link - 1)
        last = np.append(np.flatnonzero(first)[1:] - 1, len(groups) - 1)
        self._head[groups[last]] = link[last]


def _grown(array: Array, size: int) -> Array:
    """Return an array with room for ``size`` elements; new ones are -1."""
    if size <= len(array):
        return array
    grown = np.full(max(1024, 2 * len(array), size), _NO_ROW, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
