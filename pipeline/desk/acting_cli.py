"""Commands that do something to an incident: each writes one action and waits until the broker has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

import typer

from collectors import kafka_options
from collectors.errors import InputError
from pipeline.actions import Action, Verb
from pipeline.desk import options
from pipeline.desk.seen import Seen, chosen
from pipeline.desk.sending import checked, send
from pipeline.desk.source import incidents_of
from pipeline.safe_text import clean

_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Doing:
    """A command and what it tells those who use it."""

    help: str
    done: str
    """As the answer begins."""
    needs_text: str | None = None
    """Why it can't do without a text."""
    needs_open: bool = True
    lasts: bool = False
    """It may end by itself."""


DOINGS: Final[Mapping[Verb, _Doing]] = {
    "ack": _Doing(
        "Say that you have seen an incident and are on it. If it gets worse, the acknowledgement ends.",
        "Acknowledged",
        lasts=True,
    ),
    "unack": _Doing("Take an acknowledgement back, whoever gave it.", "No longer acknowledged"),
    "note": _Doing(
        "Write something down in an incident's timeline.",
        "Noted",
        needs_text="a note says something",
        needs_open=False,
    ),
    "resolve": _Doing(
        "Close an incident, unless fresh evidence says that it holds: then it stays open and says so.",
        "To be resolved, unless fresh evidence says that it holds",
    ),
    "mark-false": _Doing(
        "Say that an incident is none, and close it. It counts against its rule in view rule_quality.",
        "Marked as a false alarm",
        needs_text="say why it is false: it is how rules get better",
        needs_open=False,
    ),
}


def add_acting(app: typer.Typer) -> None:
    """Add a command for each thing that people do to an incident."""
    for verb, doing in DOINGS.items():
        _add(app, verb, doing)


def _add(app: typer.Typer, verb: Verb, doing: _Doing) -> None:
    codes = "Exit code 0: the broker has it; 1: Kafka can't be reached; 2: bad input, or no such incident."

    @app.command(verb, help=f"{doing.help}\n\n{codes}")
    def act(
        *,
        incident: options.Id,
        text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What you have to say.")] = None,
        kafka: kafka_options.Kafka,
        lasting: Annotated[
            str | None,
            typer.Option(
                "--for",
                envvar="FABRICSCOPE_FOR",
                metavar="DURATION",
                help="For 30m, 4h or 1d12h only.",
                hidden=not doing.lasts,
            ),
        ] = None,
        actor: options.Actor = None,
        store: options.Store = None,
        fabric: options.Fabrics = None,
        unseen: Annotated[
            bool,
            typer.Option(
                "--unseen",
                envvar="FABRICSCOPE_UNSEEN",
                help="Don't look the incident up: needs its whole id and --fabric.",
            ),
        ] = False,
        kafka_tls: kafka_options.Tls = False,
        kafka_ca: kafka_options.Ca = None,
        kafka_cert: kafka_options.Cert = None,
        kafka_key: kafka_options.Key = None,
        kafka_sasl_mechanism: kafka_options.Sasl = None,
        kafka_user: kafka_options.User = None,
        kafka_password_file: kafka_options.PasswordFile = None,
    ) -> None:
        if doing.needs_text is not None and not (text or "").strip():
            raise InputError(f"{verb} needs a TEXT: {doing.needs_text}")
        if lasting is not None and not doing.lasts:
            raise InputError(f"{verb} doesn't end by itself: leave --for away")
        now = options.clock()
        ends = None if lasting is None else now + options.duration(lasting, "--for")
        access = options.access(
            kafka, tls=kafka_tls, ca=kafka_ca, cert=kafka_cert, key=kafka_key, sasl=kafka_sasl_mechanism,
            user=kafka_user, password_file=kafka_password_file,
        )  # fmt: skip
        assert access is not None
        names = options.fabrics(fabric)
        action = Action(
            verb=verb,
            actor=options.actor(actor),
            subject=incident,
            text=text,
            until=None if ends is None else int(ends.timestamp()) * 1_000_000,
        )
        checked(action)
        if unseen:
            if len(names) != 1:
                raise InputError("--unseen needs --fabric, one: nobody looks up whose incident it is")
            where, key, summary = next(iter(names)), incident, ""
        else:
            known, place = incidents_of(store, access, names)
            seen = chosen(incident, known, place)
            if doing.needs_open and not seen.open:
                raise InputError(_too_late(seen, verb))
            where, key = str(seen.row["fabric"]), seen.id
            summary = f"\n{seen.row['rule']} {seen.row['name']}: {clean(seen.row['summary'])}"
        action = Action(verb, action.actor, key, text=text, until=action.until)
        offset = send(access, where, action, now)
        until = "" if ends is None else f" until {ends:%Y-%m-%d %H:%M:%S} UTC"
        typer.echo(
            f"{doing.done} as {action.actor}{until}: incident {key} of {where}."
            f" The broker has it (offset {offset}).{summary}"
        )


def _too_late(seen: Seen, verb: str) -> str:
    when = seen.row["resolved_at"]
    since = "" if when is None else f" since {when:%Y-%m-%d %H:%M:%S} UTC"
    return f"incident {seen.id} is resolved{since}: there is nothing to {verb}; a note can still be left"
