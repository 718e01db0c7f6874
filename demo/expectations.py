"""What a simulated fabric says must be found, and whether it was: pure functions of the two files of lines.

A truth's lines ``expect`` and ``expect-raise`` say that from ``decidable_at`` on an incident must stand at a
rule, ``expect-clear`` when it must be over. A replica's log of incidents says what stood at what, and when it
was in the store.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from demo.findings import SUBJECT, Finding
from demo.truth import Action
from pipeline.detect import RULES

EXPECT: Final = ("expect", "expect-raise")
CLEAR: Final = "expect-clear"
EARLY_S: Final = 1.0
"""Clocks and the order of two devices' reports leave this much room before the moment a rule could decide."""
LATE_S: Final = 10.0
"""Found later than this after it could be decided, it is found too late to be called found."""
_WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True)
class Expectation:
    """An incident must stand at a rule."""

    number: int
    """Of the incident: what it is raised to has the same."""
    rule: str
    subject: Mapping[str, Any]  # Any: text or a number
    caused: float
    """Unix seconds of what led to it."""
    earliest: float
    decidable: float
    """Unix seconds from which the rule can decide, after the wait it prescribes."""
    clears: float | None = None
    """When it must be over; None: nothing ends it."""


@dataclass(frozen=True)
class Incident:
    """An incident as a replica's log tells it."""

    incident_id: str
    subject: Mapping[str, Any]  # Any: text or a number
    reached: Mapping[str, float]
    """Rule to the wall clock at which the store first had the incident standing at it."""
    last: Mapping[str, Any]  # Any: JSON
    """Its last line."""

    @property
    def state(self) -> str:
        """Return open, resolved or withdrawn."""
        return str(self.last["state"])

    @property
    def root(self) -> str | None:
        """Return the incident that explains it."""
        root: str | None = self.last.get("root_incident_id")
        return root


@dataclass(frozen=True)
class Checked:
    """An expectation and what came of it."""

    expectation: Expectation
    incident: Incident | None = None
    after_s: float | None = None
    """From the moment the rule could decide to the store; None: it was not found."""
    trouble: str | None = None
    """What is wrong; None: all is as it must be."""


def expectations_of(actions: Iterable[Action]) -> list[Expectation]:
    """Return what must be found, in the order of the truth."""
    found: list[Expectation] = []
    for action in actions:
        fields = action.fields
        if action.kind in EXPECT:
            found.append(
                Expectation(
                    number=fields["id"],
                    rule=fields["rule"],
                    subject={name: fields[name] for name in SUBJECT if name in fields},
                    caused=fields["caused_at"],
                    earliest=fields["earliest_at"],
                    decidable=fields["decidable_at"],
                )
            )
        elif action.kind == CLEAR:
            found = [
                replace(one, clears=fields["clears_at"]) if one.number == fields["id"] else one
                for one in found
            ]
    return found


class Heard:
    """The incidents that a replica's log told of so far."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}

    def take(self, lines: Iterable[Mapping[str, Any]]) -> None:  # Any: JSON
        """Take in the log's next lines."""
        for line in lines:
            known = self.incidents.get(line["incident_id"])
            if known is None:
                subject = {name: line[name] for name in SUBJECT if line.get(name) is not None}
                known = Incident(line["incident_id"], subject, {}, line)
            reached = dict(known.reached)
            if line["state"] != _WITHDRAWN:
                reached.setdefault(line["rule"], _seconds(line["committed_at"]))
            self.incidents[known.incident_id] = replace(known, reached=reached, last={**known.last, **line})

    def findings(self) -> tuple[Finding, ...]:
        """Return each incident at the rule it stands at, in the order in which they opened."""
        told = [
            Finding(
                incident_id=one.incident_id,
                rule=one.last["rule"],
                severity=one.last["severity"],
                found=_seconds(one.last["opened_at"]),
                until=None if one.last["resolved_at"] is None else _seconds(one.last["resolved_at"]),
                summary=one.last["summary"],
                lowered_to=None,
                **one.subject,
            )
            for one in self.incidents.values()
            if one.state != _WITHDRAWN
        ]
        return tuple(sorted(told, key=lambda finding: finding.found))


def check(
    expectations: Sequence[Expectation], incidents: Iterable[Incident], end: float
) -> tuple[list[Checked], list[Incident]]:
    """Return what came of each expectation, and the incidents that nobody expected.

    ``end``: unix seconds up to which the replica has read; what must be over later must be open.
    """
    left = {one.incident_id: one for one in incidents}
    checked = []
    for expectation in expectations:
        candidates = [
            one
            for one in left.values()
            if expectation.rule in one.reached and one.subject.items() >= expectation.subject.items()
        ]
        if candidates:
            incident = min(candidates, key=lambda one: one.reached[expectation.rule])
            after_s = incident.reached[expectation.rule] - expectation.decidable
            checked.append(Checked(expectation, incident, after_s, _trouble(expectation, incident, end)))
        else:
            checked.append(Checked(expectation, trouble="not found"))
    expected: dict[str, set[str]] = {}
    for one in checked:
        if one.incident is not None:
            expected.setdefault(one.incident.incident_id, set()).add(one.expectation.rule)
    unexpected = [one for one in left.values() if not _explained(one, expected.get(one.incident_id))]
    # what follows from something expected is shown with it, and news to nobody
    news = [one for one in unexpected if one.incident_id in expected or one.root not in expected]
    return checked, news


def _explained(incident: Incident, expected: set[str] | None) -> bool:
    """Whether every rule that an incident reached was expected of it, or is a weaker one on the way there."""
    if expected is None:
        return False
    strongest = {RULES[rule].family: RULES[rule].rank for rule in sorted(expected, key=_rank)}
    return all(
        rule in expected or RULES[rule].rank < strongest.get(RULES[rule].family, 0)
        for rule in incident.reached
    )


def _rank(rule: str) -> int:
    return RULES[rule].rank


def _trouble(expectation: Expectation, incident: Incident, end: float) -> str | None:
    found = incident.reached[expectation.rule]
    if incident.state == _WITHDRAWN:
        return "found, then withdrawn"
    if found < expectation.earliest - EARLY_S:
        return f"found {expectation.earliest - found:.1f} s before it could be true"
    if found > expectation.decidable + LATE_S:
        return f"found {found - expectation.decidable:.1f} s late"
    over = expectation.clears is not None and expectation.clears < end
    if over and incident.state != "resolved":
        return "still open"
    if incident.state == "resolved" and (
        not over or _seconds(incident.last["resolved_at"]) < (expectation.clears or end) - EARLY_S
    ):
        return "resolved too early"
    return None


def is_good(checked: Sequence[Checked], unexpected: Sequence[Incident], troubles: Sequence[str]) -> bool:
    """Whether something was expected, all of it was found in time, and nothing else."""
    return bool(checked) and not unexpected and not troubles and all(one.trouble is None for one in checked)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` of the values don't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
