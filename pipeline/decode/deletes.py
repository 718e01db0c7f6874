"""Deletes and atomic prefixes: what goes, as rows with keys only.

A path names a leaf, a container, a list entry or a branch of the tree. Leaves and containers inside an
entity become bits of ``cleared``, a list entry becomes a ``delete``, a branch above entries becomes one row
with null for every key it leaves open. In such a row ``cleared`` has a bit per key column known to be null.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import polars as pl

from collectors.profiles import Kind
from pipeline.decode.entries import Entries, Places, Target
from pipeline.decode.paths import Rows
from pipeline.decode.plan import KeyColumn, Node, Plan, Source
from pipeline.decode.report import Report
from pipeline.decode.rows import Told, key_rows
from pipeline.schema import NAME, Entity

WILDCARD: Final = "*"


@dataclass(frozen=True, slots=True)
class Gone:
    """What one shape of deletes takes away from one table."""

    entity: Entity
    op: str
    """``delete``, ``branch`` or ``atomic``."""
    rows: pl.DataFrame
    """Record, number, ``cleared`` and the known key columns; a key column not there is left open."""
    source: int


@dataclass(frozen=True, slots=True)
class Removal:
    """Paths of one shape that something is removed at."""

    plan: Plan
    node: Node
    places: Places
    number: Rows
    """Where each stands among the deletes and updates of its record."""
    atomic: bool

    def gone(self, report: Report) -> list[Gone]:
        """Return the rows for entities whose list is at the path or below it."""
        by_table: dict[str, list[int]] = defaultdict(list)
        for number in sorted(number for node in self.node.below() for number in node.entry_of):
            by_table[self.plan.sources[number].entity.name].append(number)
        found: list[Gone] = []
        for entries in self._entries():
            for table, numbers in by_table.items():
                all_of_table = [one for one in self.plan.sources if one.entity.name == table]
                if len(numbers) == len(all_of_table) > 1:
                    found.append(self._whole(numbers, entries, report))
                else:
                    found += [self._of_source(number, entries, report) for number in numbers]
        return found

    def _entries(self) -> list[Entries]:
        """Return the paths as entries, without list keys that are ``*``: these, too, stand for all."""
        texts = {key: self.places.key(key) for key in self.places.shapes[0].keys}
        wild = np.zeros(len(self.number), dtype=np.int64)
        for bit, text in enumerate(texts.values()):
            wild |= (text == WILDCARD).fill_null(value=False).to_numpy().astype(np.int64) << bit
        found: list[Entries] = []
        for pattern in np.unique(wild).tolist():
            rows = np.flatnonzero(wild == pattern)
            at = pl.Series(rows, dtype=pl.UInt32)
            keys = {
                key: text.gather(at)
                for bit, (key, text) in enumerate(texts.items())
                if not pattern >> bit & 1
            }
            found.append(Entries(self.places.record[rows], self.number[rows], keys))
        return found

    def _of_source(self, number: int, entries: Entries, report: Report) -> Gone:
        """Return rows that stay within one source, though others share its table."""
        source = self.plan.sources[number]
        rows = key_rows(source, entries, report)
        named = {key[0] for key in entries.keys}
        # an optional key that a path leaves out beside others is not open: the model doesn't have it
        open_keys = [
            key
            for key in source.keys
            if key.key not in entries.keys
            and _is_key(source, key)
            and not (key.optional and key.key[0] in named)
        ]
        if open_keys and all(key.values for key in open_keys):
            # null: what is known of the entry as a whole
            names = [key.column for key in open_keys]
            told = product(*([*key.values, None] for key in open_keys))
            rows = rows.join(
                pl.DataFrame(list(told), schema=dict.fromkeys(names, NAME), orient="row"), how="cross"
            )
            open_keys = []
        known = set(source.entity.keys) - {column for key in open_keys for column in key.columns}
        op = "atomic" if self.atomic else "branch" if open_keys else "delete"
        return Gone(source.entity, op, _known(source.entity, rows, known, op), number)

    def _whole(self, numbers: Sequence[int], entries: Entries, report: Report) -> Gone:
        """Return rows for all of a table below the path: what its sources do not share is left open."""
        sources = [self.plan.sources[number] for number in numbers]
        first, *others = sources
        rows = key_rows(first, entries, report)
        fixed = {key for key in first.keys if key.key in entries.keys and _is_key(first, key)}
        known = {column for key in fixed for column in key.columns}
        known |= {
            column
            for column, value in first.constants.items()
            if all(one.constants.get(column) == value for one in others)
        }
        filled = {
            column
            for one in sources
            for column in (*one.constants, *(c for key in one.keys for c in key.columns))
        }
        known |= set(first.entity.keys) - filled
        op = "atomic" if self.atomic else "branch"
        return Gone(first.entity, op, _known(first.entity, rows, known, op), numbers[0])

    def cleared(self, report: Report) -> list[Told]:
        """Return the rows for leaves at the path or below it, of entities that stay."""
        stays = {number for node in self.node.below() for number in node.entry_of}
        bits: dict[Target, int] = defaultdict(int)
        for node in self.node.below():
            use = node.use
            if use is None or use.leaf is None or use.source in stays:
                continue
            source = self.plan.sources[use.source]
            leaf = source.leaves[use.leaf]
            columns = source.entity.leaves if leaf.kind is Kind.EXT_COMMUNITIES else (leaf.column,)
            for column in columns:
                bits[Target(use.source, leaf.up or source.depth)] |= source.leaf_bit(column)
        found: list[Told] = []
        for entries, (target, cleared) in product(self._entries() if bits else (), bits.items()):
            source = self.plan.sources[target.source]
            open_keys = [
                key.key[1]
                for key in source.keys_above(target.depth)
                if key.key not in entries.keys and not key.optional
            ]
            if open_keys:
                reason = f"{self.node.path}: the delete of a leaf leaves the list key {open_keys[0]} open"
                for record, number in zip(entries.record.tolist(), entries.number.tolist(), strict=True):
                    report.add(record, number, reason)
                continue
            rows = key_rows(source, entries, report).with_columns(cleared=pl.lit(cleared, pl.UInt64))
            if target.depth < source.depth:
                rows = rows.drop(source.constants.keys() & set(rows.columns))
            found.append(Told(self.plan, target, rows, only_cleared=True))
        return found


def _is_key(source: Source, key: KeyColumn) -> bool:
    return all(column in source.entity.keys for column in key.columns)


def _known(entity: Entity, rows: pl.DataFrame, known: set[str], op: str) -> pl.DataFrame:
    """Return rows with the known key columns only, and the bits of those that are known to be null."""
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(column)
        for column, dtype in entity.keys.items()
        if column in known - set(rows.columns)
    )
    bits = pl.sum_horizontal(
        pl.lit(0, pl.UInt64),
        *(
            pl.when(pl.col(column).is_null())
            .then(pl.lit(1 << bit, pl.UInt64))
            .otherwise(pl.lit(0, pl.UInt64))
            for bit, column in enumerate(entity.keys)
            if column in known
        ),
    )
    cleared = pl.lit(0, pl.UInt64) if op == "delete" else bits
    return rows.select(
        "record", "number", cleared.alias("cleared"), *(column for column in entity.keys if column in known)
    )
