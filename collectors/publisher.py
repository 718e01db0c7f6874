"""Records of one fabric into its topic: in order, each confirmed, tried again without end.

Whoever hands records over is on an event loop; kafka-python blocks. So each fabric has a thread that owns its
producer. It keeps every record until Kafka has confirmed it: when the producer gives up on one (it does on
errors that it calls fatal, as a topic that was deleted and made anew), a new producer sends it and all behind
it again. A record may so be stored twice, in the same place of the order; its number in the session tells.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import kafka.errors
import structlog
from kafka import KafkaProducer

from collectors.errors import FabricscopeError
from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of
from collectors.topics import MAX_MESSAGE_BYTES

WINDOW_BYTES: Final = 8 * 1024 * 1024
"""Most that the producer holds at a time, in copies of its own; the rest waits in the queue."""
OBJECT_BYTES: Final = 300
"""Of a record beside its value: 133 measured in the queue, the rest is kafka-python's future once sent."""
FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 30.0
CLOSE_S: Final = 1.0
_BATCH_BYTES: Final = 1024 * 1024
"""kafka-python has one batch of a partition under way at a time: smaller ones wait for the round trip."""
_LINGER_MS: Final = 5
_GATHER_S: Final = 0.02
"""How long a record waits for others: sent alone, each wakes two threads, and a request to Kafka costs as
much as ten records."""
_CONFIRM_POLL_S: Final = 0.01
_FOREVER_MS: Final = 2**31 - 1
"""Of one delivery: 24 days. A broker that is away for longer is met with a new producer."""
_RECONNECT_MS: Final = 2_000
_METADATA_MS: Final = 10_000

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record on its way."""

    key: bytes
    value: bytes
    timestamp_ms: int

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return len(self.value) + OBJECT_BYTES


class Publisher:
    """The way into one fabric's topic. ``put`` never blocks: memory is bounded by who calls it."""

    def __init__(self, access: KafkaAccess, fabric: str, released: Callable[[int], None]) -> None:
        """Take how to reach Kafka; ``released`` is told, from another thread, the bytes confirmed."""
        self.fabric = fabric
        self.confirmed = 0
        """Records that Kafka has confirmed."""
        self.failures = 0
        """Times that a delivery failed for good and was begun anew."""
        self.trouble = ""
        """What is wrong with the delivery now; empty: nothing known."""
        self._access = access
        self._released = released
        self._topic = topic_of(fabric)
        self._queue: deque[Outgoing] = deque()
        self._sent: deque[tuple[Any, Outgoing]] = deque()  # Any: a future of an untyped library
        self._sent_bytes = 0
        self._changed = threading.Condition()
        self._stop_at: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"publish {fabric}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def put(self, record: Outgoing) -> None:
        """Take a record behind those before."""
        with self._changed:
            self._queue.append(record)
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """Records that Kafka has not confirmed."""
        return len(self._queue) + len(self._sent)

    def oldest_ms(self) -> int | None:
        """Return the timestamp of the oldest record that Kafka has not confirmed; None: there is none."""
        for line in (self._sent, self._queue):
            try:
                first = line[0]
            except IndexError:  # the thread was faster
                continue
            return first.timestamp_ms if isinstance(first, Outgoing) else first[1].timestamp_ms
        return None

    @property
    def alive(self) -> bool:
        """Whether the thread still runs: only a defect ends it before it is told to."""
        return self._thread.is_alive()

    def end_at(self, until_s: float) -> None:
        """Deliver what there is until this time of the monotonic clock, then end the thread."""
        with self._changed:
            self._stop_at = until_s
            self._changed.notify()

    def join(self, until_s: float) -> int:
        """Wait for the end until this time; returns how many records were not confirmed."""
        self._thread.join(max(0.0, until_s - time.monotonic()))
        return self.waiting

    def stop(self, within_s: float) -> int:
        """Deliver what there is, for up to ``within_s``, and return how many records were not confirmed."""
        return stop_all([self], within_s)

    def _run(self) -> None:
        producer: KafkaProducer | None = None
        wait_s = FIRST_RETRY_S
        while not self._finished():
            confirmed = self.confirmed
            try:
                producer = producer or self._connect()
                self._deliver(producer)
            except (FabricscopeError, kafka.errors.KafkaError) as error:
                log.warning("delivery failed", fabric=self.fabric, reason=str(error), waiting=self.waiting)
                if producer is not None:
                    _abandon(producer)
                producer = None
                self._begin_anew()
                self.failures += 1
                self.trouble = str(error)
                wait_s = FIRST_RETRY_S if self.confirmed > confirmed else min(LONGEST_RETRY_S, 2 * wait_s)
                self._pause(wait_s)
        if producer is not None:
            _abandon(producer)

    def _connect(self) -> KafkaProducer:
        return self._access.connect(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,  # a retry neither doubles nor reorders
            allow_auto_create_topics=False,
            max_request_size=MAX_MESSAGE_BYTES,
            batch_size=_BATCH_BYTES,
            linger_ms=_LINGER_MS,
            delivery_timeout_ms=_FOREVER_MS,
            reconnect_backoff_max_ms=_RECONNECT_MS,
            max_block_ms=_METADATA_MS,
        )

    def _deliver(self, producer: KafkaProducer) -> None:
        """Send and confirm until the end is asked for; raises what made the producer give up."""
        while not self._finished():
            with self._changed:
                if not self._queue:
                    self._changed.wait(_CONFIRM_POLL_S if self._sent else 1.0)
            if self._queue and self._stop_at is None:
                time.sleep(_GATHER_S)
            while self._queue and (not self._sent or self._sent_bytes < WINDOW_BYTES):
                record = self._queue[0]
                future = producer.send(
                    self._topic,
                    key=record.key,
                    value=record.value,
                    partition=0,
                    timestamp_ms=record.timestamp_ms,
                )
                self._sent.append((future, record))
                self._sent_bytes += record.size
                self._queue.popleft()
            if self._queue:  # the window is full
                time.sleep(_CONFIRM_POLL_S)
            self._confirm()

    def _confirm(self) -> None:
        """Let go of what Kafka confirmed; raises what made a delivery fail."""
        self._collect()
        if self._sent and (failure := self._sent[0][0].exception) is not None:
            raise failure

    def _collect(self) -> None:
        """Let go of what Kafka confirmed, up to the first record that it did not."""
        released = 0
        while self._sent and self._sent[0][0].is_done and self._sent[0][0].exception is None:
            _, record = self._sent.popleft()
            self._sent_bytes -= record.size
            released += record.size
            self.confirmed += 1
            self.trouble = ""
        if released:
            self._released(released)

    def _begin_anew(self) -> None:
        """Put what was sent and not confirmed before what waits."""
        self._collect()
        with self._changed:
            self._queue.extendleft(record for _, record in reversed(self._sent))
            self._sent.clear()
            self._sent_bytes = 0

    def _finished(self) -> bool:
        stop_at = self._stop_at
        return stop_at is not None and (not self.waiting or time.monotonic() >= stop_at)

    def _pause(self, seconds: float) -> None:
        """Wait, but not beyond the time to stop."""
        until = time.monotonic() + seconds
        with self._changed:
            while (left := min(until, self._stop_at or until) - time.monotonic()) > 0:
                self._changed.wait(left)


def _abandon(producer: KafkaProducer) -> None:
    """End a producer without waiting for what it still holds: that is ours to send again.

    ``close`` alone raises when something is left, and leaves a thread behind that goes on sending.
    """
    sender = producer._sender  # noqa: SLF001  # there is no public way, see above
    sender.force_close()
    sender.join(CLOSE_S)
    try:
        producer.close(timeout=0)
    except kafka.errors.KafkaError as error:
        log.warning("producer not closed", reason=str(error))


def stop_all(publishers: Iterable[Publisher], within_s: float) -> int:
    """Stop publishers, all at the same time; returns how many records were not confirmed."""
    stopping = list(publishers)
    until = time.monotonic() + within_s
    for publisher in stopping:
        publisher.end_at(until)
    return sum(publisher.join(until + CLOSE_S) for publisher in stopping)  # it may be waiting for an answer
