"""The command ``play``: a recording, watched in the terminal."""

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from collectors.errors import InputError
from demo.ending import incidents_of, program, quoted, table_width
from demo.interruption import signals
from demo.pictures import Fullest, draw
from demo.play import play
from demo.play_report import report
from demo.recording import DEFAULT, TRUTH, Recording, open_recording
from demo.screen import screen
from demo.view import Scene

app = typer.Typer(no_args_is_help=True)


@app.command("play")
def play_recording(
    recording: Annotated[
        Path,
        typer.Argument(
            envvar="FABRICSCOPE_PLAY_RECORDING",
            help="A recording of hosts that run FRRouting, with truth.jsonl: what was done to them.",
        ),
    ] = DEFAULT,
    *,
    speed: Annotated[
        float, typer.Option(envvar="FABRICSCOPE_PLAY_SPEED", min=0.1, help="Times as fast as it happened.")
    ] = 20.0,
    store: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_PLAY_STORE",
            help="The DuckDB file to make.",
            show_default="one in the system's folder for temporary files",
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_PLAY_SVG",
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
    with signals() as interruption, contextlib.ExitStack() as undo:
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
            raise typer.Exit(interruption.exit_code)
        undo.pop_all()
    for (target, sentence), times in played.mapping.unreadable.most_common():
        typer.echo(f"{target}: {sentence} ({times} times)", err=True)
    table = report(last.recording, last.zero, last.deeds, last.found)
    Console(width=table_width()).print(table)
    if svg is not None:
        for drawn in draw(svg, "play", fullest.or_else(last), table):
            typer.echo(f"drawn: {drawn}", err=True)
    typer.echo("\n".join(_next_steps(played, file, temporary=store is None)))


def _store_file(given: Path | None, undo: contextlib.ExitStack) -> Path:
    """Return the file of the store, which is not there yet; ``undo`` removes a temporary one."""
    if given is None:
        folder = tempfile.mkdtemp(prefix="fabricscope-play-")
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder) / "play.duckdb"
    if given.exists():
        raise InputError(f"{given} exists already: play fills a store of its own, name a new file")
    return given


def _next_steps(played: Recording, file: Path, *, temporary: bool) -> list[str]:
    """Return lines that say where the store is and what can be done now."""
    kept = ", temporary: --store FILE makes one where you say" if temporary else ""
    capture = f"{program()} frr-agent --recording {quoted(played.folder)} --capture recording.parquet"
    return [
        f"All of it is in the store {file}{kept}.",
        "What next:",
        f"  {incidents_of(file)}",
        *(f"  {program()} play {quoted(other)}" for other in played.siblings()[:1]),
        f"  {capture} && {program()} replay recording.parquet --store again.duckdb",
    ]
