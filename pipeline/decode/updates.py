"""The notifications of a batch as flat columns: records, prefixes, updates and deletes."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.decode import json_scalars
from pipeline.decode.shapes import slice_hash
from pipeline.decode.values import BOOL, INT, LEAFLIST, NONE, STRING, UINT, Cells
from pipeline.decode.wire import Paths, paths

_JSON = ("json_val", "json_ietf_val")


@dataclass(frozen=True, slots=True)
class Notifications:
    """All notifications of a batch; ``*_record`` is the number of the record a row belongs to, ascending."""

    prefix: Paths
    atomic: NDArray[np.bool_]
    update_record: NDArray[np.int64]
    update_number: NDArray[np.int64]
    """Counts the updates of a record from 0."""
    update: Paths
    key_codes: NDArray[np.uint64]
    """One code per update: equal only if all key values of its own path are."""
    cells: Cells
    delete_record: NDArray[np.int64]
    delete_number: NDArray[np.int64]
    delete: Paths


def notifications(records: pa.RecordBatch) -> Notifications:
    """Return the notifications in the records, one prefix per record."""
    notification = records.column("response").field("update")
    update, delete = notification.field("update"), notification.field("delete")
    update_record, update_number = _flatten(update.offsets.to_numpy())
    delete_record, delete_number = _flatten(delete.offsets.to_numpy())
    update_paths = paths(update.values.field("path"))
    return Notifications(
        prefix=paths(notification.field("prefix")),
        atomic=notification.field("atomic").to_numpy(zero_copy_only=False),
        update_record=update_record,
        update_number=update_number,
        update=update_paths,
        key_codes=slice_hash(update_paths.key_value, update_paths.first_key),
        cells=_cells(update.values.field("val")),
        delete_record=delete_record,
        delete_number=delete_number,
        delete=paths(delete.values),
    )


def _flatten(start: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for each item of a list column, its row and its place in that row's list."""
    place: NDArray[np.int64] = np.arange(start[0], start[-1], dtype=np.int64)
    row = np.repeat(np.arange(len(start) - 1, dtype=np.int64), np.diff(start))
    return row, place - start[row]


def _cells(val: pa.StructArray) -> Cells:
    code = np.full(len(val), NONE, dtype=np.uint8)
    for name, number in (("string_val", STRING), ("int_val", INT), ("uint_val", UINT), ("bool_val", BOOL)):
        code[_present(val.field(name))] = number
    code[_present(val.field("leaflist_val"))] = LEAFLIST
    text = pl.Series(val.field("string_val"))
    raw = pl.Series(val.field("leaflist_val"))
    for name in _JSON:
        there = _present(val.field(name))
        if there.any():
            rows = np.flatnonzero(there)
            documents = val.field(name).take(pa.array(rows))
            codes, texts = json_scalars.scalars(documents)
            code[rows] = codes.to_numpy()
            at = pl.Series(rows, dtype=pl.UInt32)
            text = text.scatter(at, texts)
            raw = raw.scatter(at, pl.Series(documents))
    return Cells(
        code=pl.Series(code),
        text=text,
        uint=pl.Series(val.field("uint_val")),
        int=pl.Series(val.field("int_val")),
        bool=pl.Series(val.field("bool_val")),
        raw=raw,
    )


def _present(column: pa.Array) -> NDArray[np.bool_]:
    if column.null_count == len(column):
        return np.zeros(len(column), dtype=np.bool_)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
