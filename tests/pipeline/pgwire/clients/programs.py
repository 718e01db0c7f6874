"""Clients that are no Python: where they are, and what is said where one is missing."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import pytest

HERE: Final = Path(__file__).parent
CACHE: Final = Path(__file__).parents[4] / ".cache" / "pgwire"
COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def program(name: str, package: str) -> str:
    """Return the path of a program; skips the test without it, with ``CI=true`` fails it."""
    if (found := shutil.which(name)) is None:
        missing(f"{name} is not installed (Debian: {package})")
    return found


def missing(reason: str) -> NoReturn:
    """Skip the test for ``reason``, with ``CI=true`` fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def pgjdbc() -> Path:
    """Return the folder with PostgreSQL's JDBC driver, fetched by Maven on the first call."""
    maven = program("mvn", "maven")
    return _made(
        "jdbc",
        [HERE / "java" / "pom.xml"],
        lambda folder: [maven, "-B", "-q", "-ntp", "-f", str(HERE / "java" / "pom.xml"), COPY,
                        f"-DoutputDirectory={folder}"],
    )  # fmt: skip


def go_clients() -> Path:
    """Return the program that asks through pgx and lib/pq, built on the first call."""
    go = program("go", "golang-go")
    sources = [HERE / "go" / name for name in ("main.go", "go.mod", "go.sum")]
    folder = _made(
        "go", sources, lambda folder: [go, "build", "-mod=readonly", "-o", str(folder / "clients"), "."]
    )
    return folder / "clients"


def _made(name: str, sources: list[Path], command: Callable[[Path], list[str]]) -> Path:
    """Return the folder that ``command`` fills, made anew when the sources have changed."""
    wanted = b"\0".join(source.read_bytes() for source in sources)
    folder, known = CACHE / name, CACHE / f"{name}.made-of"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists() or known.read_bytes() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            done = subprocess.run(
                command(folder), cwd=sources[0].parent, check=False, capture_output=True, text=True,
                env=os.environ | {"CGO_ENABLED": "0"},
            )  # fmt: skip
            if done.returncode:
                missing(f"the {name} client can't be made: {(done.stdout + done.stderr)[-800:]}")
            known.write_bytes(wanted)
    return folder
