"""Recordings to play: where they are, and what is in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Final

from collectors.errors import InputError
from collectors.records import StoredRecord
from demo.truth import Truth, TruthError, truth_of
from targets.frr.recording import RecordingError, records_of
from targets.frr.report import Report

DEFAULT: Final = Path("tests/recordings/frr-main")
"""Looked for from here, then from the checkout that this program runs from."""
TRUTH: Final = "truth.jsonl"


@dataclass(frozen=True)
class Recording:
    """What is played."""

    folder: Path
    records: Iterator[StoredRecord]
    start: float
    """Unix seconds of the first record."""
    truth: Truth | None
    """None: the recording doesn't say what was done to the fabric."""
    mapping: Report
    """What came of the recording so far; it fills as the records are read."""

    @property
    def name(self) -> str:
        """Return what the recording is called."""
        return self.folder.resolve().name

    @property
    def zero(self) -> float:
        """Unix seconds of the recording's second 0."""
        told = None if self.truth is None else self.truth.start
        return self.start if told is None else told

    def siblings(self) -> list[Path]:
        """Return the other recordings beside it."""
        return [
            folder
            for folder in sorted(self.folder.resolve().parent.iterdir())
            if folder != self.folder.resolve() and any(folder.glob("poll-*.jsonl.gz"))
        ]


def open_recording(folder: Path) -> Recording:
    """Return a recording of which the first record could be read; raises InputError."""
    found = _found(folder)
    mapping = Report()
    try:
        records = records_of(found, _version(), mapping)
        first = next(records)
    except RecordingError as error:
        raise InputError(str(error)) from error
    return Recording(found, chain([first], records), first.timestamp_ms / 1000, _truth_in(found), mapping)


def _found(folder: Path) -> Path:
    checkout = Path(__file__).parent.parent
    for candidate in (folder, checkout / folder):
        if candidate.is_dir():
            return candidate
    if folder == DEFAULT:
        raise InputError(
            f"there is no recording {folder} here: it comes with the sources, not with the package. Run this"
            " in a checkout, or name another recording with --recording"
        )
    raise InputError(f"there is no recording {folder}")


def _truth_in(folder: Path) -> Truth | None:
    file = folder / TRUTH
    try:
        with file.open("rb") as lines:
            return truth_of(lines)
    except FileNotFoundError:
        return None
    except (OSError, TruthError) as error:
        raise InputError(f"{file} can't be read: {error}") from error


def _version() -> str:
    try:
        return version("fabricscope")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"
