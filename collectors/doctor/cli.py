"""The command ``doctor``: which checks run, and how their findings are shown."""

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from collectors import kafka_options as options
from collectors.doctor import cluster, machine
from collectors.doctor.findings import Finding, Level, Place, alike, counts
from collectors.errors import InputError
from collectors.inventory import Target
from collectors.inventory_file import read_inventory
from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of

app = typer.Typer(no_args_is_help=True)

SECRETS: Final = frozenset({"FABRICSCOPE_KAFKA_PASSWORD"})
"""Variables that no option reads, for an option can be seen by others."""
ALL_SHOWN: Final = 40
"""Up to so many rows are shown all; of more, only those that aren't ok."""
PLACES_SHOWN: Final = 5
"""Names in a row that goes for several targets; ``--json`` has them all."""
_STYLES: Final = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.ERROR: "bold red",
    Level.UNKNOWN: "magenta",
}
_WIDE: Final = 1000


@app.callback()
def main() -> None:
    """Look for what is wrong."""


@app.command()
def doctor(
    *,
    context: typer.Context,
    inventory: Annotated[
        Path | None,
        typer.Option(envvar="FABRICSCOPE_INVENTORY", help="Try out the targets of this inventory."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(envvar="FABRICSCOPE_TARGET", help="Only this target; may be given several times."),
    ] = None,
    kafka: Annotated[
        str | None,
        typer.Option(
            "--kafka", envvar="FABRICSCOPE_KAFKA", metavar="HOST:PORT", help="Look at this cluster."
        ),
    ] = None,
    fabric: Annotated[
        list[str] | None,
        typer.Option(envvar="FABRICSCOPE_FABRIC", help="Look at its topic, beside those of the inventory."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(envvar="FABRICSCOPE_STORE", help="Look for room for this store.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(envvar="FABRICSCOPE_TIMEOUT", min=1, help="Seconds for each target.")
    ] = 30,
    as_json: Annotated[
        bool, typer.Option("--json", envvar="FABRICSCOPE_JSON", help="Print JSON instead of a table.")
    ] = False,
    show_all: Annotated[
        bool, typer.Option("--all", envvar="FABRICSCOPE_ALL", help="Show what is fine, however much that is.")
    ] = False,
    kafka_tls: options.Tls = False,
    kafka_ca: options.Ca = None,
    kafka_cert: options.Cert = None,
    kafka_key: options.Key = None,
    kafka_sasl_mechanism: options.Sasl = None,
    kafka_user: options.User = None,
    kafka_password_file: options.PasswordFile = None,
) -> None:
    """Look at targets, Kafka and this machine, and say for each thing that is wrong what to do.

    Changes nothing: devices are asked what a collector asks, and let go at once.
    Exit code 0: no errors (warnings perhaps); 1: errors were found; 2: inventory or settings have mistakes.
    """
    mistakes: list[str] = []
    targets: list[Target] = []
    fabrics = set(fabric or ())
    if inventory is not None:
        try:
            read = read_inventory(inventory)
        except InputError as error:
            mistakes.append(str(error))
        else:
            mistakes += [
                f"there is no target {name} in {inventory}"
                for name in target or ()
                if name not in read.targets
            ]
            targets = [one for name, one in read.targets.items() if not target or name in target]
            fabrics.update(one.fabric for one in targets)
    access: KafkaAccess | None = None
    if kafka is not None:
        try:
            access = options.access(
                servers=kafka,
                tls=kafka_tls,
                ca=kafka_ca,
                certificate=kafka_cert,
                key=kafka_key,
                mechanism=kafka_sasl_mechanism,
                user=kafka_user,
                password_file=kafka_password_file,
            )
            if access.encrypted:
                access.ssl_context()
        except InputError as error:
            mistakes.append(str(error))
    mistakes += _no_topics(fabric or ())
    if mistakes:
        raise InputError("\n".join(mistakes))

    findings = [
        *machine.versions(),
        *machine.variables(os.environ, _variables(context)),
        *(machine.disk(store) if store is not None else ()),
    ]
    with _told_as_findings("collectors.gnmi_client", "kafka"):
        findings += asyncio.run(_looked(targets, access, sorted(fabrics), timeout))
    findings += _left_out(inventory, kafka)
    _print(findings, as_json=as_json, everything=show_all)
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)


@contextlib.contextmanager
def _told_as_findings(*names: str) -> Iterator[None]:
    """Keep out of the log what loggers say: findings say it, and with what to do."""
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.propagate = True


async def _looked(
    targets: Sequence[Target], access: KafkaAccess | None, fabrics: Sequence[str], deadline_s: float
) -> list[Finding]:
    """Return the findings of Kafka and all targets, showing on stderr how far it is."""
    from collectors.doctor.targets import examine  # noqa: PLC0415  # gRPC is slow to import

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        found: list[Finding] = []
        if access is not None:
            task = progress.add_task(f"Kafka at {access.servers}", total=1)
            found += await cluster.check(access, fabrics, datetime.fromtimestamp(time.time(), UTC))
            progress.advance(task)
        if targets:
            task = progress.add_task("targets", total=len(targets))
            found += await examine(targets, deadline_s, lambda _: progress.advance(task))
        return found


def _no_topics(fabrics: Iterable[str]) -> Iterator[str]:
    for name in fabrics:
        try:
            topic_of(name)
        except ValueError as error:
            yield str(error)


def _variables(context: typer.Context) -> set[str]:
    """Return every variable that an option of any command reads."""

    def of(command: Any) -> Iterator[str]:  # Any: typer vendors click
        for parameter in command.params:
            names = parameter.envvar
            yield from [names] if isinstance(names, str) else names or ()
        for inner in getattr(command, "commands", {}).values():
            yield from of(inner)

    return {*SECRETS, *of(context.find_root().command)}


def _left_out(inventory: Path | None, kafka: str | None) -> Iterator[Finding]:
    if inventory is None:
        yield Place("targets", "all").unknown("not looked at", "give --inventory FILE")
    if kafka is None:
        yield Place("Kafka", "all").unknown("not looked at", "give --kafka HOST:PORT")


def _print(findings: Sequence[Finding], *, as_json: bool, everything: bool) -> None:
    if as_json:
        json.dump(
            {"counts": counts(findings), "findings": [asdict(finding) for finding in findings]},
            sys.stdout,
            indent=2,
        )
        sys.stdout.write("\n")
        return
    rows = alike(findings)
    everything = everything or len(rows) <= ALL_SHOWN
    table = Table()
    for column in ("", "where", "check", "what", "what to do"):
        table.add_column(column, overflow="fold")
    for finding, places in rows.items():
        if everything or finding.level is not Level.OK:
            cells = (_places(places), finding.check, finding.what, finding.remedy)
            style = _STYLES[finding.level]
            table.add_row(f"[{style}]{finding.level}[/]", *(escape(_line(cell)) for cell in cells))
    # a table in a file or a pipe is read by programs too: one line for each row
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    console.print(table)
    console.print(", ".join(f"{number} {level}" for level, number in counts(findings).items()))


def _places(names: Sequence[str]) -> str:
    more = f" and {len(names) - PLACES_SHOWN} more" if len(names) > PLACES_SHOWN else ""
    return ", ".join(names[:PLACES_SHOWN]) + more


def _line(text: str) -> str:
    """Return text from devices and brokers as it may stand in a terminal: without control characters."""
    return "".join(char if char.isprintable() else " " for char in text)
