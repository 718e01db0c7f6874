"""Collectors with real brokers: topics looked at, records delivered whatever happens, the command."""

import asyncio
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from collectors.publisher import Outgoing, Publisher
from collectors.records import Kind, Record, decode_record, topic_of
from collectors.topics import LIVE_RETENTION, MAX_MESSAGE_BYTES, create_topic, prepare_topics
from pipeline.broker import EmbeddedBroker, free_port
from tests.collectors.devices import device, links_up, serving
from tests.integration.apache_kafka import ApacheKafka
from tests.integration.tcp_proxy import TcpProxy
from tests.integration.test_commands import command, succeeded

pytestmark = pytest.mark.services
IN_TIME_S = 60.0


@pytest.fixture
def apache(kafka: ApacheKafka) -> KafkaAccess:
    return KafkaAccess(servers=kafka.plaintext)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + IN_TIME_S
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        tick.wait(0.02)


def stored(access: KafkaAccess, fabric: str) -> Iterator[Any]:
    """Yield the records that a topic holds now."""
    consumer = access.connect(KafkaConsumer)
    try:
        partition = TopicPartition(topic_of(fabric), 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        until(lambda: bool(consumer.poll(200, max_records=1)))
        consumer.seek_to_beginning(partition)
        while found := consumer.poll(2_000):
            yield from found[partition]
    finally:
        consumer.close()


def records(access: KafkaAccess, fabric: str) -> list[tuple[str, Record]]:
    return [(one.key.decode(), decode_record(one.value)) for one in stored(access, fabric)]


def publishing(access: KafkaAccess, fabric: str) -> Publisher:
    publisher = Publisher(access, fabric, lambda _size: None)
    publisher.start()
    return publisher


def numbered(*numbers: int) -> list[Outgoing]:
    return [Outgoing(b"leaf1", str(number).encode(), 1_790_000_000_000 + number) for number in numbers]


def test_a_topic_that_is_missing_is_made_only_when_asked_for(access: KafkaAccess, fabric: str) -> None:
    with pytest.raises(InputError, match=f"no topic fabricscope.raw.{fabric}: add --create-topics"):
        prepare_topics(access, [fabric], create=False)
    prepare_topics(access, [fabric], create=True)
    prepare_topics(access, [fabric], create=False)


def test_a_topic_that_was_made_is_kept_for_a_week(apache: KafkaAccess, fabric: str) -> None:
    assert prepare_topics(apache, [fabric], create=True) == {fabric: LIVE_RETENTION}
    create_topic(apache, f"{fabric}-2")
    assert prepare_topics(apache, [f"{fabric}-2"], create=False) == {f"{fabric}-2": None}


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        (
            {"max.message.bytes": str(MAX_MESSAGE_BYTES - 1)},
            f"set its max.message.bytes to {MAX_MESSAGE_BYTES}",
        ),
        ({"message.timestamp.type": "LogAppendTime"}, "message.timestamp.type to CreateTime"),
        ({"cleanup.policy": "compact"}, "cleanup.policy to delete"),
    ],
)
def test_a_topic_that_would_lose_records_is_refused(
    apache: KafkaAccess, fabric: str, settings: dict[str, str], remedy: str
) -> None:
    settings = {"max.message.bytes": str(MAX_MESSAGE_BYTES), **settings}
    admin = apache.connect(KafkaAdminClient)
    admin.create_topics([NewTopic(topic_of(fabric), num_partitions=1, topic_configs=settings)])
    admin.close()
    with pytest.raises(InputError, match=remedy):
        prepare_topics(apache, [fabric], create=True)


def test_a_topic_with_two_partitions_is_refused(apache: KafkaAccess, fabric: str) -> None:
    admin = apache.connect(KafkaAdminClient)
    admin.create_topics([NewTopic(topic_of(fabric), num_partitions=2)])
    admin.close()
    with pytest.raises(InputError, match="has 2 partitions"):
        prepare_topics(apache, [fabric], create=True)


