"""Incidents in the compacted topic: what consumers of it see, from two replicas and over restarts."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from collectors.topics import described, prepare_compacted
from pipeline.alerts.record import TOPIC
from tests.integration.live import Process
from tests.integration.noc import Voice, until, voice

pytestmark = [pytest.mark.services]


def raw(access: KafkaAccess) -> list[tuple[str, bytes | None]]:
    """Return all that the topic holds, keys with values."""
    consumer = access.connect(KafkaConsumer, group_id=None, enable_auto_commit=False)
    partition = TopicPartition(TOPIC, 0)
    found: list[tuple[str, bytes | None]] = []
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        while (end := consumer.highwater(partition)) is None or consumer.position(partition) < end:
            for batch in consumer.poll(500).values():
                found += [(record.key.decode(), record.value) for record in batch]
    finally:
        consumer.close(autocommit=False)
    return found


def records(access: KafkaAccess, fabric: str) -> list[tuple[str, bytes]]:
    """Return what the topic holds of a fabric, keys with values."""
    return [
        (key, value)
        for key, value in raw(access)
        if value is not None and key != "odd" and json.loads(value)["fabric"] == fabric
    ]


def last(access: KafkaAccess, fabric: str) -> dict[str, dict[str, Any]]:
    """Return the incidents of a fabric as a consumer of a compacted topic knows them."""
    return {key: json.loads(value) for key, value in dict(records(access, fabric)).items()}


class Replicas:
    def __init__(self, stack: ExitStack, access: KafkaAccess, fabric: str, folder: Path) -> None:
        self.voice: Voice = stack.enter_context(voice(access, fabric))
        self._stack, self._access, self._fabric, self._folder = stack, access, fabric, folder

    def add(self, name: str) -> Process:
        arguments = [
            "run", "--kafka", self._access.servers, "--fabric", self._fabric, "--publish-incidents",
            "--store", self._folder / f"{name}.duckdb",
        ]  # fmt: skip
        process = Process(name, arguments, self._folder)
        self._stack.callback(process.clean_up)
        process.start()
        return process


@pytest.fixture
def replicas(access: KafkaAccess, fabric: str, tmp_path: Path) -> Iterator[Replicas]:
    with ExitStack() as stack:
        made = Replicas(stack, access, fabric, tmp_path)
        made.voice.passes(10)
        yield made


def test_replicas_write_the_same_bytes_and_a_restart_repeats_nothing(
    replicas: Replicas, access: KafkaAccess, fabric: str
) -> None:
    one, two = replicas.add("one"), replicas.add("two")
    prepare_compacted(access, TOPIC)
    replicas.voice.does("session-down", "leaf-1", "spine-1")
    replicas.voice.passes(20)
    until(lambda: any(it["state"] == "open" for it in last(access, fabric).values()), "it is open")
    (incident,) = last(access, fabric).values()
    assert (incident["rule"], incident["device"], incident["fabric"]) == ("R16", "leaf-1", fabric)
    assert incident["revision"] == len(incident["events"])
    assert incident["events"][0]["kind"] == "opened"
    assert isinstance(incident["evidence"], dict)

    replicas.voice.does("session-up", "leaf-1", "spine-1")
    replicas.voice.passes(30)
    until(lambda: {it["state"] for it in last(access, fabric).values()} == {"resolved"}, "it is resolved")
    for process in (one, two):
        process.stop()
    told = records(access, fabric)
    by_revision: dict[tuple[str, int], set[bytes]] = {}
    for key, value in told:
        content = json.loads(value)
        by_revision.setdefault((key, content["revision"]), set()).add(value)
    final = max(by_revision)
    assert len(by_revision[final]) == 1, "both replicas say the same"
    assert sum(value in by_revision[final] for _, value in told) == 2, "each said it once"

    again = replicas.add("one")
    replicas.voice.passes(5)
    again.wait(lambda: again.log.read_text().count("alerts go on") == 2, "it knows the fabric")
    again.stop()
    assert records(access, fabric) == told


def test_what_the_topic_calls_open_and_no_store_knows_is_deleted(
    replicas: Replicas, access: KafkaAccess, fabric: str
) -> None:
    prepare_compacted(access, TOPIC)
    producer = access.connect(KafkaProducer, acks="all")
    never, history = f"never-{fabric}", f"history-{fabric}"
    for key, state in ((never, "open"), (history, "resolved")):
        value = json.dumps({"fabric": fabric, "incident_id": key, "state": state}).encode()
        producer.send(TOPIC, key=key.encode(), value=value).get(30)
    producer.send(TOPIC, key=b"odd", value=b"no incident").get(30)
    producer.close()
    process = replicas.add("one")
    keys = {never, history}
    until(lambda: [(key, value) for key, value in raw(access) if key in keys][-1] == (never, None), "deleted")
    process.stop()
    assert (history, None) not in raw(access)


def test_the_topic_is_made_compacted(access: KafkaAccess) -> None:
    prepare_compacted(access, TOPIC)
    prepare_compacted(access, TOPIC)  # one that is there is taken
    topic = described(access, [TOPIC])[TOPIC]
    settings = getattr(topic, "settings", None) or {}
    assert settings.get("cleanup.policy", "compact") == "compact"


def test_a_topic_that_forgets_is_refused(access: KafkaAccess, fabric: str) -> None:
    admin = access.connect(KafkaAdminClient)
    try:
        admin.create_topics([NewTopic(fabric, topic_configs={"cleanup.policy": "delete"})])
        admin.wait_for_topics([fabric])
    finally:
        admin.close()
    settings = getattr(described(access, [fabric])[fabric], "settings", None)
    if not (settings or {}).get("cleanup.policy"):
        pytest.skip("this broker doesn't tell")
    with pytest.raises(InputError, match="set it to compact"):
        prepare_compacted(access, fabric)
