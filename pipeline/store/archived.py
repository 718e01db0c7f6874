"""Rows of the archive, as tables of the store: what reads live and archived rows alike.

Nothing of this costs anything where no archive is attached. A file counts as far as the store has let go of
its rows, which ``store.archived`` says in the transaction in which they left: a query finds each row once,
whatever is on its way meanwhile.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from collectors.errors import FabricscopeError, InputError
from pipeline.store.archive import path_of, same_columns, write
from pipeline.store.archive_tables import TABLES, columns_of, inward
from sql import statements

_BY_FABRIC_AND_DAY: Final = "hive_partitioning = true, hive_types = {'fabric': VARCHAR, 'day': DATE}"
_EMPTY: Final = "_empty"
"""Folder of files without rows, one per table; engines leave out what begins with an underscore."""


def attached(connection: duckdb.DuckDBPyConnection, archive: str) -> dict[str, str]:
    """Return, for each table that the archive has, a query for what has left the store for it.

    Args:
        connection: one to a store; where access is limited, ``allowed_directories`` have the archive.
        archive: a folder, or a URL where DuckDB's extension httpfs is installed.

    Raises InputError for an archive that isn't there, FabricscopeError where it can't be reached.
    """
    if set("*?[") & set(archive):
        raise InputError(f"an archive's name can't have any of * ? [, as {archive} has: rename it")
    remote = "://" in archive
    if not remote and not Path(archive).is_dir():
        raise InputError(f"there is no archive {archive}: name the folder given to fabricscope run --archive")
    try:
        if remote:
            connection.execute("LOAD httpfs")
        return {
            table: _query(connection, archive, table, files)
            for table, files in _files(connection, archive).items()
            if table in TABLES
        }
    except duckdb.Error as error:
        reason = " ".join(str(error).split())
        remedy = (
            "install DuckDB's extension httpfs, or copy it to a folder" if remote else "look at its files"
        )
        raise FabricscopeError(f"the archive {archive} can't be read: {remedy} ({reason})") from error


def alone(archive: str) -> duckdb.DuckDBPyConnection:
    """Return a connection to a store that is empty but for what an archive has; raises as ``attached``.

    Since all of the archive counts, a store that is still moving rows there must not be asked beside it.
    """
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("ATTACH ':memory:' AS store_file")
        connection.execute("USE store_file")
        for statement in (*statements("ddl"), *statements("views")):
            connection.execute(statement)
        attached(connection, archive)  # loads what it takes, and says what is wrong
        connection.execute(
            "INSERT INTO store.archived BY NAME SELECT fabric, day::DATE AS day, table_name, 0 AS row_count,"
            " day::DATE + 1 AS left_until, '' AS sha256 FROM (SELECT"
            " unnest(regexp_extract(file, 'fabric=([^/]+)/day=([^/]+)/([a-z_]+)[.]parquet$',"
            " ['fabric', 'day', 'table_name'])) FROM glob(?))",
            [f"{archive}/fabric=*/day=*/*.parquet"],
        )
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: duckdb.DuckDBPyConnection, root: Path) -> None:
    """Make an archive to which rows can go while others read it: each table has a file, be it without rows.

    Raises FabricscopeError when it can't be written.
    """
    for table in TABLES:
        path = path_of(root / _EMPTY, "none", date.min, table)
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(connection, partial, table, None)
            if path.exists() and same_columns(partial, path):
                partial.unlink()
            else:
                partial.replace(path)
        except OSError as error:
            raise FabricscopeError(
                f"the archive {root} can't be written: name a folder where there is room ({error})"
            ) from error


def _files(connection: duckdb.DuckDBPyConnection, archive: str) -> dict[str, list[str]]:
    """Return the files of each table, oldest day first."""
    found = connection.execute(
        "SELECT file FROM glob(?) ORDER BY regexp_extract(file, 'day=([^/]+)', 1), file",
        [f"{archive}/**/day=*/*.parquet"],
    ).fetchall()
    files: dict[str, list[str]] = {}
    for (file,) in found:
        files.setdefault(Path(file).stem, []).append(file)
    return files


def _query(connection: duckdb.DuckDBPyConnection, archive: str, table: str, files: list[str]) -> str:
    # files of several versions of the table are read by name, for which all of them are opened beforehand
    ends = [_names(connection, file) for file in (files[0], files[-1])]
    by_name = "true" if ends[0] != ends[1] else "false"
    there = {name for names in ends for name in names} | {"fabric"}
    rows = (
        f"read_parquet('{_quoted(archive)}/**/day=*/{table}.parquet', {_BY_FABRIC_AND_DAY},"
        f" union_by_name = {by_name})"
    )
    selected = ", ".join(inward(columns_of(connection, table), there))
    # columns are made below the join: conditions on them don't get past it to the files otherwise
    return (
        f"SELECT a.* EXCLUDE (day) FROM (SELECT {selected}, day FROM {rows}) AS a"  # noqa: S608  # names of ours
        f" INNER JOIN store_file.store.archived AS left_ ON left_.table_name = '{table}'"
        f" AND left_.fabric = a.fabric AND left_.day = a.day AND a.{TABLES[table].time} < left_.left_until"
    )


def _names(connection: duckdb.DuckDBPyConnection, file: str) -> Iterable[str]:
    found = connection.execute("SELECT name FROM parquet_schema(?) WHERE num_children IS NULL", [file])
    return sorted(name for (name,) in found.fetchall())


def _quoted(text: str) -> str:
    return text.replace("'", "''")
