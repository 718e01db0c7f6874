"""A topic as the collector bench looks at it: how long it is, and what the records of a part of it hold."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaConsumer, TopicPartition

from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of
from collectors.topics import MAX_MESSAGE_BYTES

_POLL_MS: Final = 200
_PATIENCE_S: Final = 3.0


class Topic:
    """The one partition of a fabric's topic, from entering to leaving the context."""

    def __init__(self, access: KafkaAccess, fabric: str) -> None:
        self._access = access
        self._partition = TopicPartition(topic_of(fabric), 0)
        self._counted = 0

    def __enter__(self) -> Self:
        """Connect."""
        self._consumer: Any = self._access.connect(  # Any: a class of an untyped library
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            max_poll_records=10_000,
        )
        self._consumer.assign([self._partition])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self._consumer.close(autocommit=False)

    def end(self) -> int:
        """Return the offset that the next record will have; what was counted lies before it."""
        return max(self._counted, int(self._consumer.end_offsets([self._partition])[self._partition]))

    def count(self, begin: int, weigh: Callable[[bytes], int], wanted: int) -> int:
        """Return the sum of ``weigh`` over the records from an offset on.

        Reads to the end of the topic; waits some seconds for more while the sum is less than ``wanted``, and
        then reads all of it once more: a loss is what two readings miss.
        """
        found = self._read(begin, weigh, wanted)
        return found if found >= wanted else max(found, self._read(begin, weigh, wanted))

    def _read(self, begin: int, weigh: Callable[[bytes], int], wanted: int) -> int:
        self._consumer.seek(self._partition, begin)
        found, self._counted, until = 0, begin, time.monotonic() + _PATIENCE_S
        while self._consumer.position(self._partition) < self.end() or (
            found < wanted and time.monotonic() < until
        ):
            polled = self._consumer.poll(timeout_ms=_POLL_MS)
            before = found
            for record in polled.get(self._partition, ()):
                if record.offset >= self._counted:  # after a seek, what was fetched before it can come again
                    found += weigh(record.value)
                    self._counted = record.offset + 1
            if found > before:
                until = time.monotonic() + _PATIENCE_S
        return found
