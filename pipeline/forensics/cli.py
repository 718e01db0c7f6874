"""Commands on the past: ``forensics``, ``state``, ``diff`` and ``blast-radius``."""

from typing import Annotated, Final

import typer

from pipeline.desk.options import AsJson
from pipeline.forensics import answers
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
)
from pipeline.forensics.questions import KINDS, subject_of
from pipeline.forensics.shown import Form, tell
from pipeline.forensics.times import zone_of

__all__ = ["AsCsv", "Store", "Zone", "app"]

app = typer.Typer(no_args_is_help=True)
_TIMES: Final = {"ignore_unknown_options": True}
"""-15m is a time."""


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

    tell(
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

    tell(
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

    tell(
        Where(store, archive, sql_url, password_file, fabric),
        Form(as_json, as_csv, as_sql, zone_of(zone)),
        ask,
    )


@app.command("blast-radius", context_settings=_TIMES)
def blast_radius(
    *,
    subject: Annotated[
        str, typer.Argument(help="What fails: a device, a port or LAG as leaf-3:ethernet-1/7, an ESI.")
    ],
    store: StoreOrNone = None,
    archive: Archive = None,
    sql_url: SqlUrl = None,
    password_file: PasswordFile = None,
    fabric: Fabrics = None,
    at: At = None,
    zone: Zone = "UTC",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_sql: AsSql = False,
) -> None:
    """Show what falls to one path or to none if something fails, as the fabric was at a time.

    Without a time: as it was when last heard of.

    Exit code 0: shown; 1: the store can't be read; 2: bad input or usage, an unknown subject, or a time that
    the store doesn't know.
    """

    def ask(asking: Asking) -> Answer:
        return answers.blast_radius(asking, subject, at)

    tell(
        Where(store, archive, sql_url, password_file, fabric),
        Form(as_json, as_csv, as_sql, zone_of(zone)),
        ask,
    )
