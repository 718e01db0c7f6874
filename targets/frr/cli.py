"""The command ``frr-agent``: a live target, or a recording mapped offline."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from collectors.errors import FabricscopeError, InputError
from targets.frr.privileges import DEFAULT_USER, VTY_GROUP, drop, may_ask_daemons
from targets.frr.report import Report

_LIVE = "Live"
_OFFLINE = "Offline"


def frr_agent(
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_LISTEN",
            metavar="HOST:PORT",
            help="Serve this host as a gNMI target. An address of other machines takes TLS, and users or"
            " a CA of clients' certificates.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_TLS_CERT",
            help="The server's certificate with its chain, PEM.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(envvar="FABRICSCOPE_TLS_KEY", help="Its key, PEM.", rich_help_panel=_LIVE),
    ] = None,
    client_ca: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_CLIENT_CA",
            help="CA of clients' certificates, PEM: clients need one.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_USERS",
            help="Users with hashed passwords, as hash-password makes them, one a line: clients need one.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_NAMESPACE",
            help="The daemons' pathspace, as of vtysh -N. Start the agent in their network namespace.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    user: Annotated[
        str,
        typer.Option(
            envvar="FABRICSCOPE_USER",
            help=f"Whom to become when started as root, with the group {VTY_GROUP} and no other.",
            rich_help_panel=_LIVE,
        ),
    ] = DEFAULT_USER,
    metrics_listen: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_METRICS_LISTEN",
            metavar="HOST:PORT",
            help="Serve metrics for Prometheus, on this machine only.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_RECORDING",
            help="A recording: poll-NODE.jsonl.gz for each host, gobgp*.jsonl.gz for each route monitor.",
            rich_help_panel=_OFFLINE,
        ),
    ] = None,
    capture: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_CAPTURE",
            help="The capture to write, a Parquet file.",
            rich_help_panel=_OFFLINE,
        ),
    ] = None,
) -> None:
    """Be a gNMI target for a host that runs FRRouting, or map a recording of such hosts to a capture.

    Live, the host is asked each second by vtysh and ip, and served until SIGTERM. Offline, the records are
    written that an agent and a collector would have written.

    Exit code 0: done; 1: the capture can't be written, or the port can't be had; 2: an option or the
    recording can't be used; 3: privileges can't be given up.
    """
    if listen is not None and recording is None and capture is None:
        if (tls_cert is None) != (tls_key is None):
            raise InputError("--tls-cert and --tls-key go together")
        if client_ca is not None and tls_cert is None:
            raise InputError("--client-ca takes --tls-cert and --tls-key: certificates come with TLS only")
        _serve(
            listen=listen,
            tls_cert=tls_cert,
            tls_key=tls_key,
            client_ca=client_ca,
            users=users,
            namespace=namespace,
            user=user,
            metrics_listen=metrics_listen,
        )
    elif listen is None and recording is not None and capture is not None:
        _map(recording, capture)
    else:
        raise InputError(
            "frr-agent either serves this host or maps a recording: give --listen HOST:PORT,"
            " or --recording DIR and --capture FILE"
        )


def _serve(
    *,
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    users: Path | None,
    namespace: str | None,
    user: str,
    metrics_listen: str | None,
) -> None:
    # Imported before privileges are dropped: program and interpreter may stand where only root can read.
    import concurrent.futures.thread  # noqa: F401, PLC0415  # asyncio asks for it late
    import encodings.idna  # noqa: F401, PLC0415  # and sockets for this

    from targets.frr import metrics, service  # noqa: PLC0415  # slow, and only needed here
    from targets.frr.agent import Figures  # noqa: PLC0415
    from targets.frr.commands import commands  # noqa: PLC0415
    from targets.gnmi.access import ServerTls, Users  # noqa: PLC0415

    drop(user)
    if not may_ask_daemons():
        raise InputError(
            f"this user is not in the group {VTY_GROUP}, so vtysh would not reach FRRouting's daemons: start"
            f" the agent with that group (systemd: SupplementaryGroups={VTY_GROUP}), or as root with --user"
        )
    asked = commands(namespace)
    tls = None if tls_cert is None or tls_key is None else ServerTls(tls_cert, tls_key, client_ca)
    listener = service.Listener(listen, tls, None if users is None else Users.load(users))
    figures = Figures()
    if metrics_listen is not None:
        metrics.listen(metrics_listen, metrics.AgentMetrics(figures))
    service.run(asked, listener, figures)


def _map(recording: Path, capture: Path) -> None:
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
        raise InputError(str(error)) from error
    except OSError as error:
        raise FabricscopeError(f"{capture} can't be written: {error}") from error
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


def hash_password(
    name: Annotated[str, typer.Argument(help="The user's name.")],
) -> None:
    """Print a line for a file of users: the name and the hash of a password, which is asked for.

    Without a terminal, the password is the first line of standard input.

    Exit code 0: done; 2: the name or the password can't be used.
    """
    import getpass  # noqa: PLC0415  # only needed here
    import sys  # noqa: PLC0415

    from targets.gnmi.access import hash_password as hashed  # noqa: PLC0415  # slow to import

    if not name or ":" in name or name.startswith("#") or name != name.strip():
        raise InputError(f"{name!r} is no name of a user: without : and # in front")
    asked = sys.stdin.isatty()
    password = getpass.getpass() if asked else sys.stdin.readline().rstrip("\n")
    if not password:
        raise InputError("an empty password is none")
    if asked and getpass.getpass("Again: ") != password:
        raise InputError("the two passwords differ")
    typer.echo(f"{name}:{hashed(password)}")
