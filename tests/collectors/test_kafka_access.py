"""What is refused before a single packet leaves: options that don't fit or aren't safe."""

import threading
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import FabricscopeError, InputError
from collectors.kafka_access import KafkaAccess

SERVERS = "kafka-1:9092,kafka-2:9092"
LOGIN: dict[str, Any] = {"user": "alice", "password": "open-sesame"}


@pytest.mark.parametrize(
    "servers", ["", "kafka", "kafka:", ":9092", "kafka:0", "kafka:65536", "a:1,,b:2", "a:x"]
)
def test_an_address_without_host_or_port_is_refused(servers: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        KafkaAccess(servers=servers)


@pytest.mark.parametrize("servers", ["kafka:1", "kafka:65535", "[::1]:9092", SERVERS])
def test_an_address_with_host_and_port_is_taken(servers: str) -> None:
    assert KafkaAccess(servers=servers).servers == servers


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"certificate": Path("c.pem"), "tls": True}, "--kafka-key"),
        ({"key": Path("k.pem"), "tls": True}, "--kafka-cert"),
        ({"certificate": Path("c.pem"), "key": Path("k.pem")}, "without TLS"),
        (LOGIN, "--kafka-sasl-mechanism"),
        ({"sasl_mechanism": "GSSAPI", **LOGIN}, "none of PLAIN"),
        ({"sasl_mechanism": "SCRAM-SHA-256", "user": "alice"}, "FABRICSCOPE_KAFKA_PASSWORD"),
        ({"sasl_mechanism": "PLAIN", **LOGIN}, "clear text"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_what_is_missing(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        KafkaAccess(servers=SERVERS, **options)


@pytest.mark.parametrize(
    ("options", "protocol"),
    [
        ({}, "PLAINTEXT"),
        ({"tls": True}, "SSL"),
        ({"sasl_mechanism": "SCRAM-SHA-512", **LOGIN}, "SASL_PLAINTEXT"),
        ({"sasl_mechanism": "PLAIN", "tls": True, **LOGIN}, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_the_options(options: dict[str, Any], protocol: str) -> None:
    access = KafkaAccess(servers=SERVERS, **options)
    assert access.connect(dict)["security_protocol"] == protocol


def test_a_server_is_always_checked_by_certificate_and_name() -> None:
    context = KafkaAccess(servers=SERVERS, tls=True).ssl_context()
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_is_no_authority_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"ca\.pem"):
        KafkaAccess(servers=SERVERS, ca=path).ssl_context()


def test_the_password_is_not_shown() -> None:
    access = KafkaAccess(servers=SERVERS, sasl_mechanism="SCRAM-SHA-256", **LOGIN)
    assert "open-sesame" not in repr(access)


def test_a_client_that_cannot_be_made_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with pytest.raises(FabricscopeError, match="ECONNREFUSED"):
        KafkaAccess(servers="127.0.0.1:1", bootstrap_timeout_ms=200).cluster_id()
    assert set(threading.enumerate()) == before
