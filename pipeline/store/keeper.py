"""Retention beside detection: a thread of its own that moves to the archive what is past its time."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import duckdb
import structlog

from collectors.errors import FabricscopeError, RefusedError
from pipeline.store.archived import prepare
from pipeline.store.retention import Retention, due, retire

BETWEEN_PASSES: Final = timedelta(minutes=10)
BETWEEN_PIECES: Final = timedelta(milliseconds=100)
"""Rest after each piece, in which the writer commits."""

log: Final = structlog.get_logger(__name__)


class Keeper:
    """Keeps a store to its retention, on a connection that nobody else uses.

    What can't be moved stays in the file: that is logged, and tried again with the next pass.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        archive: Path,
        retention: Mapping[str, Retention],
        *,
        between_passes: timedelta = BETWEEN_PASSES,
    ) -> None:
        self._connection = connection
        self._archive = archive
        self._retention = retention
        self._between_passes = between_passes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="retention", daemon=True)

    def start(self) -> None:
        """Make the archive and begin; raises FabricscopeError when it can't be written."""
        prepare(self._connection, self._archive)
        self._thread.start()

    def stop(self) -> None:
        """End after the piece that is on its way, and close the connection."""
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                self._pass()
            except (FabricscopeError, RefusedError, duckdb.Error, OSError) as error:
                log.warning("retention", error=" ".join(str(error).split()), effect="tried again later")
            self._stop.wait(self._between_passes.total_seconds())

    def _pass(self) -> None:
        for what in list(due(self._connection, self._retention)):
            if self._stop.is_set():
                return
            try:
                rows = retire(self._connection, self._archive, what, pause=self._pause)
            except RefusedError as error:  # of this day alone: others go on
                log.warning("retention", error=str(error), effect="its rows stay in the store")
            else:
                fabric, day, table = what
                log.info("archived", fabric=fabric, day=day.isoformat(), table=table, rows=rows)

    def _pause(self) -> bool:
        return self._stop.wait(BETWEEN_PIECES.total_seconds())
