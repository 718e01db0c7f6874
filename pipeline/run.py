"""The loops that feed a job: from topics as they grow, and from a capture as fast as it goes.

Reading and decoding run ahead, each by one batch and in a thread of its own: while one waits for the broker
or the disk, the others go on. Small batches are not read ahead: what is in the topic when the job is ready
goes into the next one.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Final, NamedTuple, Protocol, TypeVar

import numpy as np
import structlog

from pipeline.batch import RawBatch, cut
from pipeline.decode import Decoded, decode

T = TypeVar("T")
POLL_TIME: Final = timedelta(milliseconds=500)
"""How long a quiet topic delays the answer to a request to stop."""
LARGE_RECORDS: Final = 1_000
"""From here on a batch's work is more than what every batch costs."""

log: Final = structlog.get_logger(__name__)


class Job(Protocol):
    """What turns the records of its fabrics into a store; it keeps the position of each fabric."""

    def position(self, fabric: str) -> int:
        """Return the offset to read from: of the last snapshot, which may be before what is stored."""
        ...

    def process(self, fabric: str, batch: RawBatch, decoded: Decoded) -> None:
        """Apply, detect and commit a batch; ``decoded`` is what decode makes of it."""
        ...

    def settle(self) -> None:
        """Wait for the commit under way; raise what went wrong with it."""
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


class _Read(NamedTuple):
    """A batch of a fabric."""

    fabric: str
    batch: RawBatch


class _Item(NamedTuple):
    """What a job is given."""

    fabric: str
    batch: RawBatch
    decoded: Decoded


def _ahead(items: Iterator[T], worth: Callable[[T], bool] = lambda _: True) -> Generator[T, None, None]:
    """Yield items, with the next one in the making if the last was ``worth`` it."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        coming = reader.submit(next, items, end)
        while (item := coming.result()) is not end:
            if worth(item):  # type: ignore[arg-type]  # not the end
                coming = reader.submit(next, items, end)
                yield item  # type: ignore[misc]  # as above
            else:
                yield item  # type: ignore[misc]  # as above
                coming = reader.submit(next, items, end)


def run(
    job: Job,
    source: Source,
    fabrics: Sequence[str],
    stop: threading.Event,
    *,
    until_caught_up: bool = False,
) -> None:
    """Feed the job until ``stop`` is set, or until it has what the topics held when this began."""
    polled = _ahead(_polled(source, fabrics, stop, until_caught_up=until_caught_up), _large)
    with closing(polled), closing(_ahead(map(_decoded, polled), _large)) as items:
        for item in items:
            if item is None:
                job.settle()
            else:
                job.process(*item)


def _large(item: _Read | _Item | None) -> bool:
    """Whether reading ahead is worth it: a small batch that is read early only waits."""
    return item is not None and len(item.batch) >= LARGE_RECORDS


def _decoded(read: _Read | None) -> _Item | None:
    return None if read is None else _Item(read.fabric, read.batch, decode(read.batch))


def _polled(
    source: Source, fabrics: Sequence[str], stop: threading.Event, *, until_caught_up: bool
) -> Iterator[_Read | None]:
    """Yield what the topics hold and get until ``stop`` is set or the job will have caught up.

    None says that there was nothing: so that nobody waits longer than a poll for this to end.
    """
    ends = {fabric: source.end(fabric) for fabric in fabrics}
    behind = set(fabrics)
    while not stop.is_set():
        found = source.poll(POLL_TIME)
        for fabric, batch in found.items():
            yield _Read(fabric, batch)
        if not found:
            yield None
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

    def item(batch: RawBatch) -> tuple[int, _Item | None]:
        """Return the size of a batch, and what of it lies at or behind the position, decoded."""
        rest = cut(batch, int(np.searchsorted(batch.offsets, position)), len(batch))
        return len(batch), _decoded(_Read(fabric, rest) if len(rest) else None)

    read = _ahead(iter(batches))
    with closing(read), closing(_ahead(map(item, read))) as items:
        for size, decoded in items:
            if stop.is_set():
                return
            if decoded is not None:
                job.process(*decoded)
            progress(size)
