"""Threads that run statements: few, so that the store's own work comes first."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import duckdb

from pipeline.pgwire.guard import Guard
from pipeline.pgwire.limits import Limits
from pipeline.pgwire.refusal import OUT_OF_MEMORY, QUERY_CANCELED, RefusalError
from pipeline.pgwire.results import Result
from pipeline.pgwire.running import Runner

T = TypeVar("T")

NICENESS: Final = 10
"""Of threads that run statements: what else the process does gets a processor before them."""

_ENCODING: Final = 2
"""Threads that make messages of answers."""


class Workers:
    """Where statements run, in turn, and answers are made into messages."""

    def __init__(self, limits: Limits, connection: duckdb.DuckDBPyConnection) -> None:
        """Take a connection to the store, for a guard."""
        self._limits = limits
        self._running: set[Runner] = set()
        self._guard = Guard(connection, limits, self._insist, self._too_much)
        self._statements = ThreadPoolExecutor(limits.running, "sql", _behind_others)
        self._encoding = ThreadPoolExecutor(_ENCODING, "sql-encode", _behind_others)

    async def run(self, runner: Runner, task: Callable[[], T], seconds: float | None = None) -> T:
        """Return what ``task`` returns, a method of ``runner``; it is stopped after ``seconds``.

        The time for a turn counts. When the session ends meanwhile, what runs is stopped first.
        """
        loop = asyncio.get_running_loop()
        limit = min(self._limits.seconds, seconds or self._limits.seconds)
        late = RefusalError(
            QUERY_CANCELED, f"the statement took more than {limit:g} s, the limit: ask for less"
        )
        runner.begin()
        self._running.add(runner)
        self._guard.begin()
        timer = loop.call_later(limit, runner.stop, late)
        future = loop.run_in_executor(self._statements, task)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            runner.stop(RefusalError(QUERY_CANCELED, "the session ended"))
            while not future.done():  # nobody may close the connection while it is in use
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            if not future.cancelled() and isinstance(forgotten := future.result(), Result):
                forgotten.close()
            raise
        finally:
            timer.cancel()
            self._guard.end()
            self._running.discard(runner)
            runner.end()

    async def encode(self, task: Callable[[], T]) -> T:
        """Return what ``task`` returns, which touches no store."""
        return await asyncio.get_running_loop().run_in_executor(self._encoding, task)

    def close(self) -> None:
        """Wait for what runs."""
        self._guard.close()
        self._statements.shutdown(cancel_futures=True)
        self._encoding.shutdown(cancel_futures=True)

    def _insist(self) -> None:
        for runner in tuple(self._running):
            runner.insist()

    def _too_much(self) -> None:
        reason = RefusalError(
            OUT_OF_MEMORY,
            f"statements took more than {self._limits.query_bytes >> 20} MiB of memory together and were"
            " stopped: aggregate, filter, or ask in parts",
        )
        for runner in tuple(self._running):
            runner.stop(reason)


def _behind_others() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
