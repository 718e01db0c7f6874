"""The recordings and their variants, each derived, mapped and replayed at most once per test run."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from collectors.captures import write_capture
from targets.frr.recording import records_of
from targets.frr.report import Report
from tests.recordings import derive

VARIANTS: Final[dict[str, tuple[str, Callable[[Path, Path], Path] | None]]] = {
    "stripped": ("frr-main", derive.stripped),
    "verdicts": ("frr-main", None),
    "renamed": ("stripped", derive.renamed),
    "ipv6": ("stripped", derive.with_ipv6),
    "segments": ("frr-segments", None),
}
"""By name: the recording or the variant it is made of, and how."""


class Recordings:
    """Recordings, captures and stores by the names of VARIANTS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.directory = cache(self._directory)
        self.capture = cache(self._capture)
        self.store = cache(self._store)

    def _directory(self, name: str) -> Path:
        if name not in VARIANTS:
            return Path(derive.__file__).parent / name
        source, change = VARIANTS[name]
        if change is None:
            return self.directory(source)
        target = self._folder / name
        target.mkdir()
        return change(self.directory(source), target)

    def _capture(self, name: str) -> Path:
        """Map a recording to a capture."""
        path = self._folder / f"{name}.parquet"
        write_capture(path, records_of(self.directory(name), "test", Report()))
        return path

    def _store(self, name: str) -> Path:
        """Fill a store by ``replay``; its fabric has the variant's name."""
        path = self._folder / f"{name}.duckdb"
        succeeded("replay", self.capture(name), "--fabric", name, "--store", path)
        return path


def succeeded(*arguments: object) -> str:
    """Run a command of fabricscope, which has to succeed; return what it printed."""
    command = [sys.executable, "-m", "fabricscope", *map(str, arguments)]
    process = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stderr
    return process.stdout
