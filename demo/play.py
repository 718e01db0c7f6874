"""Playing a recording: broker, publisher and replica, and what can be seen of them meanwhile."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from collectors.kafka_access import KafkaAccess
from collectors.records import StoredRecord
from collectors.topics import create_topic
from demo.findings import Found, found_in
from demo.recording import Recording
from demo.truth import Truth
from demo.view import Health, Scene
from pipeline import run as loops
from pipeline import transfer
from pipeline.batch import RawBatch
from pipeline.broker import EmbeddedBroker
from pipeline.health import Watched
from pipeline.job import Job
from pipeline.kafka import KafkaSource
from pipeline.kafka_publish import Publisher

FABRIC: Final = "demo"
FRAME_S: Final = 0.25
"""Time between two scenes: fast enough to watch, slow enough to leave the machine to the replica."""
_RATE_WINDOW_S: Final = 2.0


class Playhead:
    """How far the publisher is; it alone writes here."""

    def __init__(self, start: float) -> None:
        self.sent = 0
        self.time = start
        """Unix seconds of the last record sent."""

    def follow(self, records: Iterator[StoredRecord]) -> Iterator[RawBatch]:
        """Yield records one by one, and note each when the next is asked for: then it was sent."""
        for record in records:
            yield RawBatch(
                offsets=np.array([record.offset], dtype=np.int64),
                timestamps_ms=np.array([record.timestamp_ms], dtype=np.int64),
                keys=[record.key],
                values=[record.value],
            )
            self.sent += 1
            self.time = record.timestamp_ms / 1000


def play(
    recording: Recording,
    store: Path,
    speed: float,
    stop: threading.Event,
    show: Callable[[Scene], None],
) -> Scene:
    """Play a recording into a store through a broker of its own, until its end or until ``stop`` is set.

    ``show`` is given a scene each FRAME_S; the last one is returned. The broker is gone afterwards. Raises
    FabricscopeError, also for what failed in the publisher or in the replica.
    """
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker())
        access = KafkaAccess(servers=broker.address)
        create_topic(access, FABRIC)
        job = stack.enter_context(contextlib.closing(Job.open(store, [FABRIC], access.cluster_id())))
        source = stack.enter_context(KafkaSource.open(access, {FABRIC: job.position(FABRIC)}))
        reader = stack.enter_context(contextlib.closing(job.reader()))
        threads = stack.enter_context(ThreadPoolExecutor(2, "demo"))
        ended = threading.Event()
        stack.callback(ended.set)  # before the threads are waited for
        playhead, watched = Playhead(recording.start), Watched(job)
        publishing = threads.submit(_publish, access, recording, playhead, speed, ended)
        replica = threads.submit(loops.run, watched, source, [FABRIC], ended)
        camera = Camera(recording, speed, playhead, watched, reader)
        while not (stop.is_set() or _done(publishing, replica, playhead, watched)):
            show(camera.scene(time.monotonic()))
            stop.wait(FRAME_S)
        ended.set()
        for thread in (replica, publishing):
            thread.result()
        watched.settle()
        last = camera.scene(time.monotonic())
        show(last)
        return last


def _publish(
    access: KafkaAccess, recording: Recording, playhead: Playhead, speed: float, ended: threading.Event
) -> None:
    with Publisher.open(access, FABRIC) as publisher:
        batches = playhead.follow(recording.records)
        transfer.publish(batches, publisher, ended, lambda _: None, speed=speed)


def _done(publishing: Future[None], replica: Future[None], playhead: Playhead, watched: Watched) -> bool:
    """Whether the replica has all that was published, or one of the two failed."""
    if replica.done():
        return True
    if not publishing.done():
        return False
    return publishing.exception() is not None or watched.seen(FABRIC).records >= playhead.sent


class Camera:
    """Makes scenes of what the publisher and the replica have come to."""

    def __init__(
        self,
        recording: Recording,
        speed: float,
        playhead: Playhead,
        watched: Watched,
        reader: duckdb.DuckDBPyConnection,
    ) -> None:
        self._recording = recording
        self._speed = speed
        self._playhead = playhead
        self._watched = watched
        self._reader = reader
        self._rates: deque[tuple[float, int]] = deque()

    def scene(self, clock_s: float) -> Scene:
        """Return the scene now; ``clock_s`` is a clock for rates."""
        seen, sent, now = self._watched.seen(FABRIC), self._playhead.sent, self._playhead.time
        truth = self._recording.truth or Truth()
        return Scene(
            recording=self._recording.name,
            speed=self._speed,
            zero=self._recording.zero,
            now=now,
            end=truth.end,
            deeds=truth.until(now),
            found=self._read(),
            health=Health(
                records=seen.records,
                records_per_s=self._rate(clock_s, seen.records),
                updates=seen.updates,
                lag=max(0, sent - seen.records),
                stream_time=seen.stream_time,
                fresh=seen.fresh,
                observers=seen.observers,
                dead_letters=seen.dead_letters,
            ),
        )

    def _read(self) -> Found:
        """Return what the views say, all at one moment."""
        self._reader.begin()
        views = [
            self._reader.sql(f"FROM main.{name}").pl() for name in ("incident", "incident_event", "finding")
        ]
        self._reader.commit()
        return found_in(*views)

    def _rate(self, clock_s: float, records: int) -> float:
        self._rates.append((clock_s, records))
        while clock_s - self._rates[0][0] > _RATE_WINDOW_S:
            self._rates.popleft()
        began_s, before = self._rates[0]
        passed_s = clock_s - began_s
        return (records - before) / passed_s if passed_s else 0.0
