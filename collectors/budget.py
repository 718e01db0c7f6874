"""The process's memory for records on their way to Kafka: who reads from a device waits until there is room.

Lives on one event loop and is used from there only.
"""

import asyncio
from typing import Final

LIMIT_BYTES: Final = 64 * 1024 * 1024


class Budget:
    """Bytes of records that Kafka has not confirmed, over all sessions, and a limit to them.

    A record is taken while less than the limit is held, whatever its size: so at most one record more than
    the limit is, and a record larger than the limit still gets through.
    """

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self.limit = limit
        self.held = 0
        self._room = asyncio.Event()
        self._room.set()

    @property
    def exhausted(self) -> bool:
        """Whether who wants to read has to wait."""
        return self.held >= self.limit

    async def room(self) -> None:
        """Wait until there is room; first come, first served."""
        while self.exhausted:
            await self._room.wait()

    def take(self, size: int) -> None:
        """Hold ``size`` bytes more."""
        self.held += size
        if self.exhausted:
            self._room.clear()

    def release(self, size: int) -> None:
        """Hold ``size`` bytes less."""
        self.held -= size
        if not self.exhausted:
            self._room.set()
