"""A fabric's topic: made with the settings it needs, and looked at before anything is written to it."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import kafka.errors
import structlog
from kafka.admin import (
    ConfigFilterType,
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    NewTopic,
)

from collectors.errors import FabricscopeError, InputError
from collectors.kafka_access import KafkaAccess
from collectors.records import MAX_RECORD_BYTES, topic_of

MAX_MESSAGE_BYTES: Final = MAX_RECORD_BYTES + 64 * 1024
"""Largest record batch of one record: value, key and what Kafka wraps around them."""
LIVE_RETENTION: Final = timedelta(days=7)
"""Of the topics that a collector makes: Kafka's own default, long enough to rebuild a replica from."""

_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_MS: Final = 10**14
"""Some 3 000 years: Kafka counts further than timedelta does."""
_MISSING: Final = kafka.errors.UnknownTopicOrPartitionError.errno

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a cluster says of a topic."""

    partitions: int
    replicas: int
    """Of the partition with the fewest."""
    in_sync: int
    """Replicas that have all records, of the partition with the fewest."""
    settings: Mapping[str, str] | None
    """None: not told to us."""

    def number(self, name: str) -> int | None:
        """Return a setting that is a number; None: not told."""
        try:
            return int((self.settings or {})[name])
        except (KeyError, ValueError):
            return None

    @property
    def retention(self) -> timedelta | None:
        """How long records are kept; None: for ever, or not told."""
        told = self.number("retention.ms")
        return None if told is None or told < 0 else min(told, _LONGEST_MS) * _MILLISECOND


@dataclass(frozen=True, slots=True)
class Untold:
    """A topic of which the cluster says nothing, though it may be there."""

    why: str
    """Kafka's name of the error, and what it means."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a topic, as the rest of a sentence about it, and what to do."""

    what: str
    remedy: str


def described(access: KafkaAccess, topics: Collection[str]) -> dict[str, Topic | Untold]:
    """Return what the cluster says of topics, by name; those that don't exist are left out.

    Raises FabricscopeError when Kafka can't be reached.
    """
    if not topics:  # Kafka would take it for all there are
        return {}
    with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
        answers = [one for one in admin.describe_topics(list(topics)) if one["error_code"] != _MISSING]
    settings = _settings(access, [str(one["name"]) for one in answers if not one["error_code"]])
    return {str(one["name"]): _said_of(one, settings) for one in answers}


def mistakes(topic: Topic) -> Iterator[Mistake]:
    """Yield what would refuse or lose records, or their order or times; what isn't told is trusted."""
    if topic.partitions != 1:
        yield Mistake(
            f"has {topic.partitions} partitions, so its records have no order", "make it anew with one"
        )
    settings = topic.settings or {}
    largest = topic.number("max.message.bytes")
    if largest is not None and largest < MAX_MESSAGE_BYTES:
        yield Mistake(
            f"takes messages of up to {largest} bytes only",
            f"set its max.message.bytes to {MAX_MESSAGE_BYTES}",
        )
    kind = settings.get("message.timestamp.type", "CreateTime")
    if kind != "CreateTime":
        yield Mistake(
            f"replaces the times of records ({kind})", "set its message.timestamp.type to CreateTime"
        )
    if "compact" in settings.get("cleanup.policy", "delete"):
        yield Mistake(
            "is compacted, so all but the last record of each target will be lost",
            "set its cleanup.policy to delete",
        )


def create_topic(access: KafkaAccess, fabric: str, retention: timedelta | None = None) -> None:
    """Make the topic of a fabric: one partition, 16 MiB records, kept for ``retention``, None: for ever.

    Raises InputError when there is one already, FabricscopeError when the cluster refuses.
    """
    if not _made(access, topic_of(fabric), retention):
        raise InputError(f"topic {topic_of(fabric)} exists already: publish without --create")


def prepare_topics(
    access: KafkaAccess, fabrics: Iterable[str], *, create: bool
) -> dict[str, timedelta | None]:
    """Return how long the topic of each fabric keeps records; None: for ever, or the cluster doesn't tell.

    With ``create``, missing ones are made. Raises InputError for topics that are missing or whose settings
    would lose records or their order, all in one message; FabricscopeError when Kafka can't be reached or
    says nothing of a topic.
    """
    names = {fabric: topic_of(fabric) for fabric in fabrics}
    found = described(access, names.values())
    missing = [topic for topic in names.values() if topic not in found]
    topics = _right(access, found, [] if create else missing)
    if missing:
        for topic in missing:
            if _made(access, topic, LIVE_RETENTION):
                log.info("topic made", topic=topic, retention=str(LIVE_RETENTION))
        news = described(access, missing)
        topics |= _right(access, news, [topic for topic in missing if topic not in news])
    if untold := [name for name, topic in topics.items() if topic.settings is None]:
        log.warning(
            "settings of topics unknown",
            topics=untold,
            effect="assumed to be right",
            remedy="allow DescribeConfigs on them",
        )
    return {fabric: topics[topic].retention for fabric, topic in names.items()}


