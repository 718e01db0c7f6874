"""The command group ``alert``."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from collectors.errors import FabricscopeError, InputError
from collectors.records import topic_of
from pipeline.alerts import options
from pipeline.alerts.alert import TEST, Alert
from pipeline.alerts.client import Alertmanager, AwayError, SaidNoError
from pipeline.safe_text import clean

app = typer.Typer(no_args_is_help=True, help="Alerts through Alertmanager.")
LASTS: Final = timedelta(minutes=5)
"""A test alert that nobody resolves ends by itself."""


@app.callback()
def main() -> None:
    """Alerts through Alertmanager."""


@app.command("test")
def send_test(
    *,
    alertmanager: options.Urls = None,
    fabric: Annotated[
        str, typer.Option(envvar="FABRICSCOPE_FABRIC", help="The test alert's label fabric.")
    ] = "test",
    severity: Annotated[
        str,
        typer.Option(envvar="FABRICSCOPE_SEVERITY", help="Its label severity: critical, warning or info."),
    ] = "info",
    hold: Annotated[
        float,
        typer.Option(
            envvar="FABRICSCOPE_HOLD",
            min=0,
            max=240,
            metavar="SECONDS",
            help="How long it fires: longer than group_wait, or nobody is notified.",
        ),
    ] = 45.0,
    alertmanager_ca: options.Ca = None,
    alertmanager_user: options.User = None,
    alertmanager_password_file: options.PasswordFile = None,
    alertmanager_token_file: options.TokenFile = None,
) -> None:
    """Send an alert that fires, then resolve it; say what each Alertmanager answered and to whom it goes.

    Exit code 0: all Alertmanagers took both; 1: one did not, or it was interrupted; 2: bad input or usage.
    """
    if not alertmanager:
        raise InputError("no --alertmanager is given")
    if severity not in ("critical", "warning", "info"):
        raise InputError(f"severity {severity!r} is none of critical, warning, info")
    try:
        topic_of(fabric)
    except ValueError as error:
        raise InputError(str(error)) from error
    addresses, credentials = options.reached(
        alertmanager,
        ca=alertmanager_ca,
        user=alertmanager_user,
        password_file=alertmanager_password_file,
        token_file=alertmanager_token_file,
    )
    targets = [Alertmanager(address, credentials) for address in addresses]
    alert = alert_of_test(fabric, severity, _now())
    failed: set[str] = set()
    with _interruptible() as stop:
        for target in targets:
            _say(target, alert, failed, fires=True)
        if hold and len(failed) < len(targets):
            typer.echo(f"It fires for {hold:.0f} s: long enough if group_wait is shorter.")
            stop.wait(hold)
        over = Alert(alert.labels, alert.annotations, alert.starts_at, _now())
        for target in targets:
            if target.name not in failed:
                _say(target, over, failed, fires=False)
        interrupted = stop.is_set()
    if failed:
        raise FabricscopeError(f"{len(failed)} of {len(targets)} Alertmanagers did not take the test alert")
    if interrupted:
        raise FabricscopeError("interrupted: the test alert was resolved early")


def alert_of_test(fabric: str, severity: str, now: datetime) -> Alert:
    """Return an alert that says it is a test."""
    parts = {"alertname": TEST, "fabric": fabric, "severity": severity}
    text = "A test: nothing is wrong, and it resolves by itself."
    return Alert(tuple(sorted(parts.items())), (("summary", text),), now, now + LASTS)


def _say(target: Alertmanager, alert: Alert, failed: set[str], *, fires: bool) -> None:
    """Post an alert and print what came of it."""
    try:
        target.post(b"[" + alert.encoded() + b"]")
        receivers = _receivers(target, alert) if fires else None
    except FabricscopeError as error:
        failed.add(target.name)
        typer.echo(f"{target.name}: NOT TOLD: {error}")
        return
    if not fires:
        typer.echo(f"{target.name}: took the end of the alert.")
    elif receivers is None:
        typer.echo(f"{target.name}: took the alert, but doesn't say what it does with it.")
    else:
        typer.echo(f"{target.name}: took the alert; {receivers}.")


def _receivers(target: Alertmanager, alert: Alert) -> str | None:
    """Return in words to whom an alert goes; None: not told."""
    try:
        found = target.alerts([f'{name}="{value}"' for name, value in alert.labels])
    except (AwayError, SaidNoError):  # a proxy may let posts through alone
        return None
    if not found:
        return None
    names = sorted({receiver["name"] for one in found for receiver in one["receivers"]})
    muted = [key for key in ("silencedBy", "inhibitedBy") if any(one["status"][key] for one in found)]
    words = f"it goes to {clean(', '.join(names))}"
    return words if not muted else f"{words}, but is {' and '.join(key.removesuffix('By') for key in muted)}"


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Set the event on SIGINT or SIGTERM, so that a test alert is resolved before the end."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # Alertmanager lives by the wall clock
