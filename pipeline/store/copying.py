"""Copies of a store: made smaller in its place, exported as a seed, imported from one.

A copy has a name of its own until it is whole and on the disk; what was there stays as it was until then.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import duckdb

from collectors.errors import FabricscopeError, InputError
from pipeline.store.archive import sync
from pipeline.store.opening import ROW_GROUP_ROWS, connect, look
from pipeline.store.tables import columns_of
from sql import statements

Progress = Callable[[str, int], None]
"""Is told of each table that has been copied, and how many rows it has."""
BY_MAC: Final = ("mac_history", "mac_location_history")
"""Tables whose rows a copy holds by day and, within a day, by MAC: the life of a MAC is in a few places then.

Others, and these until they are copied, are in the order in which their rows came.
"""
_MARGIN: Final = 1.1
"""Of the size that a copy needs at most: compressing rows anew can cost a little."""


def compact(path: Path, progress: Progress) -> tuple[int, int]:
    """Write a store anew in its place, without the room that rows have left; return its sizes.

    Raises as ``connect`` does, and FabricscopeError when there is no room for both.
    """
    with closing(connect(path)) as connection:
        before = path.stat().st_size
        require_room(path.parent, before)
        with _becoming(path) as partial:
            # of the file that goes no log may stay, which the new one would take for its own
            connection.execute("FORCE CHECKPOINT store_file")
            _copy(connection, partial, progress)
        # the one that was there is let go of only now: nobody else can have opened it in between
    return before, path.stat().st_size


def export(path: Path, seed: Path, progress: Progress) -> int:
    """Write a store to a new file, with all that a replica goes on from; return its size.

    Raises as ``look`` does, InputError when the seed is there already, FabricscopeError without room.
    """
    _require_new(seed)
    with closing(look(path)) as connection:
        require_room(seed.parent, path.stat().st_size)
        with _becoming(seed) as partial:
            _copy(connection, partial, progress)
    return seed.stat().st_size


def take(seed: Path, path: Path, check: Callable[[Path], None]) -> None:
    """Make a new store of a seed, which may be of an older version.

    Args:
        seed: a store that nobody has open: one that ``export`` wrote, or a copy of one.
        path: the new store.
        check: raises an error for a store that isn't sound; it doesn't get its name then.

    Raises as ``connect`` does, InputError when the store is there already, FabricscopeError without room.
    """
    _require_new(path)
    if not seed.is_file():
        raise InputError(f"there is no seed {seed}: write one with fabricscope store export")
    if _log_of(seed).exists():
        raise InputError(
            f"{seed} is not a seed but a store in use, or one that was killed: write a seed with fabricscope"
            " store export"
        )
    require_room(path.parent, seed.stat().st_size)
    with _becoming(path) as partial:
        shutil.copyfile(seed, partial)
        connect(partial).close()
        check(partial)


def require_room(folder: Path, size: int) -> None:
    """Raise FabricscopeError when a folder has no room for a file of ``size`` bytes."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise InputError(f"there is no folder {folder}: make it, or name another") from error
    needed = int(size * _MARGIN)
    if free < needed:
        raise FabricscopeError(
            f"{folder} has {free / 1e6:.0f} MB left, {needed / 1e6:.0f} MB are needed: make room, or name"
            " another folder"
        )


def _copy(connection: duckdb.DuckDBPyConnection, target: Path, progress: Progress) -> None:
    """Write all tables to a new file."""
    quoted = str(target).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS copied (ROW_GROUP_SIZE {ROW_GROUP_ROWS})")
    try:
        connection.execute("USE copied")
        for statement in statements("ddl"):
            connection.execute(statement)
        for table in columns_of(connection):
            progress(table, sum(_copied(connection, table, part) for part in _parts(connection, table)))
        for statement in statements("views"):
            connection.execute(statement)
        connection.execute("USE store_file")
        connection.execute("CHECKPOINT copied")
    except BaseException:
        with suppress(duckdb.Error):  # what went wrong before says more
            connection.execute("USE store_file")
            connection.execute("DETACH copied")
        raise
    connection.execute("DETACH copied")


def _parts(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Return which rows of a table are copied at once, and in which order: a day fits into memory."""
    if table not in BY_MAC:
        return [""]
    days = connection.execute(
        f"SELECT DISTINCT seen_to::DATE AS day FROM store_file.store.{table} ORDER BY day NULLS FIRST"  # noqa: S608  # the store's own
    ).fetchall()
    ranges = [
        "seen_to IS NULL" if day is None else f"seen_to >= '{day} 00:00Z' AND seen_to < '{day}'::DATE + 1"
        for (day,) in days
    ]
    return [f"WHERE {these} ORDER BY mac, valid_from" for these in ranges]


def _copied(connection: duckdb.DuckDBPyConnection, table: str, part: str) -> int:
    """Copy rows of a table and return how many they are."""
    ((rows,),) = connection.execute(
        f"INSERT INTO copied.store.{table} BY NAME FROM store_file.store.{table} {part}"
    ).fetchall()
    return int(rows)


@contextmanager
def _becoming(path: Path) -> Iterator[Path]:
    """Give a name to write to; what is there at the end becomes ``path``, unless an error ends it."""
    partial = path.with_name(f"{path.name}.partial")
    _remove(partial)  # of a run that was killed
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    except (OSError, duckdb.OperationalError, duckdb.FatalException) as error:
        raise FabricscopeError(
            f"{path} can't be written: make room or mend the disk; nothing else has changed"
            f" ({' '.join(str(error).split())})"
        ) from error
    finally:
        _remove(partial)


def _remove(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _log_of(partial).unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    """Return where DuckDB has a store's write-ahead log."""
    return path.with_name(f"{path.name}.wal")


def _require_new(path: Path) -> None:
    if path.exists():
        raise InputError(f"{path} is there already: name a new file")
