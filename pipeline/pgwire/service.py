"""The SQL endpoint as a process runs it: a thread with an event loop of its own beside all else."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

import duckdb
import structlog

from collectors.errors import FabricscopeError
from pipeline.pgwire.connection import Reader
from pipeline.pgwire.journal import Journal
from pipeline.pgwire.limits import Limits
from pipeline.pgwire.login import Door, Tls
from pipeline.pgwire.parser import Parser
from pipeline.pgwire.readers import Readers
from pipeline.pgwire.results import Budget
from pipeline.pgwire.server import Server
from pipeline.pgwire.telling import SqlMetrics
from pipeline.pgwire.users import UsersFile
from pipeline.pgwire.workers import Workers

BACKLOG = 128
STOP_SECONDS = 5.0
"""Sessions get so long to end when the process does."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where SQL is served, and to whom.

    Attributes:
        host: name or address to listen at.
        port: 0 for any that is free.
        tls: None only on one's own machine.
        users: the file of users.
        limits: what they may take.
    """

    host: str
    port: int
    tls: Tls | None
    users: Path
    limits: Limits = field(default_factory=Limits)


class Service:
    """Serves an open store until ``close``."""

    def __init__(
        self,
        access: Access,
        connect: Callable[[], duckdb.DuckDBPyConnection],
        store: Path,
        *,
        archive: Path | None = None,
    ) -> None:
        """Lay out what may be asked, and close what may not.

        Args:
            access: where and to whom.
            connect: returns one more connection to the store, to be used from any thread.
            store: its file; beside it lie ``.sql-journal``, what is running, and ``.sql-spill``, what doesn't
                fit into memory.
            archive: the folder whose rows are read with those of the store.

        Raises:
            InputError: the file of users doesn't do.
            FabricscopeError: the journal can't be written.
        """
        self._access = access
        users = UsersFile(access.users)
        budget = Budget(access.limits.kept_bytes)
        self.metrics = SqlMetrics(lambda: budget.taken)
        self._journal = Journal.open(store.with_name(f"{store.name}.sql-journal"), time.time)
        self._readers = Readers(connect, archive)
        for fabrics in {user.fabrics for user in users().values()}:
            self._readers.allowed(fabrics)
        self._readers.lock(store.with_name(f"{store.name}.sql-spill"), access.limits.query_bytes)
        self._workers = Workers(access.limits, connect())
        self._server = partial(
            Server,
            readers=self._readers,
            door=Door(access.tls, users),
            journal=self._journal,
            limits=access.limits,
            workers=self._workers,
            budget=budget,
            metrics=self.metrics,
        )
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="sql", daemon=True)
        self._listening = threading.Event()
        self._failed: Exception | None = None
        self.port = 0

    def start(self) -> Self:
        """Listen; raises FabricscopeError when the port can't be had."""
        self._thread.start()
        self._listening.wait()
        if self._failed is not None:
            self.close()
            raise FabricscopeError(
                f"can't listen at {self._access.host}:{self._access.port}: {self._failed}"
            ) from self._failed
        log.info("serving SQL", host=self._access.host, port=self.port, tls=self._access.tls is not None)
        return self

    def close(self) -> None:
        """End all sessions, then the thread: nobody has a connection to the store after this."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._workers.close()
        self._journal.close()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._until_stopped())
            except OSError as error:
                self._failed = error
            finally:
                self._listening.set()

    async def _until_stopped(self) -> None:
        async with Parser() as parser:
            serve = self._server(parser=parser)
            sessions: set[asyncio.Task[None]] = set()

            async def session(reader: Reader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                sessions.add(task)
                try:
                    await serve(reader, writer)
                finally:
                    sessions.discard(task)

            def protocol() -> asyncio.StreamReaderProtocol:
                reader = Reader()
                return asyncio.StreamReaderProtocol(reader, lambda _, writer: session(reader, writer))

            listener = await self._loop.create_server(
                protocol, self._access.host, self._access.port, backlog=BACKLOG
            )
            self.port = listener.sockets[0].getsockname()[1]
            self._listening.set()
            await self._stop.wait()
            listener.close()
            for task in sessions:
                task.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(*sessions, return_exceptions=True)
