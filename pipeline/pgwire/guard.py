"""Stops statements before their memory is the process's end.

DuckDB's own limit is that of all its connections, the writer's among them, and strings a function makes don't
count. So what the process takes is watched, and what has come within a statement's longest time is the
statements'. Pages of the store that DuckDB keeps are left out: it gives them up when others need room.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

import duckdb

from pipeline.pgwire.limits import Limits

TICK_SECONDS: Final = 0.02
"""A statement takes a gigabyte a second at most, as far as was seen."""

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Growth:
    """How much more memory there is now than the least within some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._least: deque[tuple[float, int]] = deque()
        """Times and sizes, both rising: each is the least since the one before it."""

    def add(self, now: float, size: int) -> int:
        """Return the growth up to ``now``, when there are ``size`` bytes."""
        while self._least and self._least[-1][1] >= size:
            self._least.pop()
        self._least.append((now, size))
        while self._least[0][0] < now - self._seconds:
            self._least.popleft()
        return size - self._least[0][1]


class Guard:
    """A thread that watches while statements run."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        limits: Limits,
        tick: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        """Take a connection to ask how much DuckDB keeps, what to do each tick, and what stops all."""
        self._tick = tick
        self._connection = connection
        self._limits = limits
        self._stop_statements = stop
        self._running = 0
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._watch, name="sql-guard", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """One more statement runs."""
        with self._lock:
            self._running += 1
            self._busy.set()

    def end(self) -> None:
        """One statement less runs."""
        with self._lock:
            self._running -= 1
            if not self._running and not self._ended:
                self._busy.clear()

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._ended = True
            self._busy.set()
        self._thread.join()
        self._connection.close()

    def _watch(self) -> None:
        with open("/proc/self/statm", "rb", buffering=0) as statm:  # noqa: PTH123 - no buffer, read anew
            while self._busy.wait() and not self._ended:
                growth = Growth(self._limits.seconds)
                while self._busy.is_set() and not self._ended:
                    self._tick()
                    if growth.add(monotonic(), self._taken(statm.fileno())) > self._limits.query_bytes:
                        self._stop_statements()
                    sleep(TICK_SECONDS)

    def _taken(self, statm: int) -> int:
        resident = int(os.pread(statm, 200, 0).split()[1]) * _PAGE
        row = self._connection.execute(
            "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
        ).fetchone()
        return resident - (int(row[0]) if row else 0)
