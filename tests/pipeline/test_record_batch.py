"""Record batches to arrays, against kafka-python's own reading of the same bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from pipeline.record_batch import CorruptBatchError, RecordSection, read_records

HEADER_BYTES = 61

Content = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]

octets = st.none() | st.binary(max_size=300)
records = st.tuples(
    st.integers(min_value=0, max_value=2**41),  # timestamp
    octets,  # key
    octets,  # value
    st.lists(st.tuples(st.text(max_size=5), octets), max_size=2),  # headers
)
batches = st.lists(st.lists(records, min_size=1, max_size=5), max_size=4)


def built(contents: list[Content]) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 26)
    for number, content in enumerate(contents):
        assert builder.append(number, *content) is not None
    return bytes(builder.build())


def section(batch: bytes, base_offset: int = 0, append_ms: int | None = None) -> RecordSection:
    parsed = DefaultRecordBatch(batch)
    return RecordSection(
        batch[HEADER_BYTES:], parsed.records_count, base_offset, parsed.first_timestamp, append_ms
    )


@given(batches)
def test_records_are_those_that_kafka_python_reads_one_by_one(contents: list[list[Content]]) -> None:
    bases = np.cumsum([0, *(len(batch) + 3 for batch in contents)]).tolist()
    sections = [section(built(batch), base) for batch, base in zip(contents, bases, strict=False)]
    expected = [
        (base + record.offset, record.timestamp, record.key or b"", record.value or b"")
        for batch, base in zip(contents, bases, strict=False)
        for record in DefaultRecordBatch(built(batch))
    ]
    read = read_records(sections)
    found = zip(read.offsets.tolist(), read.timestamps_ms.tolist(), read.keys, read.values, strict=True)
    assert list(found) == [
        (offset, timestamp, key.decode(errors="backslashreplace"), value)
        for offset, timestamp, key, value in expected
    ]


def test_a_value_of_16_mib_is_read_whole() -> None:
    value = bytes(range(256)) * (16 * 1024 * 1024 // 256)
    assert read_records([section(built([(0, b"leaf1", value, [])]))]).values == [value]


def test_the_brokers_time_counts_where_the_topic_keeps_that() -> None:
    batch = built([(1_000, None, b"a", []), (2_000, None, b"b", [])])
    assert read_records([section(batch, append_ms=7), section(batch)]).timestamps_ms.tolist() == [
        7,
        7,
        1000,
        2000,
    ]


def test_no_section_gives_an_empty_batch_of_the_same_types() -> None:
    read = read_records([])
    assert (len(read), read.offsets.dtype, read.timestamps_ms.dtype) == (
        0,
        np.dtype("int64"),
        np.dtype("int64"),
    )


def test_a_key_that_is_no_utf_8_stays_readable() -> None:
    assert read_records([section(built([(0, b"leaf\xff", b"", [])]))]).keys == ["leaf\\xff"]


@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_damaged_bytes_are_refused_or_read_but_never_anything_else(
    contents: list[Content], data: st.DataObject
) -> None:
    whole = built(contents)
    body = bytearray(whole[HEADER_BYTES:])
    place = data.draw(st.integers(min_value=0, max_value=len(body) - 1))
    body[place] ^= data.draw(st.integers(min_value=1, max_value=255))
    kept = data.draw(st.integers(min_value=0, max_value=len(body)))
    damaged = RecordSection(bytes(body[:kept]), len(contents), 0, 0)
    try:
        read = read_records([damaged])
    except CorruptBatchError:
        return
    assert len(read) == len(contents)


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_a_batch_that_is_cut_off_is_refused(lost: int) -> None:
    whole = section(built([(0, b"leaf1", b"x" * 40, []), (1, b"leaf1", b"y" * 40, [])]))
    cut = RecordSection(whole.data[:-lost], whole.count, 0, 0)
    with pytest.raises(CorruptBatchError):
        read_records([cut])


def test_a_varint_of_more_than_ten_bytes_is_refused() -> None:
    with pytest.raises(CorruptBatchError):
        read_records([RecordSection(b"\x1e\x00" + b"\xff" * 14, 1, 0, 0)])
