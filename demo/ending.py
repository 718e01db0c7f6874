"""What is said at the end: how wide a table is, and commands that can be typed as they stand."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

WIDTH_OF_PIPES: Final = 120
_INCIDENTS: Final = "SELECT rule, state, opened_at, resolved_at, summary FROM incident ORDER BY opened_at"


def table_width() -> int | None:
    """Return how wide a table is: as the terminal, or as a pipe can be read."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_OF_PIPES


def program() -> str:
    """Return how this program was called, for a shell."""
    if shutil.which("fabricscope") == str(Path(sys.argv[0]).absolute()):
        return "fabricscope"
    if sys.argv[0].endswith(".py"):
        return f"{python()} {shlex.quote(sys.argv[0])}"
    return shlex.quote(sys.argv[0])


def python() -> str:
    """Return the Python that runs this, for a shell."""
    return quoted(Path(sys.executable))


def incidents_of(store: Path) -> str:
    """Return a command that shows the incidents of a store."""
    # under a name of its own: opened directly, store.duckdb would be a catalog with the name of its schema
    attach = f"ATTACH '{store}' AS seen (READ_ONLY); USE seen"
    return f'{python()} -c "import duckdb as d; d.sql(\\"{attach}\\"); d.sql(\'{_INCIDENTS}\').show()"'


def quoted(path: Path) -> str:
    """Return a path for a shell, relative to here if it lies below."""
    here = Path.cwd()
    near = path.is_absolute() and path.is_relative_to(here)
    return shlex.quote(str(path.relative_to(here)) if near else str(path))
