"""Secrets are read when they are needed, say what is wrong with them, and never show."""

from pathlib import Path

import pytest

from collectors.credentials import MAX_SECRET_BYTES, resolved
from collectors.errors import InputError
from collectors.inventory import Credentials, Target


def test_names_and_passwords_come_from_the_environment_and_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNMI_USER", "telemetry")
    secret = tmp_path / "secret"
    secret.write_text("open: sesame\r\n")
    login = resolved(Credentials(username="env:GNMI_USER", password=f"file:{secret}"))
    assert (login.username, login.password) == ("telemetry", "open: sesame")
    assert "sesame" not in repr(login)
    assert resolved(Credentials(username="alice", password="env:GNMI_USER")).username == "alice"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        ("pässword".encode(), "characters that gRPC can't send"),
        (b"password ", "begins or ends with a space"),
        (b"two\nlines", "characters that gRPC can't send"),
        (b"\xff", "can't read the password"),
        (b"x" * (MAX_SECRET_BYTES + 1), f"more than {MAX_SECRET_BYTES} bytes"),
    ],
)
def test_a_file_that_holds_no_password_is_told_without_showing_it(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as raised:
        resolved(Credentials(username="alice", password=f"file:{secret}"))
    assert "ssword" not in str(raised.value).replace("password", "")


def test_the_longest_secret_is_taken(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * MAX_SECRET_BYTES)
    assert len(resolved(Credentials(username="a", password=f"file:{secret}")).password) == MAX_SECRET_BYTES


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("env:NOT_SET", "environment variable NOT_SET, which is not set"),
        ("file:/none", "can't read .* /none"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(reference: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        resolved(Credentials(username="alice", password=reference))


@pytest.mark.parametrize("password", ["hunter2", "env:", "file:", "vault:x", ""])
def test_credentials_take_references_alone(password: str) -> None:
    with pytest.raises(ValueError, match="by reference") as raised:
        Credentials(username="alice", password=password)
    assert "hunter2" not in str(raised.value)


def test_no_target_has_credentials_without_tls() -> None:
    login = Credentials(username="alice", password="env:X")
    with pytest.raises(ValueError, match="without TLS"):
        Target(name="a", address="b", port=1, profile="openconfig", fabric="c", tls=None, credentials=login)


@pytest.mark.parametrize(
    ("address", "endpoint"), [("192.0.2.1", "192.0.2.1:57400"), ("2001:db8::1", "[2001:db8::1]:57400")]
)
def test_an_ipv6_address_stands_in_brackets_where_a_port_follows(address: str, endpoint: str) -> None:
    found = Target(name="a", address=address, port=57400, profile="openconfig", fabric="c")
    assert found.endpoint == endpoint
