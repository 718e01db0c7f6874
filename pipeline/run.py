"""The loops that feed a job: from topics as they grow, and from a capture as fast as it goes."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final, Protocol

import numpy as np
import structlog

from pipeline.batch import RawBatch, cut

POLL_TIME: Final = timedelta(milliseconds=500)
"""How long a quiet topic delays the answer to a request to stop."""

log: Final = structlog.get_logger(__name__)


class Job(Protocol):
    """What turns the records of its fabrics into a store; it keeps the position of each fabric."""

    def position(self, fabric: str) -> int:
        """Return the offset of the first record not yet in the store."""
        ...

    def process(self, fabric: str, batch: RawBatch) -> None:
        """Decode, apply, detect and commit a batch."""
        ...


class Source(Protocol):
    """Where the records come from: pipeline.kafka.KafkaSource."""

    def poll(self, timeout: timedelta) -> dict[str, RawBatch]:
        """Return the next batch of each fabric that has one."""
        ...

    def position(self, fabric: str) -> int:
        """Return the offset of the next record."""
        ...

    def end(self, fabric: str) -> int | None:
        """Return the offset behind the last record."""
        ...


def run(
    job: Job,
    source: Source,
    fabrics: Sequence[str],
    stop: threading.Event,
    *,
    until_caught_up: bool = False,
) -> None:
    """Feed the job until ``stop`` is set, or until it has what the topics held when this began."""
    ends = {fabric: source.end(fabric) for fabric in fabrics}
    behind = set(fabrics)
    while not stop.is_set():
        for fabric, batch in source.poll(POLL_TIME).items():
            job.process(fabric, batch)
        for fabric in sorted(behind):
            end = ends[fabric]
            if end is not None and source.position(fabric) >= end:
                behind.remove(fabric)
                log.info("caught up", fabric=fabric, position=source.position(fabric))
        if until_caught_up and not behind:
            return


def replay(
    job: Job,
    fabric: str,
    batches: Iterable[RawBatch],
    stop: threading.Event,
    progress: Callable[[int], None],
) -> None:
    """Feed the job with a capture, from its position on, until the end or until ``stop`` is set.

    ``progress`` is told the number of records read from each batch of the file.
    """
    position = job.position(fabric)
    for batch in batches:
        if stop.is_set():
            return
        rest = cut(batch, int(np.searchsorted(batch.offsets, position)), len(batch))
        if len(rest):
            job.process(fabric, rest)
        progress(len(batch))
