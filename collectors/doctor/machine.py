"""This machine: room for the store, versions of what we stand on, variables that nobody reads."""

import importlib.util
import os
import platform
import shutil
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from collectors.doctor.findings import Finding, Place

LITTLE_BYTES: Final = 10 * 1024**3
TOO_LITTLE_BYTES: Final = 1024**3
"""DuckDB needs room for its write-ahead log and for a snapshot beside what it stores."""
LIBRARIES: Final = (
    "fabricscope", "grpcio", "protobuf", "pygnmi", "kafka-python", "crc32c", "polars", "duckdb", "ptars",
    "cryptography", "PyYAML",
)  # fmt: skip  # a list to look over
PREFIX: Final = "FABRICSCOPE_"


def disk(store: Path) -> list[Finding]:
    """Return whether a store can be made or go on at ``store``, and how much room there is."""
    place = Place(str(store), "disk")
    folder = store.absolute().parent
    if not folder.is_dir():
        return [place.error(f"there is no folder {folder}", f"mkdir -p {folder}")]
    writable = os.access(store if store.exists() else folder, os.W_OK) and os.access(
        folder, os.W_OK | os.X_OK
    )
    if not writable:
        return [
            place.error("this user can't write there", f"let it write to {folder}, or run as another user")
        ]
    usage = shutil.disk_usage(folder)
    words = f"{_gib(usage.free)} of {_gib(usage.total)} GiB are free"
    if store.exists():
        words += f", the store has {_gib(store.stat().st_size)}"
    if usage.free < TOO_LITTLE_BYTES:
        return [place.error(words, "make room, or put the store elsewhere")]
    if usage.free < LITTLE_BYTES:
        return [place.warning(words, "make room, or put the store elsewhere")]
    return [place.ok(words)]


def versions() -> list[Finding]:
    """Return the versions of Python and the libraries that matter, and whether Kafka's checksums are fast."""
    place = Place("this machine", "versions")
    found = {"Python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}
    words = ", ".join(f"{name} {number}" for name, number in found.items() if number is not None)
    missing = [name for name, number in found.items() if number is None and name != "crc32c"]
    findings = [place.ok(words)]
    if missing:
        findings.append(place.error(f"not installed: {', '.join(missing)}", "install fabricscope anew"))
    if importlib.util.find_spec("crc32c") is None:
        findings.append(
            place.warning(
                "crc32c is missing: Kafka's checksums run in Python, five to ten times slower",
                'pip install "kafka-python[crc32c]"',
            )
        )
    return findings


def variables(environment: Mapping[str, str], known: Collection[str]) -> list[Finding]:
    """Return a warning for each variable that looks like ours and that nothing reads."""
    found = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, list(known), n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "take it out: see fabricscope --help"
            found.append(Place(name, "settings").warning("is set, but nothing reads it", hint))
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f}"
