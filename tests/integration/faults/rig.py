"""A simulated fabric, collectors and replicas as processes of their own, to be broken by tests."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.request import ProxyHandler, build_opener

import polars as pl

from collectors.profiles import LIVENESS
from pipeline.broker import die_with_parent, free_port
from pipeline.store.opening import look

FABRIC: Final = "dc1"
REFERENCE: Final = "reference"
START_S: Final = 60.0
QUIET_S: Final = 6.0
"""Longer than any timer of the simulated devices."""
_OPENER: Final = build_opener(ProxyHandler({}))
_OF_THE_STREAM: Final = (
    "fabric", "valid_from", "seen_from", "opened_offset", "opened_index", "known", "as_of",
)  # fmt: skip
"""Columns that say when something was heard rather than what is."""


def until(ready: Callable[[], bool], what: str, limit_s: float = START_S) -> None:
    """Wait for a condition; fails with ``what`` after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not happen within {limit_s:.0f} s"
        time.sleep(0.05)


@dataclass
class Process:
    """One command of fabricscope."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, name: str, *arguments: object, module: str = "fabricscope") -> Self:
        log = folder / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # one system call
            )
        return cls(name, log, popen)

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def say(self, line: str) -> None:
        """Type a line."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n".encode())
        self.popen.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Return the next line of standard output, which is JSON."""
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        assert line, self.log.read_text()
        heard: dict[str, Any] = json.loads(line)
        return heard

    def end(self, number: signal.Signals = signal.SIGTERM, limit_s: float = 30.0) -> int:
        if self.popen.poll() is None:
            self.send(number)
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                stream.close()
        return self.popen.wait(limit_s)

    def peak_mb(self) -> float:
        """Return the most memory the process has had resident."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024


@dataclass
class Collector:
    """A collector and its listener."""

    process: Process
    listener: str

    def document(self) -> dict[str, Any]:
        with _OPENER.open(f"http://{self.listener}/targets", timeout=5) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def states(self) -> dict[tuple[str, str], str]:
        """Return the state of each (target, family); empty while it does not answer."""
        with contextlib.suppress(OSError):
            return {(one["target"], one["family"]): one["state"] for one in self.document()["targets"]}
        return {}

    def reasons(self) -> dict[tuple[str, str], str]:
        return {(one["target"], one["family"]): one["reason"] for one in self.document()["targets"]}

    def up(self) -> bool:
        return set(self.states().values()) == {"UP"}

    def in_step(self) -> bool:
        """Whether all is up and in Kafka."""
        return self.up() and not self._waiting()

    def settle(self) -> None:
        """Wait until all is in step and nothing has changed for a while: the fabric has converged."""
        until(self.in_step, "the sync")
        before, since = self._said(), time.monotonic()

        def quiet() -> bool:
            nonlocal before, since
            if (now := self._said()) != before:
                before, since = now, time.monotonic()
            return time.monotonic() - since > QUIET_S

        until(quiet, "convergence", 120)
        until(self.in_step, "that all is in Kafka")

    def _said(self) -> int:
        return sum(one["records"] for one in self.document()["targets"] if one["family"] != LIVENESS)

    def _waiting(self) -> int:
        return sum(one["waiting"] for one in self.document()["kafka"])


