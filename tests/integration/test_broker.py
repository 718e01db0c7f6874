"""The embedded broker as a process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.errors import FabricscopeError
from collectors.kafka_access import KafkaAccess
from pipeline import broker
from pipeline.broker import EmbeddedBroker

pytestmark = pytest.mark.services


def connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def test_it_answers_from_entering_to_leaving() -> None:
    with EmbeddedBroker() as embedded:
        host, _, port = embedded.address.partition(":")
        assert connects(host, int(port))
    assert not connects(host, int(port))


def test_it_listens_on_this_machine_only() -> None:
    with EmbeddedBroker() as embedded:
        port = int(embedded.address.split(":")[1])
        assert not connects("127.0.0.2", port), "it listens on more than 127.0.0.1"


def test_each_start_is_a_cluster_of_its_own() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as other:
        ids = {KafkaAccess(servers=embedded.address).cluster_id() for embedded in (one, other)}
    assert len(ids) == 2


def test_it_needs_no_home_that_can_be_written(tmp_path: Path) -> None:
    script = "from pipeline.broker import EmbeddedBroker\nwith EmbeddedBroker() as b: print(b.address)"
    home = tmp_path / "no" / "home"
    ended = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, env={"HOME": str(home)}
    )
    assert ended.stdout.startswith("127.0.0.1:")
    assert not home.exists()


def test_an_executable_bit_lost_in_installing_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(
        "pipeline.broker.os.access", lambda path, mode: "tansu" not in str(path) and real(path, mode)
    )
    with EmbeddedBroker() as embedded:
        assert KafkaAccess(servers=embedded.address).cluster_id().startswith("embedded-")


def test_a_port_taken_by_somebody_else_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    free = broker.free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free()])
        monkeypatch.setattr(broker, "free_port", lambda: next(ports))
        with EmbeddedBroker() as embedded:
            assert embedded.address != f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_broker_that_does_not_start_is_told_with_what_it_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "tansu"
    program.write_text("#!/bin/sh\necho out of luck\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))
    with pytest.raises(FabricscopeError, match="out of luck"), EmbeddedBroker():
        pass
