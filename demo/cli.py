"""The command ``demo``: everything on this machine, as processes of their own, and a scripted outage."""

import contextlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from collectors.errors import FabricscopeError, InputError
from demo.ending import incidents_of, program, quoted, table_width
from demo.expectations import check, expectations_of, is_good
from demo.interruption import Interruption, signals
from demo.live import Folder, Live, play
from demo.pictures import Fullest, draw
from demo.processes import Processes
from demo.promise import missing, promised
from demo.report import report
from demo.screen import screen
from demo.truth import deeds_of
from demo.view import Scene

SCENARIO = "story"

app = typer.Typer(no_args_is_help=True)


@app.command()
def demo(
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_DEMO_FOLDER",
            help="Where store, capture, logs and ground truth are left; made, or empty.",
            show_default="one in the system's folder for temporary files",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(envvar="FABRICSCOPE_DEMO_SEED", help="Of the simulated fabric.", min=0)
    ] = 7,
    keep: Annotated[
        bool,
        typer.Option("--keep", envvar="FABRICSCOPE_DEMO_KEEP", help="Stay up afterwards, until Ctrl-C."),
    ] = False,
    svg: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_DEMO_SVG",
            help="Also draw the view at its fullest and the table, as SVG files in this folder.",
        ),
    ] = None,
) -> None:
    """Break a simulated fabric in six ways within 75 s, and watch the reasons appear.

    Two spines and four leaves serve gNMI over TLS; a collector streams them into an embedded Kafka broker,
    a replica finds what is wrong. At the end a table says what was done, what had to be found and what came
    of it.
    Exit code 0: all that had to be found was found and nothing else; 1: not so, or something failed; 2: bad
    input or usage; 128 and the signal's number: interrupted, so 130 after Ctrl-C.
    """
    with signals() as interruption:
        good = _demo(Folder(_made(folder)), seed, interruption, keep=keep, svg=svg)
    if interruption.number and good is None:
        raise typer.Exit(interruption.exit_code)
    if not good:
        raise typer.Exit(1)


def _demo(
    folder: Folder, seed: int, interruption: Interruption, *, keep: bool, svg: Path | None
) -> bool | None:
    """Return whether everything was found and nothing else; None when the user ended it before."""
    live, fullest, stop = Live(folder, SCENARIO, seed, interruption.stop), Fullest(), interruption.stop
    with contextlib.ExitStack() as stack:
        with screen() as show:

            def see(scene: Scene) -> None:
                show(scene)
                fullest.see(scene)

            processes = stack.enter_context(live.running(see))
            play(live, see, stop, processes)
        if stop.is_set():
            typer.echo(f"interrupted; what was found until then is in {folder.path}", err=True)
            return None
        good = _judged(live, seed, fullest, svg)
        if keep:
            _stay(live, processes, interruption)
        for name in ("run", "collect", "simulate"):
            if code := processes.stop(name):
                typer.echo(f"{name} ended with exit code {code}: see {processes.log(name)}", err=True)
                good = False
        records = live.capture()
    typer.echo("\n".join(_next_steps(folder, records)))
    return good


def _judged(live: Live, seed: int, fullest: Fullest, svg: Path | None) -> bool:
    """Print what came of the story; return whether everything was found and nothing else."""
    told, scene = live.told, live.scene()
    expectations = expectations_of(told.actions)
    checked, unexpected = check(expectations, told.heard.incidents.values(), (live.end or 0.0) + 1.0)
    troubles = missing(promised(SCENARIO, seed), expectations)
    if not live.settled():
        troubles.append("the replica did not read to the end of the story")
    deeds = deeds_of(action for action in told.actions if not action.kind.startswith("expect"))
    table = report(SCENARIO, scene.zero, deeds, checked=checked, unexpected=unexpected, troubles=troubles)
    Console(width=table_width()).print(table)
    if svg is not None:
        for drawn in draw(svg, "demo", fullest.or_else(scene), table):
            typer.echo(f"drawn: {drawn}", err=True)
    return is_good(checked, unexpected, troubles)


def _stay(live: Live, processes: Processes, interruption: Interruption) -> None:
    """Leave everything up until the user has enough."""
    for line in (
        "Everything stays up until Ctrl-C:",
        f"  {program()} targets --collector {live.collector}",
        f"  {program()} doctor --inventory {live.folder.inventory} --kafka {live.kafka}",
        f"  tail -f {live.folder.incidents}",
    ):
        typer.echo(line)
    while not interruption.stop.wait(1.0):
        processes.check()


def _made(given: Path | None) -> Path:
    """Return a folder that holds nothing yet."""
    if given is None:
        return Path(tempfile.mkdtemp(prefix="fabricscope-demo-"))
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise InputError(f"{given} is not empty: the demo fills a folder of its own, name a new one")
    try:
        given.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FabricscopeError(f"{given} can't be made: {error.strerror}") from error
    return given


def _next_steps(folder: Folder, records: int) -> list[str]:
    """Return lines that say what is where and what can be done now."""
    return [
        f"In {folder.path}: store, capture of {records} records, logs, inventory, ground truth.",
        "What next:",
        f"  {incidents_of(folder.store)}",
        f"  {program()} replay {quoted(folder.capture)} --store {quoted(folder.path / 'again.duckdb')}",
        f"  {program()} play   # ten minutes of a real FRRouting fabric, recorded",
        f"  {program()} doctor --help   # then your own devices: docs/getting-started.md",
    ]
