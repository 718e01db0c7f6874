"""kafka-python's fetched data as raw batches: the fast way by record batches, the plain way by its records.

kafka-python makes about ten objects per record, which costs more than everything else the pipeline does with
small records. The fast way replaces one private generator of the consumer that it is given, and only in the
versions it was tested with; in any other version the plain way gives the same batches.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import kafka
import kafka.errors
import numpy as np
from kafka.consumer.fetcher import Fetcher
from kafka.record.memory_records import MemoryRecords

from pipeline.batch import RawBatch, concatenate, cut
from pipeline.record_batch import CorruptBatchError, RecordSection, decode_key, read_records

FAST_VERSIONS: Final = frozenset({"3.0.12"})
_HEADER_BYTES: Final = 61
_FORMAT: Final = 2


def read_whole_batches(consumer: kafka.KafkaConsumer) -> bool:
    """Make ``consumer.poll`` give raw batches instead of records; returns False where that isn't possible.

    ``max_records`` of poll then counts raw batches: one is what one fetch brought.
    """
    if kafka.__version__ not in FAST_VERSIONS:
        return False
    consumer._fetcher.PartitionRecords = _WholeBatches  # noqa: SLF001  # see the module's doc string
    return True


def raw_batch(items: Sequence[Any]) -> RawBatch:  # Any: ConsumerRecord of an untyped library, or RawBatch
    """Return what one poll gave for one partition as one batch, whichever way it was read."""
    if isinstance(items[0], RawBatch):
        return concatenate(items)
    return RawBatch(
        offsets=np.array([record.offset for record in items], dtype=np.int64),
        timestamps_ms=np.array([record.timestamp for record in items], dtype=np.int64),
        keys=[decode_key(record.key) for record in items],
        values=[record.value or b"" for record in items],
    )


class _WholeBatches(Fetcher.PartitionRecords):  # type: ignore[misc]  # the library is untyped
    """What one fetch brought for one partition, as one item per stretch that could be read."""

    def _maybe_skip_record(self, record: RawBatch) -> bool:
        """Keep every item: records before the position asked for are cut off below."""
        return len(record) == 0

    def _unpack_records(self, tp: object, records: MemoryRecords, *_: object) -> Iterator[RawBatch]:
        """Yield the records of all batches; what is read before a broken batch comes before its error."""
        sections: list[RecordSection] = []
        broken: kafka.errors.KafkaError | None = None
        next_offset = self.fetch_offset
        while broken is None and (batch := records.next_batch()) is not None:
            try:
                if batch.magic != _FORMAT:
                    raise kafka.errors.CorruptRecordError(f"message format {batch.magic} of {tp} is too old")
                if not batch.validate_crc():
                    raise kafka.errors.CorruptRecordError(f"{tp} fails its checksum at {batch.base_offset}")
                self.leader_epoch = batch.leader_epoch
                if not batch.is_control_batch:
                    sections.append(_section(batch))
                next_offset = batch.next_offset
            except kafka.errors.KafkaError as error:
                broken = error
        try:
            read = read_records(sections)
        except CorruptBatchError as error:
            raise kafka.errors.CorruptRecordError(f"{tp} from {self.fetch_offset} on: {error}") from error
        first = int(np.searchsorted(read.offsets, self.fetch_offset))  # a batch may begin before it
        wanted = cut(read, first, len(read))
        self.records_read += len(wanted)
        self.bytes_read += sum(map(len, wanted.values))
        self.next_fetch_offset = next_offset
        if len(wanted):
            yield wanted
        if broken is not None:
            raise broken
        self.drain()


def _section(batch: Any) -> RecordSection:  # Any: DefaultRecordBatch of an untyped library
    iter(batch)  # decompresses; raises UnsupportedCodecError when the codec's library is missing
    compressed = batch.compression_type != batch.CODEC_NONE
    data = memoryview(batch._buffer)  # noqa: SLF001  # see the module's doc string
    return RecordSection(
        data=data if compressed else data[_HEADER_BYTES:],
        count=batch.records_count,
        base_offset=batch.base_offset,
        base_timestamp_ms=batch.first_timestamp,
        append_timestamp_ms=batch.max_timestamp if batch.timestamp_type == batch.LOG_APPEND_TIME else None,
    )
