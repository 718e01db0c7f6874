"""Commands on the past: ``forensics``, ``state``, ``diff`` and ``blast-radius``."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated, Final

import typer
from rich.console import Console

from pipeline.desk.options import AsJson, clock
from pipeline.forensics import answers, printed
from pipeline.forensics.answers import Answer, Asking
from pipeline.forensics.options import (
    Archive,
    AsCsv,
    AsSql,
    At,
    Fabrics,
    PasswordFile,
    SqlUrl,
    Store,
    StoreOrNone,
    Where,
    Zone,
    opened,
)
from pipeline.forensics.questions import KINDS, subject_of
from pipeline.forensics.times import zone_of

__all__ = ["AsCsv", "Store", "Zone", "app"]

app = typer.Typer(no_args_is_help=True)
_LINES: Final = 1000
"""Columns of a table where there is no terminal."""
_TIMES: Final = {"ignore_unknown_options": True}
"""-15m is a time."""


@dataclass(frozen=True)
class Form:
    """How an answer is printed."""

    json: bool
    csv: bool
    sql: bool
    zone: tzinfo


@app.command()
def forensics(
    *,
    kind: Annotated[str, typer.Argument(metavar="|".join(KINDS), help="What to ask about.")],
    subject: Annotated[str, typer.Argument(help="Its address, name, number or id.")],
    store: StoreOrNone = None,
    archive: Archive = None,
    sql_url: SqlUrl = None,
    password_file: PasswordFile = None,
    fabric: Fabrics = None,
    at: At = None,
    since: Annotated[
        str | None, typer.Option("--from", envvar="FABRICSCOPE_FROM", metavar="TIME", help="From then on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", envvar="FABRICSCOPE_TO", metavar="TIME", help="Up to then.")
    ] = None,
    zone: Zone = "UTC",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_sql: AsSql = False,
) -> None:
    """Say what became of a MAC, an IP address, a VTEP, an Ethernet segment, a device or a VNI.

    incident: what it was, what changed in the minute before, who was hit. hit: who could not reach what
    while an incident was open, and for how long. propagation: when each device knew of each move of a MAC.

    Without a time: all that is known. Exit code 0: told; 1: the store can't be read; 2: bad input or usage,
    an unknown or ambiguous subject, or a time that the store doesn't know.
    """
    wanted = subject_of(kind, subject)

    def ask(asking: Asking) -> Answer:
        return answers.about(asking, kind, wanted, (at, since, until))

    _tell(
        Where(store, archive, sql_url, password_file, fabric),
        Form(as_json, as_csv, as_sql, zone_of(zone)),
        ask,
    )


@app.command(context_settings=_TIMES)
def state(
    *,
    at: Annotated[
        str,
        typer.Option(
            envvar="FABRICSCOPE_AT", metavar="TIME", help="Then: 03:12, 'yesterday 14:00', -15m, ISO."
        ),
    ],
    store: StoreOrNone = None,
    archive: Archive = None,
    sql_url: SqlUrl = None,
    password_file: PasswordFile = None,
    fabric: Fabrics = None,
    device: Annotated[
        str | None, typer.Option(envvar="FABRICSCOPE_DEVICE", help="Of this device only.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(envvar="FABRICSCOPE_KIND", help=f"Only one of {', '.join(answers.THINGS)}.")
    ] = None,
    zone: Zone = "UTC",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_sql: AsSql = False,
) -> None:
    """Show the fabric as it was at a time, by its devices' clocks: how much of what, then each thing.

    Exit code 0: shown; 1: the store can't be read; 2: bad input or usage, an unknown device or fabric,
    or a time that the store doesn't know.
    """

    def ask(asking: Asking) -> Answer:
        return answers.state(asking, at, kind, device)

    _tell(
        Where(store, archive, sql_url, password_file, fabric),
        Form(as_json, as_csv, as_sql, zone_of(zone)),
        ask,
    )


@app.command(context_settings=_TIMES)
def diff(
    *,
    first: Annotated[str, typer.Argument(metavar="T1", help="The earlier time.")],
    second: Annotated[str, typer.Argument(metavar="T2", help="The later time.")],
    store: StoreOrNone = None,
    archive: Archive = None,
    sql_url: SqlUrl = None,
    password_file: PasswordFile = None,
    fabric: Fabrics = None,
    zone: Zone = "UTC",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_sql: AsSql = False,
) -> None:
    """Show what differs in the fabrics between two times: added, removed, changed, with before and after.

    Exit code 0: shown; 1: the store can't be read; 2: bad input or usage, or a time that the store doesn't
    know.
    """

    def ask(asking: Asking) -> Answer:
        return answers.difference(asking, first, second)

    _tell(
        Where(store, archive, sql_url, password_file, fabric),
        Form(as_json, as_csv, as_sql, zone_of(zone)),
        ask,
    )


def _tell(where: Where, form: Form, ask: Callable[[Asking], Answer]) -> None:
    with opened(where) as source:
        now, as_of = source.now(clock())
        answer = ask(Asking(source, now, form.zone, query_only=form.sql))
    if form.sql:
        typer.echo(f"{answer.query.spelled()};")
    else:
        show(answer, as_of, form)


def show(answer: Answer, as_of: str | None, form: Form) -> None:
    """Print an answer: in words, then what is missing, then as a table; or for programs."""
    rows = answer.rows
    if form.json:
        parts = {"answer": list(answer.lines), **answer.parts, "as_of": as_of}
        typer.echo(printed.as_json({**parts, "rows": rows.to_dicts()}, form.zone))
        return
    if form.csv:
        sys.stdout.write(printed.as_csv(rows, form.zone))
        if not rows.height:
            typer.echo("\n".join(answer.lines), err=True)
        return
    console = Console(width=None if sys.stdout.isatty() else _LINES, highlight=False, markup=False)
    for line in (*answer.lines, answer.complete, *filter(None, (as_of,))):
        console.print(line, soft_wrap=True)
    if rows.height:
        console.print()
        console.print(printed.table(rows, form.zone))
