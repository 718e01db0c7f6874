"""Programs that behave as a test wants: what vtysh and ip can do wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from targets.frr.commands import Command

MakeProgram = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> MakeProgram:
    """Return what makes an executable of a shell script's lines; it gives the path."""
    made = iter(range(1000))

    def make(lines: str) -> str:
        path = tmp_path / f"program-{next(made)}"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return str(path)

    return make


def asking(path: str, *documents: str, name: str = "zebra") -> Command:
    """Return a command that runs a program as vtysh is run."""
    return Command(name, (path,), documents, echoes=True)
