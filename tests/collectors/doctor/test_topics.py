"""Which settings of a topic lose records, and which will one day."""

from dataclasses import replace

import pytest

from collectors.doctor.findings import Level
from collectors.doctor.topics import judged
from collectors.topics import MAX_MESSAGE_BYTES, Topic, Untold

DAY_MS = 24 * 3600 * 1000
SETTINGS = {
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    "message.timestamp.type": "CreateTime",
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    "retention.bytes": "-1",
    "min.insync.replicas": "2",
}
GOOD = Topic(partitions=1, replicas=3, in_sync=3, settings=SETTINGS)


def levels(topic: Topic | Untold | None, brokers: int = 3) -> list[Level]:
    return [finding.level for finding in judged("fabricscope.raw.dc1", topic, brokers)]


def with_setting(name: str, value: str, topic: Topic = GOOD) -> Topic:
    return replace(topic, settings={**SETTINGS, name: value})


def test_a_topic_as_collectors_make_it_is_fine() -> None:
    (found,) = judged("fabricscope.raw.dc1", GOOD, 3)
    assert (found.level, found.what) == (Level.OK, "one partition, 3 copies, kept for 7 days, 0:00:00")


def test_a_topic_that_is_kept_for_ever_on_one_broker_is_fine() -> None:
    lab = with_setting("retention.ms", "-1", replace(GOOD, replicas=1, in_sync=1))
    lab = replace(lab, settings={**(lab.settings or {}), "min.insync.replicas": "1"})
    assert levels(lab, brokers=1) == [Level.OK]
    assert levels(lab, brokers=2) == [Level.WARNING]


@pytest.mark.parametrize(
    ("name", "fine", "wrong", "level"),
    [
        ("max.message.bytes", str(MAX_MESSAGE_BYTES), str(MAX_MESSAGE_BYTES - 1), Level.ERROR),
        ("message.timestamp.type", "CreateTime", "LogAppendTime", Level.ERROR),
        ("cleanup.policy", "delete", "compact,delete", Level.ERROR),
        ("retention.ms", str(DAY_MS), str(DAY_MS - 1), Level.WARNING),
        ("retention.bytes", "-1", "1073741824", Level.WARNING),
        ("min.insync.replicas", "2", "4", Level.ERROR),
        ("min.insync.replicas", "2", "3", Level.WARNING),
        ("min.insync.replicas", "2", "1", Level.WARNING),
    ],
)
def test_each_setting_is_fine_up_to_its_limit(name: str, fine: str, wrong: str, level: Level) -> None:
    assert levels(with_setting(name, fine)) == [Level.OK]
    assert levels(with_setting(name, wrong)) == [level]


@pytest.mark.parametrize(
    ("topic", "level"),
    [
        (None, Level.ERROR),
        (replace(GOOD, partitions=2), Level.ERROR),
        (replace(GOOD, in_sync=2), Level.WARNING),
        (replace(GOOD, in_sync=0), Level.ERROR),
        (replace(GOOD, settings=None), Level.UNKNOWN),
    ],
)
def test_a_topic_that_is_missing_short_of_copies_or_not_told_is_not_fine(
    topic: Topic | None, level: Level
) -> None:
    assert levels(topic) == [level]


def test_all_that_is_wrong_is_told_at_once_and_each_has_a_remedy() -> None:
    found = judged("t", replace(with_setting("max.message.bytes", "1000012"), partitions=3, in_sync=1), 3)
    assert [finding.level for finding in found] == [Level.WARNING, Level.ERROR, Level.ERROR]
    assert all(finding.remedy for finding in found)


def test_a_topic_of_which_kafka_says_nothing_is_not_said_to_be_missing() -> None:
    (found,) = judged("fabricscope.raw.dc1", Untold("TOPIC_AUTHORIZATION_FAILED: not authorized"), 3)
    assert found.level is Level.ERROR
    assert "TOPIC_AUTHORIZATION_FAILED" in found.what
    assert "no such topic" not in found.what
    assert "allow this user Describe" in found.remedy
