"""The command group ``incident``: what is wrong, and what people do about it."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from collectors import kafka_options
from collectors.errors import InputError
from pipeline.desk import options
from pipeline.desk.acting_cli import add_acting
from pipeline.desk.listed import COLOURS, counted, listing
from pipeline.desk.reading import changes, with_findings
from pipeline.desk.seen import SHORT, Seen, chosen, short_ids
from pipeline.desk.shown import page
from pipeline.desk.source import incidents_of, time_of
from pipeline.desk.words import subject
from pipeline.guides.registry import GUIDES
from pipeline.safe_text import clean

app = typer.Typer(no_args_is_help=True, help="Incidents: look at them, and say what you do about them.")
_WIDE: Final = 110
"""Columns where there is no terminal: lines are wrapped as in a mail."""
_LINES: Final = 1000
"""Columns of a table where there is no terminal: one line for each incident."""


@app.command("list")
def list_(
    *,
    store: options.Store = None,
    kafka: options.Kafka = None,
    fabric: options.Fabrics = None,
    every: Annotated[
        bool, typer.Option("--all", envvar="FABRICSCOPE_ALL", help="Resolved ones as well.")
    ] = False,
    severity: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_SEVERITY", help="Of this severity: critical, warning or info."),
    ] = None,
    as_json: options.AsJson = False,
    kafka_tls: kafka_options.Tls = False,
    kafka_ca: kafka_options.Ca = None,
    kafka_cert: kafka_options.Cert = None,
    kafka_key: kafka_options.Key = None,
    kafka_sasl_mechanism: kafka_options.Sasl = None,
    kafka_user: kafka_options.User = None,
    kafka_password_file: kafka_options.PasswordFile = None,
) -> None:
    """Show the open incidents, worst and oldest first, each with those that it explains.

    Exit code 0: shown; 1: Kafka or the store can't be read; 2: bad input or usage.
    """
    if severity not in (None, *COLOURS):
        raise InputError(f"severity {severity!r} is none of {', '.join(COLOURS)}")
    access = options.access(
        kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
        user=kafka_user, password_file=kafka_password_file,
    )  # fmt: skip
    incidents, _ = incidents_of(store, access, options.fabrics(fabric))
    found = [
        seen
        for seen in incidents.values()
        if (every or seen.open) and severity in (None, seen.row["severity"])
    ]
    if as_json:
        _print_json([_plain(seen) for seen in found])
        return
    if found:
        ids = short_ids(incidents)
        now, as_of = time_of(store, options.fabrics(fabric), options.clock())
        width = Console().width if sys.stdout.isatty() else _LINES
        _print(listing(found, now, ids, width), width=width)
        if as_of is not None:
            _print(Text(as_of), width=_LINES)
    _print(Text(counted(found)), width=_LINES)


@app.command()
def show(
    *,
    incident: options.Id,
    store: options.Store = None,
    kafka: options.Kafka = None,
    fabric: options.Fabrics = None,
    as_json: options.AsJson = False,
    kafka_tls: kafka_options.Tls = False,
    kafka_ca: kafka_options.Ca = None,
    kafka_cert: kafka_options.Cert = None,
    kafka_key: kafka_options.Key = None,
    kafka_sasl_mechanism: kafka_options.Sasl = None,
    kafka_user: kafka_options.User = None,
    kafka_password_file: kafka_options.PasswordFile = None,
) -> None:
    """Show one incident: cause, who is hit, what to do next, evidence, what was ruled out, timeline.

    Exit code 0: shown; 1: Kafka or the store can't be read; 2: bad input or usage, or no such incident.
    """
    access = options.access(
        kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
        user=kafka_user, password_file=kafka_password_file,
    )  # fmt: skip
    incidents, where = incidents_of(store, access, options.fabrics(fabric))
    seen = chosen(incident, incidents, where)
    if store is not None:
        seen = with_findings(store, seen)
    if as_json:
        _print_json(_plain(seen))
        return
    now, as_of = time_of(store, frozenset((seen.row["fabric"],)), options.clock())
    shown = page(seen, incidents, GUIDES.get(seen.row["rule"]), (now, as_of), short_ids(incidents))
    _print(shown, width=None if sys.stdout.isatty() else _WIDE)


@app.command()
def watch(
    *,
    kafka: kafka_options.Kafka,
    fabric: options.Fabrics = None,
    as_json: options.AsJson = False,
    kafka_tls: kafka_options.Tls = False,
    kafka_ca: kafka_options.Ca = None,
    kafka_cert: kafka_options.Cert = None,
    kafka_key: kafka_options.Key = None,
    kafka_sasl_mechanism: kafka_options.Sasl = None,
    kafka_user: kafka_options.User = None,
    kafka_password_file: kafka_options.PasswordFile = None,
) -> None:
    """Show what becomes of incidents from now on, a line for each step, until interrupted.

    With --json, each line is the incident as it stands then. Exit code 0: interrupted; 1: Kafka can't be
    read; 2: bad input or usage.
    """
    access = options.access(
        kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
        user=kafka_user, password_file=kafka_password_file,
    )  # fmt: skip
    assert access is not None
    try:
        for before, after in changes(access, options.fabrics(fabric)):
            if as_json and after is not None:
                sys.stdout.write(json.dumps(_plain(after), default=_text) + "\n")
            elif not as_json:
                for line in _steps(before, after):
                    _print(line, width=_LINES)
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


add_acting(app)


def _steps(before: Seen | None, after: Seen | None) -> list[Text]:
    """Return a line for each step that an incident made."""
    if after is None:
        return (
            []
            if before is None
            else [Text(f"withdrawn  {before.id[:SHORT]}  {clean(before.row['summary'])}")]
        )
    known = [] if before is None else [dict(event) for event in before.events]
    news = [event for event in after.events if dict(event) not in known]
    return [_step(after, event) for event in news]


def _step(seen: Seen, event: Mapping[str, Any]) -> Text:  # Any: columns of view ``incident_event``
    line = Text(f"{event['event_time']:%Y-%m-%d %H:%M:%S}  {seen.id[:SHORT]}  ")
    line.append(f"{event['severity']:8}", COLOURS.get(event["severity"], ""))
    line.append(f"  {event['rule']:4}  ")
    line.append(event["kind"].replace("_", " "), "bold")
    who = f" by {clean(event['actor'])}" if event.get("actor") else ""
    line.append(f"{who}: {clean(event['summary'])}  [{subject(seen.row)}]")
    return line


def _plain(seen: Seen) -> dict[str, Any]:  # Any: JSON
    found = {**seen.row, "evidence": seen.evidence, "events": list(seen.events)}
    return found if seen.findings is None else {**found, "findings": list(seen.findings)}


def _print(what: RenderableType, *, width: int | None) -> None:
    console = Console(width=width, highlight=False)
    console.print(what, crop=False, soft_wrap=isinstance(what, Text) and width == _LINES)


def _print_json(what: object) -> None:
    json.dump(what, sys.stdout, indent=2, default=_text)
    sys.stdout.write("\n")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
