"""Commands between topics, captures and stores.

This is where things are wired: options and environment become values, signals become an event, and nothing
below knows of either.
"""

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pyarrow.parquet as pq
import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from collectors import kafka_options as options
from collectors.captures import write_capture
from collectors.errors import FabricscopeError, InputError
from collectors.records import topic_of
from collectors.topics import create_topic
from pipeline import retention_file, settings_file, transfer
from pipeline import run as loops
from pipeline.alerts import options as alerts
from pipeline.job import Job
from pipeline.kafka import KafkaSource
from pipeline.kafka_publish import Publisher
from pipeline.memory import keep_freed_memory
from pipeline.pgwire import options as sql
from pipeline.replica import Audience, Keeping
from pipeline.replica import run as run_replica
from pipeline.store.retention import DEFAULT, Retention

app = typer.Typer(no_args_is_help=True)
log = structlog.get_logger(__name__)


def _checked_fabric(name: str) -> str:
    try:
        topic_of(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return name


def _checked_fabrics(names: list[str]) -> list[str]:
    return [_checked_fabric(name) for name in dict.fromkeys(names)]


Fabric = Annotated[
    str,
    typer.Option(
        envvar="FABRICSCOPE_FABRIC", callback=_checked_fabric, help="Its topic: fabricscope.raw.NAME."
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="FABRICSCOPE_SETTINGS",
        exists=True,
        dir_okay=False,
        help="Thresholds of rules, as YAML; without it those of the catalogue.",
    ),
]
Store = Annotated[Path, typer.Option(envvar="FABRICSCOPE_STORE", help="The DuckDB file, made when missing.")]


@app.command()
def capture(
    *,
    kafka: options.Kafka,
    fabric: Fabric,
    output: Annotated[Path, typer.Option(envvar="FABRICSCOPE_OUTPUT", help="The Parquet file to write.")],
    follow: Annotated[
        bool, typer.Option("--follow", envvar="FABRICSCOPE_FOLLOW", help="Go on until interrupted.")
    ] = False,
    kafka_tls: options.Tls = False,
    kafka_ca: options.Ca = None,
    kafka_cert: options.Cert = None,
    kafka_key: options.Key = None,
    kafka_sasl_mechanism: options.Sasl = None,
    kafka_user: options.User = None,
    kafka_password_file: options.PasswordFile = None,
) -> None:
    """Write a fabric's topic to one Parquet file: offset, timestamp, key, value.

    From the oldest record kept up to the end of the topic as it is now, or with --follow until interrupted.
    Exit code 0: written; 1: failed; 2: bad input or usage.
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
    if output.exists():
        raise InputError(f"{output} exists already: move it away or choose another name")
    with _stop_on_signals() as stop, KafkaSource.open(access, {fabric: None}) as source:
        log.info("following" if follow else "reading", fabric=fabric, position=source.position(fabric))
        records = transfer.records_of(source, fabric, stop, follow=follow)
        with _writing(output):
            written = write_capture(output, records)
        if stop.is_set() and not follow:
            output.unlink()
            raise FabricscopeError(f"interrupted: {output} is not written")
        log.info("captured", fabric=fabric, records=written, file=str(output))


@app.command()
def publish(
    *,
    file: Annotated[Path, typer.Argument(help="A capture.", exists=True, dir_okay=False)],
    kafka: options.Kafka,
    fabric: Fabric,
    create: Annotated[
        bool, typer.Option("--create", envvar="FABRICSCOPE_CREATE", help="Make the topic first.")
    ] = False,
    append: Annotated[
        bool,
        typer.Option(
            "--append", envvar="FABRICSCOPE_APPEND", help="Add to a topic that holds records already."
        ),
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(
            envvar="FABRICSCOPE_SPEED",
            min=0.001,
            help="Pace by the records' times, this many times as fast; without, as fast as it goes.",
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
    """Send the records of a capture to a fabric's topic: same order, keys, values and times.

    Exit code 0: all records confirmed; 1: failed; 2: bad input or usage; 3: the topic holds records already.
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
    total = _records_in(file)
    if create:
        create_topic(access, fabric)
    if not append:
        transfer.require_empty(access, fabric)
    with (
        _stop_on_signals() as stop,
        _progress(f"publishing {file.name}", total) as advance,
        Publisher.open(access, fabric) as publisher,
    ):
        sent = transfer.publish(transfer.batches_of(file), publisher, stop, advance, speed=speed)
    log.info("published", fabric=fabric, records=publisher.confirmed, of=total)
    if sent < total:
        raise FabricscopeError(f"interrupted: {sent} of {total} records are in the topic")


@app.command()
def replay(
    *,
    file: Annotated[Path, typer.Argument(help="A capture.", exists=True, dir_okay=False)],
    store: Store,
    fabric: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_FABRIC", help="The fabric's name.", show_default="the file's name"),
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Run a capture through exactly the code of run, as fast as it goes; prints a summary as JSON.

    A store that has part of this capture goes on from there.
    Exit code 0: done; 1: failed; 2: bad input or usage; 3: the store is refused.
    """
    name = _checked_fabric(fabric or file.stem)
    total = _records_in(file)
    limits = {} if settings is None else settings_file.read(settings, [name])
    keep_freed_memory()
    with (
        _stop_on_signals() as stop,
        closing(Job.open(store, [name], None, settings=limits)) as job,
        _progress(f"replaying {file.name}", total) as advance,
    ):
        loops.replay(job, name, transfer.filled(transfer.batches_of(file)), stop, advance)
    _print_summary(job.summary())
    if stop.is_set():
        raise FabricscopeError("interrupted: replay the same capture again to go on")


@app.command()
def run(
    *,
    kafka: options.Kafka,
    fabric: Annotated[
        list[str],
        typer.Option(
            envvar="FABRICSCOPE_FABRIC",
            callback=_checked_fabrics,
            help="May be given several times; in the variable, separated by spaces.",
        ),
    ],
    store: Store,
    until_caught_up: Annotated[
        bool,
        typer.Option(
            "--until-caught-up",
            envvar="FABRICSCOPE_UNTIL_CAUGHT_UP",
            help="Stop after what the topics hold now.",
        ),
    ] = False,
    incident_log: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_INCIDENT_LOG",
            help="Append each change of an incident to this file, as a line of JSON.",
        ),
    ] = None,
    metrics_listen: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_METRICS_LISTEN",
            metavar="HOST:PORT",
            help="Serve /metrics for Prometheus, on this machine.",
        ),
    ] = None,
    alertmanager: alerts.Urls = None,
    alertmanager_ca: alerts.Ca = None,
    alertmanager_user: alerts.User = None,
    alertmanager_password_file: alerts.PasswordFile = None,
    alertmanager_token_file: alerts.TokenFile = None,
    alert_resend: alerts.Resend = alerts.RESEND_S,
    replica: alerts.Replica = None,
    runbook_url: alerts.Runbooks = None,
    dashboard_url: alerts.Dashboard = None,
    publish_incidents: Annotated[
        bool,
        typer.Option(
            "--publish-incidents",
            envvar="FABRICSCOPE_PUBLISH_INCIDENTS",
            help="Write incidents to the compacted topic fabricscope.incidents, made when missing.",
        ),
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_ARCHIVE",
            file_okay=False,
            metavar="DIR",
            help="Move what is past its retention from the store to this folder, as Parquet.",
        ),
    ] = None,
    retain: Annotated[
        str,
        typer.Option(
            envvar="FABRICSCOPE_RETAIN",
            metavar="DAYS",
            help="How long changes and intervals stay in the store, as in 30d, where the settings don't say"
            " otherwise; forever.",
        ),
    ] = f"{DEFAULT.days}d",
    pg_listen: sql.Listen = None,
    pg_users: sql.Users = None,
    pg_cert: sql.Cert = None,
    pg_key: sql.Key = None,
    pg_plaintext: sql.Plaintext = False,
    pg_seconds: sql.Seconds = sql.LIMITS.seconds,
    pg_rows: sql.Rows = sql.LIMITS.rows,
    pg_memory: sql.Memory = sql.LIMITS.query_bytes >> 20,
    pg_connections: sql.Connections = sql.LIMITS.connections,
    settings: SettingsFile = None,
    kafka_tls: options.Tls = False,
    kafka_ca: options.Ca = None,
    kafka_cert: options.Cert = None,
    kafka_key: options.Key = None,
    kafka_sasl_mechanism: options.Sasl = None,
    kafka_user: options.User = None,
    kafka_password_file: options.PasswordFile = None,
) -> None:
    """Run a replica: decode, detect and store what the topics hold and get, from the store's position on.

    SIGTERM and SIGINT end it cleanly: what was read is in the store, with a snapshot to start from. Prints a
    summary as JSON at the end.
    Exit code 0: stopped; 1: failed; 2: bad input or usage; 3: the store or its position is refused.
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
    addresses, credentials = alerts.reached(
        alertmanager or [],
        ca=alertmanager_ca,
        user=alertmanager_user,
        password_file=alertmanager_password_file,
        token_file=alertmanager_token_file,
    )
    served = sql.access(
        pg_listen, cert=pg_cert, key=pg_key, users=pg_users, plaintext=pg_plaintext,
        limits=sql.limits(pg_seconds, pg_rows, pg_memory, pg_connections),
    )  # fmt: skip
    audience = Audience(
        incident_log=incident_log,
        metrics_listen=metrics_listen,
        alertmanagers=addresses,
        credentials=credentials,
        links=alerts.links(runbooks=runbook_url, dashboard=dashboard_url),
        replica=replica,
        resend=timedelta(seconds=alert_resend),
        publish_incidents=publish_incidents,
        sql=served,
    )
    limits = {} if settings is None else settings_file.read(settings, fabric)
    keeping = None if archive is None else Keeping(archive, _retained(settings, fabric, retain))
    keep_freed_memory()
    with _stop_on_signals() as stop:
        summary = run_replica(
            access, fabric, store, stop,
            settings=limits, audience=audience, keeping=keeping, until_caught_up=until_caught_up,
        )  # fmt: skip
    _print_summary(summary)


def _retained(settings: Path | None, fabrics: list[str], retain: str) -> dict[str, Retention]:
    return retention_file.read(settings, fabrics, retention_file.duration(retain))


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Set the event on the first SIGINT or SIGTERM; the second has its usual effect."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask_to_stop(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop.set()

    for number in before:
        signal.signal(number, ask_to_stop)
    try:
        yield stop
    finally:
        for number, action in before.items():
            signal.signal(number, action)


@contextlib.contextmanager
def _progress(task: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        number = progress.add_task(task, total=total)
        yield lambda records: progress.advance(number, records)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FabricscopeError(f"can't write {path}: {error}") from error


def _records_in(file: Path) -> int:
    """Return the number of records; raises InputError for a file that is no capture, before all else."""
    next(transfer.batches_of(file), None)
    rows: int = pq.read_metadata(file).num_rows
    return rows


def _print_summary(summary: dict[str, Any]) -> None:  # Any: JSON
    json.dump(summary, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")
