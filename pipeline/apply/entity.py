"""Current state of one kind of entity in one fabric, and what a batch of partial rows does to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.ageing import Ageing
from pipeline.apply.branches import below
from pipeline.apply.changes import REASONS, Changes
from pipeline.apply.columns import Array, Column, ColumnStore, Mask, Rows, columns_of
from pipeline.apply.keytable import KeyTable, key_hashes
from pipeline.apply.merge import Merged, Resolver, last, merge, number, running_max
from pipeline.apply.records import Records
from pipeline.apply.work import ATOMIC, BRANCH, DELETE, EXPANDED, REPLACE, UPDATE, Work
from pipeline.schema import NAME, Columns, Entity, partial_schema

_RESYNC: Final = REASONS.index("resync_missing")
_AGED: Final = REASONS.index("aged_out")
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
class EntitySweep:
    """The sync of a session, as one kind of entity sees it."""

    record: int
    device: int
    """Code of the name; the family's alike."""
    family: int
    number: int


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
        aged = self._aged(work, records, max_ages)
        wild = np.isin(work.op, (BRANCH, ATOMIC))
        if wild.any() or sweeps:
            work = self._expand(work, wild, sweeps)
        if extra is not None and len(extra.row):
            work = Work.concat([work, self._blank(extra.row, extra.record, UPDATE, 0)])
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

    def _aged(self, work: Work, records: Records, max_ages: Mapping[int, int]) -> list[Work]:
        """Return a delete for each entity that its session stopped sending."""
        parts: list[Work] = []
        for session, max_age in sorted(max_ages.items()):
            at = self._ageing.possible(session, max_age, records)
            if at is None:
                continue
            size = len(self.table)
            before = np.flatnonzero(self.alive[:size] & (self.meta.values("session")[:size] == session))
            sent = np.flatnonzero((work.op <= REPLACE) & (records.take("session", work.record) == session))
            now = records.take("session_clock", work.record[sent])
            row, record = self._ageing.find(
                session,
                max_age,
                records,
                at,
                row=np.concatenate([before, work.row[sent]]),
                record=np.concatenate([np.full(len(before), -1), work.record[sent]]),
                time=np.concatenate([self.meta_at("touched_at", before), now]),
            )
            parts.append(self._blank(row, record, DELETE, _AGED))
        return parts

    def _expand(self, work: Work, wild: Mask, sweeps: Sequence[EntitySweep]) -> Work:
        """Turn branches and syncs into a delete per entity concerned; deletes of nothing change nothing."""
        own = work.take(np.flatnonzero(~wild))
        candidates = self.alive[: len(self.table)].copy()
        candidates[own.row] = True
        parts = [own]
        if wild.any():
            parts.append(self._below(work.take(np.flatnonzero(wild)), own, np.flatnonzero(candidates)))
        for sweep in sweeps:
            size = len(candidates)
            mine = candidates & (self.keys.values("device")[:size] == sweep.device)
            others = self.alive[:size] & (self.meta.values("family")[:size] != sweep.family)
            rows = np.flatnonzero(mine & ~others)
            part = self._blank(rows, np.full(len(rows), sweep.record), DELETE, _RESYNC)
            part.sweep[:] = sweep.number
            parts.append(part)
        return Work.concat(parts)

    def _below(self, wild: Work, own: Work, candidates: Rows) -> Work:
        """Return a delete per entity below a branch, but for those with a row of their own in its record."""
        row, branch = below(self.keys, candidates, wild.keys, wild.cleared)
        pairs = pl.DataFrame({"row": row, "record": wild.record[branch], "reason": wild.reason[branch]})
        kept = pl.DataFrame({"row": own.row, "record": own.record})
        pairs = pairs.join(kept, on=["row", "record"], how="anti", maintain_order="left")
        deletes = [
            self._blank(each["row"].to_numpy(), each["record"].to_numpy(), DELETE, int(reason))
            for (reason,), each in pairs.group_by("reason", maintain_order=True)
        ]
        return Work.concat(deletes or [own.take(np.zeros(0, dtype=np.int64))])

    def _blank(self, row: Rows, record: Rows, op: int, reason: int) -> Work:
        """Return rows without leaves, numbered per record in the order of the state's rows."""
        size = len(row)
        order = np.lexsort((row, record))
        first = np.zeros(size, dtype=np.int64)
        if size:
            starts = np.flatnonzero(np.diff(record[order], prepend=record[order][0] - 1))
            first = np.repeat(starts, np.diff(np.append(starts, size)))
        index = np.empty(size, dtype=np.uint32)
        index[order] = EXPANDED + reason * EXPANDED + np.arange(size) - first
        unknown = np.zeros(size, dtype=bool)
        return Work(
            row=row,
            record=record.astype(np.int64),
            index=index,
            op=np.full(size, op, dtype=np.uint8),
            reason=np.full(size, reason, dtype=np.uint8),
            cleared=np.zeros(size, dtype=np.uint64),
            sweep=np.full(size, -1, dtype=np.int64),
            keys={name: self.keys.take(name, row) for name in self.keys.schema},
            leaves={
                name: Column(np.zeros(size, dtype=self.values.values(name).dtype), unknown)
                for name in self.entity.leaves
            },
        )

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
