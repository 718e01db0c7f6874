"""Statements run for one session: in read-only transactions, with limits on time, rows and bytes.

What a statement answers is taken whole before any of it is sent. So the store's transaction ends as soon as
DuckDB is done, however slowly a client reads, and an answer over the limit is an error and not a piece.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from pipeline.pgwire.journal import Journal
from pipeline.pgwire.lexemes import read
from pipeline.pgwire.limits import Limits
from pipeline.pgwire.oids import type_of
from pipeline.pgwire.refusal import (
    DATA_EXCEPTION,
    FEATURE_NOT_SUPPORTED,
    INTERNAL,
    INVALID_TEXT,
    OUT_OF_MEMORY,
    PROGRAM_LIMIT_EXCEEDED,
    QUERY_CANCELED,
    UNDEFINED_COLUMN,
    UNDEFINED_FUNCTION,
    RefusalError,
)
from pipeline.pgwire.results import Budget, Column, Result

BATCH_ROWS: Final = 8_192
_AFTERWARDS: Final = "previous fatal error"
_MISSED: Final = re.compile(r'(?:Referenced (?:column|table) "|Function with name "?)(?P<name>[^"\s]+)')

_STATES: Final[dict[type[duckdb.Error], str]] = {
    duckdb.InterruptException: QUERY_CANCELED,
    duckdb.OutOfMemoryException: OUT_OF_MEMORY,
    duckdb.CatalogException: UNDEFINED_FUNCTION,
    duckdb.BinderException: UNDEFINED_COLUMN,
    duckdb.NotImplementedException: FEATURE_NOT_SUPPORTED,
    duckdb.ConversionException: INVALID_TEXT,
    duckdb.InternalException: INTERNAL,
}
"""The first that fits decides; what else DuckDB raises is about the data."""


class Runner:
    """One session's connection. Its methods block: call them in a thread; ``stop`` may come from any."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, limits: Limits, budget: Budget, journal: Journal
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._budget = budget
        self._journal = journal
        self._lock = threading.Lock()
        self._running = False
        self._interruptible = False
        self._stopped: RefusalError | None = None
        self._held = False

    def begin(self) -> None:
        """From now on, until ``end``, there is something to stop."""
        with self._lock:
            self._running, self._stopped = True, None

    def end(self) -> None:
        """There is nothing to stop any more."""
        with self._lock:
            self._running = False

    def stop(self, reason: RefusalError) -> None:
        """Stop what runs, if anything does: it ends with ``reason``."""
        with self._lock:
            if self._running and self._stopped is None:
                self._stopped = reason
        self.insist()

    def insist(self) -> None:
        """Interrupt what was stopped and still runs: DuckDB forgets an interrupt before a query."""
        with self._lock:
            if self._interruptible and self._stopped is not None:
                self._connection.interrupt()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def hold(self) -> None:
        """From now on, until ``release``, statements share a transaction: all see the same."""
        if self._held:
            return
        self._connection.execute("BEGIN TRANSACTION READ ONLY")
        self._held = True

    def release(self) -> None:
        """End the transaction that is held, if one is."""
        if self._held:
            self._held = False
            self._connection.execute("ROLLBACK")

    def columns(self, text: str, parameters: Sequence[Any]) -> list[Column]:
        """Return what a statement answers, without running it."""
        with self._reading(text):
            return _columns(self._connection.sql(text, params=list(parameters) or None))

    def run(self, text: str, parameters: Sequence[Any]) -> Result:
        """Return what a statement answers; raises RefusalError over a limit."""
        with self._reading(text):
            relation = self._connection.sql(text, params=list(parameters) or None)
            columns = _columns(relation)
            if any(column.kind.as_text for column in columns):
                relation = relation.project(_cast(columns))
            reader = relation.limit(self._limits.rows + 1).to_arrow_reader(BATCH_ROWS)
            return self._whole(columns, reader)

    def _whole(self, columns: list[Column], reader: pa.RecordBatchReader) -> Result:
        batches: list[pa.RecordBatch] = []
        rows = size = 0
        try:
            for batch in reader:
                self._go_on()
                rows += len(batch)
                size += batch.nbytes
                if rows > self._limits.rows:
                    raise RefusalError(
                        PROGRAM_LIMIT_EXCEEDED,
                        f"the answer has more than {self._limits.rows} rows, the limit: aggregate, filter,"
                        " or ask with LIMIT",
                    )
                if size > self._limits.result_bytes:
                    raise RefusalError(
                        PROGRAM_LIMIT_EXCEEDED,
                        f"the answer has more than {self._limits.result_bytes >> 20} MiB, the limit:"
                        " aggregate, filter, or name fewer columns",
                    )
                batches.append(batch)
        finally:
            reader.close()
        self._budget.take(size)
        return Result(columns, pa.Table.from_batches(batches, reader.schema), self._budget, size)

    def _go_on(self) -> None:
        if self._stopped is not None:
            raise self._stopped

    @contextmanager
    def _reading(self, text: str) -> Iterator[None]:
        self._go_on()
        with self._journal.running(text) as note:
            try:
                with self._transaction(), self._interrupts():
                    try:
                        yield
                    except (duckdb.FatalException, duckdb.InternalException) as error:
                        # nothing can use the store any more: who did it stays noted, not who comes after
                        note.stays = _AFTERWARDS not in str(error)
                        raise
                self._go_on()
            except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
                self._go_on()
                raise refused(error, text) from error

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """Only what is asked may be interrupted: a ROLLBACK that is would leave its transaction open."""
        with self._lock:
            self._interruptible = True
        try:
            yield
        finally:
            with self._lock:
                self._interruptible = False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._held:
            yield
            return
        self._connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")


def refused(error: Exception, text: str) -> RefusalError:
    """Return what a client is told of an error that DuckDB found in ``text``."""
    if isinstance(error, pa.ArrowException | MemoryError):
        return RefusalError(OUT_OF_MEMORY, f"the answer could not be taken: {_first(error)}")
    if isinstance(error, OSError):  # what DuckDB says while Arrow reads batches
        memory = "Out of Memory" in str(error)
        return RefusalError(OUT_OF_MEMORY if memory else DATA_EXCEPTION, _first(error))
    state = next((state for kind, state in _STATES.items() if isinstance(error, kind)), DATA_EXCEPTION)
    return RefusalError(state, _first(error), place(str(error), text))


def place(message: str, text: str) -> int | None:
    """Return the character of ``text`` where the name stands that DuckDB misses, the first is 1.

    DuckDB tells no places here. None for a message about no name, or one that stands there more than once.
    """
    if not (found := _MISSED.search(message)):
        return None
    places = [lexeme.start for lexeme in read(text) if lexeme.word == found["name"].lower()]
    return places[0] + 1 if len(places) == 1 else None


def _first(error: Exception) -> str:
    return str(error).split("\n\nLINE ", 1)[0].split("\n\nCandidate", 1)[0].replace("\n", " ")


def _columns(relation: duckdb.DuckDBPyRelation) -> list[Column]:
    return [Column(str(name), type_of(str(kind))) for name, kind, *_ in relation.description]


def _cast(columns: Sequence[Column]) -> str:
    parts = []
    for place, column in enumerate(columns, 1):
        quoted = column.name.replace('"', '""')
        parts.append(f'#{place}::VARCHAR AS "{quoted}"' if column.kind.as_text else f"#{place}")
    return ", ".join(parts)
