"""What a life of incidents is made of: statements of rules and deeds of people, an incident and its events.

Plain values, kept in snapshots as JSON. Times are microseconds since the epoch.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from pipeline.actions.maintenance import Open

SEVERITIES: Final = ("info", "warning", "critical")


class Statement(NamedTuple):
    """One finding, as the fold reads it; times in microseconds."""

    time: int
    offset: int
    part: int
    """Index of the evidence in its record."""
    rule: str
    severity: str
    active: bool | None
    now: int
    coverage: float | None
    summary: str
    evidence: str
    device: str | None = None
    """The subject's device, also where it is no more than a label of the subject."""
    labels: str = "{}"
    """Subject columns that are labels of its rule, with what it says of them: JSON."""


class Deed(NamedTuple):
    """One thing that somebody does to an incident (``pipeline.actions``)."""

    time: int
    """The fabric's now as of its record."""
    offset: int
    verb: str
    actor: str
    incident_id: str
    text: str | None
    until: int | None


class Event(NamedTuple):
    """One thing that happened to an incident."""

    incident_id: str
    time: int
    kind: str
    rule: str
    severity: str
    summary: str
    offset: int
    part: int
    actor: str | None = None
    """Who did it; None: the rule."""


class Ack(NamedTuple):
    """Somebody has seen an incident, as it was then."""

    actor: str
    offset: int
    until: int | None
    rank: int
    severity: str


class Past(NamedTuple):
    """An incident that another one of its subject came after."""

    incident_id: str
    rule: str
    severity: str


@dataclass(frozen=True)
class Incident:
    """One incident as it stands; rule and severity are the strongest since it was opened or continued."""

    incident_id: str
    rule: str
    severity: str
    opened_at: int
    detected_at: int
    resolved_at: int | None
    summary: str
    evidence: str
    coverage: float | None
    acknowledged_by: str | None = None
    in_maintenance: bool = False
    """A window that covers it is open, or was when it was resolved."""
    labels: str = "{}"
    """Those of the statement that the summary is of."""


@dataclass(frozen=True)
class Life:
    """The state of the fold for one subject and family."""

    incident: Incident | None = None
    """The open one, or the last one resolved."""
    since: Mapping[str, Statement] = field(default_factory=dict)
    """Rules that hold, with the statement since which they do."""
    false_since: Statement | None = None
    unknown: bool = False
    last: Statement | None = None
    """The last statement that says something is wrong."""
    device: str | None = None
    """The device that statements name."""
    ack: Ack | None = None
    windows: tuple[Open, ...] = ()
    """Maintenance windows that are open and cover the open incident."""
    looked: int = 0
    """When it was last looked which ones are."""
    marked: bool = False
    """Somebody says that the last incident was none: it isn't continued."""
    disbelieved: int | None = None
    """The rank up to which what its rules say, until they say that it is over, is that false alarm: if it is
    no more severe than the incident was."""
    returns: tuple[int, ...] = ()
    """When the incident came back lately."""
    past: tuple[Past, ...] = ()
    """Incidents before the last one, oldest first."""
    over: tuple[Incident, ...] = ()
    """Those of them that another one came after since the fold began: as they stand for good."""

    @property
    def open(self) -> bool:
        """Return whether an incident is open."""
        return self.incident is not None and self.incident.resolved_at is None


def event(life: Life, when: int, kind: str, evidence: Statement) -> Event:
    """Return what happened to a life's incident because of a statement."""
    assert life.incident is not None
    own = kind == "resolved"
    return Event(
        life.incident.incident_id,
        when,
        kind,
        life.incident.rule if own else evidence.rule,
        life.incident.severity if own else evidence.severity,
        evidence.summary,
        evidence.offset,
        evidence.part,
    )


def incident_id(fabric: str, subject: str, family: str, offset: int) -> str:
    """Return the id of an incident: a hash that never changes, the same in every replica."""
    text = "\x1f".join((fabric, subject, family, str(offset)))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def plain_life(life: Life) -> dict[str, Any]:  # Any: JSON
    """Return a life as JSON; ``life_of`` makes the same life of it again."""
    return {
        "incident": None if life.incident is None else asdict(life.incident),
        "since": {rule: list(statement) for rule, statement in life.since.items()},
        "false_since": _plain(life.false_since),
        "unknown": life.unknown,
        "last": _plain(life.last),
        "device": life.device,
        "ack": _plain(life.ack),
        "windows": [list(window) for window in life.windows],
        "looked": life.looked,
        "returns": list(life.returns),
        "marked": life.marked,
        "disbelieved": life.disbelieved,
        "past": [list(past) for past in life.past],
    }


def life_of(plain: Mapping[str, Any]) -> Life:  # Any: JSON
    """Return the life that ``plain_life`` wrote."""
    return Life(
        incident=None if plain["incident"] is None else Incident(**plain["incident"]),
        since={rule: Statement(*values) for rule, values in plain["since"].items()},
        false_since=_statement(plain["false_since"]),
        unknown=plain["unknown"],
        last=_statement(plain["last"]),
        device=plain["device"],
        ack=None if plain["ack"] is None else Ack(*plain["ack"]),
        windows=tuple(Open(*values) for values in plain["windows"]),
        looked=plain["looked"],
        marked=plain["marked"],
        disbelieved=plain["disbelieved"],
        returns=tuple(plain["returns"]),
        past=tuple(Past(*values) for values in plain["past"]),
    )


def _statement(values: list[Any] | None) -> Statement | None:
    return None if values is None else Statement(*values)


def _plain(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)
