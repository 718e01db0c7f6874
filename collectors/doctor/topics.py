"""A fabric's topic: whether its settings keep every record, in order, as long as replicas need it. Pure."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from collectors.doctor.findings import Finding, Place
from collectors.topics import MAX_MESSAGE_BYTES, Topic, Untold, mistakes

CHECK: Final = "topic"
SHORT: Final = timedelta(days=1)
"""Less retention than this doesn't cover a night in which a replica was down."""


def judged(name: str, topic: Topic | Untold | None, brokers: int) -> list[Finding]:
    """Return what is wrong with a topic (None: it doesn't exist), or one finding that says it is fine."""
    place = Place(name, CHECK)
    if topic is None:
        return [
            place.error(
                "there is no such topic",
                "collect --create-topics makes it; or make it with 1 partition and"
                f" max.message.bytes={MAX_MESSAGE_BYTES}",
            )
        ]
    if isinstance(topic, Untold):
        return [
            place.error(
                f"Kafka says nothing of it: {topic.why}",
                f"if it is a matter of rights, allow this user Describe, Read and Write on topic {name}",
            )
        ]
    found = [*_copies(place, topic, brokers)]
    found += [place.error(mistake.what, mistake.remedy) for mistake in mistakes(topic)]
    if topic.settings is None:
        found.append(
            place.unknown("its settings are not told to this user", f"allow DescribeConfigs on topic {name}")
        )
        return found
    found += [*_kept(place, topic), *_writable(place, topic)]
    return found or [place.ok(_summary(topic))]


def _copies(place: Place, topic: Topic, brokers: int) -> Iterator[Finding]:
    if topic.in_sync == 0:
        yield place.error("no broker that has all its records is up", "start the brokers that hold it")
    elif topic.in_sync < topic.replicas:
        yield place.warning(
            f"{topic.in_sync} of {topic.replicas} copies have all records", "see the brokers' logs"
        )
    if topic.replicas == 1 and brokers > 1:
        yield place.warning(
            f"has one copy on {brokers} brokers: the loss of one broker loses the stream",
            f"raise its replication factor to {min(3, brokers)}",
        )


def _kept(place: Place, topic: Topic) -> Iterator[Finding]:
    retention = topic.retention
    if retention is not None and retention < SHORT:
        yield place.warning(
            f"keeps records for {retention} only: a replica that is away longer can't catch up",
            "set its retention.ms to some days",
        )
    size = topic.number("retention.bytes")
    if size is not None and size >= 0:
        yield place.warning(
            f"is cut at {size} bytes, whatever their age: a noisy hour may push out a day",
            "set its retention.bytes to -1 and let retention.ms decide",
        )


def _writable(place: Place, topic: Topic) -> Iterator[Finding]:
    needed = topic.number("min.insync.replicas")
    if needed is None:
        return
    if needed > topic.replicas:
        yield place.error(
            f"takes no record: each needs {needed} copies (min.insync.replicas), of {topic.replicas}",
            f"set its min.insync.replicas to {max(1, topic.replicas - 1)}",
        )
    elif needed == topic.replicas > 1:
        yield place.warning(
            f"takes records only while all {topic.replicas} copies are there (min.insync.replicas)",
            f"set its min.insync.replicas to {topic.replicas - 1}",
        )
    elif needed == 1 and topic.replicas > 2:
        yield place.warning(
            "confirms records that one broker alone has (min.insync.replicas 1)",
            "set its min.insync.replicas to 2",
        )


def _summary(topic: Topic) -> str:
    kept = "for ever" if topic.retention is None else f"for {topic.retention}"
    return f"one partition, {topic.replicas} cop{'y' if topic.replicas == 1 else 'ies'}, kept {kept}"
