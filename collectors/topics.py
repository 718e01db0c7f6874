"""A fabric's topic: made with the settings it needs, and looked at before anything is written to it."""

import contextlib
from collections.abc import Iterable
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

log: Final = structlog.get_logger(__name__)


def create_topic(access: KafkaAccess, fabric: str, retention: timedelta | None = None) -> None:
    """Make the topic of a fabric: one partition, 16 MiB records, kept for ``retention``, None: for ever.

    Raises InputError when there is one already, FabricscopeError when the cluster refuses.
    """
    topic = topic_of(fabric)
    settings = {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",  # stream time is what the records say
        "message.timestamp.after.max.ms": str(2**63 - 1),
        # a recording is older than any retention: it would be deleted at once
        "retention.ms": "-1" if retention is None else str(retention // _MILLISECOND),
    }
    with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
        try:
            admin.create_topics([NewTopic(topic, num_partitions=1, topic_configs=settings)])
        except kafka.errors.TopicAlreadyExistsError as error:
            raise InputError(f"topic {topic} exists already: publish without --create") from error
        admin.wait_for_topics([topic])


def prepare_topics(
    access: KafkaAccess, fabrics: Iterable[str], *, create: bool
) -> dict[str, timedelta | None]:
    """Return how long the topic of each fabric keeps records; None: for ever, or the cluster doesn't tell.

    With ``create``, missing ones are made. Raises InputError for topics that are missing or whose settings
    would lose records or their order, all in one message; FabricscopeError when Kafka can't be reached.
    """
    names = {fabric: topic_of(fabric) for fabric in fabrics}
    with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
        partitions = {
            found["name"]: len(found["partitions"])
            for found in admin.describe_topics(list(names.values()))
            if not found["error_code"]
        }
    missing = [fabric for fabric, topic in names.items() if topic not in partitions]
    wrong = [
        f"topic {topic} has {count} partitions, so its records would have no order: make it anew with one"
        for topic, count in partitions.items()
        if count != 1
    ]
    if missing and not create:
        wrong += [
            f"Kafka at {access.servers} has no topic {names[fabric]}: add --create-topics, or make it with"
            f" 1 partition and max.message.bytes={MAX_MESSAGE_BYTES}"
            for fabric in missing
        ]
    if wrong:
        raise InputError("; ".join(wrong))
    for fabric in missing:
        create_topic(access, fabric, LIVE_RETENTION)
        log.info("topic made", topic=names[fabric], retention=str(LIVE_RETENTION))
    settings = _settings(access, list(names.values()))
    wrong = [sentence for topic, found in settings.items() for sentence in _mistakes(topic, found)]
    if wrong:
        raise InputError("; ".join(wrong))
    return {fabric: _retention(settings.get(topic, {})) for fabric, topic in names.items()}


def _mistakes(topic: str, settings: dict[str, str]) -> list[str]:
    """Return what settings would refuse or change of our records; what isn't told is trusted."""
    sentences = []
    largest = settings.get("max.message.bytes")
    if largest is not None and int(largest) < MAX_MESSAGE_BYTES:
        sentences.append(
            f"topic {topic} takes messages of up to {largest} bytes only:"
            f" set its max.message.bytes to {MAX_MESSAGE_BYTES}"
        )
    if settings.get("message.timestamp.type", "CreateTime") != "CreateTime":
        sentences.append(f"topic {topic} replaces record times: set its message.timestamp.type to CreateTime")
    if "compact" in settings.get("cleanup.policy", "delete"):
        sentences.append(
            f"topic {topic} is compacted, so all but the last record of each target would be lost:"
            " set its cleanup.policy to delete"
        )
    return sentences


def _retention(settings: dict[str, str]) -> timedelta | None:
    told = int(settings.get("retention.ms", "-1"))
    return None if told < 0 else told * _MILLISECOND


def _settings(access: KafkaAccess, topics: list[str]) -> dict[str, dict[str, str]]:
    """Return the settings of topics, as far as the cluster tells them to us."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    try:
        with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
            found: dict[str, Any] = admin.describe_configs(resources, config_filter=ConfigFilterType.ALL)
    except FabricscopeError as error:
        log.warning("settings of topics unknown", reason=str(error), effect="assumed to be right")
        return {}
    return {
        topic: {name: entry["value"] for name, entry in entries.items() if entry.get("value") is not None}
        for topic, entries in found.get("topic", {}).items()
    }
