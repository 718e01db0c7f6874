"""The notifications of a batch as flat columns: records, prefixes, updates and deletes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.decode import json_scalars, wire
from pipeline.decode.fields import Updates, Values, read_updates, read_values
from pipeline.decode.octets import Octets
from pipeline.decode.paths import Paths, Rows
from pipeline.decode.values import JSON, LEAFLIST, STRING, Cells


@dataclass(frozen=True, slots=True)
class Notifications:
    """All notifications of a batch; ``*_record`` is the number of the record a row belongs to, ascending."""

    prefix: Paths
    atomic: NDArray[np.bool_]
    update_record: Rows
    update_number: Rows
    """Counts the updates of a record from 0."""
    update: Paths
    updates: Updates
    delete_record: Rows
    delete_number: Rows
    delete: Paths

    def cells(self, rows: Rows) -> Cells:
        """Return the values of some updates."""
        updates = self.updates
        return _cells(read_values(updates.octets, updates.value[rows], updates.value_length[rows]))


def notifications(records: pa.RecordBatch) -> Notifications:
    """Return the notifications in the records, one prefix per record."""
    notification = records.column("response").field("update")
    update_start, update = wire.items(notification.field("update"))
    delete_start, delete = wire.items(notification.field("delete"))
    update_record, update_number = _flatten(update_start)
    delete_record, delete_number = _flatten(delete_start)
    updates = read_updates(update)
    return Notifications(
        prefix=_paths(notification.field("prefix")),
        atomic=notification.field("atomic").to_numpy(zero_copy_only=False),
        update_record=update_record,
        update_number=update_number,
        update=Paths(updates.octets, updates.path, updates.path_length),
        updates=updates,
        delete_record=delete_record,
        delete_number=delete_number,
        delete=_paths(delete),
    )


def _paths(raw: pa.BinaryArray) -> Paths:
    data, start, end = wire.flat(raw)
    return Paths(Octets(data), start, end - start)


def _flatten(start: NDArray[np.int32]) -> tuple[Rows, Rows]:
    """Return, for each item of a list column, its row and its place in that row's list."""
    place: Rows = np.arange(start[0], start[-1], dtype=np.int64)
    row = np.repeat(np.arange(len(start) - 1, dtype=np.int64), np.diff(start))
    return row, place - start[row]


def _cells(found: Values) -> Cells:
    code = found.code
    text = _slices(found.octets.texts, found, code == STRING, pl.String)
    raw = _slices(found.octets.slices, found, (code == JSON) | (code == LEAFLIST), pl.Binary)
    rows = np.flatnonzero(code == JSON)
    if len(rows):
        at = pl.Series(rows, dtype=pl.UInt32)
        codes, texts = json_scalars.scalars(raw[at])
        code = code.copy()
        code[rows] = codes.to_numpy()
        text = text.scatter(at, texts) if len(rows) < len(code) else texts
    return Cells(code=code, text=text, number=found.number, raw=raw)


def _slices(
    read: Callable[[Rows, Rows], pl.Series], found: Values, there: NDArray[np.bool_], dtype: type[pl.DataType]
) -> pl.Series:
    """Return what stands where some of the values are, null for the others."""
    if not there.any():
        return pl.Series([None], dtype=dtype).new_from_index(0, len(there))
    if there.all():
        return read(found.start, found.length)
    return read(found.start, np.where(there, found.length, 0)).set(pl.Series(~there), None)
