"""What the doctor says of real brokers."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from collectors.doctor import cluster
from collectors.doctor.findings import Finding, Level
from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of
from collectors.topics import create_topic
from tests.integration.apache_kafka import PASSWORD, USER, ApacheKafka

pytestmark = pytest.mark.services


def looked_at(access: KafkaAccess, *fabrics: str) -> list[Finding]:
    return asyncio.run(cluster.check(access, fabrics, datetime.fromtimestamp(time.time(), UTC)))


def of(check: str, found: list[Finding]) -> Finding:
    (one,) = [finding for finding in found if finding.check == check]
    return one


def test_a_topic_that_a_collector_made_is_not_an_error(access: KafkaAccess, fabric: str) -> None:
    create_topic(access, fabric)
    found = looked_at(access, fabric)
    assert of("kafka", found).level is Level.OK
    assert "1 broker, on this machine" in of("kafka", found).what
    # the embedded broker tells no settings
    assert {one.level for one in found if one.check == "topic"} <= {Level.OK, Level.UNKNOWN}


def test_a_topic_that_is_not_there_is_told(access: KafkaAccess, fabric: str) -> None:
    missing = of("topic", looked_at(access, fabric))
    assert (missing.level, missing.where) == (Level.ERROR, topic_of(fabric))
    assert "--create-topics" in missing.remedy


def test_all_that_is_wrong_with_a_topic_is_told(kafka: ApacheKafka, fabric: str) -> None:
    access = KafkaAccess(servers=kafka.plaintext)
    settings = {
        "max.message.bytes": "1000012",
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "compact",
        "retention.ms": "3600000",
        "min.insync.replicas": "2",
    }
    with access.connect(KafkaAdminClient) as admin:
        admin.create_topics([NewTopic(topic_of(fabric), num_partitions=3, topic_configs=settings)])
        admin.wait_for_topics([topic_of(fabric)])
    found = [one for one in looked_at(access, fabric) if one.check == "topic"]
    told = " / ".join(one.what for one in found)
    for words in (
        "has 3 partitions",
        "up to 1000012 bytes",
        "(LogAppendTime)",
        "is compacted",
        "for 1:00:00 only",
        "takes no record: each needs 2 copies",
    ):
        assert words in told
    assert len(found) == 6
    assert all(one.remedy for one in found)


def test_a_cluster_over_tls_is_looked_at_with_its_certificate(kafka: ApacheKafka) -> None:
    found = looked_at(
        KafkaAccess(
            servers=kafka.sasl_tls,
            ca=kafka.authority,
            sasl_mechanism="SCRAM-SHA-256",
            user=USER,
            password=PASSWORD,
        )
    )
    assert of("tls", found).level in (Level.OK, Level.WARNING)
    assert "is valid until" in of("tls", found).what or "expires on" in of("tls", found).what
    assert of("kafka", found).what.endswith(f"over TLS, as {USER}")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tls": True}, "authority"),
        ({"sasl_mechanism": "PLAIN", "user": USER, "password": "wrong"}, "refused"),
    ],
)
def test_a_cluster_that_is_not_reached_is_told_with_the_reason(
    kafka: ApacheKafka, options: dict[str, Any], sentence: str
) -> None:
    if "user" in options:
        options = {**options, "ca": kafka.authority}
    servers = kafka.sasl_tls if "user" in options else kafka.tls
    found = looked_at(KafkaAccess(servers=servers, bootstrap_timeout_ms=1_500, **options))
    assert of("kafka", found).level is Level.ERROR
    assert any(sentence in one.what for one in found)
