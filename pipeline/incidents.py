"""The life of one subject's incidents in one rule family: opened, raised, lowered, continued, resolved.

A pure fold of statements in the order of their times; timers run between them. Nothing here knows the wall
clock.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, NamedTuple

from pipeline.detectors import Rule

CONTINUES: Final = timedelta(minutes=10) // timedelta(microseconds=1)
"""An incident that comes back within this time goes on."""
_SEVERITIES: Final = ("info", "warning", "critical")


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

    @property
    def open(self) -> bool:
        """Return whether an incident is open."""
        return self.incident is not None and self.incident.resolved_at is None


class Fold:
    """Folds the statements of one rule family."""

    def __init__(self, fabric: str, rules: Iterable[Rule]) -> None:
        self.fabric = fabric
        self.rules = sorted(rules, key=lambda rule: rule.rank)
        self._by_id = {rule.id: rule for rule in self.rules}
        self.family = self.rules[0].family

    def run(
        self, life: Life, subject: str, statements: Iterable[Statement], until: int
    ) -> tuple[Life, list[Event]]:
        """Fold statements in their order, then let time pass ``until``; return the life and what happened."""
        events: list[Event] = []
        for statement in statements:
            life = self._wait(life, subject, statement.time, events)
            life = self._take(life, subject, statement, events)
        return self._wait(life, subject, until, events), events

    def due(self, life: Life) -> int | None:
        """Return when time alone will change the life next."""
        times = [when for when, _ in self._timers(life)]
        return min(times, default=None)

    def _timers(self, life: Life) -> list[tuple[int, Rule | None]]:
        """Return when rules that hold will have held long enough, and when the incident clears (None)."""
        timers: list[tuple[int, Rule | None]] = []
        if life.unknown:
            return timers
        timers += [
            (life.since[rule.id].time + _us(rule.wait), rule)
            for rule in self.rules
            if rule.id in life.since and not rule.momentary and not self._reached(life, rule)
        ]
        if life.open and life.incident is not None:
            rule = self._by_id[life.incident.rule]
            if rule.momentary and life.last is not None:
                timers.append((life.last.time + _us(rule.clear), None))
            elif life.false_since is not None:
                timers.append((life.false_since.time + _us(rule.clear), None))
        return timers

    def _reached(self, life: Life, rule: Rule) -> bool:
        return life.open and life.incident is not None and self._by_id[life.incident.rule].rank >= rule.rank

    def _wait(self, life: Life, subject: str, until: int, events: list[Event]) -> Life:
        while True:
            timers = sorted(
                (timer for timer in self._timers(life) if timer[0] <= until),
                key=lambda timer: (timer[0], timer[1].rank if timer[1] else -1),
            )
            if not timers:
                return life
            when, rule = timers[0]
            if rule is None:
                life = self._resolve(life, when, events)
            else:
                life = self._open(life, subject, life.since[rule.id], rule, when=when, events=events)

    def _take(self, life: Life, subject: str, statement: Statement, events: list[Event]) -> Life:
        rule = self._by_id[statement.rule]
        if rule.momentary:
            if statement.active is None:
                return self._lose_sight(life, statement, events)
            if not statement.active or rule.rank == 0:
                return replace(life, last=statement, unknown=False) if life.open else life
            life = replace(life, unknown=False)
            return self._open(
                replace(life, last=statement), subject, statement, rule, when=statement.time, events=events
            )
        if statement.active is None:
            return self._lose_sight(life, statement, events)
        if not statement.active:
            return replace(
                life, since={}, unknown=False, false_since=life.false_since or statement, last=statement
            )
        since = {each.id: life.since.get(each.id, statement) for each in self.rules if each.rank <= rule.rank}
        was = max((self._by_id[each].rank for each in life.since), default=0)
        life = replace(life, since=since, unknown=False, false_since=None, last=statement)
        if life.open and life.incident is not None:
            if rule.rank < was:
                events.append(self._event(life, statement.time, "lowered", statement))
            life = replace(life, incident=replace(life.incident, coverage=statement.coverage))
            if life.incident is not None and life.incident.rule == rule.id:
                life = self._worse(life, statement, events)
        return life

    def _lose_sight(self, life: Life, statement: Statement, events: list[Event]) -> Life:
        """Nobody can tell any more: nothing opens and nothing resolves."""
        if life.incident is not None and life.open:
            life = replace(life, incident=replace(life.incident, coverage=statement.coverage))
            events.append(self._event(life, statement.time, "coverage", statement))
        reached = {
            rule.id: life.since[rule.id]
            for rule in self.rules
            if rule.id in life.since and self._reached(life, rule)
        }
        # what waited starts anew with the next statement that tells
        return replace(life, unknown=True, since=reached, false_since=None)

    def _worse(self, life: Life, statement: Statement, events: list[Event]) -> Life:
        """Bring an open incident up to a statement of its rule."""
        assert life.incident is not None
        severity = max(life.incident.severity, statement.severity, key=_SEVERITIES.index)
        raised = severity != life.incident.severity
        incident = replace(
            life.incident,
            severity=severity,
            summary=statement.summary,
            evidence=statement.evidence,
        )
        life = replace(life, incident=incident)
        if raised:
            events.append(self._event(life, statement.time, "raised", statement))
        return life

    def _open(
        self, life: Life, subject: str, first: Statement, rule: Rule, *, when: int, events: list[Event]
    ) -> Life:
        """Open an incident, continue one that was resolved not long ago, or raise the open one."""
        latest = life.last if life.last is not None and life.last.rule == rule.id else first
        fresh = Incident(
            incident_id=incident_id(self.fabric, subject, self.family, first.offset),
            rule=rule.id,
            severity=latest.severity,
            opened_at=first.time,
            detected_at=max(first.now, when),
            resolved_at=None,
            summary=latest.summary,
            evidence=latest.evidence,
            coverage=latest.coverage,
        )
        old = life.incident
        if old is None or (old.resolved_at is not None and first.time - old.resolved_at > CONTINUES):
            life, kind = replace(life, incident=fresh), "opened"
        else:
            going_on = old.resolved_at is None
            stronger = going_on and self._by_id[old.rule].rank >= rule.rank
            worst = max(old.severity, fresh.severity, key=_SEVERITIES.index)
            kept = replace(
                fresh,
                incident_id=old.incident_id,
                rule=old.rule if stronger else rule.id,
                severity=worst if going_on else fresh.severity,
                opened_at=old.opened_at,
                detected_at=old.detected_at,
            )
            if stronger and self._by_id[old.rule].rank > rule.rank:
                kept = replace(kept, summary=old.summary, evidence=old.evidence)
            life = replace(life, incident=kept)
            if stronger and kept.severity == old.severity:
                return life
            kind = "raised" if going_on else "continued"
        events.append(self._event(life, when, kind, latest))
        return replace(life, false_since=None)

    def _resolve(self, life: Life, when: int, events: list[Event]) -> Life:
        assert life.incident is not None
        last = life.false_since or life.last
        assert last is not None
        coverage = last.coverage if life.false_since else life.incident.coverage
        life = replace(
            life, incident=replace(life.incident, resolved_at=when, coverage=coverage), false_since=None
        )
        events.append(self._event(life, when, "resolved", last))
        return life

    @staticmethod
    def _event(life: Life, when: int, kind: str, evidence: Statement) -> Event:
        assert life.incident is not None
        rule = evidence.rule if kind != "resolved" else life.incident.rule
        return Event(
            life.incident.incident_id, when, kind, rule,
            evidence.severity if kind != "resolved" else life.incident.severity,
            evidence.summary, evidence.offset, evidence.part,
        )  # fmt: skip


def incident_id(fabric: str, subject: str, family: str, offset: int) -> str:
    """Return the id of an incident: a hash that never changes, the same in every replica."""
    text = "\x1f".join((fabric, subject, family, str(offset)))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
