"""The options of commands that serve SQL; each also reads its environment variable."""

import ipaddress
from pathlib import Path
from typing import Annotated

import typer

from collectors.errors import InputError
from pipeline.pgwire.limits import Limits
from pipeline.pgwire.service import Access
from pipeline.pgwire.tls import load_tls

LIMITS = Limits()

Listen = Annotated[
    str | None,
    typer.Option(
        "--pg-listen",
        envvar="FABRICSCOPE_PG_LISTEN",
        metavar="HOST:PORT",
        help="Answer PostgreSQL clients there, read-only.",
    ),
]
Cert = Annotated[
    Path | None,
    typer.Option(
        "--pg-cert",
        envvar="FABRICSCOPE_PG_CERT",
        help="The server's certificate (PEM), with those between it and its authority.",
    ),
]
Key = Annotated[
    Path | None,
    typer.Option("--pg-key", envvar="FABRICSCOPE_PG_KEY", help="Its key (PEM), no password."),
]
Users = Annotated[
    Path | None,
    typer.Option(
        "--pg-users", envvar="FABRICSCOPE_PG_USERS", help="Who may ask: a file kept by fabricscope sql-user."
    ),
]
Plaintext = Annotated[
    bool,
    typer.Option(
        "--pg-plaintext",
        envvar="FABRICSCOPE_PG_PLAINTEXT",
        help="Without TLS; at an address of this machine alone.",
    ),
]
Seconds = Annotated[
    float,
    typer.Option(
        "--pg-seconds", envvar="FABRICSCOPE_PG_SECONDS", min=0.1, help="How long a statement may run."
    ),
]
Rows = Annotated[
    int, typer.Option("--pg-rows", envvar="FABRICSCOPE_PG_ROWS", min=1, help="Most rows of an answer.")
]
Memory = Annotated[
    int,
    typer.Option(
        "--pg-memory",
        envvar="FABRICSCOPE_PG_MEMORY",
        min=64,
        metavar="MIB",
        help="Most memory that running statements take together.",
    ),
]
Connections = Annotated[
    int,
    typer.Option("--pg-connections", envvar="FABRICSCOPE_PG_CONNECTIONS", min=1, help="Sessions at a time."),
]


def limits(seconds: float, rows: int, memory: int, connections: int) -> Limits:
    """Return the limits that the options mean."""
    return Limits(seconds=seconds, rows=rows, query_bytes=memory << 20, connections=connections)


def access(
    listen: str | None,
    *,
    cert: Path | None,
    key: Path | None,
    users: Path | None,
    plaintext: bool,
    limits: Limits,
) -> Access | None:
    """Return where SQL is served, and to whom; None where it isn't. Raises InputError."""
    if listen is None:
        if cert is not None or key is not None or users is not None or plaintext:
            raise InputError("--pg-users and the like mean nothing without --pg-listen: give HOST:PORT, too")
        return None
    host, port = _address(listen)
    if users is None:
        raise InputError("nobody may ask: name a file of users with --pg-users, made by fabricscope sql-user")
    if plaintext:
        if cert is not None or key is not None:
            raise InputError("--pg-plaintext and a certificate contradict each other: leave one out")
        if not _is_local(host):
            raise InputError(
                f"{host} is not of this machine alone, and passwords and answers would cross the network"
                " unencrypted: give --pg-cert and --pg-key instead of --pg-plaintext"
            )
        tls = None
    elif cert is None or key is None:
        raise InputError(
            "SQL is served over TLS: give --pg-cert and --pg-key, or, at 127.0.0.1, --pg-plaintext"
        )
    else:
        tls = load_tls(cert, key)
    return Access(host=host, port=port, tls=tls, users=users, limits=limits)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdecimal() or int(port) >= 1 << 16:
        raise InputError(f"{listen!r} is no HOST:PORT to listen at: give one as 127.0.0.1:5432 or [::]:5432")
    return host, int(port)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
