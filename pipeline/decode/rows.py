"""Rows: entries with keys and leaves as typed columns, and a sentence for each value that can't be read."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from collectors.profiles import Kind
from pipeline.decode import bgp_attributes, values
from pipeline.decode.addresses import ip_numbers, spell_identity
from pipeline.decode.entries import Entries, Leaves, Target
from pipeline.decode.plan import KeyColumn, LeafColumn, Plan, Source
from pipeline.decode.report import Report, quote
from pipeline.decode.values import EXPECTED, Cells, Parsed, parse_cells, parse_text, taken, there
from pipeline.schema import NAME


@dataclass(frozen=True, slots=True)
class Told:
    """Rows of one target: what a batch tells of it."""

    plan: Plan
    target: Target
    rows: pl.DataFrame
    only_cleared: bool = False
    """Nothing was told, leaves were deleted."""


def rows_of(source: Source, depth: int, entries: Entries, report: Report) -> pl.DataFrame:
    """Return record, number, the key columns down to ``depth``, the leaves told, and ``cleared``.

    An entry whose keys can't be read is left out, a value that can't be read stays null; ``report`` says so.
    A value known to be none is null too, with its bit in ``cleared``: the leaf was told, nothing is there.
    """
    making = _Making.of(source, entries, report)
    for key in source.keys_above(depth):
        making.add_key(key)
    told: dict[int, list[Leaves]] = {}
    for leaves in entries.leaves:
        told.setdefault(leaves.leaf, []).append(leaves)
    for number, parts in sorted(told.items()):
        making.add_leaf(source.leaves[number], parts)
    if depth == source.depth:
        making.add_constants()
    return making.frame()


def key_rows(source: Source, entries: Entries, report: Report) -> pl.DataFrame:
    """Return record, number, and the key columns that constants and the list keys of ``entries`` tell."""
    making = _Making.of(source, entries, report)
    for key in source.keys:
        if key.key in entries.keys and (key.kind is Kind.IP or key.column in source.entity.keys):
            making.add_key(key)
    making.add_constants()
    return making.frame()


@dataclass(slots=True)
class _Making:
    """Rows in the making, one per entry."""

    source: Source
    entries: Entries
    report: Report
    keep: NDArray[np.bool_]
    cleared: NDArray[np.uint64]
    columns: dict[str, pl.Series] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source, entries: Entries, report: Report) -> "_Making":
        """Return rows without columns; not kept are entries that the source doesn't ask for."""
        size = len(entries.record)
        making = cls(source, entries, report, np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.uint64))
        for key, value in source.where.items():
            if key in entries.keys:
                text = entries.keys[key]
                asked = [one for one in text.unique().drop_nulls() if spell_identity(one) == value]
                making.keep &= text.is_in(asked).fill_null(value=False).to_numpy()
        return making

    def frame(self) -> pl.DataFrame:
        """Return the rows kept."""
        frame = pl.DataFrame(
            {"record": pl.Series(self.entries.record, dtype=pl.UInt32), "number": self.entries.number}
            | self.columns
            | {"cleared": self.cleared}
        )
        return frame if self.keep.all() else frame.filter(pl.Series(self.keep))

    def add_key(self, key: KeyColumn) -> None:
        """Add the column of a list key; entries without a readable one are not kept."""
        text = self.entries.keys[key.key]
        parsed = self._parse_key(key, text)
        unreadable = ~parsed.readable
        if key.optional:
            unreadable &= there(text)
        for at in np.flatnonzero(unreadable & self.keep).tolist():
            name, value = key.key[1], text[at]
            reason = (
                f"the list key {name} is missing"
                if value is None
                else f"the list key {name} is {quote(value)}, not {EXPECTED[key.kind]}"
            )
            self._say(at, int(self.entries.number[at]), f"{self.source.path}: {reason}")
        self.keep &= ~unreadable
        if key.column in self.source.entity.leaves:
            self._clear(key.column, there(text) & ~there(parsed.values))

    def _parse_key(self, key: KeyColumn, text: pl.Series) -> Parsed:
        if key.kind is Kind.IP:
            high, low = ip_numbers(text)
            self.columns |= {f"{key.column}_hi": high, f"{key.column}_lo": low}
            return Parsed(low, there(low))
        parsed = parse_text(key.kind, self.source.types[key.column], text)
        self.columns[key.column] = parsed.values
        if key.kind is Kind.HOST_LENGTH:
            absent = pl.Series(there(parsed.values) & (parsed.values == 0).to_numpy())
            for column in {"ip_hi", "ip_lo", "ip_len"} & set(self.columns) if absent.any() else ():
                self.columns[column] = self.columns[column].set(absent, None)
        return parsed

    def add_leaf(self, leaf: LeafColumn, told: list[Leaves]) -> None:
        """Add the columns of a leaf; of several values in one record the last holds."""
        if leaf.kind is Kind.AS_PATH:
            self._add_as_path(leaf, told)
            return
        for part in told:
            columns = self._parse_leaf(leaf, part.cells)
            for column, parsed in columns.items():
                self._add_column(column, parsed, part)
            self._report_unreadable(leaf, part, next(iter(columns.values())).readable)

    def _add_as_path(self, leaf: LeafColumn, told: list[Leaves]) -> None:
        paths, unreadable = bgp_attributes.as_paths(told, len(self.keep))
        self.columns[leaf.column] = paths
        for entry, number in unreadable:
            self._say(entry, number, f"{leaf.path}: not {EXPECTED[leaf.kind]}")

    def _parse_leaf(self, leaf: LeafColumn, cells: Cells) -> dict[str, Parsed]:
        entity = self.source.entity
        if leaf.kind is Kind.EXT_COMMUNITIES:
            return bgp_attributes.ext_communities(entity, cells)
        return {leaf.column: parse_cells(leaf.kind, entity.leaves[leaf.column], cells)}

    def _add_column(self, column: str, parsed: Parsed, told: Leaves) -> None:
        at = np.full(len(self.keep), -1, dtype=np.int64)
        good = np.flatnonzero(parsed.readable)
        at[told.entry[good] if len(good) < len(told.entry) else told.entry] = good
        here = at >= 0
        values = parsed.values
        if len(values) != len(at) or not np.array_equal(at, np.arange(len(at))):
            values = taken(values, at)
        if column in self.columns:
            earlier = self.columns[column]
            values = pl.select(pl.when(pl.Series(here)).then(values).otherwise(earlier)).to_series()
        self.columns[column] = values
        none = ~there(values)
        self._clear(column, here & none)
        self.cleared[here & ~none] &= ~np.uint64(self.source.leaf_bit(column))

    def _report_unreadable(self, leaf: LeafColumn, told: Leaves, readable: NDArray[np.bool_]) -> None:
        if readable.all():
            return
        for at in np.flatnonzero(~readable & self.keep[told.entry]).tolist():
            reason = f"{_excerpt(told.cells, at)}, not {EXPECTED[leaf.kind]}"
            self._say(int(told.entry[at]), int(told.number[at]), f"{leaf.path}: the value is {reason}")

    def add_constants(self) -> None:
        """Add the key columns that the source itself tells."""
        for column, constant in self.source.constants.items():
            dtype = self.source.types[column]
            one = pl.Series([constant], dtype=pl.String if dtype == NAME else dtype).cast(dtype)
            self.columns[column] = one.new_from_index(0, len(self.keep))

    def _clear(self, column: str, where: NDArray[np.bool_]) -> None:
        self.cleared[where] |= np.uint64(self.source.leaf_bit(column))

    def _say(self, entry: int, number: int, reason: str) -> None:
        self.report.add(int(self.entries.record[entry]), number, reason)


def _excerpt(cells: Cells, at: int) -> str:
    """Return a value as people read it, shortened."""
    match cells.code[at]:
        case values.UINT:
            return quote(int(cells.number[at]))
        case values.INT:
            return quote(int(cells.number.view(np.int64)[at]))
        case values.BOOL:
            return quote(bool(cells.number[at]))
        case _:
            pass
    for column in (cells.text, cells.raw):
        if column[at] is not None:
            return quote(column[at])
    return "missing, or of a type that is not read"
