"""The command group ``maintenance``: planned work, during which nobody is to be woken by what it does."""

import json
import re
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collectors import kafka_options
from collectors.errors import InputError
from pipeline.actions import Action, action_of, plain
from pipeline.actions.scope import Scope
from pipeline.actions.wrong import ActionError
from pipeline.desk import options
from pipeline.desk.known import unknown
from pipeline.desk.sending import send
from pipeline.desk.windows import Declared, of_store, of_topics
from pipeline.safe_text import clean

app = typer.Typer(
    no_args_is_help=True, help="Planned work: incidents it causes are recorded, and nobody is notified."
)
_COLOURS: Final = {"open": "bold blue", "to come": "", "over": "dim", "ended": "dim"}
_LINES: Final = 1000
_LABEL: Final = re.compile(r"([^=]+)=(.+)")
Window = Annotated[str, typer.Argument(metavar="ID", help="The window's id: a change number, say.")]
Fabric = Annotated[
    list[str], typer.Option("--fabric", envvar="FABRICSCOPE_FABRIC", help="May be given several times.")
]


@app.command()
def add(
    *,
    window: Window,
    reason: Annotated[str, typer.Argument(metavar="REASON", help="What is done.")],
    kafka: kafka_options.Kafka,
    fabric: Fabric,
    everything: Annotated[
        bool, typer.Option("--everything", envvar="FABRICSCOPE_EVERYTHING", help="About the whole fabric.")
    ] = False,
    device: Annotated[
        list[str] | None, typer.Option(envvar="FABRICSCOPE_DEVICE", help="About this device; also several.")
    ] = None,
    interface: Annotated[
        list[str] | None, typer.Option(envvar="FABRICSCOPE_INTERFACE", help="About this interface.")
    ] = None,
    esi: Annotated[
        list[str] | None, typer.Option(envvar="FABRICSCOPE_ESI", help="About this Ethernet segment.")
    ] = None,
    vni: Annotated[list[int] | None, typer.Option(envvar="FABRICSCOPE_VNI", help="About this VNI.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            envvar="FABRICSCOPE_LABEL", metavar="KEY=VALUE", help="About devices with this label: rack=r12."
        ),
    ] = None,
    begins: Annotated[
        str | None,
        typer.Option(
            "--from", envvar="FABRICSCOPE_FROM", metavar="TIME", help="2026-11-24T02:00Z.", show_default="now"
        ),
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--to", envvar="FABRICSCOPE_TO", metavar="TIME", help="When it ends.")
    ] = None,
    lasting: Annotated[
        str | None,
        typer.Option(
            "--for", envvar="FABRICSCOPE_FOR", metavar="DURATION", help="Instead of --to: 90m, 4h, 1d12h."
        ),
    ] = None,
    rrule: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_RRULE",
            metavar="RULE",
            help="Again and again (RFC 5545): FREQ=WEEKLY;BYDAY=TU.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_START", metavar="TIME", help="With --rrule: the first one, local time."
        ),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_ZONE", help="With --rrule: time zone, Europe/Berlin say."),
    ] = None,
    actor: options.Actor = None,
    store: options.Store = None,
    kafka_tls: kafka_options.Tls = False,
    kafka_ca: kafka_options.Ca = None,
    kafka_cert: kafka_options.Cert = None,
    kafka_key: kafka_options.Key = None,
    kafka_sasl_mechanism: kafka_options.Sasl = None,
    kafka_user: kafka_options.User = None,
    kafka_password_file: kafka_options.PasswordFile = None,
) -> None:
    """Declare a maintenance window, or replace the one of the same id.

    All that is named must fit an incident; of one option given several times, any. With --store, what that
    store has nothing of is told.
    Exit code 0: the broker has it; 1: Kafka can't be reached; 2: bad input or usage.
    """
    now = options.clock()
    scope: dict[str, Any] = {
        name: value
        for name, value in (("device", device), ("interface", interface), ("esi", esi), ("vni", vni))
        if value
    }
    if label:
        scope["label"] = dict(_label(one) for one in label)
    if everything:
        scope["fabric"] = True
    content = {
        "version": 1,
        "verb": "maintenance",
        "actor": options.actor(actor),
        "subject": window,
        "text": reason,
        "scope": scope,
        **_schedule(now, begins, ends, lasting, rrule=rrule, start=start, zone=zone),
    }
    try:
        action = action_of(content)
    except ActionError as error:
        raise InputError(str(error)) from error
    access = options.access(
        kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
        user=kafka_user, password_file=kafka_password_file,
    )  # fmt: skip
    assert access is not None
    assert action.scope is not None
    for name in sorted(options.fabrics(fabric)):
        _warn_of_unknown(store, name, action.scope)
        offset = send(access, name, action, now)
        assert action.schedule is not None
        typer.echo(
            f"Maintenance {window} of {name}: {clean(action.scope.words())}, {action.schedule.words()}."
            f" The broker has it (offset {offset})."
        )


