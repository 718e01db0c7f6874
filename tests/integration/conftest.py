"""Real brokers for the tests of this folder, each started once. With CI=true a missing one fails."""

import os
import uuid
from collections.abc import Iterator

import pytest

from collectors.kafka_access import KafkaAccess
from pipeline.broker import EmbeddedBroker
from tests.integration import apache_kafka

BROKERS = ("tansu", "apache-kafka")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apache_kafka.ApacheKafka]:
    """Start Apache Kafka; log and data stay below pytest's temporary folder, which outlives a failure."""
    try:
        apache_kafka.jars()
    except apache_kafka.MissingServiceError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with apache_kafka.running(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def tansu() -> Iterator[EmbeddedBroker]:
    """Start the embedded broker."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(params=BROKERS)
def access(request: pytest.FixtureRequest) -> KafkaAccess:
    """Give the way to each broker in turn."""
    if request.param == "tansu":
        return KafkaAccess(servers=request.getfixturevalue("tansu").address)
    return KafkaAccess(servers=request.getfixturevalue("kafka").plaintext)


@pytest.fixture
def fabric() -> str:
    """Give the name of a fabric that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"
