"""A scenario as data: a fabric, what is done to it, and which incidents have to be found, when, of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from targets.simulated.design import Design
from targets.simulated.scenarios import Step

LEEWAY_S: Final = 5.0
"""From the moment at which a rule can decide to the latest at which its incident may open."""

Subject = Mapping[str, frozenset[str]]
"""Columns of the view ``incident`` that say what it is about, with the texts that are right."""
Window = tuple[float, float]
"""Earliest and latest, seconds after the scenario began."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An incident that has to be found."""

    label: str
    """What others call it by; ``R4 po1`` if the file gives no name."""
    rule: str
    """The strongest it reaches."""
    subject: Subject
    opened: Window
    """When it is told under this rule for the first time."""
    decidable_s: float
    """From then on the rule can decide; latency counts from here."""
    resolved: Window | Literal["any"] | None
    """None: it is open at the end; any: whether and when is not said."""
    raised_from: tuple[str, ...] = ()
    """Weaker rules under which it may be told before."""
    under: str | None = None
    """Label of its root, empty: it is a root; None: either is right."""
    planned: bool | None = None
    """It is in a maintenance window at the end; None: either is right."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """An incident that may be found, and need not: a consequence that is told in more than one way."""

    rule: str
    subject: Subject
    under: str | None
    """Label of the root it has to be under; None: wherever."""


@dataclass(frozen=True, slots=True)
class Works:
    """A maintenance window that somebody declares."""

    at_s: float
    until_s: float
    scope: Mapping[str, Any]  # Any: JSON, as in an action record


@dataclass(frozen=True, slots=True)
class Simulation:
    """A fabric and what is done to it."""

    design: Design
    seed: int
    steps: tuple[Step, ...]
    seconds: float
    declared: Mapping[str, Any]  # Any: JSON, the content of a ``fabric`` record
    """Empty: the operator declares nothing."""
    works: tuple[Works, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fabric of real devices, as it was recorded."""

    folder: Path


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario; what opens and is neither expected nor allowed is a false alarm."""

    name: str
    meaning: str
    source: str
    """Where the expectation comes from: a section, a post, an outage."""
    played: Simulation | Recorded
    expected: tuple[Expected, ...]
    allowed: tuple[Allowed, ...]
    roots: int | None
    """How many incidents have no root above them; None: not said."""
