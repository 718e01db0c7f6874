"""Topics and captures through real brokers."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from collectors.captures import write_capture
from collectors.errors import FabricscopeError, InputError, RefusedError
from collectors.kafka_access import KafkaAccess
from collectors.records import StoredRecord, topic_of
from collectors.topics import create_topic
from pipeline import transfer
from pipeline.batch import RawBatch, concatenate
from pipeline.kafka import KafkaSource
from pipeline.kafka_publish import Publisher
from tests.integration.apache_kafka import ApacheKafka
from tests.integration.tcp_proxy import TcpProxy

pytestmark = pytest.mark.services

MIB = 1024 * 1024
T0_MS = 1_790_000_000_000
SECOND = timedelta(seconds=1)
WAYS = pytest.mark.parametrize("whole_batches", [True, False], ids=["whole-batches", "record-by-record"])

RECORDS = [
    StoredRecord(0, T0_MS, "leaf1", b""),
    StoredRecord(1, T0_MS, "leaf2", b"\x00\xff" * 100),
    StoredRecord(2, T0_MS + 5, "leaf1", bytes(range(256)) * (MIB // 256 + 1)),
    StoredRecord(3, T0_MS - 9, "l\u00e9af \U0001f332", b"back in time"),
    StoredRecord(4, T0_MS + 5, "leaf1", b"x" * (16 * MIB)),
    *(StoredRecord(n, T0_MS + n, f"leaf{n % 7}", b"%d" % n) for n in range(5, 3_000)),
]


def publish(access: KafkaAccess, fabric: str, records: list[StoredRecord]) -> None:
    with Publisher.open(access, fabric) as publisher:
        for record in records:
            publisher.send(record.key, record.value, record.timestamp_ms)
    assert publisher.confirmed == len(records)


def numbered(count: int, start: int = 0, size: int = 10) -> list[StoredRecord]:
    return [StoredRecord(n, T0_MS + n, "leaf1", b"%*d" % (size, n)) for n in range(start, start + count)]


def polled(source: KafkaSource, fabric: str, count: int) -> Iterator[RawBatch]:
    """Yield batches until there are ``count`` records; a source that gives nothing for long fails."""
    quiet = 0
    while count > 0:
        batch = source.poll(SECOND).get(fabric)
        quiet = 0 if batch else quiet + 1
        assert quiet < 60, f"{count} records are missing"
        if batch:
            count -= len(batch)
            yield batch


def as_records(batches: list[RawBatch]) -> list[StoredRecord]:
    whole = concatenate(batches)
    columns = (whole.offsets.tolist(), whole.timestamps_ms.tolist(), whole.keys, whole.values)
    return [StoredRecord(*row) for row in zip(*columns, strict=True)]


def captured(path: Path) -> list[StoredRecord]:
    return as_records(list(transfer.batches_of(path)))


def test_what_is_published_and_captured_again_is_the_same(
    access: KafkaAccess, fabric: str, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.parquet", tmp_path / "after.parquet"
    write_capture(before, RECORDS)
    create_topic(access, fabric)
    stop = threading.Event()
    with Publisher.open(access, fabric) as publisher:
        transfer.publish(transfer.batches_of(before), publisher, stop, lambda _: None, speed=None)
    with KafkaSource.open(access, {fabric: None}) as source:
        write_capture(after, transfer.records_of(source, fabric, stop, follow=False))
    assert captured(after) == RECORDS


@WAYS
def test_both_ways_of_reading_give_the_records_that_were_sent(
    access: KafkaAccess, fabric: str, *, whole_batches: bool
) -> None:
    create_topic(access, fabric)
    publish(access, fabric, RECORDS)
    with KafkaSource.open(access, {fabric: 0}, whole_batches=whole_batches) as source:
        assert as_records(list(polled(source, fabric, len(RECORDS)))) == RECORDS


@WAYS
def test_reading_goes_on_in_the_middle_of_a_record_batch(
    access: KafkaAccess, fabric: str, *, whole_batches: bool
) -> None:
    create_topic(access, fabric)
    publish(access, fabric, numbered(1_000))
    for position in (1, 499, 999):
        with KafkaSource.open(access, {fabric: position}, whole_batches=whole_batches) as source:
            assert source.position(fabric) == position
            rest = as_records(list(polled(source, fabric, 1_000 - position)))
        assert rest == numbered(1_000 - position, start=position)


@WAYS
def test_batches_keep_to_both_limits(access: KafkaAccess, fabric: str, *, whole_batches: bool) -> None:
    create_topic(access, fabric)
    publish(access, fabric, [*numbered(250), *numbered(10, start=250, size=5_000)])
    limits = {"max_records": 100, "max_bytes": 12_000}
    with KafkaSource.open(access, {fabric: 0}, **limits, whole_batches=whole_batches) as source:
        sizes = [(len(b), sum(map(len, b.values))) for b in polled(source, fabric, 260)]
    assert all(count <= 100 and size <= 12_000 for count, size in sizes)
    assert sum(count for count, _ in sizes) == 260


def test_a_record_larger_than_the_limit_comes_alone(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    publish(access, fabric, [*numbered(2), *numbered(1, start=2, size=5_000), *numbered(2, start=3)])
    with KafkaSource.open(access, {fabric: 0}, max_bytes=1_000) as source:
        assert [len(batch) for batch in polled(source, fabric, 5)] == [2, 1, 2]


def test_lag_counts_what_is_not_yet_read(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    publish(access, fabric, numbered(30))
    with KafkaSource.open(access, {fabric: 0}, max_records=10) as source:
        assert source.lag(fabric) == 30
        assert [source.lag(fabric) for _ in polled(source, fabric, 30)] == [20, 10, 0]


def test_an_empty_topic_has_no_lag_and_gives_what_comes_later(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    with KafkaSource.open(access, {fabric: 0}) as source:
        assert (source.end(fabric), source.lag(fabric)) == (0, 0)
        assert source.poll(timedelta(0)) == {}
        publish(access, fabric, numbered(3))
        assert as_records(list(polled(source, fabric, 3))) == numbered(3)


def test_fabrics_are_read_side_by_side(access: KafkaAccess, fabric: str) -> None:
    fabrics = {f"{fabric}-a": 40, f"{fabric}-b": 7}
    for name, count in fabrics.items():
        create_topic(access, name)
        publish(access, name, numbered(count))
    found: dict[str, list[RawBatch]] = {name: [] for name in fabrics}
    with KafkaSource.open(access, dict.fromkeys(fabrics, 0)) as source:
        while any(source.lag(name) for name in fabrics):
            for name, batch in source.poll(SECOND).items():
                found[name].append(batch)
    assert {name: as_records(batches) for name, batches in found.items()} == {
        name: numbered(count) for name, count in fabrics.items()
    }


def test_a_position_behind_the_end_is_refused_with_the_remedy(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    publish(access, fabric, numbered(5))
    with pytest.raises(RefusedError, match=r"(?s)position 6.*new store"):
        KafkaSource.open(access, {fabric: 6})


def test_the_position_at_the_end_is_not_behind_it(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    publish(access, fabric, numbered(5))
    with KafkaSource.open(access, {fabric: 5}) as source:
        assert source.lag(fabric) == 0


def test_a_position_whose_records_were_deleted_is_refused_with_the_remedy(
    kafka: ApacheKafka, fabric: str
) -> None:
    access = KafkaAccess(servers=kafka.plaintext)
    create_topic(access, fabric)
    publish(access, fabric, numbered(50))
    admin = KafkaAdminClient(bootstrap_servers=kafka.plaintext)
    admin.delete_records({TopicPartition(topic_of(fabric), 0): 20})
    admin.close()
    with pytest.raises(RefusedError, match=r"(?s)offsets 20 to 50, not the position 19.*replica"):
        KafkaSource.open(access, {fabric: 19})
    with KafkaSource.open(access, {fabric: None}) as source:
        assert as_records(list(polled(source, fabric, 30))) == numbered(30, start=20)


def test_a_topic_that_does_not_exist_is_named(access: KafkaAccess, fabric: str) -> None:
    with pytest.raises(InputError, match=topic_of(fabric)):
        KafkaSource.open(access, {fabric: 0})
    with pytest.raises(InputError, match=topic_of(fabric)):
        transfer.require_empty(access, fabric)


def test_a_topic_with_two_partitions_is_refused(access: KafkaAccess, fabric: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=access.servers)
    admin.create_topics([NewTopic(topic_of(fabric), num_partitions=2)])
    admin.close()
    with pytest.raises(RefusedError, match="2 partitions"):
        KafkaSource.open(access, {fabric: 0})


def test_a_topic_is_made_once(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    with pytest.raises(InputError, match="exists already"):
        create_topic(access, fabric)


def test_a_topic_that_holds_records_is_not_written_to_by_chance(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    transfer.require_empty(access, fabric)
    publish(access, fabric, numbered(1))
    with pytest.raises(RefusedError, match="--append"):
        transfer.require_empty(access, fabric)


def test_a_topic_that_replaces_times_is_refused(kafka: ApacheKafka, fabric: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.plaintext)
    configs = {"message.timestamp.type": "LogAppendTime"}
    admin.create_topics([NewTopic(topic_of(fabric), num_partitions=1, topic_configs=configs)])
    admin.close()
    with pytest.raises(InputError, match="CreateTime"):
        publish(KafkaAccess(servers=kafka.plaintext), fabric, numbered(1))


def test_a_record_that_the_topic_does_not_take_is_an_error(kafka: ApacheKafka, fabric: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.plaintext)
    admin.create_topics([NewTopic(topic_of(fabric), num_partitions=1)])  # takes 1 MiB
    admin.close()
    with pytest.raises(FabricscopeError, match="0 records are in"):
        publish(KafkaAccess(servers=kafka.plaintext), fabric, numbered(1, size=2 * MIB))


def test_a_record_larger_than_the_contract_allows_is_refused(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    with pytest.raises(InputError, match="larger"):
        publish(access, fabric, numbered(1, size=16 * MIB + 1))


def test_compressed_batches_are_read(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    producer = KafkaProducer(bootstrap_servers=access.servers, compression_type="gzip", linger_ms=20)
    for record in numbered(500):
        producer.send(topic_of(fabric), record.value, record.key.encode(), timestamp_ms=record.timestamp_ms)
    producer.close()
    with KafkaSource.open(access, {fabric: 0}) as source:
        assert as_records(list(polled(source, fabric, 500))) == numbered(500)


def test_a_record_without_key_and_value_is_kept_as_empty(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    producer = KafkaProducer(bootstrap_servers=access.servers)
    producer.send(topic_of(fabric), timestamp_ms=T0_MS, key=b"leaf1")
    producer.send(topic_of(fabric), timestamp_ms=T0_MS, value=b"v")
    producer.close()
    expected = [StoredRecord(0, T0_MS, "leaf1", b""), StoredRecord(1, T0_MS, "", b"v")]
    for whole_batches in (True, False):
        with KafkaSource.open(access, {fabric: 0}, whole_batches=whole_batches) as source:
            assert as_records(list(polled(source, fabric, 2))) == expected


def test_a_transaction_marker_at_the_end_does_not_hold_the_lag(kafka: ApacheKafka, fabric: str) -> None:
    access = KafkaAccess(servers=kafka.plaintext)
    create_topic(access, fabric)
    producer = KafkaProducer(bootstrap_servers=kafka.plaintext, transactional_id=fabric)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic_of(fabric), value=b"in a transaction", timestamp_ms=T0_MS)
    producer.commit_transaction()
    producer.close()
    for whole_batches in (True, False):
        with KafkaSource.open(access, {fabric: 0}, whole_batches=whole_batches) as source:
            read = as_records(list(polled(source, fabric, 1)))
            while source.lag(fabric):
                assert source.poll(SECOND) == {}
        assert read == [StoredRecord(0, T0_MS, "", b"in a transaction")]


def test_reading_and_writing_survive_a_cut_connection(kafka: ApacheKafka, fabric: str) -> None:
    direct, through = KafkaAccess(servers=kafka.plaintext), KafkaAccess(servers=kafka.proxied)
    create_topic(direct, fabric)
    with (
        TcpProxy(kafka.proxy_port, kafka.proxied) as proxy,
        KafkaSource.open(through, {fabric: 0}) as source,
        Publisher.open(through, fabric) as publisher,
    ):
        for record in numbered(100):
            publisher.send(record.key, record.value, record.timestamp_ms)
        publisher.confirm_all()
        read = list(polled(source, fabric, 100))
        passed = proxy.passed_bytes
        proxy.cut()
        assert source.poll(timedelta(milliseconds=200)) == {}
        for record in numbered(100, start=100):
            publisher.send(record.key, record.value, record.timestamp_ms)
        assert source.poll(timedelta(milliseconds=200)) == {}
        proxy.mend()
        publisher.confirm_all()
        read += polled(source, fabric, 100)
        assert proxy.passed_bytes > passed, "the broker was reached without the proxy"
    assert as_records(read) == numbered(200)


def test_a_topic_made_anew_while_it_is_read_is_refused(
    access: KafkaAccess, fabric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.kafka.BEYOND_END_GRACE", SECOND)
    create_topic(access, fabric)
    publish(access, fabric, numbered(20))
    with KafkaSource.open(access, {fabric: 0}) as source:
        list(polled(source, fabric, 20))
        admin = KafkaAdminClient(bootstrap_servers=access.servers)
        admin.delete_topics([topic_of(fabric)])
        admin.close()
        create_topic(access, fabric)
        publish(access, fabric, numbered(3))
        with pytest.raises(RefusedError, match="new store"):
            list(polled(source, fabric, 1))
