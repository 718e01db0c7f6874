"""The targets of the collector bench: a process of Go that serves many gNMI targets.

The project's own target, in Python, takes as long to say a message as a collector takes to hear it: it would
be what is measured.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from collectors.errors import FabricscopeError
from pipeline.broker import die_with_parent
from targets.certificates import Authority

SOURCES: Final = Path(__file__).parent / "peer"
BINARIES: Final = Path(__file__).parent.parent / ".cache" / "bench"
PASSWORD: Final = "not a secret: for targets that live as long as the benchmark"
_READY_S: Final = 60.0
_POLL_S: Final = 0.05


def build() -> None:
    """Build the programs of Go into BINARIES; raises FabricscopeError where that isn't possible."""
    go = shutil.which("go")
    if go is None:
        raise FabricscopeError(
            "targets and peer need Go 1.25 or later (https://go.dev/dl), which is not here"
        )
    BINARIES.mkdir(parents=True, exist_ok=True)
    command = [go, "build", "-trimpath", "-o", f"{BINARIES}{os.sep}", "./targets", "./telegraf"]
    built = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    if built.returncode:
        raise FabricscopeError(f"can't build what is in {SOURCES}: {built.stderr.strip()[-500:]}")


@dataclass(frozen=True)
class Told:
    """What one user was told."""

    rpcs: int
    """Open now."""
    opened: int
    """Opened ever: more than are open, and some were lost."""
    sent: int
    """Messages of the last run."""
    due: int
    """Messages that its rate asked for."""
    late_s: float
    """Longest that a message of the last run was sent after its time: its reader did not read."""
    loaded: int
    """RPCs that hear the load."""


class Fleet:
    """Targets on ports of 127.0.0.1, with TLS and a login, from entering to leaving the context."""

    def __init__(self, count: int, folder: Path) -> None:
        authority = Authority.create(folder, datetime.fromtimestamp(time.time(), UTC))
        issued = authority.issue("target", ["127.0.0.1"], folder)
        self.count = count
        self.authority = authority.certificate
        self.password = folder / "password"
        self.password.write_text(PASSWORD)
        self.password.chmod(0o600)
        self.ports: list[int] = []
        self._command = [
            str(BINARIES / "targets"),
            str(count),
            str(issued.certificate),
            str(issued.key),
            str(self.password),
        ]

    def __enter__(self) -> Self:
        """Start the targets."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one system call
        )
        self.ports = self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._process.kill()
        self._process.communicate()

    def run(self, messages: Path, rate: float, seconds: float, users: list[str]) -> dict[str, Told]:
        """Say ``rate`` messages a second, all targets together, to each user; returns who heard what."""
        return self._ask(f"run {messages} {rate} {seconds} {' '.join(users)}")

    def subscribers(self) -> dict[str, Told]:
        """Return who is there."""
        return self._ask("subscribers")

    def wait_for(self, rpcs: dict[str, int]) -> None:
        """Wait until each user has as many RPCs; raises FabricscopeError when that doesn't come true."""
        until = time.monotonic() + _READY_S
        while (found := {user: told.rpcs for user, told in self.subscribers().items()}) != rpcs:
            if time.monotonic() > until:
                raise FabricscopeError(f"subscribers after {_READY_S:.0f} s: {found}, not {rpcs}")
            time.sleep(_POLL_S)

    def _ask(self, command: str) -> dict[str, Told]:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()
        return {user: Told(**told) for user, told in self._answer().items()}

    def _answer(self) -> Any:  # Any: JSON
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise FabricscopeError("the targets ended; see their message above")
        return orjson.loads(line)
