"""A report as data: what pages, Markdown and JSON are made of. Texts are as devices and people said them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.report.shapes import Topology


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the store, as it was asked."""

    name: str
    sql: str
    rows: int
    """In its answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """An incident."""

    incident_id: str
    short: str
    rule: str
    name: str
    severity: str
    state: str
    about: str
    label: str
    """What it is about, as short as can be."""
    summary: str
    began: datetime
    """First evidence, by the devices' clocks."""
    detected: datetime
    """The stream's time when it was known."""
    resolved: datetime | None
    root: str | None
    """Short id of the incident that explains it; null: none does."""
    detection_s: float
    notification_s: float | None
    """From the store to the first Alertmanager that took it; null: not known."""
    sure: str


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of the timeline."""

    time: datetime
    kind: Literal["incident", "action", "change", "blind"]
    what: str
    """In a word: opened, ack, changed."""
    who: str
    """The incident's short id, the person, the device."""
    severity: str | None
    text: str
    alike: int = 1
    """Changes that it stands for."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What came first."""

    text: str
    meaning: str | None
    """What the rule is about, for whoever doesn't know it."""
    ruled_out: tuple[str, ...]
    before: tuple[Step, ...]
    """What changed in the fabric before, MACs left out; the latest last."""
    before_s: int
    more_before: int
    """Changes that are not named, the earlier ones."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Things of one kind that were hit or at risk."""

    kind: str
    hit: tuple[str, ...]
    at_risk: tuple[str, ...]
    more_hit: int = 0
    more_at_risk: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """What others could not reach, or had one path left to, while the incident was open."""

    effect: str
    """unreachable, or one path."""
    kind: str
    """mac, ip, vni, tenant."""
    subject: str
    vni: int | None
    tenant: str | None
    devices: int
    """That could not reach it."""
    longest_s: float | None
    """For which of them could not for longest; null: nobody can tell for some."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Who could not be reached, from the routes that devices held."""

    lost: tuple[Lost, ...]
    counts: Mapping[str, int]
    """By effect and kind, ``unreachable mac``: how many there are in all."""
    longest_s: Mapping[str, float]
    """By effect."""


@dataclass(frozen=True, slots=True)
class Redundancy:
    """How many of the things that stand in for each other worked, over time."""

    name: str
    of: str
    """What is counted: BGP sessions, legs."""
    most: int
    """There ever were."""
    points: tuple[tuple[datetime, int], ...]
    """From then on so many, up to the next."""


@dataclass(frozen=True, slots=True)
class Moves:
    """How often MACs changed their place."""

    bucket_s: int
    counts: tuple[tuple[datetime, int], ...]
    """By the buckets in which there were any: begin, moves."""
    movers: tuple[tuple[str, str, int], ...]
    """MACs that moved most: MAC, where (VNI or EVI), moves."""


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which an observer could not be trusted."""

    device: str
    family: str
    since: datetime
    until: datetime
    ongoing: bool
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete the data of a family was."""

    family: str
    observers: int
    blind: int
    part: float


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    title: str
    fabric: str
    since: datetime
    until: datetime
    focus: tuple[datetime, datetime]
    """When it was going on; the rest is before and after."""
    as_of: str | None
    headline: str
    summary: tuple[str, ...]
    cause: Cause | None
    incidents: tuple[Told, ...]
    beside: tuple[Told, ...]
    """Others of the same time that nothing ties to these."""
    timeline: tuple[Step, ...]
    more_changes: int
    """That the timeline doesn't name."""
    changes: Mapping[str, int]
    """By kind of thing: how many changes."""
    affected: tuple[Affected, ...]
    reach: Reach | None
    """Null: not asked, for this is of a time."""
    redundancy: tuple[Redundancy, ...]
    more_redundancy: int
    """Others that became fewer, too."""
    moves: Moves
    topology: Topology
    completeness: str
    coverage: tuple[Coverage, ...]
    blind: tuple[Blind, ...]
    queries: tuple[Query, ...]
