"""Opening a store file: made new, taken as it is, or refused with the remedy."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import duckdb

from collectors.errors import FabricscopeError, InputError, RefusedError
from pipeline.store.migrations import OLDEST, SCHEMA_VERSION, migrate
from pipeline.store.tables import transaction
from sql import statements

ROW_GROUP_ROWS: Final = 32_768
"""From this size on, an append goes into the file, compressed, and not through the write-ahead log.

Against DuckDB's default of 122880 rows, batches of 50 k route facts cost 2.5 s instead of 6.7 s of CPU per
million rows and the longest commit takes 0.16 s instead of 1.0 s; the file's size and queries stay the same.
"""

_CONFIG: Final = {
    "autoinstall_known_extensions": False,  # only what is linked statically: no network, no surprises
    "autoload_known_extensions": False,
}


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to the store at ``path``, made there if there is nothing.

    Tables of an older version become today's, all at once or, after an error, not at all.
    Raises InputError for a file that is no store, RefusedError for one of a newer version or one too old,
    FabricscopeError for one that another process has open.
    """
    connection = _attached(path, f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}")
    try:
        connection.execute("SET GLOBAL checkpoint_threshold = '64MB'")  # half the stalls of the default 16 MB
        _prepare(connection, path)
    except (duckdb.OperationalError, duckdb.FatalException) as error:
        connection.close()
        raise FabricscopeError(
            f"{path} can't be written: make room or repair the disk ({' '.join(str(error).split())})"
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection


def look(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that can only read a store nobody has open; raises as ``connect`` does.

    Since it can't change the tables, one of an older version is refused, too.
    """
    connection = _attached(path, "READ_ONLY")
    try:
        _require_present(path, _version_of(connection, path))
    except BaseException:
        connection.close()
        raise
    return connection


def version_at(path: Path) -> int:
    """Return the version of the tables of a store; raises as ``connect`` does, and for an empty database."""
    connection = _attached(path, "READ_ONLY")
    try:
        found = _version_of(connection, path)
    finally:
        connection.close()
    if found is None:
        raise InputError(f"{path} is an empty database: name a store")
    return found[0]


def another(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return one more connection to the same open file, for another thread."""
    cursor = connection.cursor()
    cursor.execute("USE store_file")
    return cursor


def check_cluster(connection: duckdb.DuckDBPyConnection, path: Path, cluster_id: str) -> None:
    """Raise RefusedError if the store holds records of another Kafka cluster than ``cluster_id``."""
    rows = connection.execute(
        "SELECT fabric, next_offset, cluster_id FROM store.stream_position"
        " WHERE cluster_id IS DISTINCT FROM ? ORDER BY fabric",
        [cluster_id],
    ).fetchall()
    for fabric, next_offset, stored in rows:
        source = "a capture" if stored is None else f"Kafka cluster {stored}"
        raise RefusedError(
            f"{path} holds fabric {fabric} up to offset {next_offset} of {source}, but this is Kafka cluster"
            f" {cluster_id}, whose offsets count other records: read from where it was filled from, or fill a"
            " new file"
        )


def _attached(path: Path, option: str) -> duckdb.DuckDBPyConnection:
    """Return a connection to the file at ``path``, under a name of ours.

    Opened directly, ``store.duckdb`` would be a catalog ``store``, which DuckDB can't tell from the schema.
    """
    connection = duckdb.connect(config=dict(_CONFIG))
    quoted = str(path).replace("'", "''")
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # what doesn't fit into memory goes beside the file, not into whatever folder the process runs in
        connection.execute(f"SET GLOBAL temp_directory = '{quoted}.tmp'")
        connection.execute(f"ATTACH '{quoted}' AS store_file ({option})")
        connection.execute("USE store_file")
    except duckdb.Error as error:
        connection.close()
        raise _not_opened(path, error) from error
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    found = _version_of(connection, path)
    with transaction(connection):
        if found is None:
            for statement in statements("ddl"):
                connection.execute(statement)
            connection.execute("INSERT INTO store.store_meta VALUES (?, ?)", [SCHEMA_VERSION, _program()])
        elif found[0] < SCHEMA_VERSION:
            migrate(connection, found[0], _program())
        for statement in statements("views"):
            connection.execute(statement)


def _version_of(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, str] | None:
    """Return the version of the tables and who made them, or None for an empty database."""
    tables = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'store_file'"
    ).fetchall()
    if not tables:
        return None
    if ("store.store_meta",) not in tables:
        raise InputError(f"{path} is a DuckDB file but no fabricscope store: name another file")
    try:
        rows = connection.execute("SELECT schema_version, created_by FROM store.store_meta").fetchall()
    except duckdb.Error as error:  # the list of tables can be read, what they hold can't
        raise damaged(path, error) from error
    if len(rows) != 1:
        raise InputError(
            f"{path} has {len(rows)} rows in store_meta instead of one: restore it, or name another file"
        )
    found, created_by = rows[0]
    if found > SCHEMA_VERSION:
        raise _refused(path, found, created_by, "use that release or a newer one")
    if found < OLDEST:
        raise _refused(path, found, created_by, "use that release")
    return found, created_by


def _refused(path: Path, found: int, created_by: str, remedy: str) -> RefusedError:
    return RefusedError(
        f"{path} was made by {created_by} with tables of version {found}, this is {_program()} with"
        f" version {SCHEMA_VERSION}: {remedy}, or fill a new file from the topic"
    )


def _require_present(path: Path, found: tuple[int, str] | None) -> None:
    if found is None:
        raise InputError(f"{path} is an empty database: name a store")
    if found[0] < SCHEMA_VERSION:
        raise _refused(path, *found, "bring it forward with fabricscope store migrate")


def damaged(path: Path, error: Exception) -> InputError:
    """Return what is said of a file that can't be read any more."""
    reason = " ".join(str(error).split())
    return InputError(
        f"{path} is damaged: restore it from a copy, or fill a new file from the topic ({reason})"
    )


def _program() -> str:
    try:
        return f"fabricscope {version('fabricscope')}"
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "fabricscope (source tree)"


def _not_opened(path: Path, error: duckdb.Error) -> FabricscopeError:
    reason = " ".join(str(error).split())
    if "Could not set lock" in reason:
        return FabricscopeError(
            f"{path} is open in another process, and only one can have it: stop that one, or ask it over SQL"
            f" ({reason})"
        )
    return InputError(f"{path} can't be opened as a store: name another file, or a new one ({reason})")
