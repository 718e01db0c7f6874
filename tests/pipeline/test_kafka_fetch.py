"""Reading fetched data by whole record batches: what comes of broken ones, and when it isn't done."""

import struct
from importlib.metadata import version

import kafka
import pytest
from kafka import TopicPartition
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from pipeline.batch import RawBatch
from pipeline.kafka_fetch import FAST_VERSIONS, _WholeBatches, read_whole_batches

PARTITION = TopicPartition("fabricscope.raw.dc1", 0)


class Consumer:
    """As much of a consumer as is touched."""

    class _Fetcher:
        PartitionRecords: type | None = None

    def __init__(self) -> None:
        self._fetcher = self._Fetcher()


def stored(base_offset: int, values: list[bytes]) -> bytes:
    """Return a record batch as a broker stores it from a producer's."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for number, value in enumerate(values):
        builder.append(number, 1_000 + number, b"leaf1", value, [])
    batch = bytearray(builder.build())
    struct.pack_into(">q", batch, 0, base_offset)
    return bytes(batch)


def fetched(data: bytes, fetch_offset: int) -> _WholeBatches:
    return _WholeBatches(fetch_offset, PARTITION, MemoryRecords(data))


def test_the_locked_version_is_one_that_is_read_by_whole_batches() -> None:
    assert version("kafka-python") in FAST_VERSIONS


def test_another_version_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "__version__", "3.99.0")
    consumer = Consumer()
    assert not read_whole_batches(consumer)
    assert consumer._fetcher.PartitionRecords is None


def test_all_batches_of_a_fetch_come_as_one() -> None:
    part = fetched(stored(5, [b"a", b"b"]) + stored(9, [b"c"]), 5)
    (batch,) = part.take(10)
    assert isinstance(batch, RawBatch)
    assert (batch.offsets.tolist(), batch.values) == ([5, 6, 9], [b"a", b"b", b"c"])
    assert part.next_fetch_offset == 10


def test_records_before_the_position_are_cut_off() -> None:
    (batch,) = fetched(stored(5, [b"a", b"b", b"c"]), 7).take(10)
    assert batch.offsets.tolist() == [7]


def test_what_is_whole_comes_before_the_error_of_what_is_broken() -> None:
    broken = bytearray(stored(7, [b"c", b"d"]))
    broken[-1] ^= 1
    part = fetched(stored(5, [b"a", b"b"]) + bytes(broken) + stored(9, [b"e"]), 5)
    (batch,) = part.take(10)
    assert batch.values == [b"a", b"b"]
    assert part.next_fetch_offset == 7
    with pytest.raises(CorruptRecordError, match="checksum at 7"):
        part.take(10)


def test_a_fetch_that_begins_broken_gives_nothing_but_the_error() -> None:
    broken = bytearray(stored(5, [b"a"]))
    broken[-1] ^= 1
    with pytest.raises(CorruptRecordError, match="checksum at 5"):
        fetched(bytes(broken), 5).take(10)
