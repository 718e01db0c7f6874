"""A report that a live replica is asked for over its SQL is that of its file."""

import json
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import trustme
from typer.testing import CliRunner

from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.service import Access, Service
from pipeline.pgwire.tls import load_tls
from pipeline.report.cli import app
from pipeline.store.opening import another, look
from tests.pipeline.report.conftest import incident
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow


def told(*arguments: object) -> object:
    words = [str(one) for one in arguments]
    result = CliRunner().invoke(app, [*words, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_replica_tells_what_its_file_tells(recordings: Recordings, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "users").write_text(f"noc {make_verifier('long enough', b'0123456789abcdef')}\n")
    (tmp_path / "users").chmod(0o600)
    (tmp_path / "password").write_text("long enough\n")
    store = recordings.store("verdicts")
    one = incident(store, "R15", "l2")
    tls = load_tls(tmp_path / "cert.pem", tmp_path / "key.pem")
    access = Access(host="127.0.0.1", port=0, tls=tls, users=tmp_path / "users")
    with closing(look(store)) as connection:
        service = Service(access, partial(another, connection), tmp_path / "verdicts.duckdb")
        with closing(service):
            service.start()
            url = f"postgresql://noc@localhost:{service.port}/?sslrootcert={tmp_path / 'ca.pem'}"
            live = told(one, "--sql-url", url, "--sql-password-file", tmp_path / "password")
    assert live == told(one, "--store", store)
