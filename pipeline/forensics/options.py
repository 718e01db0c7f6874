"""Options of commands on the past, and the store that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from collectors.errors import InputError
from pipeline.forensics.source import Source, source

Store = Annotated[
    Path,
    typer.Option(envvar="FABRICSCOPE_STORE", help="The store to read; no replica may have it open."),
]
StoreOrNone = Annotated[
    Path | None,
    typer.Option(envvar="FABRICSCOPE_STORE", help="The store to read; no replica may have it open."),
]
Archive = Annotated[
    str | None,
    typer.Option(
        envvar="FABRICSCOPE_ARCHIVE",
        metavar="DIR",
        help="What left the store for this archive, too; without --store, the archive alone.",
    ),
]
SqlUrl = Annotated[
    str | None,
    typer.Option(
        "--sql-url",
        envvar="FABRICSCOPE_SQL_URL",
        metavar="postgresql://USER@HOST:PORT/",
        help="Instead of --store: a replica's SQL. Its certificate is checked, unless ?sslmode=... is there.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--sql-password-file",
        envvar="FABRICSCOPE_SQL_PASSWORD_FILE",
        help="Holds the password for --sql-url; or set PGPASSWORD.",
    ),
]
Fabrics = Annotated[
    list[str] | None,
    typer.Option(
        "--fabric", envvar="FABRICSCOPE_FABRIC", help="Of this fabric only; may be given several times."
    ),
]
Zone = Annotated[
    str,
    typer.Option(envvar="FABRICSCOPE_ZONE", help="The zone of times that name none: UTC, Europe/Berlin, ..."),
]
At = Annotated[
    str | None,
    typer.Option(envvar="FABRICSCOPE_AT", metavar="TIME", help="Then: 03:12, 'yesterday 14:00', -15m, ISO."),
]
AsCsv = Annotated[bool, typer.Option("--csv", envvar="FABRICSCOPE_CSV", help="Print the table as CSV.")]
AsSql = Annotated[bool, typer.Option("--sql", envvar="FABRICSCOPE_SQL", help="Print the query; ask nothing.")]


@dataclass(frozen=True)
class Where:
    """Which store is asked, and about which fabrics."""

    store: Path | None
    archive: str | None
    url: str | None
    password_file: Path | None
    fabrics: list[str] | None


@contextmanager
def opened(where: Where) -> Iterator[Source]:
    """Give the store that is named, by its file or by the address of a replica's SQL."""
    stored = where.store is not None or where.archive is not None
    if stored == (where.url is not None):
        raise InputError(
            "name the store to ask: --store FILE, which no replica has open, --archive DIR, or --sql-url, a"
            f" replica's SQL{'; not both' if stored else ''}"
        )
    if where.url is not None:
        # the client's library takes as long to load as all the rest
        from pipeline.forensics.served import served  # noqa: PLC0415  # only where it is wanted

        with served(where.url, where.password_file, where.fabrics or ()) as asked:
            yield asked
    else:
        with source(where.store, where.fabrics or (), archive=where.archive) as asked:
            yield asked
