"""Commands as processes, side by side: each with a time limit, a bound on its output and no shell."""

import contextlib
import os
import resource
import selectors
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import Final

from targets.frr.commands import Command

TIME_LIMIT_S: Final = 20.0
"""Longer than what a poll may take to be a sign of life: what comes in between is still an answer."""
OUTPUT_LIMIT: Final = 32 * 2**20
"""Bytes: more than what fits, as JSON and as leaves, into the memory that the unit allows."""
DESCRIPTORS: Final = 4_096
"""File descriptors that the agent asks for: clients have most of them, commands need a few."""

_ENVIRONMENT: Final = {"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "LC_ALL": "C", "HOME": "/"}
_ERROR_LIMIT: Final = 4_096
_PIECE: Final = 2**18
_END_S: Final = 1.0


def allow_descriptors() -> None:
    """Have as many file descriptors as the agent wants, or as many as the host allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= DESCRIPTORS:
        return
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True)
class Outcome:
    """A command that ended."""

    command: Command
    output: bytes
    error: bytes
    """The beginning of what it printed to its standard error."""
    trouble: str | None
    """Why it did not end well; None: it did."""
    hung: bool
    """It was ended because it took too long."""


@dataclass(eq=False)
class _Running:
    command: Command
    process: subprocess.Popen[bytes]
    deadline: float
    """On the monotonic clock."""
    output: bytearray = field(default_factory=bytearray)
    error: bytearray = field(default_factory=bytearray)
    open: int = 2
    """Pipes that may still say something."""


class Processes:
    """The commands that run at the moment; none outlives ``close``."""

    def __init__(self, time_limit_s: float = TIME_LIMIT_S, output_limit: int = OUTPUT_LIMIT) -> None:
        self._time_limit_s = time_limit_s
        self._output_limit = output_limit
        self._selector = selectors.DefaultSelector()
        self._running: list[_Running] = []
        self._ended: list[Outcome] = []
        self._interrupted = False
        self._bell, self._ringer = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)

    def start(self, command: Command) -> None:
        """Start a command; that it can't be started is an outcome too."""
        if self._interrupted:
            return
        try:
            process = subprocess.Popen(  # noqa: S603  # a fixed argument vector, an absolute path, no shell
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            self._ended.append(Outcome(command, b"", b"", f"it can't be started: {error}", hung=False))
            return
        running = _Running(command, process, time.monotonic() + self._time_limit_s)
        self._running.append(running)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, running)

    def wait(self) -> Outcome | None:
        """Wait for the next command that ends and return its outcome; None: none runs."""
        while not self._ended and self._running:
            soonest = min(running.deadline for running in self._running)
            for key, _ in self._selector.select(max(0.0, soonest - time.monotonic())):
                if key.fileobj is not self._bell:
                    self._read(key)
            if self._interrupted:
                self._end_all()
            for running in [one for one in self._running if time.monotonic() >= one.deadline]:
                self._end(running, f"it took longer than {self._time_limit_s:g} s", hung=True)
        return self._ended.pop(0) if self._ended else None

    def interrupt(self) -> None:
        """End all that runs and start nothing any more. Other threads may call it."""
        self._interrupted = True
        self._ringer.send(b"!")

    def close(self) -> None:
        """End all that runs."""
        self._end_all()
        self._selector.close()
        self._bell.close()
        self._ringer.close()

    def _end_all(self) -> None:
        for running in list(self._running):
            self._end(running, "the agent stops", hung=False)

    def _read(self, key: selectors.SelectorKey) -> None:
        running: _Running = key.data
        if running not in self._running:
            return  # ended by what its other pipe said
        is_output = key.fileobj is running.process.stdout
        piece = os.read(key.fd, _PIECE)
        if not piece:
            self._selector.unregister(key.fileobj)
            running.open -= 1
            if running.open == 0:
                self._finish(running)
        elif not is_output:
            running.error += piece[: _ERROR_LIMIT - len(running.error)]
        elif len(running.output) + len(piece) > self._output_limit:
            self._end(running, f"it says more than {self._output_limit} bytes", hung=False)
        else:
            running.output += piece

    def _finish(self, running: _Running) -> None:
        """Take the exit code of one that has said all."""
        try:
            code = running.process.wait(max(0.0, running.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._end(running, f"it took longer than {self._time_limit_s:g} s", hung=True)
        else:
            self._over(running, None if code == 0 else f"it ended with {code}", hung=False)

    def _end(self, running: _Running, trouble: str, *, hung: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            # in a session of its own: what it started goes with it
            os.killpg(running.process.pid, signal.SIGKILL)
        with contextlib.suppress(
            subprocess.TimeoutExpired
        ):  # in the kernel, uninterruptible: its own trouble
            running.process.wait(_END_S)
        self._over(running, trouble, hung=hung)

    def _over(self, running: _Running, trouble: str | None, *, hung: bool) -> None:
        self._running.remove(running)
        for pipe in (running.process.stdout, running.process.stderr):
            assert pipe is not None
            with contextlib.suppress(KeyError):
                self._selector.unregister(pipe)
            pipe.close()
        output, error = bytes(running.output), bytes(running.error)
        self._ended.append(Outcome(running.command, output, error, trouble, hung=hung))
