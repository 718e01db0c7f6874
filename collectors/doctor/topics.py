"""A fabric's topic: whether its settings keep every record, in order, as long as replicas need it. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from collectors.doctor.findings import Finding, Place
from collectors.topics import MAX_MESSAGE_BYTES

CHECK: Final = "topic"
SHORT: Final = timedelta(days=1)
"""Less retention than this doesn't cover a night in which a replica was down."""


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


def judged(name: str, topic: Topic | None, brokers: int) -> list[Finding]:
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
    found = [*_copies(place, topic, brokers)]
    if topic.partitions != 1:
        found.append(
            place.error(
                f"has {topic.partitions} partitions, so its records have no order", "make it anew with one"
            )
        )
    if topic.settings is None:
        found.append(
            place.unknown("its settings are not told to this user", f"allow DescribeConfigs on topic {name}")
        )
        return found
    for check in _CHECKS:
        found += check(place, topic, topic.settings)
    return found or [place.ok(_summary(topic, topic.settings))]


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


def _size(place: Place, _topic: Topic, settings: Mapping[str, str]) -> Iterator[Finding]:
    largest = _number(settings, "max.message.bytes")
    if largest is not None and largest < MAX_MESSAGE_BYTES:
        yield place.error(
            f"takes messages of up to {largest} bytes only",
            f"set its max.message.bytes to {MAX_MESSAGE_BYTES}",
        )


def _times(place: Place, _topic: Topic, settings: Mapping[str, str]) -> Iterator[Finding]:
    kind = settings.get("message.timestamp.type", "CreateTime")
    if kind != "CreateTime":
        yield place.error(
            f"replaces the times of records ({kind})", "set its message.timestamp.type to CreateTime"
        )


def _cleanup(place: Place, _topic: Topic, settings: Mapping[str, str]) -> Iterator[Finding]:
    if "compact" in settings.get("cleanup.policy", "delete"):
        yield place.error(
            "is compacted: all but the last record of each target will be lost",
            "set its cleanup.policy to delete",
        )


def _kept(place: Place, _topic: Topic, settings: Mapping[str, str]) -> Iterator[Finding]:
    retention = _retention(settings)
    if retention is not None and retention < SHORT:
        yield place.warning(
            f"keeps records for {retention} only: a replica that is away longer can't catch up",
            "set its retention.ms to some days",
        )
    size = _number(settings, "retention.bytes")
    if size is not None and size >= 0:
        yield place.warning(
            f"is cut at {size} bytes, whatever their age: a noisy hour may push out a day",
            "set its retention.bytes to -1 and let retention.ms decide",
        )


def _writable(place: Place, topic: Topic, settings: Mapping[str, str]) -> Iterator[Finding]:
    needed = _number(settings, "min.insync.replicas")
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


_CHECKS: Final[tuple[Callable[[Place, Topic, Mapping[str, str]], Iterator[Finding]], ...]] = (
    _size,
    _times,
    _cleanup,
    _kept,
    _writable,
)


def _summary(topic: Topic, settings: Mapping[str, str]) -> str:
    retention = _retention(settings)
    kept = "for ever" if retention is None else f"for {retention}"
    return f"one partition, {topic.replicas} cop{'y' if topic.replicas == 1 else 'ies'}, kept {kept}"


def _retention(settings: Mapping[str, str]) -> timedelta | None:
    """Return how long records are kept; None for ever, or not told."""
    told = _number(settings, "retention.ms")
    return None if told is None or told < 0 else timedelta(milliseconds=min(told, 10**14))


def _number(settings: Mapping[str, str], name: str) -> int | None:
    try:
        return int(settings[name])
    except (KeyError, ValueError):
        return None
