"""A store that a replica has open, asked over the SQL that the replica serves."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from collectors.errors import FabricscopeError, InputError
from pipeline.forensics.questions import Query
from pipeline.forensics.source import Source

_SCHEMES: Final = ("postgresql://", "postgres://")
_CONNECT_S: Final = 10


@contextmanager
def served(url: str, password_file: Path | None, fabrics: Sequence[str] = ()) -> Iterator[Source]:
    """Give a replica's store to ask; raises InputError for a wrong address, FabricscopeError for no answer.

    Unless the address says otherwise, the server's certificate and its name are checked (``sslmode``
    verify-full against the system's authorities): libpq's own default falls back to plain text in silence.
    """
    given = _parameters(url, password_file)
    name = f"the replica at {given['host']}"
    try:
        connection = psycopg.connect(
            make_conninfo(**given), autocommit=True, cursor_factory=psycopg.RawCursor
        )
    except psycopg.Error as error:
        raise FabricscopeError(f"{name} can't be asked: {_reason(error)}") from error

    def ask(query: Query) -> pl.DataFrame:
        try:
            with connection.cursor() as cursor:
                cursor.execute(query.text.encode(), query.values)
                names = [column.name for column in cursor.description or ()]
                return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)
        except psycopg.Error as error:
            raise FabricscopeError(f"{name} did not answer: {_reason(error)}") from error

    with connection:
        yield Source(ask, name, fabrics)


def _parameters(url: str, password_file: Path | None) -> dict[str, Any]:  # Any: text and numbers
    if not url.startswith(_SCHEMES):
        raise InputError(
            "the address of a replica's SQL is written postgresql://user@host:port/?sslmode=verify-full"
        )
    try:
        given = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise InputError(f"the address of a replica's SQL can't be read: {_reason(error)}") from error
    if "password" in given:
        raise InputError(
            "a password in an address can be seen by everybody on this machine: put it into a file for"
            " --sql-password-file, or into PGPASSWORD"
        )
    if not given.get("host"):
        raise InputError("the address of a replica's SQL names no host: write postgresql://user@host:port/")
    if "sslmode" not in given:
        given["sslmode"] = "verify-full"
    if given["sslmode"] in ("verify-ca", "verify-full") and not os.environ.get("PGSSLROOTCERT"):
        given.setdefault("sslrootcert", "system")
    if password_file is not None:
        try:
            given["password"] = password_file.read_text("utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise InputError(f"the password can't be read from {password_file}: {error}") from error
    return {"connect_timeout": _CONNECT_S, "application_name": "fabricscope", **given}


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())
