"""Commands of the collectors. Exit codes: 0 done, 1 failed, 2 bad input or usage."""

import json
import os
import socket
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import typer
from rich.console import Console

from collectors import kafka_options as options
from collectors.errors import FabricscopeError, InputError

DEFAULT_LISTEN: Final = "127.0.0.1:9804"
ASK_TIMEOUT_S: Final = 5.0

app = typer.Typer(no_args_is_help=True)


@app.command()
def collect(
    *,
    inventory: Annotated[
        Path,
        typer.Option(
            envvar="FABRICSCOPE_INVENTORY", help="The targets, a YAML file; followed as it changes."
        ),
    ],
    kafka: options.Kafka,
    name: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_NAME",
            help="The collector's name in the records: no two collectors have the same.",
            show_default="the host's name",
        ),
    ] = None,
    create_topics: Annotated[
        bool,
        typer.Option(
            "--create-topics", envvar="FABRICSCOPE_CREATE_TOPICS", help="Make topics that are missing."
        ),
    ] = False,
    metrics_listen: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_METRICS_LISTEN",
            metavar="127.0.0.1:PORT",
            help="Serve /metrics and /targets here; addresses of this machine only.",
        ),
    ] = None,
    kafka_tls: options.Tls = False,
    kafka_ca: options.Ca = None,
    kafka_cert: options.Cert = None,
    kafka_key: options.Key = None,
    kafka_sasl_mechanism: options.Sasl = None,
    kafka_user: options.User = None,
    kafka_password_file: options.PasswordFile = None,
) -> None:
    """Stream the targets of an inventory into the topics of their fabrics, until SIGTERM or SIGINT.

    Each family of a target's profile has an RPC of its own, which is opened again for as long as the target
    is in the inventory. What can't be delivered to Kafka yet is not read from the targets.
    Exit code 0: stopped, all delivered; 1: failed, or not all delivered; 2: bad input or usage.
    """
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
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before gRPC is loaded: its failures are ours to tell
    from collectors import running  # noqa: PLC0415  # gRPC and Kafka are slow to import

    running.collect(
        inventory,
        access,
        name=_checked_name(name or socket.gethostname()),
        version=_version(),
        create_topics=create_topics,
        metrics_listen=metrics_listen,
    )


@app.command()
def targets(
    *,
    collector: Annotated[
        str,
        typer.Option(
            envvar="FABRICSCOPE_COLLECTOR",
            metavar="HOST:PORT",
            help="The listener of a collector: its --metrics-listen.",
        ),
    ] = DEFAULT_LISTEN,
    as_json: Annotated[
        bool,
        typer.Option("--json", envvar="FABRICSCOPE_TARGETS_JSON", help="What the collector says, as JSON."),
    ] = False,
) -> None:
    """Show the state of each target and family of a running collector.

    Exit code 0: shown; 1: the collector can't be reached.
    """
    document = _asked(collector)
    if as_json:
        json.dump(document, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    from collectors.targets_view import table  # noqa: PLC0415  # only needed here

    Console().print(table(document))


def _asked(collector: str) -> dict[str, Any]:  # Any: JSON
    try:
        directly = build_opener(ProxyHandler({}))
        with directly.open(f"http://{collector}/targets", timeout=ASK_TIMEOUT_S) as answer:
            document: dict[str, Any] = json.load(answer)
            return document
    except ValueError as error:
        raise InputError(f"{collector!r} is no HOST:PORT of a collector: {error}") from error
    except (OSError, URLError) as error:
        raise FabricscopeError(
            f"no collector answers at {collector}: start one with --metrics-listen {DEFAULT_LISTEN},"
            f" or name its listener with --collector ({getattr(error, 'reason', error)})"
        ) from error


def _checked_name(name: str) -> str:
    """Return a collector's name; raises InputError for one that would spoil the ids of sessions."""
    if not name or len(name) > 200 or not name.isprintable() or " " in name:
        raise InputError(f"{name!r} is no name for a collector: up to 200 characters without spaces")
    return name


def _version() -> str:
    try:
        return version_of("fabricscope")
    except PackageNotFoundError:
        return "unknown"
