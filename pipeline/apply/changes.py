"""Changes: what a batch did to one kind of entity, a row before and after, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.apply.columns import Column, Rows, frame_of, storage_type
from pipeline.apply.records import Records
from pipeline.schema import NAME, TIME, Columns, Entity

REASONS: Final = ("update", "delete", "branch", "atomic", "resync_missing", "aged_out")
REASON: Final = pl.Enum(REASONS)


@dataclass(frozen=True)
class Changes:
    """Changes of one kind of entity, in stream order; one element per change.

    ``row`` is the entity's row number in the state. A deleted entity's ``after`` is unknown throughout.
    """

    entity: Entity
    row: Rows
    record: Rows
    index: npt.NDArray[np.uint32]
    reason: npt.NDArray[np.uint8]
    existed: npt.NDArray[np.bool_]
    exists: npt.NDArray[np.bool_]
    keys: Mapping[str, Column]
    before: Mapping[str, Column]
    after: Mapping[str, Column]
    valid_from: npt.NDArray[np.int64]
    """When the state before began; 0 where nothing existed."""
    seen_from: npt.NDArray[np.int64]
    opened_offset: npt.NDArray[np.int64]
    opened_index: npt.NDArray[np.uint32]
    time: npt.NDArray[np.int64]
    """When the state after began: event time, never before the state before it."""

    def __len__(self) -> int:
        """Return the number of changes."""
        return len(self.row)

    @classmethod
    def none(cls, entity: Entity) -> "Changes":
        """Return no changes."""
        nothing = np.zeros(0, dtype=np.int64)
        flags, codes, index = nothing.astype(bool), nothing.astype(np.uint8), nothing.astype(np.uint32)

        def columns(schema: Columns) -> dict[str, Column]:
            return {
                name: Column(nothing.astype(storage_type(dtype)), flags) for name, dtype in schema.items()
            }

        keys, values = columns({"device": NAME, **entity.keys}), columns(entity.values)
        return cls(
            entity, nothing, nothing, index, codes, flags, flags, keys, values, values,
            nothing, nothing, nothing, index, nothing,
        )  # fmt: skip

    @classmethod
    def concat(cls, parts: Sequence["Changes"]) -> "Changes":
        """Return changes of one kind of entity that follow each other as one."""
        if len(parts) == 1:
            return parts[0]

        def joined(name: str) -> Any:
            return np.concatenate([getattr(part, name) for part in parts])

        def columns(name: str) -> dict[str, Column]:
            return {
                column: Column(
                    np.concatenate([getattr(part, name)[column].values for part in parts]),
                    np.concatenate([getattr(part, name)[column].known for part in parts]),
                )
                for column in getattr(parts[0], name)
            }

        return cls(
            entity=parts[0].entity,
            keys=columns("keys"),
            before=columns("before"),
            after=columns("after"),
            **{name: joined(name) for name in _ARRAYS},
        )

    def take(self, rows: Rows) -> "Changes":
        """Return some of the changes."""

        def columns(found: Mapping[str, Column]) -> dict[str, Column]:
            return {name: column.take(rows) for name, column in found.items()}

        return Changes(
            entity=self.entity,
            keys=columns(self.keys),
            before=columns(self.before),
            after=columns(self.after),
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
        )

    def facts(self, records: Records) -> pl.DataFrame:
        """Return the rows of ``<entity>_event``: one per change; a delete carries the last known values."""
        columns = {**self.keys, **self.after}
        gone = np.flatnonzero(~self.exists)
        if gone.size:
            for name in self.entity.values:
                values, known = columns[name] = Column(*map(np.copy, self.after[name]))
                values[gone], known[gone] = self.before[name].take(gone)
        frame = frame_of(columns, _schema(self.entity))
        return frame.with_columns(
            self._series("offset", records.take("offset", self.record)),
            self._series("index", self.index),
            self._series("reason", self.reason).replace_strict(dict(enumerate(REASONS)), return_dtype=REASON),
            self._series("dump", records.take("dump", self.record)),
            self._series("late", records.take("late", self.record)),
            self._time("event_time", records.take("event_time", self.record)),
            self._time("recv_time", records.take("recv_time", self.record)),
            self._time("record_time", records.take("record_time", self.record)),
        )

    def closed(self, records: Records) -> pl.DataFrame:
        """Return the rows of ``<entity>_history``: one per state that ended."""
        ended = np.flatnonzero(self.existed)
        columns = {**self.keys, **self.before}
        frame = frame_of(
            {name: columns[name].take(ended) for name in _schema(self.entity)}, _schema(self.entity)
        )
        return frame.with_columns(
            self._time("valid_from", self.valid_from[ended]),
            self._time("valid_to", self.time[ended]),
            self._time("seen_from", self.seen_from[ended]),
            self._time("seen_to", records.take("record_time", self.record[ended])),
            self._series("opened_offset", self.opened_offset[ended]),
            self._series("opened_index", self.opened_index[ended]),
            self._series("closed_reason", self.reason[ended]).replace_strict(
                dict(enumerate(REASONS)), return_dtype=REASON
            ),
        )

    @staticmethod
    def _series(name: str, values: npt.NDArray[Any]) -> pl.Series:
        return pl.Series(name, values)

    @staticmethod
    def _time(name: str, values: npt.NDArray[np.int64]) -> pl.Series:
        return pl.Series(name, values, dtype=pl.Int64).cast(TIME)


_ARRAYS: Final = (
    "row", "record", "index", "reason", "existed", "exists",
    "valid_from", "seen_from", "opened_offset", "opened_index", "time",
)  # fmt: skip


def _schema(entity: Entity) -> Columns:
    return {"device": NAME, **entity.stored}
