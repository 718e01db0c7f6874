"""Connections for SQL users: each to a catalog that holds what they may ask, of the fabrics they may see."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import duckdb

from pipeline.pgwire.admission import Allowed
from pipeline.pgwire.catalog import lay_catalog, readable
from pipeline.store.questions import lay_questions

MEMORY: Final = "50%"
"""Of the machine's, for DuckDB: the state of the fabrics needs the rest, and statements have limits."""


class Readers:
    """Connections to an open store. Any thread may ask for one."""

    def __init__(self, connect: Callable[[], duckdb.DuckDBPyConnection], archive: Path | None = None) -> None:
        """Take what returns one more connection to the store, and the archive to be read with it."""
        self._connect = connect
        self._archive = None if archive is None else archive.absolute()
        self._laid: dict[tuple[str, ...] | None, tuple[str, Allowed]] = {}
        self._lock = threading.Lock()

    def allowed(self, fabrics: Sequence[str] | None) -> Allowed:
        """Return what those who may see these fabrics may read; None: those who may see all."""
        return self._catalog(fabrics)[1]

    def connection(self, user: str, fabrics: Sequence[str] | None) -> duckdb.DuckDBPyConnection:
        """Return a connection of a user who may see these fabrics; None: all."""
        catalog, _ = self._catalog(fabrics)
        connection = self._connect()
        connection.execute(f'USE "{catalog}"')
        connection.execute("SET VARIABLE pg_user = $1", [user])
        return connection

    def lock(self, spill: Path, spill_bytes: int) -> None:
        """Let DuckDB in this process touch no files but the store, the archive and ``spill``, for good.

        Nor can the configuration be changed after this. It holds for the writer, too, which registers the
        frames it inserts: those that DuckDB would find by the names of variables are gone as well. What
        doesn't fit into memory goes to the folder ``spill``, up to so many bytes: the disk is the writer's.
        """
        connection = self._connect()
        try:
            archive = "" if self._archive is None else f"'{_quoted(self._archive)}'"
            connection.execute(f"SET GLOBAL allowed_directories = [{archive}]")
            connection.execute(f"SET GLOBAL temp_directory = '{_quoted(spill.absolute())}'")
            connection.execute(f"SET GLOBAL max_temp_directory_size = '{spill_bytes >> 20}MiB'")
            connection.execute(f"SET GLOBAL memory_limit = '{MEMORY}'")
            connection.execute("SET GLOBAL enable_external_access = false")
            connection.execute("SET GLOBAL lock_configuration = true")
        finally:
            connection.close()

    def _catalog(self, fabrics: Sequence[str] | None) -> tuple[str, Allowed]:
        key = None if fabrics is None else tuple(fabrics)
        with self._lock:
            if key not in self._laid:
                name = "everything" if key is None else f"fabrics_{len(self._laid)}"
                connection = self._connect()
                try:
                    lay_questions(
                        connection,
                        name,
                        fabrics=key,
                        archive=None if self._archive is None else str(self._archive),
                    )
                    lay_catalog(connection)
                    self._laid[key] = name, readable(connection)
                finally:
                    connection.close()
            return self._laid[key]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
