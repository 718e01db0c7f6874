"""The process's memory for records on their way to Kafka: who read from a device wait for room.

Lives on one event loop and is used from there only.
"""

import asyncio
from typing import Final

LIMIT_BYTES: Final = 64 * 1024 * 1024


class Budget:
    """Bytes of records that Kafka has not confirmed, over all sessions, and a limit to them.

    Who read a message waits for ``room`` and takes its records at once, before anything else is awaited. The
    next in line is let in after that. So what is held exceeds the limit by one message at most, and a message
    larger than the limit still gets through. Beside it each reader may have one message in hand, for which it
    waits; what a device will send next can't be known before it is read.
    """

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self.limit = limit
        self.held = 0
        self._waiting = 0
        self._line = asyncio.Lock()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def exhausted(self) -> bool:
        """Whether who wants to read has to wait: there is no room, or a line before it."""
        return self.held >= self.limit or self._waiting > 0

    async def room(self) -> None:
        """Wait until there is room; first come, first served, one at a time."""
        if not self.exhausted:
            return
        self._waiting += 1
        try:
            async with self._line:
                while self.held >= self.limit:
                    await self._room.wait()
        finally:
            self._waiting -= 1

    def take(self, size: int) -> None:
        """Hold ``size`` bytes more."""
        self.held += size
        if self.held >= self.limit:
            self._room.clear()

    def release(self, size: int) -> None:
        """Hold ``size`` bytes less."""
        self.held -= size
        if self.held < self.limit:
            self._room.set()
