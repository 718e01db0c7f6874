"""The command ``score``: plays scenarios in processes beside each other, and says how well the rules do."""

import contextlib
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from collectors.errors import FabricscopeError, InputError
from scenarios.library import RECORDINGS, library, read_all, recordings_in
from scenarios.matching import Result
from scenarios.playing import score as score_one
from scenarios.quality import summary, worse
from scenarios.report import page, rule_table, scenario_table
from scenarios.scenario import Scenario

app = typer.Typer(no_args_is_help=True)
BASELINE: Final = Path("docs/detection-quality.json")
PAGE: Final = Path("docs/detection-quality.md")
_WIDTH: Final = 160
"""Of tables that no terminal limits."""


@app.command()
def score(
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Scenarios; without any, the library.", exists=True, dir_okay=False),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", envvar="FABRICSCOPE_SCORE_ALL", help="The library and all recordings."),
    ] = False,
    recordings: Annotated[
        Path,
        typer.Option(
            envvar="FABRICSCOPE_RECORDINGS", file_okay=False, help="Where --all looks for recordings."
        ),
    ] = RECORDINGS,
    baseline: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_SCORE_BASELINE",
            dir_okay=False,
            help="Figures that may not get worse.",
            show_default=f"{BASELINE}, if it is there",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", envvar="FABRICSCOPE_SCORE_JSON", help="Print JSON instead of tables.")
    ] = False,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            envvar="FABRICSCOPE_SCORE_WRITE",
            help=f"Make what is found the baseline, and write {PAGE}; with --all.",
        ),
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_SCORE_KEEP",
            exists=True,
            file_okay=False,
            help="A folder to keep a store of each scenario in, for `fabricscope incident list --store`.",
        ),
    ] = None,
) -> None:
    """Play scenarios without a network, and say what was found, missed, told wrong and told for nothing.

    Exit code 0: no worse than the baseline, or without one all right; 1: worse, or something failed; 2: a
    scenario or an option can't be used.
    """
    if write and not everything:
        raise InputError("--write is for all scenarios together: say --all, too")
    if everything and files:
        raise InputError("--all names the scenarios itself: leave the files out, or --all")
    paths = [*library(), *recordings_in(recordings)] if everything else files or library()
    scenarios = read_all(paths)
    known = _known(baseline)
    results = play_all(scenarios, keep)
    quality = summary(results)
    if write:
        _write(BASELINE, orjson.dumps(quality, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        _write(PAGE, page(quality, {it.name: it.meaning for it in scenarios}).encode())
    if as_json:
        typer.echo(json.dumps(quality, indent=2))
    else:
        console = Console() if Console().is_terminal else Console(width=_WIDTH)
        console.print(scenario_table(quality))
        console.print(rule_table(quality))
    troubles = [] if write else list(worse(results, known))
    for trouble in troubles:
        typer.echo(f"worse: {trouble}", err=True)
    if troubles:
        raise typer.Exit(1)


def play_all(scenarios: Sequence[Scenario], keep: Path | None = None) -> list[Result]:
    """Return what came of scenarios, in their order; as many at once as there are cores.

    ``keep``: folder for their stores.
    """
    context = multiprocessing.get_context("spawn")  # Polars has threads, which a fork would lose
    workers = min(os.cpu_count() or 1, len(scenarios)) or 1
    results: dict[str, Result] = {}
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, mp_context=context) as pool,
        _progress(len(scenarios)) as progress,
    ):
        # those that take longest first
        ordered = sorted(scenarios, key=_length, reverse=True)
        for future in as_completed([pool.submit(score_one, it, None, keep) for it in ordered]):
            try:
                result = future.result()
            except FabricscopeError:
                pool.shutdown(cancel_futures=True)
                raise
            results[result.scenario] = result
            progress(result.scenario)
    return [results[it.name] for it in scenarios]


def _length(scenario: Scenario) -> float:
    return getattr(scenario.played, "seconds", float("inf"))


def _known(baseline: Path | None) -> dict[str, object]:
    path = baseline or BASELINE
    if baseline is None and not path.exists():
        return {}
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"can't read the baseline {path}: {error}") from error
    if not isinstance(found, dict) or "scenarios" not in found:
        raise InputError(f"{path} is no baseline: make one with --all --write")
    return found


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FabricscopeError(f"can't write {path}: {error}") from error


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let each process compute with one thread: there is a process for each core."""
    name = "POLARS_MAX_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextlib.contextmanager
def _progress(total: int) -> Iterator["_Advance"]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Advance(progress, total)


class _Advance:
    """Shows how many scenarios were played."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("playing", total=total)

    def __call__(self, name: str) -> None:
        self._progress.update(self._task, advance=1, description=name)
