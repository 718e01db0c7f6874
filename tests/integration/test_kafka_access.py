"""Ways into Apache Kafka, and how a wrong one is told."""

from pathlib import Path
from typing import Any

import pytest

from collectors.errors import FabricscopeError, InputError
from collectors.kafka_access import KafkaAccess
from tests.integration.apache_kafka import PASSWORD, USER, ApacheKafka

pytestmark = pytest.mark.services

LOGIN: dict[str, Any] = {"user": USER, "password": PASSWORD}
SOON: dict[str, Any] = {"bootstrap_timeout_ms": 1_500}


def refusal(access: KafkaAccess) -> str:
    """Return the sentence with which the cluster can't be reached."""
    with pytest.raises(FabricscopeError) as caught:
        access.cluster_id()
    return str(caught.value)


@pytest.fixture
def unencrypted(kafka: ApacheKafka) -> KafkaAccess:
    return KafkaAccess(servers=kafka.plaintext)


@pytest.fixture
def tls(kafka: ApacheKafka) -> dict[str, Any]:
    return {"ca": kafka.authority}


@pytest.fixture
def certificate(kafka: ApacheKafka) -> dict[str, Any]:
    return {"certificate": kafka.client_certificate, "key": kafka.client_key}


def test_tls_reaches_the_same_cluster(
    kafka: ApacheKafka, tls: dict[str, Any], unencrypted: KafkaAccess
) -> None:
    assert KafkaAccess(servers=kafka.tls, **tls).cluster_id() == unencrypted.cluster_id()


def test_a_client_certificate_is_shown_where_it_is_asked_for(
    kafka: ApacheKafka, tls: dict[str, Any], certificate: dict[str, Any], unencrypted: KafkaAccess
) -> None:
    access = KafkaAccess(servers=kafka.mutual_tls, **tls, **certificate)
    assert access.cluster_id() == unencrypted.cluster_id()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_login_over_tls_is_taken(
    kafka: ApacheKafka, tls: dict[str, Any], unencrypted: KafkaAccess, mechanism: str
) -> None:
    access = KafkaAccess(servers=kafka.sasl_tls, sasl_mechanism=mechanism, **tls, **LOGIN)
    assert access.cluster_id() == unencrypted.cluster_id()


def test_scram_without_tls_is_taken(kafka: ApacheKafka, unencrypted: KafkaAccess) -> None:
    access = KafkaAccess(servers=kafka.sasl_plaintext, sasl_mechanism="SCRAM-SHA-256", **LOGIN)
    assert access.cluster_id() == unencrypted.cluster_id()


def test_a_server_with_an_unknown_authority_is_refused(kafka: ApacheKafka) -> None:
    assert "certificate verify failed" in refusal(KafkaAccess(servers=kafka.tls, tls=True, **SOON))


def test_a_server_under_another_name_is_refused(kafka: ApacheKafka, tls: dict[str, Any]) -> None:
    assert "certificate" in refusal(
        KafkaAccess(servers=kafka.tls.replace("127.0.0.1", "localhost"), **tls, **SOON)
    )


def test_a_missing_client_certificate_is_told(kafka: ApacheKafka, tls: dict[str, Any]) -> None:
    assert "certificate" in refusal(KafkaAccess(servers=kafka.mutual_tls, **tls, **SOON))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_wrong_password_is_told_and_not_shown(
    kafka: ApacheKafka, tls: dict[str, Any], mechanism: str
) -> None:
    login: dict[str, Any] = {"sasl_mechanism": mechanism, "user": USER, "password": "xyzzy"}
    sentence = refusal(KafkaAccess(servers=kafka.sasl_tls, **tls, **login, **SOON))
    assert "login of alice" in sentence
    assert "xyzzy" not in sentence


def test_no_tls_where_the_server_wants_it_is_an_error(kafka: ApacheKafka) -> None:
    assert kafka.tls in refusal(KafkaAccess(servers=kafka.tls, **SOON))


def test_tls_where_the_server_has_none_is_an_error(kafka: ApacheKafka, tls: dict[str, Any]) -> None:
    assert "SSL" in refusal(KafkaAccess(servers=kafka.plaintext, **tls, **SOON))


def test_a_server_that_is_not_there_is_told() -> None:
    assert "ECONNREFUSED" in refusal(KafkaAccess(servers="127.0.0.1:1", **SOON))


def test_a_certificate_with_another_key_is_refused(
    kafka: ApacheKafka, tls: dict[str, Any], tmp_path: Path
) -> None:
    other = tmp_path / "other.key"
    other.write_bytes((kafka.authority.parent / "server.pem").read_bytes())
    access = KafkaAccess(servers=kafka.mutual_tls, certificate=kafka.client_certificate, key=other, **tls)
    with pytest.raises(InputError, match=r"other\.key"):
        access.ssl_context()
