"""The command ``report``: an incident, or a time, for people who weren't there."""

import sys
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Final

import typer

from collectors.errors import FabricscopeError, InputError
from pipeline.forensics.options import Archive, PasswordFile, SqlUrl, StoreOrNone, Where, opened
from pipeline.forensics.times import zone_of
from pipeline.report import rendered
from pipeline.report.model import Report
from pipeline.report.wanted import Wanted, composed, setting_of

app = typer.Typer(no_args_is_help=True)
FORMATS: Final[dict[str, Callable[[Report, tzinfo], str]]] = {
    "html": rendered.html,
    "markdown": rendered.as_markdown,
    "json": rendered.as_json,
}

Incident = Annotated[
    str | None, typer.Argument(metavar="[INCIDENT]", help="The incident's id, or the beginning of it.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--from",
        envvar="FABRICSCOPE_FROM",
        metavar="TIME",
        help="Instead of an incident: all from then on. 03:12, 'yesterday 14:00', -15m, ISO.",
    ),
]
Until = Annotated[
    str | None, typer.Option("--to", envvar="FABRICSCOPE_TO", metavar="TIME", help="Up to then.")
]
Fabric = Annotated[
    str | None,
    typer.Option(envvar="FABRICSCOPE_FABRIC", help="With --from: whose; needed if the store has several."),
]
Zone = Annotated[
    str,
    typer.Option(envvar="FABRICSCOPE_ZONE", help="The zone of times: UTC, Europe/Berlin, ..."),
]


def said_of(where: Where) -> str:
    """Return the store as people name it."""
    return str(where.store or where.archive or "the replica")


@app.command()
def report(
    *,
    incident: Incident = None,
    store: StoreOrNone = None,
    since: Since = None,
    until: Until = None,
    fabric: Fabric = None,
    archive: Archive = None,
    sql_url: SqlUrl = None,
    sql_password_file: PasswordFile = None,
    form: Annotated[
        str,
        typer.Option("--format", envvar="FABRICSCOPE_FORMAT", metavar="|".join(FORMATS), help="As what."),
    ] = "html",
    output: Annotated[
        Path | None,
        typer.Option(envvar="FABRICSCOPE_OUTPUT", help="The file to write; without, it is printed."),
    ] = None,
    zone: Zone = "UTC",
) -> None:
    """Tell an incident and what followed from it, or all of a time, as one page that needs nothing else.

    Exit code 0: told; 1: the store can't be read or the file not be written; 2: bad input or usage, an
    unknown incident, or a time that the store doesn't know.
    """
    if form not in FORMATS:
        raise InputError(f"--format {form!r} is none of {', '.join(FORMATS)}")
    where = zone_of(zone)
    named = Where(store, archive, sql_url, sql_password_file, None)
    with opened(named) as asked:
        wanted = Wanted(incident, since, until, fabric)
        made = composed(asked, said_of(named), wanted, setting_of(asked, where))
    text = FORMATS[form](made, where)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise FabricscopeError(f"{output} can't be written: {error.strerror or error}") from error
    typer.echo(f"{made.title}: {output}")
