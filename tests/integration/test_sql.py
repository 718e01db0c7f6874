"""A replica and a server of a store, as processes, asked by a PostgreSQL client."""

import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import trustme

from collectors.captures import write_capture
from pipeline.broker import EmbeddedBroker
from pipeline.pgwire.scram import make_verifier
from tests.integration.test_commands import TICKS, command, ended, started, succeeded, wait_for_event

pytestmark = pytest.mark.services

PASSWORD = "correct horse"


def captured(tmp_path: Path) -> Path:
    path = tmp_path / "ticks.parquet"
    write_capture(path, TICKS)
    return path


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"noc {make_verifier(PASSWORD, b's' * 16)}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path, Path]:
    authority = trustme.CA()
    paths = tmp_path / "ca.pem", tmp_path / "server.pem", tmp_path / "server.key"
    issued = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(paths[0])
    issued.cert_chain_pems[0].write_to_path(paths[1])
    issued.private_key_pem.write_to_path(paths[2])
    return paths


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asked(port: object, query: str, **more: Any) -> list[Any]:
    given = {"host": "localhost", "port": str(port), "user": "noc", "password": PASSWORD, **more}
    with psycopg.connect(**given, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_replica_serves_its_store_while_it_writes_and_stops_cleanly(
    tansu: EmbeddedBroker,
    fabric: str,
    users: Path,
    certificate: tuple[Path, Path, Path],
    tmp_path: Path,
) -> None:
    authority, server, key = certificate
    with socket.create_server(("127.0.0.1", 0)) as free:
        metrics = free.getsockname()[1]
    succeeded("publish", captured(tmp_path), "--create", "--kafka", tansu.address, "--fabric", fabric)
    arguments = command(
        "run", "--kafka", tansu.address, "--fabric", fabric, "--store", tmp_path / "store.duckdb",
        "--pg-listen", "127.0.0.1:0", "--pg-cert", server, "--pg-key", key, "--pg-users", users,
        "--metrics-listen", f"127.0.0.1:{metrics}",
    )  # fmt: skip
    with started(*arguments) as process:
        port = wait_for_event(process, "serving SQL")["port"]
        wait_for_event(process, "caught up")
        tls: dict[str, Any] = {"sslmode": "verify-full", "sslrootcert": str(authority)}
        (known,) = asked(port, "SELECT fabric, next_offset FROM stream_position", **tls)
        assert known == (fabric, len(TICKS))
        with pytest.raises(psycopg.OperationalError, match="TLS alone"):
            asked(port, "SELECT 1", sslmode="disable")
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10) as page:
            assert "fabricscope_sql_rows_total 1.0" in page.read().decode()
        with psycopg.connect(
            host="localhost", port=port, user="noc", password=PASSWORD, **tls, autocommit=True
        ) as idle:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            with pytest.raises(psycopg.errors.AdminShutdown):
                idle.execute("SELECT 1")


def test_a_store_nobody_has_open_is_served(users: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    succeeded("replay", captured(tmp_path), "--fabric", "dc1", "--store", store)
    arguments = command("serve", store, "--pg-listen", "127.0.0.1:0", "--pg-plaintext", "--pg-users", users)
    with started(*arguments) as process:
        port = wait_for_event(process, "serving SQL")["port"]
        assert asked(port, "SELECT next_offset FROM stream_position") == [(len(TICKS),)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_statement_that_ran_when_the_process_died_is_refused_after_the_restart(
    users: Path, tmp_path: Path
) -> None:
    store, journal = tmp_path / "store.duckdb", tmp_path / "store.duckdb.sql-journal"
    succeeded("replay", captured(tmp_path), "--fabric", "dc1", "--store", store)
    arguments = command("serve", store, "--pg-listen", "127.0.0.1:0", "--pg-plaintext", "--pg-users", users)
    endless = "SELECT count(*) FROM range({}) a, range(1000000) b, range(1000000) c WHERE a.range <> b.range"
    with started(*arguments) as process, ThreadPoolExecutor(1) as client:
        port = wait_for_event(process, "serving SQL")["port"]
        dying = client.submit(asked, port, endless.format(1_000_000))
        until(lambda: journal.read_text().strip())
        process.kill()
        with pytest.raises(psycopg.OperationalError):
            dying.result(30)
    with started(*arguments) as process:
        port = wait_for_event(process, "serving SQL")["port"]
        with pytest.raises(psycopg.Error, match="was running when the server died"):
            asked(port, endless.format(2_000_000))
        assert asked(port, "SELECT next_offset FROM stream_position") == [(len(TICKS),)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_store_open_to_everybody_is_bad_input(users: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    store.touch()
    process = ended("serve", store, "--pg-listen", "0.0.0.0:0", "--pg-plaintext", "--pg-users", users)
    assert process.returncode == 2
    assert "of this machine alone" in process.stderr
