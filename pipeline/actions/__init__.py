"""The contract of action records: what people do, as JSON in the fabric's topic. Version 1.

One record of kind ``action`` (``collectors.records``) holds one JSON object. Replicas read it from the topic
as they read everything else, so all of them know, and a replay knows again. Members that all verbs have::

    version  1
    verb     what is done
    actor    who does it: a name of up to 100 characters; nobody checks it, whoever may write the topic may
             use any
    subject  what it is done to: the id of an incident, or of a maintenance window (1 to 64 of A-Z a-z 0-9
             . _ -)

========================  =========================================================================
verb                      further members (those in brackets may be left out)
========================  =========================================================================
``ack``                   [``text``], [``until``: when the acknowledgement ends]
``unack``                 [``text``]
``note``                  ``text``
``resolve``               [``text``]
``mark-false``            ``text``: why the incident was none
``maintenance``           ``scope``, ``text`` (the reason), and either ``from`` and ``to``, or ``rrule``,
                          ``start``, ``duration_s`` and ``zone``; a window of the same id is replaced
``maintenance-end``       [``text``]
========================  =========================================================================

``text`` has up to 2000 characters. Times (``until``, ``from``, ``to``) are ISO 8601 with an offset or Z.
``scope`` is described in ``pipeline.actions.scope``, ``rrule`` and its companions in
``pipeline.actions.schedule``. A member that is not in this list makes the record a bad one, as does an
unknown verb: a window whose scope is misspelt must not become a wider one.

An action happens at the fabric's ``now`` as of its record, not at the time that the sender's clock tells, and
it does not move that clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import orjson

from pipeline.actions.schedule import Once, Recurring, Schedule, instant
from pipeline.actions.scope import Scope
from pipeline.actions.wrong import ActionError, mapping, members, quoted, text_of

VERSION: Final = 1
Verb = Literal["ack", "unack", "note", "resolve", "mark-false", "maintenance", "maintenance-end"]
INCIDENT_VERBS: Final = ("ack", "unack", "note", "resolve", "mark-false")
"""Verbs whose subject is an incident."""
ACTOR_LENGTH: Final = 100
TEXT_LENGTH: Final = 2000
_ALWAYS: Final = ("version", "verb", "actor", "subject")
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "ack": (),
    "unack": (),
    "note": ("text",),
    "resolve": (),
    "mark-false": ("text",),
    "maintenance": ("scope", "text"),
    "maintenance-end": (),
}
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "ack": ("text", "until"),
    "maintenance": ("from", "to", "rrule", "start", "duration_s", "zone"),
}
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Action:
    """One thing that somebody does."""

    verb: Verb
    actor: str
    subject: str
    """Id of an incident or of a maintenance window."""
    text: str | None = None
    until: int | None = None
    """When an acknowledgement ends; microseconds since the epoch."""
    scope: Scope | None = None
    schedule: Schedule | None = None


def action_of(content: object) -> Action:
    """Return the action that a JSON value means; raises ActionError with the reason for a bad one."""
    given = mapping(content, "an action")
    version = given.get("version")
    if version != VERSION or isinstance(version, bool):
        raise ActionError(f"an action of version {quoted(version)}: this program knows version {VERSION}")
    verb = given.get("verb")
    if not isinstance(verb, str) or verb not in _NEEDED:
        raise ActionError(f"unknown verb {quoted(verb)}: it is one of {', '.join(_NEEDED)}")
    members(given, (*_ALWAYS, *_NEEDED[verb]), ("text", *_ALLOWED.get(verb, ())), f"{verb}")
    subject = text_of(given, "subject", 64)
    if not _ID.fullmatch(subject):
        raise ActionError(f"subject {subject!r} is no id: 1 to 64 of A-Z a-z 0-9 . _ -")
    return Action(
        verb=cast("Verb", verb),
        actor=text_of(given, "actor", ACTOR_LENGTH, lines=False),
        subject=subject,
        text=text_of(given, "text", TEXT_LENGTH) if given.get("text") is not None else None,
        until=instant(given, "until") if given.get("until") is not None else None,
        scope=Scope.of(given["scope"]) if verb == "maintenance" else None,
        schedule=_schedule(given) if verb == "maintenance" else None,
    )


def read_action(json: bytes) -> Action:
    """Return the action in the content of a record; raises ActionError."""
    try:
        content = orjson.loads(json)
    except orjson.JSONDecodeError as error:
        raise ActionError(f"no JSON: {error}") from error
    return action_of(content)


def encode_action(action: Action) -> bytes:
    """Return the content of a record for an action."""
    return orjson.dumps(plain(action))


def plain(action: Action) -> dict[str, Any]:  # Any: JSON
    """Return an action as a JSON object; ``action_of`` makes the same action of it again."""
    found: dict[str, Any] = {
        "version": VERSION,
        "verb": action.verb,
        "actor": action.actor,
        "subject": action.subject,
    }
    if action.text is not None:
        found["text"] = action.text
    if action.until is not None:
        found["until"] = Once.text(action.until)
    if action.scope is not None:
        found["scope"] = action.scope.plain()
    if action.schedule is not None:
        found.update(action.schedule.plain())
    return found


def _schedule(given: Mapping[str, Any]) -> Schedule:
    once, again = ("from", "to"), ("rrule", "start", "duration_s", "zone")
    if any(name in given for name in once) == any(name in given for name in again):
        raise ActionError(f"a window needs either {' and '.join(once)}, or {', '.join(again)}")
    return Once.of(given) if "from" in given or "to" in given else Recurring.of(given)
