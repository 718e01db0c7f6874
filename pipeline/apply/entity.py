"""Current state of one kind of entity in one fabric, and what a batch of partial rows does to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl

from pipeline.apply.changes import REASONS, Changes
from pipeline.apply.columns import Array, Column, ColumnStore, Mask, Rows, columns_of
from pipeline.apply.keytable import KeyTable, key_hashes
from pipeline.apply.records import Records
from pipeline.schema import NAME, OPS, Columns, Entity, partial_schema

UPDATE, REPLACE, DELETE, BRANCH, ATOMIC = range(5)
_OP_CODES: Final = {op: code for code, op in enumerate(OPS.categories)}
_RESYNC: Final = REASONS.index("resync_missing")
_REASON_OF_OP: Final = np.array([0, 0, 1, 2, 3], dtype=np.uint8)
EXPANDED: Final = 1 << 24
"""Rows that stand for many (branch, sweep, a changed attribute) number their effects from here on."""
INDIRECT: Final = frozenset({"attr_index", "ext_community_index"})
"""Joins, not content: a path that only points elsewhere has not changed."""
_META: Final[Columns] = {
    "valid_from": pl.Int64,
    "seen_from": pl.Int64,
    "opened_offset": pl.Int64,
    "opened_index": pl.UInt32,
    "session": pl.Int64,
    "family": NAME,
}


class Resolver(Protocol):
    """Joins resolved leaves to rows."""

    def __call__(self, device: Column, row: Mapping[str, Column], record: Rows) -> dict[str, Column]:
        """Return the resolved columns of rows as of the record each row is of."""
        ...


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
        self.table = KeyTable()
        self.keys = ColumnStore({"device": NAME, **entity.keys})
        self.values = ColumnStore(entity.values)
        self.meta = ColumnStore(_META)
        self.alive = np.zeros(0, dtype=bool)
        self.touched = np.zeros(0, dtype=np.int64)
        """Rows that the last batch concerned, changed or not."""
        self._leaf_bits = {name: np.uint64(1 << bit) for bit, name in enumerate(entity.leaves)}

    def reserve(self, keys: Mapping[str, Column]) -> Rows:
        """Return the row number of each key, device included; unknown keys get a row that does not exist yet."""
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
        resolve: Resolver | None = None,
        extra: Extra | None = None,
    ) -> Changes:
        """Apply partial rows (see ``pipeline.schema.PARTIAL``) and syncs; return what changed."""
        work = self._work(partial, records)
        wild = np.isin(work.op, (BRANCH, ATOMIC))
        if wild.any() or sweeps:
            work = self._expand(work, wild, records, sweeps)
        if extra is not None and len(extra.row):
            work = work.joined(self._blank(extra.row, extra.record, UPDATE, 0))
        return self._merge(work.sorted(), records, resolve)

    def frame(self, rows: Rows) -> pl.DataFrame:
        """Return device, keys and values of rows."""
        return self.keys.frame(rows).hstack(self.values.frame(rows).get_columns())

    def living(self) -> Rows:
        """Return the rows of entities that exist."""
        return np.flatnonzero(self.alive[: len(self.table)])

    def dump(self) -> pl.DataFrame:
        """Return the state: a row per entity ever seen, ordered by key."""
        rows = np.arange(len(self.table))
        meta = self.meta.frame(rows).rename(lambda name: f"meta {name}")
        whole = self.frame(rows).hstack(meta.get_columns()).with_columns(alive=pl.Series(self.alive[rows]))
        texts = [pl.col(name).cast(pl.String) for name, dtype in whole.schema.items() if dtype == pl.Categorical]
        return whole.with_columns(texts).sort(list(self.keys.schema))

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        typed = frame.cast({name: dtype for name, dtype in self.keys.schema.items() if name in frame.columns})
        rows = self.reserve(columns_of(typed, self.keys.schema))
        values = typed.cast(dict(self.values.schema))
        self.values.put(rows, columns_of(values, self.values.schema))
        meta = values.select(pl.col(f"meta {name}").alias(name) for name in _META).cast(dict(_META))
        self.meta.put(rows, columns_of(meta, _META))
        self.alive[rows] = frame["alive"].to_numpy()

    def no_rows(self) -> pl.DataFrame:
        """Return a frame without partial rows."""
        return pl.DataFrame(schema=partial_schema(self.entity))

    def _work(self, partial: pl.DataFrame, records: Records) -> "_Work":
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
        return _Work(
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

    def _expand(self, work: "_Work", wild: Mask, records: Records, sweeps: Sequence[EntitySweep]) -> "_Work":
        """Turn branches and syncs into a delete per entity concerned; deletes of nothing change nothing."""
        own = work.take(np.flatnonzero(~wild))
        candidates = self.alive[: len(self.table)].copy()
        candidates[own.row] = True
        parts = [own]
        for at in np.flatnonzero(wild):
            rows = self._matching(
                candidates, {name: column.take(at[None]) for name, column in work.keys.items()}
            )
            kept = own.row[own.record == work.record[at]]
            rows = rows[~np.isin(rows, kept)]
            part = self._blank(rows, np.full(len(rows), work.record[at]), DELETE, int(work.reason[at]))
            parts.append(part)
        for sweep in sweeps:
            device = Column(np.array([sweep.device], dtype=np.uint32), np.ones(1, dtype=bool))
            rows = self._matching(candidates, {"device": device})
            others = self.alive[rows] & (self.meta.values("family")[rows] != sweep.family)
            rows = rows[~others]
            part = self._blank(rows, np.full(len(rows), sweep.record), DELETE, _RESYNC)
            part.sweep[:] = sweep.number
            parts.append(part)
        return _Work.concat(parts)

    def _matching(self, candidates: Mask, keys: Mapping[str, Column]) -> Rows:
        """Return candidate rows whose keys equal the known ones of a single-row ``keys``."""
        found = candidates.copy()
        size = len(self.table)
        for name, column in keys.items():
            if column.known[0]:
                found &= self.keys.known(name)[:size] & (self.keys.values(name)[:size] == column.values[0])
        return np.flatnonzero(found)

    def _blank(self, row: Rows, record: Rows, op: int, reason: int) -> "_Work":
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
        return _Work(
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

    def _merge(self, work: "_Work", records: Records, resolve: Resolver | None) -> Changes:
        size = len(work.row)
        self.touched = work.row
        if not size:
            return Changes.none(self.entity)
        at = np.arange(size)
        first = np.diff(work.row, prepend=-1) != 0
        start = np.maximum.accumulate(np.where(first, at, 0))
        # A sync deletes only what its session did not touch: the last touch is a row before, or the state's.
        touch = _last(work.op != DELETE)
        session = records.take("session", work.record)
        touched = np.where(
            touch >= start, session.take(touch, mode="clip"), self.meta.take("session", work.row).values
        )
        idle = (work.sweep >= 0) & (touched == work.sweep)
        dies = (work.op == DELETE) & ~idle
        alive = self.alive.take(work.row)
        died = _last(dies)
        created = _last((work.op != DELETE) & (work.index < EXPANDED))
        exists = np.where(died >= start, created > died, alive | (created >= start)) & ~dies
        # The life a row belongs to begins at a replace or a delete, else with the state before the batch.
        begins = _last((work.op == REPLACE) | dies)
        from_state = (begins < start) & alive
        base = np.maximum(begins, start)
        existed = np.empty(size, dtype=bool)
        existed[1:] = exists[:-1]
        existed[first] = alive[first]
        before: dict[str, Column] = {}
        after: dict[str, Column] = {}
        for name in self.entity.leaves:
            values, known = work.leaves[name]
            set_here = known | ((work.cleared & self._leaf_bits[name]) != 0)
            source = _last(set_here)
            here = source >= base
            prior = self.values.take(name, work.row)
            after[name] = Column(
                np.where(here, values.take(source, mode="clip"), prior.values),
                np.where(here, known.take(source, mode="clip"), prior.known & from_state) & exists,
            )
            before[name] = _shifted(after[name], prior, first, existed)
        if resolve is not None:
            keyed = {**work.keys, **after}
            resolved = resolve(work.keys["device"], keyed, work.record)
            for name, column in resolved.items():
                after[name] = Column(column.values, column.known & exists)
                before[name] = _shifted(after[name], self.values.take(name, work.row), first, existed)
        changed = existed != exists
        for name in self.entity.values:
            if name not in INDIRECT:
                a, b = after[name], before[name]
                changed |= (a.known != b.known) | (a.known & (a.values != b.values))
        return self._settle(work, records, first, exists, existed, before, after, changed, dies)

    def _settle(
        self,
        work: "_Work",
        records: Records,
        first: Mask,
        exists: Mask,
        existed: Mask,
        before: dict[str, Column],
        after: dict[str, Column],
        changed: Mask,
        dies: Mask,
    ) -> Changes:
        """Write the last row of each entity to the state; return the rows that changed anything."""
        size = len(work.row)
        at = np.arange(size)
        start = np.maximum.accumulate(np.where(first, at, 0))
        # times of a key never run backwards: clamp to the beginning of the state before
        event = np.where(changed, records.take("event_time", work.record), 0)
        floor = np.where(first, self.meta.take("valid_from", work.row).values, 0)
        time = _running_max(np.maximum(event, floor), work.row, first)
        opened = _last(changed)
        previous = np.append(-1, opened)[:-1]
        in_batch = previous >= start
        prior = {name: self.meta.take(name, work.row).values for name in _META}
        offset = records.take("offset", work.record)
        record_time = records.take("record_time", work.record)

        def opening(values: Array, name: str) -> Array:
            return np.where(in_batch, values.take(previous, mode="clip"), prior[name])

        valid_from = opening(time, "valid_from")
        seen_from = opening(record_time, "seen_from")
        opened_offset = opening(offset, "opened_offset")
        opened_index = opening(work.index, "opened_index")
        pick = np.flatnonzero(changed)
        index = _number(work, pick, opened_offset, opened_index)
        order = np.lexsort((index, work.record[pick]))
        pick, index = pick[order], index[order]
        changes = Changes(
            entity=self.entity,
            row=work.row[pick],
            record=work.record[pick],
            index=index,
            reason=np.where(dies, work.reason, 0)[pick].astype(np.uint8),
            existed=existed[pick],
            exists=exists[pick],
            keys={name: column.take(pick) for name, column in work.keys.items()},
            before={name: column.take(pick) for name, column in before.items()},
            after={name: column.take(pick) for name, column in after.items()},
            valid_from=valid_from[pick],
            seen_from=seen_from[pick],
            opened_offset=opened_offset[pick],
            opened_index=opened_index[pick].astype(np.uint32),
            time=time[pick],
        )
        last = np.flatnonzero(np.append(first[1:], values=True))
        rows = work.row[last]
        self.touched = rows
        numbered = work.index.copy()
        numbered[pick] = index
        kept = last[exists[last]] if self._keep_values else last
        self.values.put(work.row[kept], {name: column.take(kept) for name, column in after.items()})
        self.alive[rows] = exists[last]
        self._remember(work, records, last, opened, start, time, offset, record_time, numbered, prior)
        return changes

    def _remember(
        self,
        work: "_Work",
        records: Records,
        last: Rows,
        opened: Rows,
        start: Rows,
        time: Rows,
        offset: Rows,
        record_time: Rows,
        numbered: Array,
        prior: Mapping[str, Array],
    ) -> None:
        opened_here = opened[last] >= start[last]
        known = np.ones(len(last), dtype=bool)
        source = opened[last]

        def latest(values: Array, name: str) -> Column:
            return Column(np.where(opened_here, values.take(source, mode="clip"), prior[name][last]), known)

        touch = _last((work.sweep < 0) & (work.index < EXPANDED))[last]
        touched_here = touch >= start[last]
        session = records.take("session", work.record.take(touch, mode="clip"))
        family = records.take("family", work.record.take(touch, mode="clip"))
        self.meta.put(
            work.row[last],
            {
                "valid_from": latest(time, "valid_from"),
                "seen_from": latest(record_time, "seen_from"),
                "opened_offset": latest(offset, "opened_offset"),
                "opened_index": latest(numbered, "opened_index"),
                "session": Column(np.where(touched_here, session, prior["session"][last]), known),
                "family": Column(np.where(touched_here, family, prior["family"][last]), known),
            },
        )


@dataclass(frozen=True)
class _Work:
    """Rows to apply."""

    row: Rows
    record: Rows
    index: Array
    op: Array
    reason: Array
    cleared: Array
    sweep: Rows
    """Number of the session that synced; -1 in rows that are no sweep."""
    keys: dict[str, Column]
    leaves: dict[str, Column]

    def take(self, rows: Rows) -> "_Work":
        return _Work(
            *(getattr(self, name).take(rows) for name in _WORK),
            keys={name: column.take(rows) for name, column in self.keys.items()},
            leaves={name: column.take(rows) for name, column in self.leaves.items()},
        )

    def sorted(self) -> "_Work":
        """Return the rows by entity, then in stream order."""
        order = np.lexsort((self.index, self.record, self.row))
        return self.take(order)

    def joined(self, other: "_Work") -> "_Work":
        return _Work.concat([self, other])

    @staticmethod
    def concat(parts: Sequence["_Work"]) -> "_Work":
        def columns(group: str) -> dict[str, Column]:
            names = getattr(parts[0], group)
            return {
                name: Column(
                    np.concatenate([getattr(part, group)[name].values for part in parts]),
                    np.concatenate([getattr(part, group)[name].known for part in parts]),
                )
                for name in names
            }

        return _Work(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in _WORK),
            keys=columns("keys"),
            leaves=columns("leaves"),
        )


_WORK: Final = ("row", "record", "index", "op", "reason", "cleared", "sweep")


def _shifted(after: Column, prior: Column, first: Mask, existed: Mask) -> Column:
    """Return each row's state before: the row above, or the state's at the first row of an entity."""
    values = np.empty_like(after.values)
    known = np.empty_like(after.known)
    values[1:], known[1:] = after.values[:-1], after.known[:-1]
    values[first], known[first] = prior.values[first], prior.known[first]
    return Column(values, known & existed)


def _number(work: _Work, pick: Rows, opened_offset: Rows, opened_index: Rows) -> Array:
    """Return the index of changes in their records: effects of a row that stands for many are numbered by age.

    What they number by is in the stream, so that batches and restarts don't matter.
    """
    index: Array = work.index[pick].astype(np.uint32)
    many = np.flatnonzero(index >= EXPANDED)
    if many.size:
        at = pick[many]
        record, reason = work.record[at], work.reason[at].astype(np.int64)
        order = np.lexsort((opened_index[at], opened_offset[at], reason, record))
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(record[order]) != 0) | (np.diff(reason[order]) != 0)
        start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
        index[many[order]] = EXPANDED * (1 + reason[order]) + np.arange(len(order)) - start
    return index


def _last(flags: Mask) -> Rows:
    """Return for each position the last one up to it where the flag is set; -1 before the first."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


def _running_max(time: Rows, row: Rows, first: Mask) -> Rows:
    """Return the running maximum of ``time`` within each entity's rows."""
    if bool(((np.diff(time) >= 0) | first[1:]).all()):
        return time
    frame = pl.DataFrame({"row": row, "time": time})
    return frame.select(pl.col("time").cum_max().over("row")).to_series().to_numpy()


def _hashable(column: Column) -> pl.Series:
    """Return a column as a series of numbers with nulls, for hashing."""
    series = pl.Series(column.values)
    if column.known.all():
        return series
    return pl.select(pl.when(pl.Series(column.known)).then(series)).to_series()
