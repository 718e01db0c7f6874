"""The processes of the live demo: started, watched and ended together, whatever happens to us."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from collectors.errors import FabricscopeError
from pipeline.broker import die_with_parent

STOP_TIMEOUT_S: Final = 15.0
"""A replica commits, takes a snapshot and closes its store within this time, or is killed."""
_LAST_LINES: Final = 5
_POLL_S: Final = 0.05


class Processes:
    """Commands of fabricscope as processes of their own, each with a log; leaving the context ends all.

    They are ended in the reverse order of their start. On Linux they also end when this process is killed.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Return the processes themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs."""
        for name in reversed(list(self._running)):
            self.stop(name)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start a command; what it says goes to ``<name>.log``."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  # our own program, no shell
                [sys.executable, "-m", "fabricscope", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us, and we end them in order
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no threads yet
            )

    def stop(self, name: str) -> int:
        """End a process, by force if it doesn't go; return its exit code."""
        process = self._running.pop(name)
        process.terminate()
        try:
            return process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def check(self) -> None:
        """Raise FabricscopeError for the first process that ended by itself, with the end of its log."""
        for name, process in self._running.items():
            if process.poll() is not None:
                del self._running[name]
                raise FabricscopeError(
                    f"{name} ended with exit code {process.returncode}: {self._end_of(name)}"
                )

    def wait_until(self, ready: Callable[[], bool], what: str, limit_s: float) -> None:
        """Return when ``ready`` says so.

        Raises FabricscopeError after ``limit_s`` seconds, or when a process ended by itself.
        """
        deadline = time.monotonic() + limit_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                logs = ", ".join(str(self.log(name)) for name in self._running)
                raise FabricscopeError(f"{what} did not happen within {limit_s:.0f} s; see {logs}")
            time.sleep(_POLL_S)

    def log(self, name: str) -> Path:
        """Return the file with what a process said."""
        return self._logs / f"{name}.log"

    def _end_of(self, name: str) -> str:
        with contextlib.suppress(OSError):
            lines = self.log(name).read_text(errors="replace").strip().splitlines()
            return " | ".join(lines[-_LAST_LINES:]) or "it said nothing"
        return "it left no log"
