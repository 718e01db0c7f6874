"""The command ``demo``: options, signals, files and what is said at the end."""

import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from collectors.errors import InputError
from demo.pictures import Fullest, draw
from demo.play import play
from demo.recording import DEFAULT, TRUTH, Recording, open_recording
from demo.report import report
from demo.screen import screen
from demo.view import Scene

WIDTH_OF_PIPES = 120

app = typer.Typer(no_args_is_help=True)


@app.command()
def demo(
    *,
    recording: Annotated[
        Path,
        typer.Option(
            envvar="FABRICSCOPE_DEMO_RECORDING",
            help="A recording of hosts that run FRRouting, with truth.jsonl: what was done to them.",
        ),
    ] = DEFAULT,
    speed: Annotated[
        float, typer.Option(envvar="FABRICSCOPE_DEMO_SPEED", min=0.1, help="Times as fast as it happened.")
    ] = 20.0,
    store: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_DEMO_STORE",
            help="The DuckDB file to make.",
            show_default="one in the system's folder for temporary files",
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_DEMO_SVG",
            help="Also draw the view at its fullest and the table, as SVG files in this folder.",
        ),
    ] = None,
) -> None:
    """Play a recorded fabric through an embedded broker into a replica, and watch it.

    The recording becomes gNMI records, which go through the Kafka protocol into the code of run. In a
    terminal a live view shows what is done to the fabric and what is found; elsewhere lines on stderr do. At
    the end a table on stdout says what was done, what was found, when, and how long after.
    Exit code 0: played to the end; 1: failed; 2: bad input or usage; 128 and the signal's number:
    interrupted, so 130 after Ctrl-C.
    """
    fullest = Fullest()
    with _signals() as interruption, contextlib.ExitStack() as undo:
        played = open_recording(recording)
        if played.truth is None:
            typer.echo(f"no {TRUTH} in {played.folder}: what was done to the fabric is not known", err=True)
        file = _store_file(store, undo)
        with screen() as show:

            def see(scene: Scene) -> None:
                show(scene)
                fullest.see(scene)

            last = play(played, file, speed, interruption.stop, see)
        if interruption.number:
            kept = f"; what was found until then is in {file}" if store else ""
            typer.echo(f"interrupted at second {last.at(last.now):.0f} of the recording{kept}", err=True)
            raise typer.Exit(128 + interruption.number)
        undo.pop_all()
    for (target, sentence), times in played.mapping.unreadable.most_common():
        typer.echo(f"{target}: {sentence} ({times} times)", err=True)
    table = report(last.recording, last.zero, last.deeds, last.found)
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_OF_PIPES
    Console(width=width).print(table)
    if svg is not None:
        for drawn in draw(svg, fullest.or_else(last), table):
            typer.echo(f"drawn: {drawn}", err=True)
    typer.echo("\n".join(_next_steps(played, file, temporary=store is None)))


class _Interruption:
    """That, and by which signal, the user asked to stop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.number = 0

    def __call__(self, number: int, _frame: object) -> None:
        """Take a signal; the first one counts, and the broker is stopped in peace."""
        self.number = self.number or number
        self.stop.set()


@contextlib.contextmanager
def _signals() -> Iterator[_Interruption]:
    """Note Ctrl-C, a request to end and a terminal that closes, instead of dying with the broker alive."""
    interruption = _Interruption()
    before = {
        number: signal.signal(number, interruption)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield interruption
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _store_file(given: Path | None, undo: contextlib.ExitStack) -> Path:
    """Return the file of the store, which is not there yet; ``undo`` removes a temporary one."""
    if given is None:
        folder = tempfile.mkdtemp(prefix="fabricscope-demo-")
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder) / "demo.duckdb"
    if given.exists():
        raise InputError(f"{given} exists already: the demo fills a store of its own, name a new file")
    return given


def _next_steps(played: Recording, file: Path, *, temporary: bool) -> list[str]:
    """Return lines that say where the store is and what can be done now."""
    python = shlex.quote(_shown(Path(sys.executable)))
    program = shlex.quote(sys.argv[0])
    if shutil.which("fabricscope") == str(Path(sys.argv[0]).absolute()):
        program = "fabricscope"
    elif sys.argv[0].endswith(".py"):
        program = f"{python} {program}"
    kept = ", temporary: --store FILE makes one where you say" if temporary else ""
    # under a name of its own: opened directly, store.duckdb would be a catalog with the name of its schema
    attach = f"ATTACH '{file}' AS demo (READ_ONLY); USE demo"
    query = "SELECT rule, state, opened_at, resolved_at, summary FROM incident ORDER BY opened_at"
    look = f"import duckdb as d; d.sql(\\\"{attach}\\\"); d.sql('{query}').show()"
    capture = f"{program} frr-agent --recording {_quoted(played.folder)} --capture demo.parquet"
    return [
        f"All of it is in the store {file}{kept}.",
        "What next:",
        f'  {python} -c "{look}"',
        *(f"  {program} demo --recording {_quoted(other)}" for other in played.siblings()[:1]),
        f"  {capture} && {program} replay demo.parquet --store again.duckdb",
    ]


def _quoted(path: Path) -> str:
    return shlex.quote(_shown(path))


def _shown(path: Path) -> str:
    """Return a path relative to here if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)
