"""The command that serves a store's past over SQL, without a replica."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from collectors.errors import InputError
from collectors.listener import listen, metrics_page
from pipeline.pgwire import options
from pipeline.pgwire.service import Service
from pipeline.store.opening import another, look

app = typer.Typer(no_args_is_help=True)


@app.command()
def serve(
    store: Annotated[
        Path,
        typer.Argument(
            help="A store that no replica has open.", exists=True, dir_okay=False, envvar="FABRICSCOPE_STORE"
        ),
    ],
    *,
    pg_listen: options.Listen = None,
    pg_users: options.Users = None,
    pg_cert: options.Cert = None,
    pg_key: options.Key = None,
    pg_plaintext: options.Plaintext = False,
    pg_seconds: options.Seconds = options.LIMITS.seconds,
    pg_rows: options.Rows = options.LIMITS.rows,
    pg_memory: options.Memory = options.LIMITS.query_bytes >> 20,
    pg_connections: options.Connections = options.LIMITS.connections,
    archive: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_ARCHIVE",
            file_okay=False,
            metavar="DIR",
            help="Serve what the store let go to this folder, too.",
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
) -> None:
    """Serve a store that nobody writes to, over SQL, until interrupted.

    A replica serves its own store: fabricscope run --pg-listen.
    Exit code 0: stopped; 1: failed; 2: bad input or usage; 3: the store is refused.
    """
    access = options.access(
        pg_listen,
        cert=pg_cert,
        key=pg_key,
        users=pg_users,
        plaintext=pg_plaintext,
        limits=options.limits(pg_seconds, pg_rows, pg_memory, pg_connections),
    )
    if access is None:
        raise InputError("nobody could ask: say where to listen with --pg-listen HOST:PORT")
    with closing(look(store)) as connection, _stop_on_signals() as stop:
        service = Service(access, partial(another, connection), store, archive=archive)
        with closing(service), contextlib.ExitStack() as stack:
            service.start()
            if metrics_listen is not None:
                stack.callback(listen(metrics_listen, {"/metrics": metrics_page(service.metrics)}))
            stop.wait()


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, action in before.items():
            signal.signal(number, action)
