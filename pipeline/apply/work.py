"""Rows to apply to one kind of entity: partial rows, and what others stand for, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.apply.columns import Array, Column, Rows

UPDATE, REPLACE, DELETE, BRANCH, ATOMIC = range(5)
"""Codes of ``pipeline.schema.OPS``."""
EXPANDED: Final = 1 << 24
"""Rows that stand for many (branch, sweep, a changed attribute) number their effects from here on."""


@dataclass(frozen=True)
class Work:
    """Rows to apply, one element each."""

    row: Rows
    """Row number of the entity in the state."""
    record: Rows
    index: Array
    op: Array
    reason: Array
    cleared: Array
    """Bit i: the i-th leaf was deleted on its own."""
    sweep: Rows
    """Number of the session that synced; -1 in rows that are no sweep."""
    keys: dict[str, Column]
    leaves: dict[str, Column]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.row)

    def take(self, rows: Rows) -> "Work":
        """Return some of the rows."""
        arrays = {name: getattr(self, name).take(rows) for name in _ARRAYS}
        keys = {name: column.take(rows) for name, column in self.keys.items()}
        leaves = {name: column.take(rows) for name, column in self.leaves.items()}
        return Work(keys=keys, leaves=leaves, **arrays)

    def sorted(self) -> "Work":
        """Return the rows by entity, then in stream order."""
        return self.take(np.lexsort((self.index, self.record, self.row)))

    @staticmethod
    def concat(parts: Sequence["Work"]) -> "Work":
        """Return all rows of several."""
        if len(parts) == 1:
            return parts[0]

        def columns(group: str) -> dict[str, Column]:
            return {
                name: Column(
                    np.concatenate([getattr(part, group)[name].values for part in parts]),
                    np.concatenate([getattr(part, group)[name].known for part in parts]),
                )
                for name in getattr(parts[0], group)
            }

        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        return Work(keys=columns("keys"), leaves=columns("leaves"), **arrays)


_ARRAYS: Final = ("row", "record", "index", "op", "reason", "cleared", "sweep")
