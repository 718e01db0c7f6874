"""Which scenarios there are: those that come with the package, and the recordings of a checkout."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from collectors.errors import InputError
from scenarios.reading import RECORDED, read_scenario
from scenarios.scenario import Scenario

RECORDINGS: Final = Path("tests/recordings")
"""Looked for from here; it comes with the sources, not with the package."""


def library() -> list[Path]:
    """Return the files of the library."""
    folder = Path(str(files("scenarios"))) / "library"
    return sorted(folder.glob("*.yaml"))


def recordings_in(folder: Path) -> list[Path]:
    """Return the recordings of a folder that say what has to be found in them; raises InputError for none."""
    found = sorted(folder.glob(f"*/{RECORDED}"))
    if not found:
        raise InputError(f"{folder} has no recording with a {RECORDED}: name another with --recordings")
    return found


def read_all(paths: list[Path]) -> list[Scenario]:
    """Return the scenarios of files; raises InputError with the mistakes of all of them."""
    scenarios, mistakes = [], []
    for path in paths:
        try:
            scenarios.append(read_scenario(path))
        except InputError as error:
            mistakes.append(str(error))
    if mistakes:
        raise InputError("\n".join(mistakes))
    names = [it.name for it in scenarios]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"two scenarios are called {', '.join(twice)}: they are told apart by name")
    return scenarios
