"""How a replica is doing, per fabric: noted by the thread that works, read by any other."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from pipeline.batch import RawBatch
from pipeline.decode import Decoded
from pipeline.detectors.heard import SILENCE
from pipeline.job import Job

_LOOK: Final = timedelta(milliseconds=500)
"""Observers are counted once in this much of the stream's time: there may be thousands of them."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Health:
    """One fabric, after a batch."""

    records: int = 0
    """Since the start of the process, as updates and dead letters are."""
    updates: int = 0
    dead_letters: int = 0
    next_offset: int = 0
    open_incidents: int = 0
    stream_time: datetime | None = None
    """The fabric's now; None before the first record."""
    fresh: int = 0
    """Devices that said what is, at ``stream_time``: whether that is now, only a clock on the wall tells."""
    observers: int = 0
    """Devices that report, or should: all but those removed from the inventory."""


class Watched:
    """A job which notes after each batch how it is doing; ``health`` is replaced as a whole."""

    def __init__(self, job: Job) -> None:
        self.health: dict[str, Health] = {}
        self._job = job
        self._looked: dict[str, datetime] = {}

    def seen(self, fabric: str) -> Health:
        """Return how a fabric is doing; one that got no batch yet has done nothing."""
        return self.health.get(fabric, Health())

    def position(self, fabric: str) -> int:
        """Return the offset of the first record not yet processed."""
        return self._job.position(fabric)

    def settle(self) -> None:
        """Wait for the commit under way."""
        self._job.settle()

    def process(self, fabric: str, batch: RawBatch, decoded: Decoded) -> None:
        """Let the job process a batch, then look at it."""
        self._job.process(fabric, batch, decoded)
        if not len(batch):
            return
        before = self.seen(fabric)
        now = self._job.now(fabric)
        fresh, observers = before.fresh, before.observers
        if now - self._looked.get(fabric, _EPOCH) >= _LOOK:
            self._looked[fabric] = now
            fresh, observers = freshness(self._job.observers(fabric), now)
        summary: dict[str, Any] = self._job.summary()[fabric]  # Any: of several types
        self.health = {
            **self.health,
            fabric: Health(stream_time=now, fresh=fresh, observers=observers, **summary),
        }


def freshness(observers: pl.DataFrame, now: datetime) -> tuple[int, int]:
    """Return how many devices say what is, and how many report or should.

    ``observers``: one row per (device, family) in service. A device counts when all its sessions are in step
    and it was heard of within SILENCE, the limit of rule X1.
    """
    devices = observers.group_by("device").agg(
        fresh=(pl.col("state") == "fresh").all() & (pl.col("last_seen").max() > now - SILENCE)
    )
    return int(devices["fresh"].sum()), devices.height
