"""What a target can be made to do wrong, on purpose: for the simulated fabric and for tests."""

import asyncio
from dataclasses import dataclass, field


@dataclass(eq=False)
class Faults:
    """How a target misbehaves now; may be changed at any time.

    ``Server.garbage`` and ``Server.stop`` are the faults of a connection.
    """

    no_capabilities: bool = False
    """Capabilities answers UNIMPLEMENTED."""
    refused: frozenset[str] = frozenset()
    """Paths: an RPC that asks for one of them, or below, ends with INVALID_ARGUMENT."""
    delay_s: float = 0.0
    """Before each message of a stream and each answer: a slow device."""
    _talks: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """A target talks at first."""
        self._talks.set()

    def silence(self) -> None:
        """Say nothing from now on: RPCs stay open and new ones hang."""
        self._talks.clear()

    def resume(self) -> None:
        """Talk again, beginning with what has come up meanwhile."""
        self._talks.set()

    async def hold(self) -> None:
        """Wait as long as a message of this target takes: whatever it sends comes through here."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        await self._talks.wait()