def test_records_arrive_once_and_in_order_with_their_times(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    publisher = publishing(access, fabric)
    sent = numbered(*range(20_000))
    for one in sent:
        publisher.put(one)
    assert publisher.stop(IN_TIME_S) == 0
    assert [(one.key, one.value, one.timestamp) for one in stored(access, fabric)] == [
        (one.key, one.value, one.timestamp_ms) for one in sent
    ]


def test_the_largest_record_is_taken(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    publisher = publishing(access, fabric)
    publisher.put(Outgoing(b"l" * 200, bytes(16 * 1024 * 1024), 1_790_000_000_000))
    assert publisher.stop(IN_TIME_S) == 0


def test_a_cut_connection_costs_no_record_and_no_order(kafka: ApacheKafka, fabric: str) -> None:
    direct, through = KafkaAccess(servers=kafka.plaintext), KafkaAccess(servers=kafka.proxied)
    create_topic(direct, fabric)
    with TcpProxy(kafka.proxy_port, kafka.proxied) as proxy:
        publisher = publishing(through, fabric)
        for one in numbered(*range(1_000)):
            publisher.put(one)
        until(lambda: publisher.confirmed > 0)
        for turn in range(1, 4):
            proxy.cut()
            for one in numbered(*range(1_000 * turn, 1_000 * (turn + 1))):
                publisher.put(one)
            confirmed = publisher.confirmed
            proxy.mend()
            until(lambda confirmed=confirmed: publisher.confirmed > confirmed)  # type: ignore[misc]  # bound
        assert publisher.stop(IN_TIME_S) == 0
    assert [int(one.value) for one in stored(direct, fabric)] == list(range(4_000))


def test_a_topic_that_is_deleted_and_made_anew_gets_all_that_was_not_confirmed(
    apache: KafkaAccess, fabric: str
) -> None:
    create_topic(apache, fabric)
    publisher = publishing(apache, fabric)
    for one in numbered(1, 2):
        publisher.put(one)
    until(lambda: publisher.waiting == 0)
    admin = apache.connect(KafkaAdminClient)
    admin.delete_topics([topic_of(fabric)])
    for one in numbered(3, 4):
        publisher.put(one)
    until(lambda: topic_of(fabric) not in admin.list_topics())
    admin.close()
    create_topic(apache, fabric)
    for one in numbered(5):
        publisher.put(one)
    assert publisher.stop(IN_TIME_S) == 0
    assert [int(one.value) for one in stored(apache, fabric)] == [3, 4, 5]


def test_the_command_streams_reloads_shows_and_stops(
    tansu: EmbeddedBroker, fabric: str, tmp_path: Path
) -> None:
    access = KafkaAccess(servers=tansu.address)
    inventory = tmp_path / "inventory.yaml"

    async def test() -> int:
        first, second = device(), device()
        async with serving(first) as one, serving(second) as other:
            ports = {"leaf1": one.port, "leaf2": other.port}
            write(inventory, fabric, {"leaf1": ports["leaf1"]})
            process = await asyncio.create_subprocess_exec(
                *command(
                    "collect",
                    *("--inventory", inventory, "--kafka", tansu.address, "--create-topics"),
                    *("--name", "c1", "--metrics-listen", listener),
                )
            )
            await shown(listener, {"leaf1": {"UP"}})
            first.state.apply(links_up(1, "DOWN"), time.time_ns())
            write(inventory, fabric, ports)
            process.send_signal(signal.SIGHUP)
            await shown(listener, {"leaf1": {"UP"}, "leaf2": {"UP"}})
            write(inventory, fabric, {"leaf2": ports["leaf2"]})
            process.send_signal(signal.SIGHUP)
            await shown(listener, {"leaf2": {"UP"}})
            process.send_signal(signal.SIGTERM)
            return await process.wait()

    listener = f"127.0.0.1:{free_port()}"
    assert asyncio.run(test()) == 0
    told = records(access, fabric)
    link = {
        key: [one for name, one in told if name == key and one.family == "link"] for key in ("leaf1", "leaf2")
    }
    assert [(one.kind, one.seq) for one in link["leaf1"]] == [
        (Kind.START, 0),
        (Kind.RESPONSE, 1),  # the dump
        (Kind.RESPONSE, 2),  # its sync
        (Kind.RESPONSE, 3),
        (Kind.END, 4),
    ]
    assert b"DOWN" in link["leaf1"][3].response
    assert json.loads(link["leaf1"][4].json) == {"reason": "removed from the inventory"}
    assert json.loads(link["leaf2"][-1].json) == {"reason": "collector stopped"}
    assert {name for name, one in told if one.kind is Kind.TICK} == {"c1"}


def test_the_command_refuses_to_start_without_its_topic(
    tansu: EmbeddedBroker, fabric: str, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory.yaml"
    write(inventory, fabric, {"leaf1": 1})

    async def test() -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *command("collect", "--inventory", inventory, "--kafka", tansu.address),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        return process.returncode, said.decode()

    code, said = asyncio.run(test())
    assert code == 2
    assert "add --create-topics" in said


def write(path: Path, fabric: str, ports: dict[str, int]) -> None:
    new = path.with_suffix(".new")
    lines = [
        f"  {name}: {{address: 127.0.0.1, port: {port}, insecure: true}}" for name, port in ports.items()
    ]
    new.write_text(
        "\n".join([f"defaults: {{profile: openconfig, fabric: {fabric}}}", "targets:", *lines, ""])
    )
    new.replace(path)


async def shown(listener: str, expected: dict[str, set[str]]) -> None:
    """Wait until ``fabricscope targets`` shows these states."""
    async with asyncio.timeout(IN_TIME_S):
        while True:
            try:
                text = await asyncio.to_thread(succeeded, "targets", "--json", "--collector", listener)
            except AssertionError:  # it does not listen yet
                continue
            states: dict[str, set[str]] = {}
            for one in json.loads(text)["targets"]:
                states.setdefault(one["target"], set()).add(one["state"])
            if states == expected:
                return
