"""Incidents as they stand, and which of them people are told of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

import orjson

from pipeline.causes import storms
from pipeline.detect import RULES

SUBJECT: Final = (
    "device", "vni", "evi", "mac", "ip", "esi", "vtep", "interface", "peer", "tenant",
)  # fmt: skip
"""Columns of view ``incident`` that say what an incident is about."""


UNPLANNED: Final = frozenset(("M6", "R2", "R15"))
"""Rules on what work elsewhere must not do: a loop, two forwarders, a leaf that is cut off."""
DOWN: Final = "R5"
"""That a segment is down is another, unless it hangs on one PE: who worked on one had counted on others."""
_SEVERAL: Final = 2
GREW: Final = ("opened", "raised", "continued", "attached")
"""Steps of an incident after which it is another than somebody may have acknowledged before."""
SEVERITIES: Final = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Standing:
    """One incident, as view ``incident`` has it: what an alert needs of it."""

    incident_id: str
    fabric: str
    rule: str
    name: str
    severity: str
    opened_at: datetime
    resolved_at: datetime | None
    """None while it is open."""
    subject: tuple[tuple[str, str], ...]
    summary: str
    coverage: float | None
    acknowledged_by: str | None
    """Not so where people are told that it is worse than what they acknowledged (``told``)."""
    in_maintenance: bool
    root: str | None
    """The incident that explains it."""
    levels: frozenset[tuple[str, str, str]] = frozenset()
    """Rule, name and severity it may have been told under before, besides those it has."""
    explains: tuple[tuple[str, int], ...] = ()
    """Open incidents that follow from it, by rule."""
    learnt: tuple[tuple[str, str], ...] = ()
    """What its rule tells of the subject that may be learnt later, or change: that makes no other alert."""
    marks: tuple[tuple[str, str], ...] = ()
    """Labels beside its subject. Storms have none: what tells one from another is what of and since when."""
    unplanned: bool = False
    """No work elsewhere should do this."""
    acknowledged_at: datetime | None = None
    grew_at: datetime | None = None
    """When it opened, was raised, came back or was found to follow from another, whatever came last."""

    @property
    def open(self) -> bool:
        """Return whether it is open."""
        return self.resolved_at is None

    @classmethod
    def of(cls, row: Mapping[str, Any], levels: frozenset[tuple[str, str, str]] = frozenset()) -> Self:
        """Return the incident in a row of the view."""
        told = [(name, str(row[name])) for name in SUBJECT if row[name] is not None]
        learnt = RULES[row["rule"]].labels if row["rule"] in RULES else frozenset[str]()
        downs = row["rule"] == DOWN and orjson.loads(row["evidence"] or "{}")
        return cls(
            incident_id=row["incident_id"],
            fabric=row["fabric"],
            rule=row["rule"],
            name=row["name"],
            severity=row["severity"],
            opened_at=row["opened_at"],
            resolved_at=None if row["state"] == "open" else row["resolved_at"] or row["opened_at"],
            subject=tuple(pair for pair in told if pair[0] not in learnt),
            learnt=tuple(pair for pair in told if pair[0] in learnt),
            summary=row["summary"] or "",
            coverage=row["coverage"],
            acknowledged_by=row["acknowledged_by"],
            in_maintenance=bool(row["in_maintenance"]),
            root=row["root_incident_id"],
            levels=levels - {(row["rule"], row["name"], row["severity"])},
            marks=_marks(row) if row["rule"] in storms.RULES else (),
            unplanned=unplanned(row["rule"], downs or {}),
            acknowledged_at=row.get("acknowledged_at"),
            grew_at=row.get("grew_at"),
        )


def unplanned(rule: str, evidence: Mapping[str, Any]) -> bool:  # Any: JSON
    """Return whether an incident is what work elsewhere must not do; ``evidence``: its own."""
    return rule in UNPLANNED or (rule == DOWN and (evidence.get("expected") or 0) >= _SEVERAL)


def silence(incident: Standing, incidents: Mapping[str, Standing]) -> str | None:
    """Return why people are not told of an open incident, in words; None: they are.

    A child speaks when its root no longer does: resolved, gone, or itself only for information. One that no
    planned work should have speaks though its root is in maintenance.
    """
    if incident.severity == "info":
        return "it is for information only"
    if incident.in_maintenance:
        return "its subject is in maintenance"
    root = _root(incident, incidents)
    if root is not None and not (root.in_maintenance and incident.unplanned):
        return f"incident {root.incident_id} explains it: {root.summary}"
    return None


def told(incidents: Mapping[str, Standing]) -> dict[str, Standing]:
    """Return the open incidents that people are told of, by id.

    What follows from one is told with it: as numbers, and by a severity that is that of the worst of them. An
    acknowledgement is of what there was: what is worse and came later nobody has acknowledged.
    """
    below: dict[str, list[Standing]] = {}
    for incident in incidents.values():
        if incident.open and (root := _root(incident, incidents)) is not None:
            below.setdefault(root.incident_id, []).append(incident)
    return {
        key: _with_consequences(incident, below.get(key, []))
        for key, incident in incidents.items()
        if incident.open and silence(incident, incidents) is None
    }


def _with_consequences(incident: Standing, below: Sequence[Standing]) -> Standing:
    told = [each for each in below if not each.in_maintenance]
    if not told:
        return incident
    worst = max((incident, *told), key=lambda each: SEVERITIES.index(each.severity)).severity
    rules = Counter(each.rule for each in told)
    outgrown = any(_came_later(each, incident) for each in told)
    return replace(
        incident,
        severity=worst,
        explains=tuple(sorted(rules.items())),
        acknowledged_by=None if outgrown else incident.acknowledged_by,
    )


def _came_later(consequence: Standing, incident: Standing) -> bool:
    """Return whether a consequence is worse than an acknowledged incident, and not what was acknowledged."""
    worse = SEVERITIES.index(consequence.severity) > SEVERITIES.index(incident.severity)
    grew, seen = consequence.grew_at, incident.acknowledged_at
    return worse and grew is not None and seen is not None and grew > seen


def _marks(storm: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:  # Any: a row
    detected = storm["detected_at"].astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return ("family", str(orjson.loads(storm["evidence"]).get("family", ""))), ("detected", detected)


def _root(incident: Standing, incidents: Mapping[str, Standing]) -> Standing | None:
    """Return the open incident at the top of what explains this one; None: nothing does.

    Incidents that explain each other in a circle explain nothing: all of them speak.
    """
    seen, top = {incident.incident_id}, incident
    while top.root is not None:
        above = incidents.get(top.root)
        if above is None or not above.open or above.severity == "info":
            break
        if above.incident_id in seen:
            return None
        seen.add(above.incident_id)
        top = above
    return None if top is incident else top
