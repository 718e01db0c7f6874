"""Whether a store is sound: all of it can be read, and what must hold between its rows does."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from collectors.errors import FabricscopeError
from pipeline.schema import FACTS, MAC_LOCATION, TIMELINES, Entity
from pipeline.store.archive import file_of, path_of
from pipeline.store.opening import damaged, look
from pipeline.store.tables import columns_of
from sql import statements

Progress = Callable[[str, int], None]
"""Is told of each table that has been read, and how many rows it has."""


def check(path: Path, progress: Progress, archive: Path | None = None) -> list[str]:
    """Return what is wrong with a store, a sentence each; raises InputError for one that can't be read.

    Reads all of it: the file keeps a checksum with each block.

    Args:
        path: a store that nobody has open.
        progress: see there.
        archive: where its rows have gone; None: that isn't looked at.
    """
    with closing(look(path)) as connection:
        wrong = list(_structure(connection))
        if wrong:
            return wrong  # nothing else could be asked
        try:
            for table in columns_of(connection):
                ((rows, _),) = connection.execute(
                    f"SELECT count(*), bit_xor(hash(t)) FROM store.{table} AS t"  # noqa: S608  # the store's own
                ).fetchall()
                progress(table, rows)
            wrong += _positions(connection)
            for entity in FACTS:
                wrong += _facts(connection, f"{entity.name}_event")
            for entity in TIMELINES:
                wrong += _intervals(connection, entity)
            if archive is not None:
                wrong += _archived(connection, archive)
        except (duckdb.Error, OSError) as error:
            raise damaged(path, error) from error
    return wrong


def require_sound(path: Path, progress: Progress) -> None:
    """Raise FabricscopeError for a store that isn't sound, with what is wrong."""
    if wrong := check(path, progress):
        raise FabricscopeError(f"{path} is not sound: {'; '.join(wrong)}")


def _structure(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield how its tables differ from those of a new store of its version."""
    with duckdb.connect() as anew:
        anew.execute("ATTACH ':memory:' AS store_file")
        anew.execute("USE store_file")
        for statement in statements("ddl"):
            anew.execute(statement)
        ours, theirs = _columns(connection), _columns(anew)
    for table, column, of in sorted(theirs - ours):
        yield f"{table} lacks its column {column} ({of})"
    for table, column, of in sorted(ours - theirs):
        yield f"{table} has a column {column} ({of}) that no table of its version has"


def _columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    return set(
        connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = 'store_file' AND schema_name = 'store'"
        ).fetchall()
    )


def _positions(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield positions that can't be: a restart would lose records, or read some twice."""
    for fabric, snapshot, stream in connection.execute(
        "SELECT s.fabric, s.next_offset, p.next_offset FROM store.snapshot_position AS s"
        " LEFT JOIN store.stream_position AS p USING (fabric)"
        " WHERE p.next_offset IS NULL OR s.next_offset > p.next_offset ORDER BY s.fabric"
    ).fetchall():
        yield f"the snapshot of {fabric} is at offset {snapshot}, beyond its position {stream}"
    for table in ("stream_position", "snapshot_position"):
        for fabric, times in connection.execute(
            f"SELECT fabric, count(*) FROM store.{table} GROUP BY fabric HAVING count(*) > 1"  # noqa: S608  # ours
        ).fetchall():
            yield f"{table} has {times} rows of {fabric}"


def _facts(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    for fabric, last, end in connection.execute(
        f'SELECT t.fabric, max(t."offset"), any_value(p.next_offset) FROM store.{table} AS t'  # noqa: S608  # ours
        " LEFT JOIN store.stream_position AS p USING (fabric) GROUP BY t.fabric"
        ' HAVING max(t."offset") >= any_value(p.next_offset) OR any_value(p.next_offset) IS NULL'
    ).fetchall():
        yield f"{table} of {fabric} has offset {last}, beyond the position {end}"
    ((twice,),) = connection.execute(
        f'SELECT count(*) FROM (SELECT 1 FROM store.{table} GROUP BY fabric, "offset", "index"'  # noqa: S608  # ours
        " HAVING count(*) > 1)"
    ).fetchall()
    if twice:
        yield f"{table} has {twice} facts more than once"


def _intervals(connection: duckdb.DuckDBPyConnection, entity: Entity) -> Iterator[str]:
    table = f"{entity.name}_history"
    keys = ", ".join(["fabric", *((), ("device",))[entity is not MAC_LOCATION], *entity.keys])
    ((backwards, overlapping),) = connection.execute(
        "SELECT count(*) FILTER (valid_to < valid_from), count(*) FILTER (valid_to > next_from) FROM ("  # noqa: S608
        "SELECT valid_from, valid_to, lead(valid_from) OVER"
        f" (PARTITION BY {keys} ORDER BY valid_from, valid_to) AS next_from FROM store.{table})"
    ).fetchall()
    if backwards:
        yield f"{table} has {backwards} intervals that end before they begin"
    if overlapping:
        yield f"{table} has {overlapping} intervals that overlap the next of the same {entity.name}"


def _archived(connection: duckdb.DuckDBPyConnection, archive: Path) -> Iterator[str]:
    noted: Sequence[tuple[str, object, str, int, str]] = connection.execute(
        "SELECT fabric, day, table_name, row_count, sha256 FROM store.archived ORDER BY ALL"
    ).fetchall()
    for fabric, day, table, rows, sha256 in noted:
        file = path_of(archive, fabric, day, table)  # type: ignore[arg-type]  # a DATE
        try:
            found = file_of(file)
        except (OSError, ValueError) as error:
            yield f"{file} can't be read, and its rows are nowhere else ({error})"
            continue
        if (found.row_count, found.sha256) != (rows, sha256):
            yield f"{file} is not the file that was written: {found.row_count} rows instead of {rows}"
