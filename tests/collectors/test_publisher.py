"""The way into a topic, against a producer that does what kafka-python's was seen to do."""

import threading
import time
from collections.abc import Callable
from typing import Any, cast

import kafka.errors
import pytest

from collectors.errors import FabricscopeError
from collectors.kafka_access import KafkaAccess
from collectors.publisher import CLOSE_S, WINDOW_BYTES, Outgoing, Publisher, stop_all

IN_TIME_S = 10.0


class Future:
    """Of one record: done when the broker answered."""

    def __init__(self) -> None:
        self.is_done = False
        self.exception: Exception | None = None


class Broker:
    """A cluster as producers see it: it may hold its answers back, or fail for good."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.away = False
        self.fatal_at: int | None = None
        """The record (counted from 0) at which the next producer fails, after it was stored."""
        self.unreachable = 0
        """Attempts to connect that fail."""
        self.producers: list[Producer] = []

    def connect(self, _kind: object, **_options: object) -> "Producer":
        if self.unreachable:
            self.unreachable -= 1
            raise FabricscopeError("Kafka at b:1: connection refused")
        self.producers.append(Producer(self))
        return self.producers[-1]

    def answer(self) -> None:
        self.away = False
        for producer in self.producers:
            producer.answer()


class Producer:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.open: list[tuple[Future, bytes]] = []
        self.dead = False
        self.closed = False
        self.held_bytes = 0
        self.most_bytes = 0

    def send(self, topic: str, **record: Any) -> Future:
        assert topic == "fabricscope.raw.dc1"
        assert record["partition"] == 0
        if self.dead:
            raise kafka.errors.KafkaError("the producer is in an error state")
        future = Future()
        self.open.append((future, record["value"]))
        self.held_bytes += len(record["value"])
        self.most_bytes = max(self.most_bytes, self.held_bytes)
        if not self.broker.away:
            self.answer()
        return future

    def answer(self) -> None:
        for future, value in self.open:
            self.broker.stored.append(value)
            if self.broker.fatal_at is not None and len(self.broker.stored) > self.broker.fatal_at:
                self.broker.fatal_at = None
                self.dead = True
            if self.dead:
                future.exception = kafka.errors.UnknownTopicOrPartitionError()
            self.held_bytes -= len(value)
            future.is_done = True
        self.open.clear()

    @property
    def _sender(self) -> "Producer":
        return self

    def force_close(self) -> None:
        self.closed = True

    def join(self, _timeout: float) -> None:
        assert self.closed

    def close(self, **_options: object) -> None:
        if not self.closed and self.open:  # as kafka-python 3 does
            raise kafka.errors.KafkaTimeoutError("records left")


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.publisher.FIRST_RETRY_S", 0.02)


@pytest.fixture
def released() -> list[int]:
    return []


@pytest.fixture
def publisher(broker: Broker, released: list[int]) -> Publisher:
    made = Publisher(cast("KafkaAccess", broker), "dc1", released.append)
    made.start()
    return made


def record(number: int, size: int = 0) -> Outgoing:
    return Outgoing(b"leaf1", str(number).encode().ljust(size), number)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + IN_TIME_S
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        tick.wait(0.005)


def test_records_arrive_in_order_and_their_memory_is_given_back(
    broker: Broker, publisher: Publisher, released: list[int]
) -> None:
    records = [record(number) for number in range(1000)]
    for one in records:
        publisher.put(one)
    assert publisher.stop(IN_TIME_S) == 0
    assert broker.stored == [one.value for one in records]
    assert sum(released) == sum(one.size for one in records)
    assert publisher.confirmed == 1000
    assert publisher.oldest_ms() is None


def test_after_a_fatal_error_all_that_was_not_confirmed_is_sent_again_in_order(
    broker: Broker, publisher: Publisher
) -> None:
    broker.away, broker.fatal_at = True, 3
    for number in range(10):
        publisher.put(record(number))
    until(lambda: bool(broker.producers) and len(broker.producers[0].open) == 10)
    broker.answer()
    assert publisher.stop(IN_TIME_S) == 0
    first_time = [str(number).encode() for number in range(10)]
    assert broker.stored == first_time + first_time[3:], (
        "what failed may be there: it stands in the same place"
    )
    assert broker.producers[0].closed
    assert (publisher.failures, publisher.confirmed, publisher.trouble) == (1, 10, "")


def test_a_cluster_that_can_not_be_reached_is_tried_until_it_can(
    broker: Broker, publisher: Publisher
) -> None:
    until(lambda: bool(broker.producers))
    broker.unreachable, broker.fatal_at = 3, 0
    publisher.put(record(1))
    until(lambda: publisher.confirmed == 1)
    assert publisher.failures == 4
    assert publisher.stop(IN_TIME_S) == 0


def test_no_more_than_a_window_is_copied_into_the_producer(broker: Broker, publisher: Publisher) -> None:
    broker.away = True
    size = WINDOW_BYTES // 8
    for number in range(50):
        publisher.put(record(number, size))
    until(lambda: bool(broker.producers) and broker.producers[0].most_bytes >= WINDOW_BYTES - size)
    broker.answer()
    until(lambda: publisher.waiting == 0)
    assert broker.producers[0].most_bytes <= WINDOW_BYTES
    assert [int(value) for value in broker.stored] == list(range(50))
    assert publisher.stop(0) == 0


def test_what_is_not_confirmed_in_time_is_counted(broker: Broker, publisher: Publisher) -> None:
    broker.away = True
    for number in range(5):
        publisher.put(record(number))
    assert publisher.oldest_ms() == 0
    assert stop_all([publisher], 0.1) == 5


def test_a_defect_is_seen_from_outside(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _error: None)

    def defect(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Producer, "send", defect)
    assert publisher.alive
    publisher.put(record(1))
    until(lambda: not publisher.alive)


def test_what_was_confirmed_before_a_failure_is_not_sent_again(
    broker: Broker, publisher: Publisher, released: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    send, failures = Producer.send, 3

    def refuse_some(self: Producer, topic: str, **sent: Any) -> Future:
        nonlocal failures
        if sent["value"] == b"2" and failures:
            failures -= 1
            raise kafka.errors.MessageSizeTooLargeError("too large, this time")
        return send(self, topic, **sent)

    monkeypatch.setattr(Producer, "send", refuse_some)
    for number in range(5):
        publisher.put(record(number))
    until(lambda: publisher.waiting == 0)
    assert publisher.stop(IN_TIME_S) == 0
    assert broker.stored == [b"0", b"1", b"2", b"3", b"4"]
    assert sum(released) == sum(record(number).size for number in range(5))
    assert publisher.failures == 3


def test_publishers_that_wait_for_an_answer_are_stopped_at_the_same_time() -> None:
    answer = threading.Event()

    class Mute(Broker):
        def connect(self, _kind: object, **_options: object) -> Producer:
            answer.wait(IN_TIME_S)
            return super().connect(_kind)

    mute = [Publisher(cast("KafkaAccess", Mute()), "dc1", lambda _size: None) for _ in range(5)]
    for one in mute:
        one.start()
        one.put(record(1))
    since = time.monotonic()
    assert stop_all(mute, 0.1) == 5
    assert time.monotonic() - since < 0.1 + 2 * CLOSE_S
    answer.set()
