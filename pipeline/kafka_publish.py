"""Records into a fabric's topic: in exact order, each one confirmed."""

from collections import deque
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaProducer

from collectors.errors import FabricscopeError, InputError
from collectors.kafka_access import KafkaAccess
from collectors.records import MAX_RECORD_BYTES, topic_of
from collectors.topics import MAX_MESSAGE_BYTES

IN_FLIGHT_RECORDS: Final = 20_000
IN_FLIGHT_BYTES: Final = 32 * 1024 * 1024
CONFIRM_TIMEOUT_S: Final = 180.0
"""Longer than the producer's own limit for one delivery, 120 s, which names the cause."""
_BATCH_BYTES: Final = 256 * 1024
_LINGER_MS: Final = 5


class Publisher:
    """Sends records to one fabric's topic; leaving the context waits until the last one is confirmed."""

    def __init__(self, producer: KafkaProducer, access: KafkaAccess, fabric: str) -> None:
        self.confirmed = 0
        """Records that the cluster has confirmed."""
        self._producer = producer
        self._access = access
        self._topic = topic_of(fabric)
        self._in_flight: deque[tuple[Any, int, int]] = (
            deque()
        )  # future, timestamp, bytes; Any: untyped library
        self._in_flight_bytes = 0

    @classmethod
    def open(cls, access: KafkaAccess, fabric: str) -> Self:
        """Return a publisher; raises FabricscopeError when Kafka can't be reached."""
        producer = access.connect(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,  # a retry neither doubles nor reorders
            allow_auto_create_topics=False,
            max_request_size=MAX_MESSAGE_BYTES,
            batch_size=_BATCH_BYTES,
            linger_ms=_LINGER_MS,
        )
        return cls(producer, access, fabric)

    def __enter__(self) -> Self:
        """Return the publisher itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Confirm what is under way, unless something failed, and close."""
        try:
            if error is None:
                self.confirm_all()
        finally:
            self._producer.close(timeout=0 if error else None)

    def send(self, key: str, value: bytes, timestamp_ms: int) -> None:
        """Send one record behind those before; raises FabricscopeError for any record that was not taken.

        Blocks while too much is under way.
        """
        if len(value) > MAX_RECORD_BYTES:
            raise InputError(f"a record of {len(value)} bytes is larger than {MAX_RECORD_BYTES}")
        with self._access.errors():
            future = self._producer.send(
                self._topic, key=key.encode(), value=value, partition=0, timestamp_ms=timestamp_ms
            )
        self._in_flight.append((future, timestamp_ms, len(value)))
        self._in_flight_bytes += len(value)
        while (
            len(self._in_flight) > IN_FLIGHT_RECORDS
            or self._in_flight_bytes > IN_FLIGHT_BYTES
            or (self._in_flight and self._in_flight[0][0].is_done)
        ):
            self._confirm_one()

    def confirm_all(self) -> None:
        """Wait until every record sent is confirmed; raises FabricscopeError for one that isn't."""
        while self._in_flight:
            self._confirm_one()

    def _confirm_one(self) -> None:
        future, timestamp_ms, size = self._in_flight.popleft()
        self._in_flight_bytes -= size
        try:
            with self._access.errors():
                stored = future.get(timeout=CONFIRM_TIMEOUT_S)
        except FabricscopeError as error:
            raise FabricscopeError(
                f"{error}; {self.confirmed} records are in {self._topic}, of later ones some may be:"
                " delete the topic before trying again"
            ) from error
        if stored.timestamp != timestamp_ms:
            raise InputError(
                f"topic {self._topic} replaces record times: set its message.timestamp.type to CreateTime"
            )
        self.confirmed += 1
