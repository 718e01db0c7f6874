"""Rows that stand for many: a branch of the tree, the sync of a session, a sample that was missed.

Each becomes a delete per entity concerned. Deletes of nothing change nothing: nobody needs to know in advance
which entities exist at that point of the batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from pipeline.apply.ageing import Ageing
from pipeline.apply.branches import below
from pipeline.apply.changes import REASONS
from pipeline.apply.columns import ColumnStore, Mask, Rows, unknown
from pipeline.apply.records import Records
from pipeline.apply.work import ATOMIC, BRANCH, DELETE, EXPANDED, REPLACE, Work

_RESYNC: Final = REASONS.index("resync_missing")
_AGED: Final = REASONS.index("aged_out")


@dataclass(frozen=True)
class EntitySweep:
    """The sync of a session, as one kind of entity sees it."""

    record: int
    device: int
    """Code of the name; the family's alike."""
    family: int
    number: int


@dataclass(frozen=True)
class There:
    """The entities of one kind, before a batch."""

    keys: ColumnStore
    meta: ColumnStore
    alive: Mask
    """One element per entity ever seen."""
    leaves: Mapping[str, np.dtype[Any]]

    def rows(self, row: Rows, record: Rows, op: int, reason: int) -> Work:
        """Return work without leaves, numbered per record in the order of the entities' rows."""
        size = len(row)
        order = np.lexsort((row, record))
        first = np.zeros(size, dtype=np.int64)
        if size:
            starts = np.flatnonzero(np.diff(record[order], prepend=record[order][0] - 1))
            first = np.repeat(starts, np.diff(np.append(starts, size)))
        index = np.empty(size, dtype=np.uint32)
        index[order] = EXPANDED + reason * EXPANDED + np.arange(size) - first
        return Work(
            row=row,
            record=record.astype(np.int64),
            index=index,
            op=np.full(size, op, dtype=np.uint8),
            reason=np.full(size, reason, dtype=np.uint8),
            cleared=np.zeros(size, dtype=np.uint64),
            sweep=np.full(size, -1, dtype=np.int64),
            keys={name: self.keys.take(name, row) for name in self.keys.schema},
            leaves={name: unknown(size, dtype) for name, dtype in self.leaves.items()},
        )


def expand(there: There, work: Work, sweeps: Sequence[EntitySweep]) -> Work:
    """Return the work with a delete per entity below a branch or swept by a sync, instead of those."""
    wild = np.isin(work.op, (BRANCH, ATOMIC))
    if not wild.any() and not sweeps:
        return work
    own = work.take(np.flatnonzero(~wild))
    candidates = there.alive.copy()
    candidates[own.row] = True
    parts = [own]
    if wild.any():
        parts.append(_below(there, work.take(np.flatnonzero(wild)), own, np.flatnonzero(candidates)))
    for sweep in sweeps:
        size = len(candidates)
        mine = candidates & (there.keys.values("device")[:size] == sweep.device)
        others = there.alive & (there.meta.values("family")[:size] != sweep.family)
        rows = np.flatnonzero(mine & ~others)
        part = there.rows(rows, np.full(len(rows), sweep.record), DELETE, _RESYNC)
        part.sweep[:] = sweep.number
        parts.append(part)
    return Work.concat(parts)


def deletes_by_age(
    there: There, work: Work, records: Records, ageing: Ageing, max_ages: Mapping[int, int]
) -> list[Work]:
    """Return a delete for each entity that its session stopped sending (see ``EntityState.apply``)."""
    parts: list[Work] = []
    for session, max_age in sorted(max_ages.items()):
        at = ageing.possible(session, max_age, records)
        if at is None:
            continue
        before = np.flatnonzero(there.alive & (there.meta.values("session")[: len(there.alive)] == session))
        sent = np.flatnonzero((work.op <= REPLACE) & (records.take("session", work.record) == session))
        row, record = ageing.find(
            session,
            max_age,
            records,
            at,
            row=np.concatenate([before, work.row[sent]]),
            record=np.concatenate([np.full(len(before), -1), work.record[sent]]),
            time=np.concatenate(
                [
                    there.meta.take("touched_at", before).values,
                    records.take("session_clock", work.record[sent]),
                ]
            ),
        )
        parts.append(there.rows(row, record, DELETE, _AGED))
    return parts


def _below(there: There, wild: Work, own: Work, candidates: Rows) -> Work:
    """Return a delete per entity below a branch, but for those with a row of their own in its record."""
    row, branch = below(there.keys, candidates, wild.keys, wild.cleared)
    pairs = pl.DataFrame({"row": row, "record": wild.record[branch], "reason": wild.reason[branch]})
    kept = pl.DataFrame({"row": own.row, "record": own.record})
    pairs = pairs.join(kept, on=["row", "record"], how="anti", maintain_order="left")
    deletes = [
        there.rows(each["row"].to_numpy(), each["record"].to_numpy(), DELETE, int(reason))
        for (reason,), each in pairs.group_by("reason", maintain_order=True)
    ]
    return Work.concat(deletes or [own.take(np.zeros(0, dtype=np.int64))])
