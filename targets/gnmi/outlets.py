"""What waits for subscribers: bounded for each, and for all of a server together."""

import asyncio
from collections import deque

from grpc import StatusCode

from targets.gnmi.requests import RequestError


class Backlog:
    """The bytes that wait in all outlets of a server; a message that several wait for counts for each."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._outlets: set[Outlet] = set()

    def enter(self, outlet: "Outlet") -> None:
        """Count this outlet from now on."""
        self._outlets.add(outlet)

    def leave(self, outlet: "Outlet") -> None:
        """Count this outlet no longer; nothing may wait in it."""
        self._outlets.discard(outlet)

    def count(self, size: int) -> None:
        """Take note of bytes that have come, or gone; whoever holds most is cut off when it is too much."""
        self._bytes += size
        if self._bytes > self._limit_bytes:
            most = max(self._outlets, key=lambda outlet: outlet.bytes)
            most.fail(
                RequestError(
                    StatusCode.RESOURCE_EXHAUSTED,
                    f"more than {self._limit_bytes} bytes wait for all subscribers, and most of them for this"
                    " one: read faster",
                )
            )


class Outlet:
    """Messages on their way to one subscriber, as many as fit into ``limit_bytes``.

    A subscriber that falls behind further is cut off, not lied to: updates of a leaf that were merged would
    hide that it changed and changed back. It comes back, hears all of the state again and knows of the gap.
    """

    def __init__(self, limit_bytes: int, backlog: Backlog | None = None) -> None:
        self.bytes = 0
        """That wait now."""
        self._limit_bytes = limit_bytes
        self._backlog = backlog
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self._failure: BaseException | None = None
        if backlog is not None:
            backlog.enter(self)

    def put(self, message: bytes) -> None:
        """Add a message; never waits."""
        if self._failure is not None:
            return
        if self._waiting and self.bytes + len(message) > self._limit_bytes:
            self.fail(
                RequestError(
                    StatusCode.RESOURCE_EXHAUSTED,
                    f"more than {self._limit_bytes} bytes wait for this subscriber: read faster",
                )
            )
            return
        self._waiting.append(message)
        self._news.set()
        self._count(len(message))

    def fail(self, error: BaseException) -> None:
        """Drop what waits and end the RPC with this error; the first one counts."""
        if self._failure is None:
            self._failure = error
        self._waiting.clear()
        self._count(-self.bytes)
        self._news.set()

    def close(self) -> None:
        """Take nothing more: the RPC is over."""
        self.fail(EOFError())
        if self._backlog is not None:
            self._backlog.leave(self)

    async def get(self) -> bytes:
        """Return the next message; raises what the RPC is to end with."""
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        message = self._waiting.popleft()
        self._count(-len(message))
        self._taken.set()
        return message

    async def empty(self) -> None:
        """Wait until nothing waits: for what has time, and must not push out what has not."""
        while self._waiting:
            self._taken.clear()
            await self._taken.wait()

    def _count(self, size: int) -> None:
        self.bytes += size
        if self._backlog is not None:
            self._backlog.count(size)
