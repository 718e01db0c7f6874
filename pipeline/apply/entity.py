"""Current state of one kind of entity in one fabric, and what a batch of partial rows does to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.ageing import Ageing
from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array, Column, ColumnStore, Mask, Rows, columns_of, storage_type
from pipeline.apply.expansion import EntitySweep, There, deletes_by_age, expand
from pipeline.apply.keytable import KeyTable, key_hashes
from pipeline.apply.merge import Merged, Resolver, last, merge, number, running_max
from pipeline.apply.records import Records
from pipeline.apply.work import DELETE, EXPANDED, UPDATE, Work
from pipeline.schema import NAME, Columns, Entity, partial_schema

_REASON_OF_OP: Final = np.array([0, 0, 1, 2, 3], dtype=np.uint8)
_META: Final[Columns] = {
    "valid_from": pl.Int64,
    "seen_from": pl.Int64,
    "opened_offset": pl.Int64,
    "opened_index": pl.UInt32,
    "session": pl.Int64,
    "family": NAME,
    "touched_at": pl.Int64,
}


@dataclass(frozen=True)
class Extra:
    """Rows that others ask for: entities to be looked at again at a record."""

    row: Rows
    record: Rows


class EntityState:
    """Current rows of one kind of entity: dense row numbers, columns as arrays."""

    def __init__(self, entity: Entity, *, keep_values: bool = False) -> None:
        """``keep_values``: a deleted row keeps its last values for those who still point to it."""
        self.entity = entity
        self._keep_values = keep_values
        self._ageing = Ageing()
        self._leaf_types = {name: storage_type(dtype) for name, dtype in entity.leaves.items()}
        self.table = KeyTable()
        self.keys = ColumnStore({"device": NAME, **entity.keys})
        self.values = ColumnStore(entity.values)
        self.meta = ColumnStore(_META)
        self.alive = np.zeros(0, dtype=bool)
        self.touched = np.zeros(0, dtype=np.int64)
        """Rows that the last batch concerned, changed or not."""

    def reserve(self, keys: Mapping[str, Column]) -> Rows:
        """Return the row of each key, device included; unknown keys get one that does not exist yet."""
        frame = pl.DataFrame({name: _hashable(column) for name, column in keys.items()})
        rows = self.table.find_or_add(*key_hashes(frame, list(self.keys.schema)))
        self._grow()
        self.keys.put(rows, keys)
        return rows

    def apply(
        self,
        partial: pl.DataFrame,
        records: Records,
        sweeps: Sequence[EntitySweep] = (),
        *,
        resolve: Resolver | None = None,
        extra: Extra | None = None,
        max_ages: Mapping[int, int] = MappingProxyType({}),
    ) -> Changes:
        """Apply partial rows (see ``pipeline.schema.PARTIAL``) and what follows from the sessions.

        Args:
            partial: the rows.
            records: the records they came in.
            sweeps: syncs of sessions that tell this kind of entity.
            resolve: joins the resolved leaves.
            extra: entities to look at again.
            max_ages: of sessions that sample: how long an entity may miss, in microseconds.
        """
        work = self._work(partial, records)
        there = There(self.keys, self.meta, self.alive[: len(self.table)], self._leaf_types)
        aged = deletes_by_age(there, work, records, self._ageing, max_ages)
        work = expand(there, work, sweeps)
        if extra is not None and len(extra.row):
            work = Work.concat([work, there.rows(extra.row, extra.record, UPDATE, 0)])
        work = Work.concat([work, *aged]).sorted()
        self.touched = work.row
        if not len(work):
            return Changes.none(self.entity)
        merged = merge(self.entity, work, records.take("session", work.record), self, resolve)
        return self._settle(work, records, merged)

    def alive_at(self, rows: Rows) -> Mask:
        """Return whether the entities at rows exist (see ``pipeline.apply.merge.Prior``)."""
        return self.alive.take(rows)

    def value(self, name: str, rows: Rows) -> Column | None:
        """Return a value column at rows; None if it was never known of any entity."""
        return self.values.take(name, rows) if self.values.ever_known(name) else None

    def meta_at(self, name: str, rows: Rows) -> Array:
        """Return a column of the state's own at rows."""
        return self.meta.take(name, rows).values

    def frame(self, rows: Rows) -> pl.DataFrame:
        """Return device, keys and values of rows."""
        return self.keys.frame(rows).hstack(self.values.frame(rows).get_columns())

    def living(self) -> Rows:
        """Return the rows of entities that exist."""
        return np.flatnonzero(self.alive[: len(self.table)])

    def dump(self) -> pl.DataFrame:
        """Return the state: a row per entity ever seen, in order of row numbers."""
        rows = np.arange(len(self.table))
        meta = self.meta.frame(rows).rename(lambda name: f"meta {name}")
        whole = self.frame(rows).hstack(meta.get_columns()).with_columns(alive=pl.Series(self.alive[rows]))
        texts = [
            pl.col(name).cast(pl.String) for name, dtype in whole.schema.items() if dtype == pl.Categorical
        ]
        return whole.with_columns(texts)

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        rows = self.reserve(columns_of(_typed(frame, self.keys.schema), self.keys.schema))
        self.values.put(rows, columns_of(_typed(frame, self.values.schema), self.values.schema))
        meta = _typed(frame.select(pl.col(f"meta {name}").alias(name) for name in _META), _META)
        self.meta.put(rows, columns_of(meta, _META))
        self.alive[rows] = frame["alive"].to_numpy()

    def no_rows(self) -> pl.DataFrame:
        """Return a frame without partial rows."""
        return pl.DataFrame(schema=partial_schema(self.entity))

    def _work(self, partial: pl.DataFrame, records: Records) -> Work:
        record = partial["record"].to_numpy().astype(np.int64)
        keep = records.accepted[record]
        if not keep.all():
            partial, record = partial.filter(pl.Series(keep)), record[keep]
        op = partial["op"].to_physical().to_numpy().astype(np.uint8)
        device = Column(records.device[record], np.ones(len(record), dtype=bool))
        keys = {"device": device, **columns_of(partial, self.entity.keys)}
        row = np.full(len(record), -1, dtype=np.int64)
        own = np.flatnonzero(op <= DELETE)
        if own.size:
            row[own] = self.reserve({name: column.take(own) for name, column in keys.items()})
        return Work(
            row=row,
            record=record,
            index=partial["index"].to_numpy().astype(np.uint32),
            op=op,
            reason=_REASON_OF_OP[op],
            cleared=partial["cleared"].fill_null(0).to_numpy(),
            sweep=np.full(len(record), -1, dtype=np.int64),
            keys=keys,
            leaves=columns_of(partial, self.entity.leaves),
        )

    def _grow(self) -> None:
        size = len(self.table)
        for store in (self.keys, self.values, self.meta):
            store.grow(size)
        if size > len(self.alive):
            alive = np.zeros(max(2 * len(self.alive), size, 1024), dtype=bool)
            alive[: len(self.alive)] = self.alive
            self.alive = alive

    def _settle(self, work: Work, records: Records, merged: Merged) -> Changes:
        """Write the last row of each entity to the state; return the rows that changed anything."""
        changed, start = merged.changed, merged.start
        first = start == np.arange(len(work))
        # times of a key never run backwards: clamp to the beginning of the state before
        event = np.where(changed, records.take("valid_time", work.record), 0)
        floor = np.where(first, self.meta_at("valid_from", work.row), 0)
        opening = {
            "valid_from": running_max(np.maximum(event, floor), work.row),
            "seen_from": records.take("record_time", work.record),
            "opened_offset": records.take("offset", work.record),
            "opened_index": work.index,
        }
        opened = last(changed)
        above = np.append(-1, opened)[:-1]

        def before(name: str) -> Array:
            """Return when, and by what, the state before each row began."""
            values = opening[name].take(above, mode="clip")
            return np.where(above >= start, values, self.meta_at(name, work.row))

        pick = np.flatnonzero(changed)
        index = number(work, pick, before("opened_offset"), before("opened_index"))
        opening["opened_index"] = work.index.copy()
        opening["opened_index"][pick] = index
        order = np.lexsort((index, work.record[pick]))
        pick, index = pick[order], index[order]
        changes = Changes(
            entity=self.entity,
            row=work.row[pick],
            record=work.record[pick],
            index=index,
            reason=np.where(merged.dies, work.reason, 0)[pick].astype(np.uint8),
            existed=merged.existed[pick],
            exists=merged.exists[pick],
            keys={name: column.take(pick) for name, column in work.keys.items()},
            before={name: column.take(pick) for name, column in merged.before.items()},
            after={name: column.take(pick) for name, column in merged.after.items()},
            valid_from=before("valid_from")[pick],
            seen_from=before("seen_from")[pick],
            opened_offset=before("opened_offset")[pick],
            opened_index=before("opened_index")[pick].astype(np.uint32),
            time=opening["valid_from"][pick],
        )
        self._remember(work, records, merged, opened, opening)
        return changes

    def _remember(
        self, work: Work, records: Records, merged: Merged, opened: Rows, opening: Mapping[str, Array]
    ) -> None:
        """Write the state after the last row of each entity."""
        end = np.flatnonzero(np.diff(work.row, append=-1) != 0)
        rows = self.touched = work.row[end]
        kept = end
        if self._keep_values:
            living = last(merged.exists)[end]
            kept = living[living >= merged.start[end]]
        self.values.put(work.row[kept], {name: column.take(kept) for name, column in merged.after.items()})
        self.alive[rows] = merged.exists[end]
        source, start = opened[end], merged.start[end]
        touch = last((work.sweep < 0) & (work.index < EXPANDED))[end]
        record = work.record.take(touch, mode="clip")
        latest = {
            name: np.where(source >= start, values.take(source, mode="clip"), self.meta_at(name, rows))
            for name, values in opening.items()
        }
        for name, source_name in (
            ("session", "session"),
            ("family", "family"),
            ("touched_at", "session_clock"),
        ):
            touched = records.take(source_name, record)
            latest[name] = np.where(touch >= start, touched, self.meta_at(name, rows))
        known = np.ones(len(rows), dtype=bool)
        self.meta.put(rows, {name: Column(values, known) for name, values in latest.items()})


def _typed(frame: pl.DataFrame, schema: Columns) -> pl.DataFrame:
    return frame.select(schema.keys()).cast(pl.Schema(schema))


def _hashable(column: Column) -> pl.Series:
    """Return a column as a series of numbers with nulls, for hashing."""
    series = pl.Series(column.values)
    if column.known.all():
        return series
    return pl.select(pl.when(pl.Series(column.known)).then(series)).to_series()
