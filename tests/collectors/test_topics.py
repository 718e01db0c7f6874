"""What is made of a cluster's answers about topics, whichever they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import kafka.errors
import pytest
from kafka.admin import ConfigResource, NewTopic

from collectors.doctor import cluster
from collectors.errors import FabricscopeError, InputError
from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of
from collectors.topics import LIVE_RETENTION, MAX_MESSAGE_BYTES, Topic, create_topic, mistakes, prepare_topics

DC1, DC2 = topic_of("dc1"), topic_of("dc2")
MISSING, UNAUTHORIZED, NO_LEADER = 3, 29, 5


@dataclass(frozen=True, kw_only=True)
class Cluster(KafkaAccess):
    """A cluster of one broker, as its answers: to whoever connects it is the admin client."""

    servers: str = "kafka-1:9092"
    topics: dict[str, int] = field(default_factory=dict)
    """Partitions of the topics there are."""
    errors_of: dict[str, int] = field(default_factory=dict)
    """Codes with which it answers for topics, whether they are there or not."""
    settings: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    faster: Callable[[dict[str, int]], None] = lambda _: None
    """What another does just before a topic is made."""

    def connect(self, client: object, **options: object) -> Any:  # noqa: ARG002  # names are its base's
        return self

    def close(self) -> None:
        pass

    def describe_cluster(self) -> dict[str, Any]:
        return {"cluster_id": "c", "brokers": [{}]}

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        codes = {name: self.errors_of.get(name, 0 if name in self.topics else MISSING) for name in names}
        return [
            {
                "name": name,
                "error_code": code,
                "partitions": [{"replica_nodes": [1], "isr_nodes": [1]}] * (0 if code else self.topics[name]),
            }
            for name, code in codes.items()
        ]

    def describe_configs(self, resources: list[ConfigResource], **_: object) -> dict[str, Any]:
        told = {name: {"value": value} for name, value in self.settings.items()}
        return {"topic": {resource.name: told for resource in resources}}

    def create_topics(self, topics: list[NewTopic]) -> None:
        self.faster(self.topics)
        for topic in topics:
            if topic.name in self.topics:
                raise kafka.errors.TopicAlreadyExistsError
            self.topics[topic.name] = topic.num_partitions
            self.made.append(topic.name)

    def wait_for_topics(self, names: list[str]) -> None:
        assert set(names) <= set(self.topics)


def test_a_topic_that_is_missing_is_made_and_others_are_left_alone() -> None:
    held = Cluster(topics={DC1: 1}, settings={"retention.ms": "3600000"})
    assert prepare_topics(held, ["dc1", "dc2"], create=True) == dict.fromkeys(
        ["dc1", "dc2"], timedelta(hours=1)
    )
    assert held.made == [DC2]


def test_of_two_collectors_that_make_a_topic_the_slower_one_takes_what_is_there() -> None:
    raced = Cluster(faster=lambda topics: topics.update({DC1: 1}), settings={"retention.ms": "604800000"})
    assert prepare_topics(raced, ["dc1"], create=True) == {"dc1": LIVE_RETENTION}
    assert raced.made == []


def test_what_another_made_meanwhile_is_looked_at_too() -> None:
    raced = Cluster(faster=lambda topics: topics.update({DC1: 2}))
    with pytest.raises(InputError, match="has 2 partitions"):
        prepare_topics(raced, ["dc1"], create=True)


def test_who_makes_a_topic_for_a_recording_is_told_that_there_is_one() -> None:
    with pytest.raises(InputError, match="exists already: publish without --create"):
        create_topic(Cluster(topics={DC1: 1}), "dc1")


@pytest.mark.parametrize(
    ("code", "sentence"), [(UNAUTHORIZED, "TOPIC_AUTHORIZATION_FAILED"), (NO_LEADER, "LEADER_NOT_AVAILABLE")]
)
@pytest.mark.parametrize("create", [False, True])
def test_a_topic_of_which_kafka_says_nothing_is_neither_missing_nor_made(
    code: int, sentence: str, *, create: bool
) -> None:
    held = Cluster(topics={DC1: 1}, errors_of={DC1: code})
    with pytest.raises(FabricscopeError, match=f"says nothing of topic {DC1}: {sentence}") as raised:
        prepare_topics(held, ["dc1"], create=create)
    assert not isinstance(raised.value, InputError)  # may work again later
    assert held.made == []
    seen = cluster._seen(held, [DC1, DC2]).topics
    assert sentence in str(seen[DC1])
    assert DC2 not in seen


def test_all_that_is_wrong_is_told_before_anything_is_made() -> None:
    wrong = {"max.message.bytes": "7", "cleanup.policy": "compact"}
    held = Cluster(topics={DC1: 1}, settings=wrong)
    with pytest.raises(InputError, match=r"7 bytes only.*is compacted"):
        prepare_topics(held, ["dc1", "dc2"], create=True)
    assert held.made == []


def test_a_topic_for_ever_and_one_for_longer_than_time_are_right() -> None:
    settings = {"max.message.bytes": str(MAX_MESSAGE_BYTES), "retention.ms": str(2**63 - 1)}
    topic = Topic(partitions=1, replicas=1, in_sync=1, settings=settings)
    assert list(mistakes(topic)) == []
    assert topic.retention is not None
    assert topic.retention > timedelta(days=365_000)
    assert Topic(1, 1, 1, {"retention.ms": "-1"}).retention is None
