"""What the sessions of a process, and those of one connection, have in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from collectors.budget import Budget
from collectors.session import SessionIds
from collectors.states import STEADY_S, Heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """What all connections of a process share."""

    version: str
    budget: Budget
    chance: Callable[[], float]
    """Gives a number from 0 to 1, each time another."""
    ids: SessionIds
    wall_ns: Callable[[], int] = time.time_ns
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class Life:
    """What the families of one connection share."""

    heart: Heartbeat
    listening: bool = False
    """Whether the liveness RPC is open: a target that ends or refuses it has spoken, and is not silent."""
    end_reason: str | None = None
    """Why all sessions are about to be ended; None: they are not."""
    silent_s: float = 0.0
    """How long the target had been silent when the sessions were ended for it; 0: they were not."""
    synced_s: float | None = None
    """When the first family got its dump over this connection; monotonic. None: none did."""

    def synced(self, now_s: float) -> None:
        """A family got its dump."""
        if self.synced_s is None:
            self.synced_s = now_s

    def steady(self, now_s: float) -> bool:
        """Return whether the connection stood for STEADY_S after its first dump."""
        return self.synced_s is not None and now_s - self.synced_s >= STEADY_S
