"""The archive: days of a fabric's tables as Parquet files, for any program that reads Parquet.

``DIR/fabric=F/day=D/<table>.parquet``, compressed with zstd. A row belongs to the day (UTC) of its time in
the stream; what rows look like says ``archive_tables``.

A file is a function of the rows: sorted by what histories are asked for, with ties decided. It appears under
its name when it is whole and on the disk, and is never changed after that.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from collectors.errors import RefusedError
from pipeline.store.archive_tables import TABLES, columns_of, outward, where

ROW_GROUP_ROWS: Final = 32_768
"""What a question about one MAC reads of a day, twice: what began on that day and what had begun before."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the archive."""

    path: Path
    row_count: int
    sha256: str


def path_of(root: Path, fabric: str, day: date, table: str) -> Path:
    """Return where the rows of a day are."""
    return root / f"fabric={fabric}" / f"day={day.isoformat()}" / f"{table}.parquet"


def write_day(
    connection: duckdb.DuckDBPyConnection, root: Path, fabric: str, day: date, table: str
) -> Written:
    """Write the rows of a day, which stay in the store for now.

    A file that is there already and says the same is left as it is: another replica's, or that of a run that
    was killed.

    Raises OSError when there is no room, RefusedError when there is a file that says something else.
    """
    target = path_of(root, fabric, day, table)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{table}.{os.getpid()}.partial")
    try:
        write(connection, partial, table, [fabric, day, day])
        if target.exists():
            if not same_rows(partial, target):
                raise RefusedError(
                    f"{target} holds other rows than the store: give what reads another topic an archive of"
                    " its own, or move that file away if no store has let go of its rows"
                )
        else:
            partial.replace(target)
            for folder in (target.parent, target.parent.parent, root):
                sync(folder)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return file_of(target)


def file_of(path: Path) -> Written:
    """Return what there is to say of a file of the archive; raises OSError when it isn't there."""
    row_count: int = pq.read_metadata(path).num_rows
    with path.open("rb") as file:
        return Written(path, row_count, hashlib.file_digest(file, "sha256").hexdigest())


def write(
    connection: duckdb.DuckDBPyConnection, path: Path, table: str, of_day: Sequence[object] | None
) -> None:
    """Write rows of a table in the order of the archive; None: no rows, only columns."""
    columns = columns_of(connection, table)
    order = list(TABLES[table].order)
    if TABLES[table].kept:  # small, and what identifies its rows may not be enough
        order += [name for name, _ in columns if name not in order]
    if table.endswith("_history"):
        # what began before the day comes first: questions about earlier days need nothing else of the file
        order.insert(0, f"least(valid_from, seen_from) >= date_trunc('day', {TABLES[table].time})")
    ordered = ", ".join(column if "(" in column else f't."{column}"' for column in order)
    query = (
        f"SELECT {', '.join(outward(columns))} FROM store.{table} AS t"  # noqa: S608  # names are the store's own
        f" WHERE {where(table) if of_day else 'false'} ORDER BY {ordered}"
    )
    reader = connection.sql(query, params=list(of_day or ())).to_arrow_reader(ROW_GROUP_ROWS)
    with path.open("wb") as file:
        packed = _packed(reader.schema)
        plain = [name for name in reader.schema.names if name not in packed]
        with pq.ParquetWriter(
            file, reader.schema, compression="zstd", use_dictionary=plain, column_encoding=packed
        ) as writer:
            pending: list[pa.RecordBatch] = []
            for batch in reader:
                pending.append(batch)
                if sum(it.num_rows for it in pending) >= ROW_GROUP_ROWS:
                    whole = pa.Table.from_batches(pending)
                    writer.write_table(whole.slice(0, ROW_GROUP_ROWS), ROW_GROUP_ROWS)
                    pending = whole.slice(ROW_GROUP_ROWS).to_batches()
            if pending:
                writer.write_table(pa.Table.from_batches(pending), ROW_GROUP_ROWS)
        file.flush()
        os.fsync(file.fileno())


def _packed(schema: pa.Schema) -> dict[str, str]:
    """Return the encodings of columns whose values hardly repeat but are near those before.

    A day of routes is by a quarter smaller than with dictionaries everywhere.
    """
    near = {"offset", "index", "opened_offset", "opened_index", "mac_number", "ip_hi", "ip_lo"}
    packed = {
        field.name: "DELTA_BINARY_PACKED"
        for field in schema
        if field.name in near or pa.types.is_timestamp(field.type)
    }
    return packed | {name: "DELTA_BYTE_ARRAY" for name in ("mac", "ip") if name in schema.names}


def same_rows(left: Path, right: Path) -> bool:
    """Return whether two files hold the same rows in the same order, whoever wrote them."""
    if not same_columns(left, right):
        return False
    ours, theirs = pq.ParquetFile(left), pq.ParquetFile(right)
    with ours, theirs:
        if ours.metadata.num_rows != theirs.metadata.num_rows:
            return False
        groups = range(ours.num_row_groups)
        return all(ours.read_row_group(group).equals(theirs.read_row_group(group)) for group in groups)


def same_columns(left: Path, right: Path) -> bool:
    """Return whether two files have the same columns, of the same types."""
    equal: bool = pq.read_schema(left).equals(pq.read_schema(right))
    return equal


def sync(path: Path) -> None:
    """Put a file, or the names in a folder, on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
