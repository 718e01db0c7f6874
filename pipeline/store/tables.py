"""Frames and positions in and out of the tables of schema ``store``.

S608, SQL made from strings: names of tables and columns are the store's own; values are parameters.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import duckdb
import polars as pl

from pipeline.schema import FACTS, TIMELINES, current_schema, event_schema
from pipeline.store.contract import Position

Columns = Mapping[str, list[str]]
"""The columns of each table of schema ``store``."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTERNED: Final = {
    **{f"{entity.name}_event": event_schema(entity) for entity in FACTS},
    **{f"{entity.name}_current": current_schema(entity) for entity in TIMELINES},
}
"""Polars types of the entities' tables: their names come back interned, those of other tables as text."""


def columns_of(connection: duckdb.DuckDBPyConnection) -> Columns:
    """Return the columns of each table of schema ``store``."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE database_name = 'store_file' AND schema_name = 'store' ORDER BY table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(column)
    return columns


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it when an error leaves it."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        # a failed COMMIT has rolled back by itself, and says so to a second ROLLBACK: keep the first error
        with suppress(duckdb.TransactionException):
            connection.rollback()
        raise


def append(connection: duckdb.DuckDBPyConnection, columns: Columns, table: str, rows: pl.DataFrame) -> None:
    """Insert rows that carry all columns of ``table``, in any order; raises ValueError for others.

    A missing column would be stored as unknown without anybody noticing, hence all of them.
    """
    known, given = set(_known(columns, table)), set(rows.columns)
    if known != given:
        raise ValueError(
            f"rows for {table} lack {sorted(known - given)} and have unknown columns {sorted(given - known)}:"
            " see sql/ddl"
        )
    if rows.height:
        with registered(connection, rows):
            connection.execute(f"INSERT INTO store.{table} BY NAME FROM given")


def remove(connection: duckdb.DuckDBPyConnection, columns: Columns, table: str, rows: pl.DataFrame) -> None:
    """Delete what is equal to one of ``rows`` in all their columns, null being equal to null."""
    if not rows.columns or not set(rows.columns) <= set(_known(columns, table)):
        raise ValueError(
            f"rows of {table} can be removed by its own columns, not by {rows.columns}: see sql/ddl"
        )
    if rows.height:
        equal = [f't."{name}" IS NOT DISTINCT FROM given."{name}"' for name in rows.columns]
        bounds: list[object] = []
        for name in rows.columns:
            if name in {"offset", "opened_offset"} and not rows[name].has_nulls():
                # skips the row groups of other records: 10 instead of 600 ms in a history of 5 M rows
                equal.append(f't."{name}" BETWEEN ? AND ?')
                bounds += [rows[name].min(), rows[name].max()]
        with registered(connection, rows):
            # table and columns are the store's own
            delete = f"DELETE FROM store.{table} AS t USING given WHERE {' AND '.join(equal)}"  # noqa: S608
            connection.execute(delete, bounds)


def read(connection: duckdb.DuckDBPyConnection, table: str, where: str = "", *values: object) -> pl.DataFrame:
    """Return the rows of ``table``, in the order in which they were stored unless ``where`` orders them."""
    rows: pl.DataFrame = connection.sql(f"FROM store.{table} {where}", params=list(values)).pl()
    return rows.cast(_INTERNED.get(table, pl.Schema()))


def keep_state(connection: duckdb.DuckDBPyConnection, state: Mapping[str, pl.DataFrame]) -> None:
    """Replace all frames of state.

    As tables they would take DuckDB longer than the rest of a snapshot together: nobody queries them.
    """
    connection.execute("TRUNCATE store.snapshot_state")
    for name, rows in state.items():
        frame = io.BytesIO()
        rows.write_ipc(frame, compression="zstd")
        connection.execute("INSERT INTO store.snapshot_state VALUES (?, ?)", [name, frame.getvalue()])


def kept_state(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Return the frames of state by name, rows and types as they were given."""
    rows = connection.execute("SELECT name, frame FROM store.snapshot_state").fetchall()
    return {name: pl.read_ipc(io.BytesIO(frame)) for name, frame in rows}


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> Iterator[None]:
    """Let SQL read ``rows`` as ``given``; interned text travels as Arrow dictionaries, decoded by DuckDB."""
    connection.register("given", rows.to_arrow())
    yield
    # not after an error: an aborted transaction would refuse it, and the next register replaces it anyway
    connection.unregister("given")


PositionTable = Literal["stream_position", "snapshot_position"]


def positions(connection: duckdb.DuckDBPyConnection, table: PositionTable) -> list[Position]:
    """Return the positions of all fabrics."""
    rows = connection.execute(
        # microseconds: to fetch a TIMESTAMPTZ, DuckDB needs another library
        f"SELECT * REPLACE (epoch_us(record_time) AS record_time) FROM store.{table} ORDER BY fabric"  # noqa: S608
    ).fetchall()
    return [
        Position(fabric, topic, next_offset, EPOCH + timedelta(microseconds=record_us), cluster_id)
        for fabric, topic, next_offset, record_us, cluster_id in rows
    ]


def set_positions(
    connection: duckdb.DuckDBPyConnection, table: PositionTable, given: Iterable[Position]
) -> None:
    """Replace the positions of the fabrics given."""
    for position in given:
        connection.execute(f"DELETE FROM store.{table} WHERE fabric = ?", [position.fabric])  # noqa: S608
        connection.execute(f"INSERT INTO store.{table} VALUES (?, ?, ?, ?, ?)", [*astuple(position)])  # noqa: S608


def _known(columns: Columns, table: str) -> list[str]:
    if table not in columns:
        raise ValueError(f"the store has no table {table}: see sql/ddl")
    return columns[table]
