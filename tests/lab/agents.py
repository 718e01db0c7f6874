"""The agent of a node: a process in the node's namespace, reached through a proxy on this side."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import trustme

from targets.gnmi.access import hash_password
from tests.integration.tcp_proxy import TcpProxy
from tests.lab.fabric import Lab

USER: Final = "nobody"
"""Whom the agents become."""
LOGIN: Final = ("telemetry", "a password for tests")
NAME: Final = "agent.example"
"""In the certificates."""

_ROOT: Final = Path(__file__).parents[2]
_PORT: Final = 9339
_METRICS: Final = "127.0.0.1:9100"
_START_S: Final = 20.0
_END_S: Final = 10.0


@dataclass(frozen=True)
class Agent:
    """A running agent."""

    lab: Lab
    node: str
    process: subprocess.Popen[bytes]
    port: int
    """Of the proxy, on 127.0.0.1."""
    proxy: TcpProxy
    log: Path

    def metrics(self) -> dict[str, float]:
        """Return its metrics by name with labels."""
        text = self.lab.namespaces.inside(self.node, _scrape)
        lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def stop(self) -> int:
        """End it as systemd would; return its exit code."""
        self.process.terminate()
        return self.process.wait(_END_S)


@contextlib.contextmanager
def running_agents(
    lab: Lab, nodes: Iterable[str], authority: trustme.CA, folder: Path
) -> Iterator[list[Agent]]:
    """Run the agents of nodes, over TLS, until the context is left."""
    with contextlib.ExitStack() as stack:
        agents = [_started(lab, node, authority, folder, stack) for node in nodes]
        for agent in agents:
            _wait_until_listening(agent)
        yield agents


@contextlib.contextmanager
def running_agent(lab: Lab, node: str, authority: trustme.CA, folder: Path) -> Iterator[Agent]:
    """Run the agent of one node."""
    with running_agents(lab, [node], authority, folder) as (agent,):
        yield agent


def _started(lab: Lab, node: str, authority: trustme.CA, folder: Path, stack: contextlib.ExitStack) -> Agent:
    files = _credentials(lab, node, authority)
    log = folder / f"agent-{node}.log"
    command = (
        *(sys.executable, "-m", "fabricscope", "frr-agent", "--listen", f"127.0.0.1:{_PORT}"),
        *("--namespace", lab.namespaces.name(node), "--user", USER, "--metrics-listen", _METRICS),
        *("--tls-cert", str(files / "server.pem"), "--tls-key", str(files / "server.key")),
        *("--users", str(files / "users")),
    )
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with log.open("ab") as output:
        process = lab.namespaces.spawn(node, *command, env=environment, cwd=_ROOT, stderr=output)
    stack.callback(_ended, process)
    proxy = stack.enter_context(TcpProxy(0, "", lambda: lab.namespaces.inside(node, _connect)))
    return Agent(lab, node, process, proxy.port, proxy, log)


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def _credentials(lab: Lab, node: str, authority: trustme.CA) -> Path:
    """Write certificate, key and users where the agent's user can read them, and nobody else."""
    folder = lab.namespaces.folder(node)
    issued = authority.issue_cert(NAME)
    issued.private_key_pem.write_to_path(folder / "server.key")
    with (folder / "server.pem").open("wb") as chain:
        chain.writelines(part.bytes() for part in issued.cert_chain_pems)
    name, password = LOGIN
    (folder / "users").write_text(f"{name}:{hash_password(password)}\n")
    for file in ("server.key", "server.pem", "users"):
        shutil.chown(folder / file, USER)
        (folder / file).chmod(0o400)
    return folder


def _wait_until_listening(agent: Agent) -> None:
    deadline = time.monotonic() + _START_S
    while not any(event.get("event") == "listening" for event in events(agent.log)):
        if agent.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the agent did not start: {agent.log.read_text()}")
        time.sleep(0.02)


def events(log: Path) -> list[dict[str, object]]:
    """Return what was logged; a line that is no JSON, or not all written yet, is left out."""
    found = []
    for line in log.read_bytes().splitlines():
        with contextlib.suppress(orjson.JSONDecodeError):
            found.append(orjson.loads(line))
    return found


def _connect() -> socket.socket:
    return socket.create_connection(("127.0.0.1", _PORT))


def _scrape() -> str:
    host, _, port = _METRICS.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        with connection.makefile("rb") as answer:
            return answer.read().partition(b"\r\n\r\n")[2].decode()
