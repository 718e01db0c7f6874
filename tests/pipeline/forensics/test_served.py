"""The same questions to a replica over its SQL: the answers are those of its file."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trustme

from collectors.errors import FabricscopeError, InputError
from pipeline.forensics import answers
from pipeline.forensics.answers import Answer, Asking
from pipeline.forensics.served import served
from pipeline.forensics.source import Source, source
from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.service import Access, Service
from pipeline.pgwire.tls import load_tls
from pipeline.store.opening import another, look
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"
INCIDENT = ("R15", "l2")


@dataclass(frozen=True)
class Replica:
    """A store that is served, and how to get there."""

    store: Path
    url: str
    password: Path
    authority: Path

    @property
    def trusting(self) -> str:
        return f"{self.url}?sslrootcert={self.authority}"


@pytest.fixture(scope="module")
def replica(recordings: Recordings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    folder = tmp_path_factory.mktemp("served")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "users").write_text(f"alice {make_verifier(PASSWORD, b'0123456789abcdef')}\n")
    (folder / "users").chmod(0o600)
    (folder / "password").write_text(f"{PASSWORD}\n")
    store = recordings.store("verdicts")
    access = Access(
        host="127.0.0.1",
        port=0,
        tls=load_tls(folder / "cert.pem", folder / "key.pem"),
        users=folder / "users",
    )
    with closing(look(store)) as connection:
        service = Service(access, partial(another, connection), folder / "verdicts.duckdb")
        with closing(service):
            service.start()
            url = f"postgresql://alice@localhost:{service.port}/"
            yield Replica(store, url, folder / "password", folder / "ca.pem")


def asking(asked: Source) -> Asking:
    return Asking(asked, datetime(2026, 11, 22, 11, tzinfo=UTC), UTC, query_only=False)


def every(asked: Source, incident: str) -> dict[str, Answer]:
    """Return an answer of each kind."""
    one = asking(asked)
    none = (None, None, None)
    spread = ("10:44:00Z", "10:45:00Z")
    return {
        "mac": answers.about(one, "mac", "02:aa:00:00:20:05", none),
        "mac at": answers.about(one, "mac", "02:aa:00:00:20:05", ("10:40:30Z", None, None)),
        "ip": answers.about(one, "ip", "192.168.10.1", (None, *spread)),
        "vtep": answers.about(one, "vtep", "10.255.1.2", (None, *spread)),
        "device": answers.about(one, "device", "l2", (None, *spread)),
        "device at": answers.about(one, "device", "l2", ("10:44:30Z", None, None)),
        "vni": answers.about(one, "vni", "1010", (None, "10:41:36Z", "10:41:37.1Z")),
        "propagation": answers.about(one, "propagation", "02:aa:00:00:20:02", none),
        "hit": answers.about(one, "hit", incident, none),
        "incident": answers.about(one, "incident", incident, none),
        "state": answers.state(one, "10:44:30Z", "bgp", "l2"),
        "diff": answers.difference(one, *spread),
        "blast-radius": answers.blast_radius(one, "s1", "10:42Z"),
    }


@pytest.mark.parametrize("fabrics", [(), ("verdicts",)])
def test_a_replica_answers_as_its_file_does(replica: Replica, fabrics: tuple[str, ...]) -> None:
    with source(replica.store, fabrics) as file:
        found = file.rows("SELECT rule, device, incident_id FROM incident").rows()
        (incident,) = [row[2] for row in found if row[:2] == INCIDENT]
        expected = every(file, incident[:8])
    with served(replica.trusting, replica.password, fabrics) as asked:
        said = every(asked, incident[:8])
    for kind, answer in expected.items():
        assert said[kind].lines == answer.lines, kind
        assert said[kind].rows.to_dicts() == answer.rows.to_dicts(), kind
        assert (said[kind].complete, said[kind].parts) == (answer.complete, answer.parts), kind
        assert answer.rows.height, kind


def test_what_is_unknown_is_said_with_the_nearest(replica: Replica) -> None:
    with (
        served(replica.trusting, replica.password) as asked,
        pytest.raises(
            InputError, match="the replica at localhost never heard of device l4: the nearest are l1"
        ),
    ):
        asked.check_known("device", "l4")


def test_a_certificate_that_nobody_vouches_for_is_refused(replica: Replica) -> None:
    with (
        pytest.raises(FabricscopeError, match=r"the replica at localhost can't be asked: .*certificate"),
        served(replica.url, replica.password),
    ):
        pass


def test_a_wrong_password_is_said(replica: Replica, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    refused = pytest.raises(FabricscopeError, match=r"can't be asked: .*password")
    with refused, served(replica.trusting, wrong):
        pass


def test_the_password_may_come_from_the_environment(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "PGPASSWORD" not in os.environ
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with served(replica.trusting, None) as asked:
        assert asked.reach().first < asked.reach().last


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("replica-1:5432", "is written postgresql://user@host:port/"),
        ("postgresql://alice@:5432/", "names no host"),
        ("postgresql://alice:secret@replica-1/", "can be seen by everybody on this machine"),
        ("postgresql://alice@replica-1/?color=blue", "can't be read: invalid URI query parameter"),
    ],
)
def test_a_wrong_address_is_said(url: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as told, served(url, None):
        pass
    assert "secret" not in str(told.value)


def test_a_password_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"the password can't be read from .*none"),
        served("postgresql://alice@localhost/", tmp_path / "none"),
    ):
        pass
