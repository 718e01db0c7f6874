"""What rows do to entities, one after the other: all rows of a batch at once, as arrays.

Rows are sorted by entity, then in stream order. A row's state after it is the last value of each leaf at or
above it, as long as that belongs to the same life; its state before is the state after the row above.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl

from pipeline.apply.columns import Array, Column, Mask, Rows
from pipeline.apply.work import DELETE, EXPANDED, REPLACE, Work
from pipeline.schema import Entity

_SPAN_BITS: Final = 41
"""Times of a batch that span less than 2^41 us (25 days) fit beside a group number."""


class Resolver(Protocol):
    """Joins resolved leaves to rows."""

    def __call__(self, device: Column, row: Mapping[str, Column], record: Rows) -> dict[str, Column]:
        """Return the resolved columns of rows as of the record each row is of."""
        ...


class Prior(Protocol):
    """The state before the batch."""

    def alive_at(self, rows: Rows) -> Mask:
        """Return whether the entities at rows exist."""
        ...

    def value(self, name: str, rows: Rows) -> Column | None:
        """Return a column at rows; None if it was never known of any entity."""
        ...

    def meta_at(self, name: str, rows: Rows) -> Array:
        """Return a column of the state's own at rows."""
        ...


@dataclass(frozen=True)
class Merged:
    """The outcome, one element per row of the work."""

    start: Rows
    """First row of the same entity."""
    existed: Mask
    exists: Mask
    dies: Mask
    changed: Mask
    before: dict[str, Column]
    after: dict[str, Column]


def merge(entity: Entity, work: Work, session: Rows, prior: Prior, resolve: Resolver | None) -> Merged:
    """Return what sorted rows do; ``session``: the session's number of each row."""
    at = np.arange(len(work))
    first = np.diff(work.row, prepend=-1) != 0
    start = np.maximum.accumulate(np.where(first, at, 0))
    dies = (work.op == DELETE) & ~_idle(work, session, start, prior)
    alive = prior.alive_at(work.row)
    died = last(dies)
    created = last((work.op != DELETE) & (work.index < EXPANDED))
    exists = np.where(died >= start, created > died, alive | (created >= start)) & ~dies
    existed = np.where(first, alive, np.append(False, exists[:-1]))  # an array element
    # The life a row belongs to begins at a replace or a delete, else with the state before the batch.
    begins = last((work.op == REPLACE) | dies)
    from_state = (begins < start) & alive
    base = np.maximum(begins, start)
    unknown = Column(np.zeros(len(work), dtype=np.uint8), np.zeros(len(work), dtype=bool))
    before: dict[str, Column] = {}
    after: dict[str, Column] = {}
    changed = existed != exists
    cleared = bool(work.cleared.any())

    def settle(name: str, column: Column, old: Column) -> None:
        nonlocal changed
        after[name], before[name] = column, _shifted(column, old, first, existed)
        if name not in entity.pointers:
            differs = (column.known != before[name].known) | (
                column.known & (column.values != before[name].values)
            )
            changed = changed | differs

    for bit, name in enumerate(entity.leaves):
        values, known = work.leaves[name]
        old = prior.value(name, work.row)
        set_here = (
            known | ((work.cleared >> np.uint64(bit)) & np.uint64(1)).astype(bool) if cleared else known
        )
        if old is None and not known.any():
            after[name] = before[name] = Column(unknown.values.astype(values.dtype), unknown.known)
            continue
        if old is None:
            old = Column(np.zeros_like(values), unknown.known)
        source = last(set_here)
        here = source >= base
        column = Column(
            np.where(here, values.take(source, mode="clip"), old.values),
            np.where(here, known.take(source, mode="clip"), old.known & from_state) & exists,
        )
        settle(name, column, old)
    if resolve is not None:
        resolved = resolve(work.keys["device"], {**work.keys, **after}, work.record)
        for name, found in resolved.items():
            old = prior.value(name, work.row)
            if old is None and not found.known.any():
                after[name] = before[name] = found
                continue
            settle(
                name,
                Column(found.values, found.known & exists),
                Column(np.zeros_like(found.values), unknown.known) if old is None else old,
            )
    return Merged(start, existed, exists, dies, changed, before, after)


def _idle(work: Work, session: Rows, start: Rows, prior: Prior) -> Mask:
    """Return the sweeps whose entity their session announced: in a row above, or before the batch."""
    idle: Mask = work.sweep >= 0
    if not idle.any():
        return idle
    touch = last((work.op != DELETE) & (work.index < EXPANDED))
    touched = np.where(touch >= start, session.take(touch, mode="clip"), prior.meta_at("session", work.row))
    announced: Mask = touched == work.sweep
    return idle & announced


def last(flags: Mask) -> Rows:
    """Return for each position the last one up to it where the flag is set; -1 before the first."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


def number(work: Work, pick: Rows, opened_offset: Rows, opened_index: Rows) -> Array:
    """Return the index of changes in their records: effects of a row that stands for many go by age.

    What they are numbered by is in the stream, so that batches and restarts don't matter.
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


def running_max(time: Rows, row: Rows) -> Rows:
    """Return the running maximum of times, 0 for none, within the rows of each entity."""
    some = time > 0
    if not some.any():
        return time
    base = time[some].min() - 1
    since = np.where(some, time - base, 0)
    group = np.cumsum(np.diff(row, prepend=-1) != 0)
    if since.max() >> _SPAN_BITS or int(group[-1]) >> (62 - _SPAN_BITS):
        frame = pl.DataFrame({"row": row, "time": time})
        return frame.select(pl.col("time").cum_max().over("row")).to_series().to_numpy()
    high = np.maximum.accumulate((group << _SPAN_BITS) + since) & ((1 << _SPAN_BITS) - 1)
    return np.where(high > 0, high + base, 0)


def _shifted(after: Column, prior: Column, first: Mask, existed: Mask) -> Column:
    """Return each row's state before: the row above, or the state's at the first row of an entity."""
    values = np.where(first, prior.values, np.roll(after.values, 1))
    known = np.where(first, prior.known, np.roll(after.known, 1))
    return Column(values, known & existed)
