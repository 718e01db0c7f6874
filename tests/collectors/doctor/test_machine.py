"""What is found of this machine."""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collectors.doctor import machine
from collectors.doctor.findings import Level


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "level"),
    [
        (machine.LITTLE_BYTES, Level.OK),
        (machine.LITTLE_BYTES - 1, Level.WARNING),
        (machine.TOO_LITTLE_BYTES, Level.WARNING),
        (machine.TOO_LITTLE_BYTES - 1, Level.ERROR),
    ],
)
def test_room_for_a_store_is_enough_up_to_a_limit(
    free: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(folder: Path) -> Usage:
        assert folder == tmp_path
        return Usage(10**12, 10**12 - free, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    (found,) = machine.disk(tmp_path / "dc1.duckdb")
    assert found.level is level


def test_a_folder_that_is_not_there_or_not_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = machine.disk(tmp_path / "none" / "dc1.duckdb")
    assert (found.level, found.remedy) == (Level.ERROR, f"mkdir -p {tmp_path / 'none'}")
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root may write anywhere
    (found,) = machine.disk(tmp_path / "dc1.duckdb")
    assert (found.level, found.what) == (Level.ERROR, "this user can't write there")


def test_versions_are_those_of_this_installation() -> None:
    (found,) = machine.versions()
    assert found.level is Level.OK
    assert all(f"{name} " in found.what for name in ("Python", *machine.LIBRARIES))


def test_checksums_in_python_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> Any:
        return None if name == "crc32c" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    assert [found.level for found in machine.versions()] == [Level.OK, Level.WARNING]


def test_a_variable_that_nothing_reads_is_told_with_the_one_that_was_meant() -> None:
    known = {"FABRICSCOPE_KAFKA", "FABRICSCOPE_STORE"}
    environment = {
        "FABRICSCOPE_KAFKA": "x",
        "FABRICSCOPE_KAFFKA": "x",
        "FABRICSCOPE_COLOUR": "x",
        "HOME": "/",
    }
    found = machine.variables(environment, known)
    assert [(one.where, one.level) for one in found] == [
        ("FABRICSCOPE_COLOUR", Level.WARNING),
        ("FABRICSCOPE_KAFFKA", Level.WARNING),
    ]
    assert found[1].remedy == "did you mean FABRICSCOPE_KAFKA?"