@app.command("list")
def list_(
    *,
    store: options.Store = None,
    kafka: options.Kafka = None,
    fabric: options.Fabrics = None,
    every: Annotated[
        bool, typer.Option("--all", envvar="FABRICSCOPE_ALL", help="Also those that are over.")
    ] = False,
    as_json: options.AsJson = False,
    kafka_tls: kafka_options.Tls = False,
    kafka_ca: kafka_options.Ca = None,
    kafka_cert: kafka_options.Cert = None,
    kafka_key: kafka_options.Key = None,
    kafka_sasl_mechanism: kafka_options.Sasl = None,
    kafka_user: kafka_options.User = None,
    kafka_password_file: kafka_options.PasswordFile = None,
) -> None:
    """Show maintenance windows that are open or to come.

    Without --store the topics of the fabrics named are read from their beginning, which may take a while.
    Exit code 0: shown; 1: Kafka or the store can't be read; 2: bad input or usage.
    """
    names = options.fabrics(fabric)
    now = options.clock()
    if store is not None:
        found = of_store(store, names)
    else:
        access = options.access(
            kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
            user=kafka_user, password_file=kafka_password_file,
        )  # fmt: skip
        if access is None or not names:
            raise InputError("give --kafka and --fabric, to read the topics of fabrics, or --store FILE")
        found = of_topics(access, names, threading.Event())
    shown = [one for one in found if every or one.state(now) in ("open", "to come")]
    if as_json:
        json.dump([_plain(one, now) for one in shown], sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif not shown:
        typer.echo("No maintenance window is open or to come.")
    else:
        console = Console(width=None if sys.stdout.isatty() else _LINES, highlight=False)
        console.print(_table(shown, now))


@app.command()
def end(
    *,
    window: Window,
    reason: Annotated[str | None, typer.Argument(metavar="TEXT", help="Why it ends.")] = None,
    kafka: kafka_options.Kafka,
    fabric: Fabric,
    actor: options.Actor = None,
    kafka_tls: kafka_options.Tls = False,
    kafka_ca: kafka_options.Ca = None,
    kafka_cert: kafka_options.Cert = None,
    kafka_key: kafka_options.Key = None,
    kafka_sasl_mechanism: kafka_options.Sasl = None,
    kafka_user: kafka_options.User = None,
    kafka_password_file: kafka_options.PasswordFile = None,
) -> None:
    """End a maintenance window now: what is still wrong is notified then.

    Exit code 0: the broker has it; 1: Kafka can't be reached; 2: bad input or usage.
    """
    access = options.access(
        kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
        user=kafka_user, password_file=kafka_password_file,
    )  # fmt: skip
    assert access is not None
    action = Action("maintenance-end", options.actor(actor), window, text=reason)
    for name in sorted(options.fabrics(fabric)):
        offset = send(access, name, action, options.clock())
        typer.echo(f"Maintenance {window} of {name} ends now. The broker has it (offset {offset}).")


def _schedule(
    now: datetime,
    begins: str | None,
    ends: str | None,
    lasting: str | None,
    *,
    rrule: str | None,
    start: str | None,
    zone: str | None,
) -> dict[str, Any]:  # Any: JSON
    """Return the members of an action that say when; raises InputError."""
    if rrule is not None:
        if start is None or zone is None or lasting is None or begins or ends:
            raise InputError("--rrule goes with --start, --zone and --for, and without --from and --to")
        length = int(options.duration(lasting, "--for").total_seconds())
        return {"rrule": rrule, "start": start, "zone": zone, "duration_s": length}
    if start or zone:
        raise InputError("--start and --zone go with --rrule; one window has --from and --to, with an offset")
    if (ends is None) == (lasting is None):
        raise InputError("say when it ends: with --to or with --for")
    first = now if begins is None else options.moment(begins, "--from")
    last = options.moment(ends, "--to") if ends is not None else None
    if lasting is not None:
        last = first + options.duration(lasting, "--for")
    assert last is not None
    if last <= now:
        raise InputError(f"this window ended at {last:%Y-%m-%d %H:%M:%S} UTC, before now")
    return {"from": first.isoformat(), "to": last.isoformat()}


def _label(text: str) -> tuple[str, str]:
    found = _LABEL.fullmatch(text)
    if found is None:
        raise InputError(f"--label {text!r} is no KEY=VALUE, as rack=r12")
    return found[1], found[2]


def _warn_of_unknown(store: Path | None, fabric: str, scope: Scope) -> None:
    if store is None:
        return
    if missing := unknown(store, fabric, scope):
        typer.secho(
            f"warning: {store} has nothing of {', '.join(map(clean, missing))} in {fabric}:"
            " if that is a slip, the window covers less than it should",
            err=True,
            fg=typer.colors.YELLOW,
        )


def _table(found: list[Declared], now: datetime) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "fabric", "state", "next change", "about", "when", "by", "reason", "remark"):
        made.add_column(name, overflow="fold")
    for one in found:
        action = one.action
        assert action.scope is not None
        assert action.schedule is not None
        state, change = one.state(now), one.next_change(now)
        made.add_row(
            action.subject,
            clean(one.fabric),
            Text(state, _COLOURS[state]),
            "-" if change is None else f"{change:%Y-%m-%d %H:%M} UTC",
            Text(clean(action.scope.words())),
            Text(clean(action.schedule.words())),
            Text(clean(action.actor)),
            Text(clean(action.text or "")),
            Text(clean(one.remark or ""), "yellow"),
        )
    return made


def _plain(one: Declared, now: datetime) -> dict[str, Any]:  # Any: JSON
    change = one.next_change(now)
    return {
        "fabric": one.fabric,
        **plain(one.action),
        "state": one.state(now),
        "next_change": None if change is None else change.isoformat(),
        "remark": one.remark,
    }
