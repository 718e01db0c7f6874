"""Talking to an Alertmanager over HTTP and TLS."""

import re
import ssl
from pathlib import Path

import pytest
import trustme

from pipeline.alerts.access import Credentials, addresses
from pipeline.alerts.alert import Links, firing
from pipeline.alerts.client import Alertmanager, AwayError, SaidNoError
from pipeline.broker import free_port
from tests.pipeline.alerts.incidents import NOW, incident
from tests.pipeline.alerts.server import door

ALERT = firing(incident(), Links(), NOW)
BODY = b"[" + ALERT.encoded() + b"]"


def to(url: str, credentials: Credentials | None = None) -> Alertmanager:
    how = credentials or Credentials()
    (address,) = addresses([url], how)
    return Alertmanager(address, how)


def test_alerts_are_posted_as_version_2_of_the_api_takes_them() -> None:
    with door() as there:
        to(f"{there.url}/prefix").post(BODY)
    assert there.paths == ["/prefix/api/v2/alerts"]
    assert there.posts == [[ALERT.body()]]


def test_what_fires_is_asked_with_matchers() -> None:
    with door() as there:
        there.answer = lambda _: (200, b'[{"labels": {}}]')
        assert to(there.url).alerts(['fabric="dc1"', 'rule=~".+"']) == [{"labels": {}}]
    assert there.paths == ["/api/v2/alerts?filter=fabric%3D%22dc1%22&filter=rule%3D~%22.%2B%22"]


@pytest.mark.parametrize("body", [b"no json", b'{"status": "success"}'])
def test_an_answer_that_is_no_list_of_alerts_is_told(body: bytes) -> None:
    with door() as there:
        there.answer = lambda _: (200, body)
        with pytest.raises(SaidNoError):
            to(there.url).alerts([])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, SaidNoError), (422, SaidNoError), (401, AwayError), (429, AwayError), (503, AwayError)],
)
def test_a_refusal_says_what_was_answered(status: int, kind: type[Exception]) -> None:
    with door() as there:
        there.answer = lambda _: (status, b'"bad\n start"')
        with pytest.raises(kind, match=f"answers {status}.*bad start"):
            to(there.url).post(BODY)


def test_what_an_answer_says_is_shown_without_what_a_terminal_obeys() -> None:
    with door() as there:
        there.answer = lambda _: (400, b"no\x1b[2J\xffthing")
        with pytest.raises(SaidNoError, match=re.escape("400 Bad Request: no\ufffd[2J\ufffdthing")):
            to(there.url).post(BODY)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with door() as there:
        there.answer = lambda _: (302, b"")
        with pytest.raises(AwayError, match="302"):
            to(there.url, Credentials(token_file=secret)).post(BODY)


def test_nobody_there_is_told_with_the_reason() -> None:
    with pytest.raises(AwayError, match="refused"):
        to(f"http://127.0.0.1:{free_port()}").post(BODY)


def test_a_secret_file_that_vanishes_delays_a_post(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with door() as there:
        client = to(there.url, Credentials(user="maria", password_file=secret))
        secret.unlink()
        with pytest.raises(AwayError, match="secret"):
            client.post(BODY)
        secret.write_text("another")
        client.post(BODY)
    assert there.logins == ["Basic bWFyaWE6YW5vdGhlcg=="]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def served(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_of_the_authority_given_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with door(served(authority, "localhost")) as there:
        to(there.url, Credentials(ca=tmp_path / "ca.pem")).post(BODY)
    assert len(there.posts) == 1


def test_a_certificate_of_another_name_or_authority_is_not(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with door(served(authority, "elsewhere")) as there, pytest.raises(AwayError, match="not trusted"):
        to(there.url, Credentials(ca=tmp_path / "ca.pem")).post(BODY)
    with door(served(trustme.CA(), "localhost")) as there, pytest.raises(AwayError, match="not trusted"):
        to(there.url, Credentials(ca=tmp_path / "ca.pem")).post(BODY)
    with door(served(authority, "localhost")) as there, pytest.raises(AwayError, match="not trusted"):
        to(there.url).post(BODY)