def prepare_compacted(access: KafkaAccess, topic: str) -> None:
    """Make a topic that keeps the last record of each key for ever, unless it is there.

    Raises InputError when the one that is there keeps something else; FabricscopeError when Kafka can't be
    reached or says nothing of it.
    """
    if topic not in (found := described(access, [topic])):
        if _create(access, topic, {"cleanup.policy": "compact"}):
            log.info("topic made", topic=topic, cleanup_policy="compact")
        found = described(access, [topic])
    there = found.get(topic, Untold("it was not made"))
    if isinstance(there, Untold):
        raise FabricscopeError(f"Kafka at {access.servers} says nothing of topic {topic}: {there.why}")
    policy = (there.settings or {}).get("cleanup.policy", "compact")
    if policy != "compact":
        raise InputError(
            f"topic {topic} has cleanup.policy={policy}, so it forgets what lasts: set it to compact"
        )


def _right(
    access: KafkaAccess, found: Mapping[str, Topic | Untold], missing: Iterable[str]
) -> dict[str, Topic]:
    """Return topics that can be written to; raises for others, and for those that are ``missing``."""
    topics = {name: topic for name, topic in found.items() if isinstance(topic, Topic)}
    wrong = [
        f"topic {name} {mistake.what}: {mistake.remedy}"
        for name, topic in topics.items()
        for mistake in mistakes(topic)
    ]
    wrong += [
        f"Kafka at {access.servers} has no topic {name}: add --create-topics, or make it with"
        f" 1 partition and max.message.bytes={MAX_MESSAGE_BYTES}"
        for name in missing
    ]
    untold = [
        f"Kafka at {access.servers} says nothing of topic {name}: {topic.why}"
        for name, topic in found.items()
        if isinstance(topic, Untold)
    ]
    if wrong:
        raise InputError("; ".join([*wrong, *untold]))
    if untold:
        raise FabricscopeError("; ".join(untold))
    return topics


def _made(access: KafkaAccess, topic: str, retention: timedelta | None) -> bool:
    """Make a topic and wait until it can be used; return False where it was there, or another was faster."""
    settings = {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",  # stream time is what the records say
        "message.timestamp.after.max.ms": str(2**63 - 1),
        # a recording is older than any retention: it would be deleted at once
        "retention.ms": "-1" if retention is None else str(retention // _MILLISECOND),
    }
    return _create(access, topic, settings)


def _create(access: KafkaAccess, topic: str, settings: Mapping[str, str]) -> bool:
    made = True
    with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
        try:
            admin.create_topics([NewTopic(topic, num_partitions=1, topic_configs=dict(settings))])
        except kafka.errors.TopicAlreadyExistsError:
            made = False
        admin.wait_for_topics([topic])
    return made


def _said_of(
    answer: Mapping[str, Any], settings: Mapping[str, Mapping[str, str]]
) -> Topic | Untold:  # Any: untyped library
    if answer["error_code"]:
        error = kafka.errors.for_code(answer["error_code"])
        return Untold(f"{error.message}: {error.description}")
    partitions = answer["partitions"]
    return Topic(
        partitions=len(partitions),
        replicas=min((len(one["replica_nodes"]) for one in partitions), default=0),
        in_sync=min((len(one["isr_nodes"]) for one in partitions), default=0),
        settings=settings.get(answer["name"]),
    )


def _settings(access: KafkaAccess, topics: list[str]) -> dict[str, dict[str, str]]:
    """Return the settings of topics; none for those that the cluster doesn't tell us."""
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    try:
        with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
            found: dict[str, Any] = admin.describe_configs(resources, config_filter=ConfigFilterType.ALL)
    except FabricscopeError:
        return {}
    return {
        topic: {name: entry["value"] for name, entry in entries.items() if entry.get("value") is not None}
        for topic, entries in found.get("topic", {}).items()
        if entries
    }
