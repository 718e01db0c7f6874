"""Commands of the device side. Exit codes: 0 done, 1 could not be written, 2 the input can't be used."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from targets.frr.report import Report

app = typer.Typer(no_args_is_help=True)


@app.callback()
def main() -> None:
    """Commands of the device side."""


@app.command("frr-agent")
def frr_agent(
    recording: Annotated[
        Path,
        typer.Option(
            envvar="FABRICSCOPE_RECORDING",
            help="A recording: poll-NODE.jsonl.gz for each host, gobgp*.jsonl.gz for each route monitor.",
        ),
    ],
    capture: Annotated[
        Path, typer.Option(envvar="FABRICSCOPE_CAPTURE", help="The capture to write, a Parquet file.")
    ],
) -> None:
    """Map a recording of hosts that run FRRouting to the records an agent would have written.

    Exit code 0: written; 1: the capture could not be written; 2: the recording can't be used.
    """
    from collectors.captures import write_capture  # noqa: PLC0415  # slow to import, and only needed here
    from targets.frr.recording import RecordingError, records_of  # noqa: PLC0415

    console = Console(stderr=True)
    report = Report()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    try:
        size = sum(path.stat().st_size for path in recording.glob("*.jsonl.gz"))
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(f"mapping {recording.name}", total=size)
            records = records_of(recording, _version(), report, lambda read: progress.advance(task, read))
            write_capture(capture, records)
    except RecordingError as error:
        typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.secho(f"error: {capture} can't be written: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from error
    _summary(console, report, capture)


def _summary(console: Console, report: Report, capture: Path) -> None:
    table = Table("target", "good", "partial", "failed", "families")
    for target, families in report.families.items():
        counts = (report.good[target], report.partial[target], report.failed[target])
        table.add_row(target, *map(str, counts), " ".join(families))
    console.print(table)
    for (target, sentence), times in report.unreadable.most_common():
        console.print(f"{target}: {sentence} ({times} times)", markup=False)
    console.print(f"{report.records} records in {capture}", markup=False)


def _version() -> str:
    try:
        return version("fabricscope")
    except PackageNotFoundError:
        return "unknown"
