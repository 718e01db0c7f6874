"""A fabric's topic as raw batches, from a position that the caller keeps.

Reading takes part in no consumer group and commits nothing: the position lives in the store, in the
transaction of what was made from it.
"""

import contextlib
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import kafka
import kafka.errors
import numpy as np
import structlog
from kafka import KafkaConsumer, TopicPartition

from collectors.errors import FabricscopeError, InputError, RefusedError
from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of
from collectors.topics import MAX_MESSAGE_BYTES
from pipeline.batch import RawBatch, concatenate, cut
from pipeline.kafka_fetch import raw_batch, read_whole_batches

MAX_BATCH_RECORDS: Final = 50_000
MAX_BATCH_BYTES: Final = 64 * 1024 * 1024
FILL_TIME: Final = timedelta(milliseconds=200)
"""How long a batch waits for more records while the topic is known to hold more."""
BEYOND_END_GRACE: Final = timedelta(seconds=10)
"""A new leader may for a moment know of fewer records than were read; a topic made anew stays behind."""

log: Final = structlog.get_logger(__name__)


class KafkaSource:
    """The topics of some fabrics, read in offset order, each from its position.

    Iterating is left to the caller: ``poll`` gives at most one bounded batch per fabric.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        access: KafkaAccess,
        *,
        max_records: int = MAX_BATCH_RECORDS,
        max_bytes: int = MAX_BATCH_BYTES,
    ) -> None:
        self._consumer = consumer
        self._access = access
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._whole_batches = False
        self._partitions: dict[str, TopicPartition] = {}
        self._pending: dict[str, deque[RawBatch]] = defaultdict(deque)
        self._pending_bytes: dict[str, int] = defaultdict(int)
        self._beyond_end_since: dict[str, float] = {}

    @classmethod
    def open(
        cls,
        access: KafkaAccess,
        positions: Mapping[str, int | None],
        *,
        max_records: int = MAX_BATCH_RECORDS,
        max_bytes: int = MAX_BATCH_BYTES,
        whole_batches: bool = True,
    ) -> Self:
        """Return a source that reads each fabric from its position; None means the oldest record kept.

        ``whole_batches`` False reads record by record, as any version of kafka-python can.
        Raises FabricscopeError when Kafka can't be reached, InputError when a topic doesn't exist,
        RefusedError when it has more than one partition or no longer holds the position.
        """
        consumer = access.connect(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            max_poll_records=max_records,
        )
        source = cls(consumer, access, max_records=max_records, max_bytes=max_bytes)
        try:
            source._start(positions, whole_batches=whole_batches)
        except BaseException:
            source.close()
            raise
        return source

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections; nothing is committed."""
        self._consumer.close(autocommit=False)

    def poll(self, timeout: timedelta) -> dict[str, RawBatch]:
        """Return the next batch of each fabric that has one, waiting up to ``timeout`` for the first record.

        A batch holds at most ``max_records`` records and ``max_bytes`` of values, but at least one record.
        """
        if not any(self._pending.values()):
            self._fetch(timeout)
            deadline = time.monotonic() + FILL_TIME.total_seconds()
            while self._wants_more() and (left := deadline - time.monotonic()) > 0:
                self._fetch(timedelta(seconds=left))
        self._check_ends(BEYOND_END_GRACE)
        return {fabric: self._next_batch(fabric) for fabric in list(self._pending) if self._pending[fabric]}

    def position(self, fabric: str) -> int:
        """Return the offset of the next record that ``poll`` will give."""
        pending = self._pending[fabric]
        if pending:
            return int(pending[0].offsets[0])
        return int(self._consumer.position(self._partitions[fabric]))

    def end(self, fabric: str) -> int | None:
        """Return the offset behind the last readable record, as the last fetch said; None before the first.

        This is the partition's high watermark. Asking the broker for its end offsets is no substitute: Tansu
        answers with the first offset of the last batch.
        """
        end: int | None = self._consumer.highwater(self._partitions[fabric])
        return end

    def lag(self, fabric: str) -> int | None:
        """Return how many offsets lie between position and end; None before the first fetch."""
        end = self.end(fabric)
        return None if end is None else max(0, end - self.position(fabric))

    def _start(self, positions: Mapping[str, int | None], *, whole_batches: bool) -> None:
        self._whole_batches = whole_batches and read_whole_batches(self._consumer)
        if whole_batches and not self._whole_batches:
            log.warning("reading record by record", kafka_python=kafka.__version__, effect="slower")
        with self._access.errors():
            for fabric in positions:
                topic = topic_of(fabric)
                partitions = self._consumer.partitions_for_topic(topic)
                if not partitions:
                    raise InputError(f"Kafka at {self._access.servers} has no topic {topic}")
                if len(partitions) > 1:
                    raise RefusedError(
                        f"topic {topic} has {len(partitions)} partitions, so its records have no order:"
                        " make it anew with one"
                    )
                self._partitions[fabric] = TopicPartition(topic, 0)
            self._consumer.assign(list(self._partitions.values()))
            oldest = self._consumer.beginning_offsets(list(self._partitions.values()))
            for fabric, position in positions.items():
                partition = self._partitions[fabric]
                self._consumer.seek(partition, oldest[partition] if position is None else position)
        # The first answer tells where the topic ends; a broker may stay silent about a position beyond it.
        deadline = time.monotonic() + self._access.bootstrap_timeout_ms / 1000
        while any(self.end(fabric) is None for fabric in positions):
            if time.monotonic() > deadline:
                raise FabricscopeError(f"Kafka at {self._access.servers} does not answer a fetch")
            self._fetch(FILL_TIME)
        self._check_ends(timedelta(0))

    def _fetch(self, timeout: timedelta) -> None:
        """Add what the broker has to the pending batches."""
        limit = len(self._partitions) if self._whole_batches else self._max_records
        try:
            with self._access.errors():
                fetched = self._consumer.poll(int(timeout.total_seconds() * 1000), max_records=limit)
        except FabricscopeError as error:
            if isinstance(error.__cause__, kafka.errors.OffsetOutOfRangeError):
                raise self._out_of_range(error.__cause__) from error
            if isinstance(error.__cause__, kafka.errors.LogTruncationError):
                raise RefusedError(
                    "the topic lost records that were read already (an unclean election): what the store"
                    " holds no longer follows from the topic; start a new store"
                ) from error
            raise
        fabrics = {partition: fabric for fabric, partition in self._partitions.items()}
        for partition, items in fetched.items():
            fabric, batch = fabrics[partition], raw_batch(items)
            self._pending[fabric].append(batch)
            self._pending_bytes[fabric] += sum(map(len, batch.values))

    def _wants_more(self) -> bool:
        """Whether a fabric has less than a full batch although its topic holds more."""
        for fabric, partition in self._partitions.items():
            records = sum(map(len, self._pending[fabric]))
            if records >= self._max_records or self._pending_bytes[fabric] >= self._max_bytes:
                return False
            if (self.end(fabric) or 0) > self._consumer.position(partition):
                return True
        return False

    def _next_batch(self, fabric: str) -> RawBatch:
        """Take up to a full batch from what is pending."""
        pending = self._pending[fabric]
        whole = concatenate(list(pending))
        pending.clear()
        ends = np.cumsum(np.fromiter(map(len, whole.values), dtype=np.int64, count=len(whole)))
        count = max(1, min(int(np.searchsorted(ends, self._max_bytes, side="right")), self._max_records))
        if count < len(whole):
            pending.append(cut(whole, count, len(whole)))
        self._pending_bytes[fabric] = int(ends[-1] - ends[min(count, len(whole)) - 1])
        return cut(whole, 0, count)

    def _check_ends(self, grace: timedelta) -> None:
        """Refuse to wait for records at a position that the topic ends before."""
        for fabric, partition in self._partitions.items():
            end, position = self.end(fabric), self._consumer.position(partition)
            if end is None or position <= end:
                self._beyond_end_since.pop(fabric, None)
                continue
            since = self._beyond_end_since.setdefault(fabric, time.monotonic())
            if time.monotonic() - since >= grace.total_seconds():
                raise RefusedError(
                    f"topic {partition.topic} ends at offset {end}, before the position {position}:"
                    " it was made anew; start a new store"
                )

    def _out_of_range(self, error: kafka.errors.OffsetOutOfRangeError) -> RefusedError:
        sentences = []
        for partition, position in error.args[0].items():
            held = "unknown offsets"
            with contextlib.suppress(kafka.errors.KafkaError):
                oldest = self._consumer.beginning_offsets([partition])[partition]
                held = f"offsets {oldest} to {self._consumer.end_offsets([partition])[partition]}"
            sentences.append(f"topic {partition.topic} holds {held}, not the position {position}")
        return RefusedError(
            f"{'; '.join(sentences)}. Where records were deleted, start from the store of a replica that has"
            " read them; where the topic was made anew, start a new store"
        )
