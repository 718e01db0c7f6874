"""Options of the desk's commands, and the values that people give in them."""

import getpass
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from collectors import kafka_options
from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from collectors.records import topic_of
from pipeline.actions.wrong import quoted

LONGEST: Final = timedelta(days=366)
"""That anything lasts which people declare."""
_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)

Id = Annotated[str, typer.Argument(metavar="ID", help="The incident's id, or the beginning of it.")]
Kafka = Annotated[
    str | None,
    typer.Option("--kafka", envvar="FABRICSCOPE_KAFKA", metavar="HOST:PORT", help="Several with commas."),
]
Store = Annotated[
    Path | None,
    typer.Option(
        envvar="FABRICSCOPE_STORE",
        help="Read a store that no replica has open; without, the topic fabricscope.incidents.",
    ),
]
Fabrics = Annotated[
    list[str] | None,
    typer.Option(
        "--fabric", envvar="FABRICSCOPE_FABRIC", help="Of these fabrics only; may be given several times."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", envvar="FABRICSCOPE_JSON", help="Print JSON.")]
Actor = Annotated[
    str | None,
    typer.Option(
        "--actor", envvar="FABRICSCOPE_ACTOR", metavar="NAME", help="Who does it.", show_default="your login"
    ),
]


def access(
    kafka: str | None,
    *,
    tls: bool,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    sasl: str | None,
    user: str | None,
    password_file: Path | None,
) -> KafkaAccess | None:
    """Return the way to Kafka, None if no cluster is named; raises InputError."""
    if kafka is None:
        return None
    return kafka_options.access(
        servers=kafka,
        tls=tls,
        ca=ca,
        certificate=cert,
        key=key,
        mechanism=sasl,
        user=user,
        password_file=password_file,
    )


def fabrics(names: list[str] | None) -> frozenset[str]:
    """Return the fabrics that are named; raises InputError for a name that can't be one."""
    for name in names or ():
        try:
            topic_of(name)
        except ValueError as error:
            raise InputError(str(error)) from error
    return frozenset(names or ())


def actor(name: str | None) -> str:
    """Return who does it: the name given, or the login; raises InputError when neither is known."""
    if name is not None and name.strip():
        return name.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise InputError("nobody knows who you are: say it with --actor or FABRICSCOPE_ACTOR") from error


def duration(text: str, option: str) -> timedelta:
    """Return a duration like 90m, 4h or 1d12h; raises InputError."""
    found = _DURATION.fullmatch(text.strip())
    if not text.strip() or found is None:
        raise InputError(f"{option} {quoted(text)} is no duration: write 90m, 4h or 1d12h")
    try:
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError) as error:  # numbers of any length
        raise InputError(f"{option} {quoted(text)} is longer than {LONGEST.days} days") from error
    if not length:
        raise InputError(f"{option} {quoted(text)} is no time at all")
    if length > LONGEST:
        raise InputError(f"{option} {quoted(text)} is longer than {LONGEST.days} days")
    return length


def moment(text: str, option: str) -> datetime:
    """Return a time with an offset, in UTC; raises InputError."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{option} {quoted(text)} is no time: write 2026-11-24T02:00Z") from error
    if time.tzinfo is None:
        raise InputError(
            f"{option} {quoted(text)} may be any time zone: end it with Z for UTC, or with an offset like"
            " +01:00"
        )
    if not 2000 <= time.year < 2200:  # as actions have it
        raise InputError(f"{option} {quoted(text)} is in no year from 2000 to 2199")
    return time.astimezone(UTC)


def clock() -> datetime:
    """Return the time on the wall."""
    return datetime.now(UTC)  # noqa: TID251  # for records that people write, and for ages on a screen
