"""Network namespaces of one run: made together, found again by their prefix, and removed in any case.

A run holds a lock on a file as long as it lives. Namespaces whose run's lock is free were left behind by one
that crashed; the next run removes them.
"""

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_PREFIX: Final = "fslab-"
_NETNS: Final = Path("/run/netns")
_LOCKS: Final = Path("/run/lock")
_FRR: Final = Path("/var/run/frr")
"""Sockets, pids, configuration and logs of the daemons of a namespace stand in a folder of its name."""
_CLONE_NEWNET: Final = 0x40000000
_END_TIMEOUT_S: Final = 5.0


class Namespaces:
    """The namespaces of a run, by the short names of their nodes."""

    def __init__(self, run: str) -> None:
        self._run = run

    def name(self, node: str) -> str:
        """Return the full name of a node's namespace, which is FRR's pathspace too."""
        return f"{self._run}-{node}"

    def folder(self, node: str) -> Path:
        """Return where the daemons of a node have their files."""
        return _FRR / self.name(node)

    def add(self, node: str) -> None:
        """Make a namespace, with its loopback up."""
        name = self.name(node)
        _succeed("ip", "netns", "add", name)
        _succeed("ip", "-n", name, "link", "set", "lo", "up")
        folder = self.folder(node)
        folder.mkdir()
        shutil.chown(folder, "frr", "frr")

    def ip(self, node: str, *lines: str) -> None:
        """Run lines of ``ip`` within a namespace, all in one process."""
        _succeed("ip", "-n", self.name(node), "-batch", "-", given="\n".join(lines) + "\n")

    def run(self, node: str, *command: str) -> str:
        """Run a command within a namespace; return what it printed."""
        return _succeed("ip", "netns", "exec", self.name(node), *command)

    def spawn(self, node: str, *command: str, **options: object) -> subprocess.Popen[bytes]:
        """Start a command within a namespace; the process is the command's own."""
        enter = ["ip", "netns", "exec", self.name(node)]
        return subprocess.Popen([*enter, *command], **options)  # type: ignore[call-overload,no-any-return]  # passed on

    def inside(self, node: str, action: Callable[[], T]) -> T:
        """Return what an action gives in a thread that is in the namespace: a socket stays there."""
        results: list[T] = []
        errors: list[BaseException] = []

        def enter_and_act() -> None:
            try:
                _enter(self.name(node))
                results.append(action())
            except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
                errors.append(error)

        thread = threading.Thread(target=enter_and_act)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]


@contextlib.contextmanager
def running() -> Iterator[Namespaces]:
    """Give the namespaces of a run of its own; none is left afterwards, whatever happens."""
    _remove_stale()
    run = f"{_PREFIX}{secrets.token_hex(3)}"
    with _locked(run):
        try:
            yield Namespaces(run)
        finally:
            _remove(run)


@contextlib.contextmanager
def _locked(run: str) -> Iterator[None]:
    path = _LOCKS / run
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _remove_stale() -> None:
    for run in {name.rpartition("-")[0] for name in (*_names(_NETNS), *_names(_FRR))}:
        with contextlib.suppress(BlockingIOError), _locked(run):
            _remove(run)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(f"{_PREFIX}*-*")]


def _remove(run: str) -> None:
    mine = [name for name in _names(_NETNS) if name.startswith(f"{run}-")]
    _end(int(pid) for name in mine for pid in _succeed("ip", "netns", "pids", name).split())
    for name in mine:
        _succeed("ip", "netns", "del", name)
    for folder in _FRR.glob(f"{run}-*"):
        shutil.rmtree(folder)


def _end(pids: Iterable[int]) -> None:
    waiting = list(pids)
    for pid in waiting:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _END_TIMEOUT_S
    while any(runs(pid) for pid in waiting) and time.monotonic() < deadline:
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Tell whether a process still runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _enter(name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(_NETNS / name, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), name)
    finally:
        os.close(descriptor)


def _succeed(*command: str, given: str | None = None) -> str:
    process = subprocess.run(command, check=False, capture_output=True, text=True, input=given, timeout=60)
    if process.returncode != 0:
        said = (process.stderr or process.stdout).strip()
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said}")
    return process.stdout
