"""The archive: days of a fabric's tables as Parquet files, for any program that reads Parquet.

``DIR/fabric=F/day=D/<table>.parquet``, compressed with zstd. A row belongs to the day (UTC) of its time in
the stream; what rows look like says ``archive_tables``.

A file is a function of the rows: sorted by what histories are asked for, with ties decided. It appears under
its name when it is whole and on the disk, and is never changed after that.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from collectors.errors import RefusedError
from pipeline.store.archive_tables import TABLES, columns_of, outward, where

SLICE_ROWS: Final = 200_000
"""So many rows are sorted at once."""
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
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    fabric: str,
    day: date,
    table: str,
    *,
    rest: Callable[[], object] = lambda: None,
) -> Written:
    """Write the rows of a day, which stay in the store for now; ``rest`` is called now and then.

    A file that is there already and says the same is left as it is: another replica's, or that of a run that
    was killed.

    Raises OSError when there is no room, RefusedError when there is a file that says something else.
    """
    target = path_of(root, fabric, day, table)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{table}.{os.getpid()}.partial")
    try:
        write(connection, partial, table, [fabric, day, day], rest)
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
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    of_day: Sequence[object] | None,
    rest: Callable[[], object] = lambda: None,
) -> None:
    """Write rows of a table in the order of the archive; None: no rows, only columns.

    They are sorted slice by slice, with a rest after each: others wait for no more than one.
    """
    columns = columns_of(connection, table)
    order = [f't."{name}"' for name in TABLES[table].order]
    if TABLES[table].kept:  # small, and what identifies its rows may not be enough
        order += [f't."{name}"' for name, _ in columns if name not in TABLES[table].order]
    began = f"least(t.valid_from, t.seen_from) >= date_trunc('day', t.{TABLES[table].time})"
    # what began before the day comes first: questions about earlier days need nothing else of the file
    spans = [f"({began}) IS NOT TRUE", f"({began}) IS TRUE"] if table.endswith("_history") else ["true"]
    of_table = f"FROM store.{table} AS t WHERE {where(table) if of_day else 'false'}"
    values = list(of_day or ())
    slices = [
        f"{span} AND {part}" for span in spans for part in _parts(connection, of_table, values, order[0])
    ]
    pending: list[pa.RecordBatch] = []
    with path.open("wb") as file:
        with ExitStack() as stack:
            writer = None
            for each in slices:
                query = (
                    f"SELECT {', '.join(outward(columns))} {of_table} AND {each} ORDER BY {', '.join(order)}"
                )
                reader = connection.sql(query, params=values).to_arrow_reader(ROW_GROUP_ROWS)
                writer = writer or stack.enter_context(_writer(file, reader.schema))
                for batch in reader:
                    pending.append(batch)
                    if sum(it.num_rows for it in pending) >= ROW_GROUP_ROWS:
                        whole = pa.Table.from_batches(pending)
                        writer.write_table(whole.slice(0, ROW_GROUP_ROWS), ROW_GROUP_ROWS)
                        pending = whole.slice(ROW_GROUP_ROWS).to_batches()
                rest()
            if writer is not None and pending:
                writer.write_table(pa.Table.from_batches(pending), ROW_GROUP_ROWS)
        file.flush()
        os.fsync(file.fileno())


def _parts(
    connection: duckdb.DuckDBPyConnection, of_table: str, values: list[object], column: str
) -> list[str]:
    """Return conditions that cut rows into parts of about SLICE_ROWS, in the order of a column, null last."""
    ((rows,),) = connection.execute(f"SELECT count(*) {of_table}", values).fetchall()
    count = int(rows) // SLICE_ROWS + 1
    if count == 1:
        return ["true"]
    shares = [part / count for part in range(1, count)]
    cuts = connection.execute(
        f"SELECT DISTINCT unnest(quantile_disc({column}, {shares})) AS cut {of_table} ORDER BY cut", values
    ).fetchall()
    bounds = [f"'{str(cut).replace(chr(39), chr(39) * 2)}'" for (cut,) in cuts if cut is not None]
    if not bounds:
        return ["true"]
    middle = [f"{column} >= {low} AND {column} < {high}" for low, high in pairwise(bounds)]
    return [f"{column} < {bounds[0]}", *middle, f"({column} >= {bounds[-1]}) IS NOT FALSE"]


def _writer(file: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    packed = _packed(schema)
    plain = [name for name in schema.names if name not in packed]
    return pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=plain, column_encoding=packed)


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
