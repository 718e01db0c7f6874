"""A collector and replicas as processes that a test can kill, and what they say of themselves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from pipeline.broker import free_port

_START_S: Final = 60.0
_END_S: Final = 30.0
_ROOT: Final = Path(__file__).parents[2]


@dataclass
class Process:
    """A command of fabricscope that serves metrics; it can be killed and started again."""

    name: str
    arguments: Sequence[object]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    listen: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where it says what it does."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        command = [sys.executable, "-m", "fabricscope", *map(str, self.arguments)]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--metrics-listen", self.listen],
                env={**os.environ, "PYTHONPATH": str(_ROOT), **self.variables},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL, self.said()

    def stop(self) -> None:
        """End it as systemd would; it has to end well."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(_END_S) == 0, self.said()

    def clean_up(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """Return the end of what it logged."""
        return self.log.read_text(errors="replace")[-3000:]

    def wait(self, condition: Callable[[], object], what: str, limit_s: float = _START_S) -> None:
        """Wait until a condition holds, as long as the process runs."""
        deadline = time.monotonic() + limit_s
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None, f"{self.name} ended: {self.said()}"
            assert time.monotonic() < deadline, f"{self.name}: {what}, not within {limit_s} s: {self.said()}"
            time.sleep(0.2)

    def metrics(self) -> dict[str, float]:
        """Return its metrics by name with labels; none while it doesn't listen."""
        lines = self._get("/metrics").splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def targets(self) -> list[dict[str, Any]]:
        """Return a collector's targets; none while it doesn't listen."""
        answer = self._get("/targets")
        targets: list[dict[str, Any]] = json.loads(answer)["targets"] if answer else []
        return targets

    def _get(self, path: str) -> str:
        try:
            with urlopen(f"http://{self.listen}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except (URLError, OSError):
            return ""


@contextmanager
def processes(*these: Process) -> Iterator[None]:
    """Start processes; none is left afterwards."""
    try:
        for one in these:
            one.start()
        yield
    finally:
        for one in these:
            one.clean_up()
