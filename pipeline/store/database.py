"""The store's file in use: commit, snapshot, restart."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, Self

import duckdb
import polars as pl

from collectors.errors import FabricscopeError
from pipeline.schema import TIMELINES
from pipeline.store.contract import Commit, Position, Snapshot
from pipeline.store.opening import another, check_cluster, connect, damaged
from pipeline.store.tables import (
    append,
    columns_of,
    keep_state,
    kept_state,
    positions,
    read,
    remove,
    set_positions,
    transaction,
)

SNAPSHOT_TABLES: Final = (*(f"{entity.name}_current" for entity in TIMELINES), "observer_current")

Stage = Literal["before_begin", "after_facts", "before_commit", "after_commit"]
"""Moments of a commit; a process may die at any of them."""


class Store:
    """The owner of a store file. One thread may commit and read while another handles snapshots."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        reached: Callable[[Stage], None] | None = None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._snapshots = another(connection)
        self._columns = columns_of(connection)
        self._reached = reached

    @classmethod
    def open(
        cls, path: Path, *, cluster_id: str | None = None, reached: Callable[[Stage], None] | None = None
    ) -> Self:
        """Return the store at ``path``, made there if there is nothing.

        Args:
            path: the DuckDB file.
            cluster_id: the Kafka cluster that records will come from; null checks nothing.
            reached: is told each stage of each commit; tests end the process there.

        Raises:
            InputError: the file is no store.
            RefusedError: its tables are of another version, or its records of another cluster.
            FabricscopeError: another process has it open.
        """
        connection = connect(path)
        try:
            if cluster_id is not None:
                check_cluster(connection, path, cluster_id)
            return cls(connection, path, reached)
        except BaseException:
            connection.close()
            raise

    def position(self, fabric: str) -> Position | None:
        """Return how far the topic of ``fabric`` is in the store; None for a fabric it doesn't know."""
        found = positions(self._connection, "stream_position")
        return next((position for position in found if position.fabric == fabric), None)

    def commit(self, commit: Commit) -> None:
        """Store rows and positions in one transaction; after an error nothing has changed.

        Raises FabricscopeError when the file can't be written: the disk is full or broken.
        """
        self._tell("before_begin")
        with self._writing(), transaction(self._connection):
            for table, rows in commit.removals.items():
                remove(self._connection, self._columns, table, rows)
            for table, rows in commit.appends.items():
                append(self._connection, self._columns, table, rows)
            self._tell("after_facts")
            set_positions(self._connection, "stream_position", commit.positions)
            self._tell("before_commit")
        self._tell("after_commit")

    def snapshot(self, snapshot: Snapshot) -> None:
        """Replace the last snapshot as a whole: a table that is not in ``snapshot.frames`` becomes empty."""
        if unknown := snapshot.frames.keys() - set(SNAPSHOT_TABLES):
            raise ValueError(f"{sorted(unknown)} can't be in a snapshot, only {', '.join(SNAPSHOT_TABLES)}")
        with self._writing(), transaction(self._snapshots):
            for table in SNAPSHOT_TABLES:
                self._snapshots.execute(f"TRUNCATE store.{table}")
                if table in snapshot.frames:
                    append(self._snapshots, self._columns, table, snapshot.frames[table])
            keep_state(self._snapshots, snapshot.state)
            self._snapshots.execute("TRUNCATE store.snapshot_position")
            set_positions(self._snapshots, "snapshot_position", snapshot.positions)

    def load_snapshot(self) -> Snapshot | None:
        """Return the last snapshot, rows and types as they were given.

        None if there was none yet, or if its state was of a release whose state this one can't take over:
        then the tables stay, and the records from the first on have to be read again to have the state.
        Raises InputError when the file is damaged.
        """
        try:
            found = positions(self._snapshots, "snapshot_position")
            state = kept_state(self._snapshots)
            if not found or not state:
                return None
            frames = {table: read(self._snapshots, table) for table in SNAPSHOT_TABLES}
            return Snapshot(frames, state, found)
        except (duckdb.Error, pl.exceptions.PolarsError, OSError) as error:
            raise damaged(self._path, error) from error

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Return one more connection, for queries from another thread; to be closed before the store."""
        return another(self._connection)

    def close(self) -> None:
        """Move the write-ahead log into the file and let go of it."""
        self._snapshots.close()
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.OperationalError, duckdb.FatalException) as error:
            raise FabricscopeError(
                f"{self._path} can't be written: make room or repair the disk, then start again; what is in"
                f" it is whole, and all else will be read again ({_in_one_line(error)})"
            ) from error

    def _tell(self, stage: Stage) -> None:
        if self._reached is not None:
            self._reached(stage)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
