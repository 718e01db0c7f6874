"""The inventory file as it changes: each readable version of it is a plan, a mistake leaves the last one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import structlog

from collectors.errors import FabricscopeError, InputError
from collectors.supervisor import Plan

POLL_S: Final = 2.0
"""How often the file is looked at; SIGHUP asks at once."""
RETRY_S: Final = 30.0
"""How often a version that is not followed is tried again: what it waits for, as a topic, may be made."""

log: Final = structlog.get_logger(__name__)


class Reload:
    """Plans from a file, until ``stop``. ``load`` may block; it raises FabricscopeError for what can't be."""

    def __init__(self, path: Path, load: Callable[[], Plan]) -> None:
        self.failed = ""
        """Why the file as it is now is not followed; empty: it is."""
        self._path = path
        self._load = load
        self._wake = asyncio.Event()
        self._stopped = False
        self._asked = False

    def stop(self) -> None:
        """Make ``plans`` end."""
        self._stopped = True
        self._wake.set()

    def ask(self) -> None:
        """Read the file again, whether it looks changed or not."""
        self._asked = True
        self._wake.set()

    async def plans(self) -> AsyncIterator[Plan]:
        """Yield a plan at once, and one for each change; raises FabricscopeError for the first only."""
        seen, first = None, True
        clock = asyncio.get_running_loop().time
        tried_at = clock()
        while not self._stopped:
            version = _version(self._path)
            again = self.failed and clock() - tried_at >= RETRY_S
            if version != seen or self._asked or again:
                seen, self._asked, tried_at = version, False, clock()
                try:
                    plan = await asyncio.to_thread(self._load)
                except FabricscopeError as error:
                    if first:
                        raise
                    if not isinstance(error, InputError):
                        seen = None  # Kafka was away: the file may be right
                    if self.failed != str(error):
                        log.warning("inventory not followed", reason=str(error), effect="the last one holds")
                    self.failed = str(error)
                else:
                    first, self.failed = False, ""
                    yield plan
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()


def _version(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written or replaced; None for one that is missing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