@dataclass
class Rig:
    """Everything that one test runs."""

    folder: Path
    kafka: str
    processes: list[Process] = field(default_factory=list)
    updates: dict[str, int] = field(default_factory=dict)
    """gNMI updates and deletes in each fabric's topic, once there is a store of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            with contextlib.suppress(OSError, ProcessLookupError):
                process.send(signal.SIGCONT)
            process.end(signal.SIGKILL)

    @property
    def inventory(self) -> Path:
        return self.folder / "fabric" / "inventory.yaml"

    def start(self, name: str, *arguments: object, module: str = "fabricscope") -> Process:
        process = Process.start(self.folder, name, *arguments, module=module)
        self.processes.append(process)
        return process

    def simulate(self, scenario: str = "idle", **options: object) -> Process:
        """Start a fabric whose verbs can be typed; returns when all devices listen."""
        given = {"leaves": 3, "hosts": 12, "vnis": 2, "seed": 5, **options}
        words = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)]
        process = self.start(
            "simulate", "simulate", "--scenario", scenario, "--fabric", FABRIC, "--interactive", "--folder",
            self.folder / "fabric", *words,
        )  # fmt: skip
        assert process.hear()["state"] == "ready"
        return process

    def odd_device(self) -> Process:
        """Start a device that misbehaves as it is told; returns when it listens."""
        self.inventory.parent.mkdir()
        process = self.start(
            "odd", self.inventory.parent, FABRIC, module="tests.integration.faults.odd_device"
        )
        assert process.hear()["state"] == "ready"
        return process

    def collect(self, name: str, inventory: Path | None = None, kafka: str | None = None) -> Collector:
        listener = f"127.0.0.1:{free_port()}"
        process = self.start(
            f"collect-{name}", "collect", "--inventory", inventory or self.inventory, "--kafka",
            kafka or self.kafka, "--create-topics", "--name", name, "--metrics-listen", listener,
        )  # fmt: skip
        return Collector(process, listener)

    def store(self, fabric: str = FABRIC) -> Path:
        """Return a store of all that a fabric's topic holds now."""
        path = self.folder / f"{fabric}.duckdb"
        replica = self.start(
            f"run-{fabric}", "run", "--kafka", self.kafka, "--fabric", fabric, "--store", path,
            "--until-caught-up",
        )  # fmt: skip
        assert replica.popen.stdout is not None
        said = replica.popen.stdout.read()
        assert replica.popen.wait(60) == 0, replica.log.read_text()
        self.updates[fabric] = json.loads(said)[fabric]["updates"]
        return path

    def reference(self) -> Path:
        """Return a store of what the devices say now to a collector that never heard of them before."""
        inventory = self.inventory.with_name("reference.yaml")
        told = self.inventory.read_text()
        assert told.count(FABRIC) == 1
        inventory.write_text(told.replace(FABRIC, REFERENCE))
        collector = self.collect(REFERENCE, inventory)
        until(collector.in_step, "the reference's sync")
        assert collector.process.end() == 0
        return self.store(REFERENCE)


def what_is(store: Path) -> dict[str, pl.DataFrame]:
    """Return what the store says is, without when it was heard."""
    with look(store) as connection:
        views = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND view_name LIKE '%_current'"
            " AND view_name <> 'observer_current' ORDER BY ALL"
        ).fetchall()
        frames = {view: connection.sql(f"FROM main.{view}").pl() for (view,) in views}
    told = {view: frame.drop(_OF_THE_STREAM, strict=False) for view, frame in frames.items()}
    return {view: frame.sort(frame.columns, nulls_last=True) for view, frame in told.items()}


def differences(left: Path, right: Path) -> list[str]:
    """Return what is said by one store and not by the other."""
    ours, theirs = what_is(left), what_is(right)
    assert any(len(frame) for frame in ours.values())
    lines = []
    for view in ours:
        for name, these, others in (("left", ours, theirs), ("right", theirs, ours)):
            only = these[view].join(others[view], on=these[view].columns, how="anti", nulls_equal=True)
            lines += [f"{view}, {name} only: {row}" for row in only.head(5).iter_rows(named=True)]
    return lines


def incidents(store: Path) -> list[tuple[str, str]]:
    """Return rule and device of each incident."""
    with look(store) as connection:
        return connection.execute("SELECT rule, device FROM main.incident ORDER BY ALL").fetchall()


Key = tuple[str, str]


def blind(store: Path) -> dict[Key, list[tuple[float, float]]]:
    """Return the blind intervals of each (device, family), in unix seconds; open ones end in infinity."""
    with look(store) as connection:
        rows = connection.execute(
            "SELECT device, family, epoch(blind_from), epoch(blind_to) FROM main.blind_interval ORDER BY 3"
        ).fetchall()
    found: dict[Key, list[tuple[float, float]]] = {}
    for device, family, begin, end in rows:
        found.setdefault((device, family), []).append((begin, float("inf") if end is None else end))
    return found


def covered(intervals: list[tuple[float, float]], begin: float, end: float) -> bool:
    """Whether all of a time lies in one of the intervals."""
    return any(since <= begin and end <= to for since, to in intervals)


@contextlib.contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Let a process hang."""
    process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send(signal.SIGCONT)
