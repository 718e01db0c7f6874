"""The options of commands that tell Alertmanagers; each also reads its environment variable."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from collectors.errors import InputError
from pipeline.alerts.access import Address, Credentials, addresses
from pipeline.alerts.alert import Links

RESEND_S: Final = 60.0
"""As Prometheus does (``--rules.alert.resend-delay``)."""

Urls = Annotated[
    list[str] | None,
    typer.Option(
        "--alertmanager",
        envvar="FABRICSCOPE_ALERTMANAGER",
        metavar="URL",
        help="May be given several times: each is told everything. In the variable, separated by spaces.",
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        "--alertmanager-ca",
        envvar="FABRICSCOPE_ALERTMANAGER_CA",
        help="For https: trust this authority alone (PEM), not the system's.",
    ),
]
User = Annotated[
    str | None,
    typer.Option("--alertmanager-user", envvar="FABRICSCOPE_ALERTMANAGER_USER", help="HTTP Basic login."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--alertmanager-password-file",
        envvar="FABRICSCOPE_ALERTMANAGER_PASSWORD_FILE",
        help="File with its password, read at each post.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--alertmanager-token-file",
        envvar="FABRICSCOPE_ALERTMANAGER_TOKEN_FILE",
        help="File with a bearer token, read at each post.",
    ),
]
Replica = Annotated[
    str | None,
    typer.Option(
        "--replica",
        envvar="FABRICSCOPE_REPLICA",
        help="This replica's name, in its watchdog alone.",
        show_default="the host's name",
    ),
]
Resend = Annotated[
    float,
    typer.Option(
        "--alert-resend",
        envvar="FABRICSCOPE_ALERT_RESEND",
        min=1,
        max=600,
        metavar="SECONDS",
        help="How often firing alerts are posted again; a watchdog that misses three is gone.",
    ),
]
Runbooks = Annotated[
    str | None,
    typer.Option(
        "--runbook-url",
        envvar="FABRICSCOPE_RUNBOOK_URL",
        metavar="URL",
        help="Where the pages of docs/rules are; alerts link to that of their rule.",
    ),
]
Dashboard = Annotated[
    str | None,
    typer.Option(
        "--dashboard-url",
        envvar="FABRICSCOPE_DASHBOARD_URL",
        metavar="URL",
        help="A Grafana dashboard with variables fabric and incident; alerts link to it.",
    ),
]


def reached(
    urls: Sequence[str],
    *,
    ca: Path | None,
    user: str | None,
    password_file: Path | None,
    token_file: Path | None,
) -> tuple[list[Address], Credentials]:
    """Return what the options say; raises InputError for what can't work or isn't safe."""
    credentials = Credentials(ca=ca, user=user, password_file=password_file, token_file=token_file)
    return addresses(urls, credentials), credentials


def links(*, runbooks: str | None, dashboard: str | None) -> Links:
    """Return where alerts lead to; raises InputError for what is no URL."""
    for option, url in (("--runbook-url", runbooks), ("--dashboard-url", dashboard)):
        if url is not None and not url.startswith(("https://", "http://")):
            raise InputError(f"{option} {url!r} is no http(s) URL")
        if url is not None and "@" in urlsplit(url).netloc:
            raise InputError(f"{option} has a login in it, which every alert would show")
    return Links(runbooks, dashboard)


def replica_name(name: str | None) -> str:
    """Return the name given, else the host's."""
    return name or socket.gethostname()
