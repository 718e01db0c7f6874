"""Stores of played scenarios and of the recorded fabric, each made at most once per test run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from scenarios import playing
from scenarios.library import library
from scenarios.reading import read_scenario


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the store of a scenario of the library, by its name; its fabric is ``scenario``."""
    folder = tmp_path_factory.mktemp("whatif")

    @cache
    def store(name: str) -> Path:
        (file,) = [path for path in library() if path.stem == name]
        path = folder / f"{name}.duckdb"
        playing.store(read_scenario(file), path)
        return path

    return store
