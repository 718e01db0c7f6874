"""The life of one subject's incidents in one rule family: opened, raised, lowered, continued, resolved.

A pure fold of statements in the order of their times; timers run between them. Nothing here knows the wall
clock.

An incident that comes and goes is damped: after it came back DAMPED_AFTER times within FLAPPING it stays open
until nothing was wrong for STEADY, so that people are told once and not each time.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

from pipeline.deeds import Around, ack_ends, ack_outgrown, closed, done, looked, superseded
from pipeline.detectors import Rule
from pipeline.life import SEVERITIES, Deed, Event, Incident, Life, Statement, event, incident_id

CONTINUES: Final = timedelta(minutes=10) // timedelta(microseconds=1)
"""An incident that comes back within this time goes on."""
DAMPED_AFTER: Final = 2
FLAPPING: Final = timedelta(hours=1) // timedelta(microseconds=1)
STEADY: Final = timedelta(minutes=5) // timedelta(microseconds=1)
NOWHERE: Final = Around()
_Timer = tuple[int, int, Rule | Literal["clear", "ack", "windows"]]
"""When, the order among those of one time, and what."""


class Fold:
    """Folds the statements of one rule family."""

    def __init__(self, fabric: str, rules: Iterable[Rule]) -> None:
        self.fabric = fabric
        self.rules = sorted(rules, key=lambda rule: rule.rank)
        self._by_id = {rule.id: rule for rule in self.rules}
        self.family = self.rules[0].family

    def run(
        self, life: Life, subject: str, told: Iterable[Statement | Deed], until: int, around: Around = NOWHERE
    ) -> tuple[Life, list[Event]]:
        """Fold what is told, in its order, then let time pass; return the life and what happened."""
        events: list[Event] = []
        life = replace(life, over=())
        for one in told:
            life = self._wait(life, subject, one.time, around, events)
            if isinstance(one, Statement):
                was = life
                life = self._take(life, subject, one, events)
                life = self._place(was, life, one, around, events)
            else:
                rank = 0 if life.incident is None else self._by_id[life.incident.rule].rank
                life = done(life, one, holds=self._holds(life), rank=rank, events=events)
        return self._wait(life, subject, until, around, events), events

    def due(self, life: Life, around: Around = NOWHERE) -> int | None:
        """Return when time alone will change the life next."""
        return min((when for when, _, _ in self._timers(life, around)), default=None)

    def _timers(self, life: Life, around: Around) -> list[_Timer]:
        """Return when rules that hold will have held long enough, and what else time does."""
        timers: list[_Timer] = []
        if life.open:
            if life.ack is not None and life.ack.until is not None:
                timers.append((life.ack.until, -2, "ack"))
            if (change := around.change_after(life)) is not None:
                timers.append((change, -1, "windows"))
        if life.unknown:
            return timers
        timers += [
            (life.since[rule.id].time + _us(rule.wait), rule.rank, rule)
            for rule in self.rules
            if rule.id in life.since
            and not rule.momentary
            and not self._reached(life, rule)
            and not self._doubted(life, rule, life.since[rule.id])
        ]
        if life.open and life.incident is not None:
            rule = self._by_id[life.incident.rule]
            if rule.momentary and life.last is not None:
                timers.append((life.last.time + _clear(life, rule), -3, "clear"))
            elif life.false_since is not None:
                timers.append((life.false_since.time + _clear(life, rule), -3, "clear"))
        return timers

    def _place(self, was: Life, life: Life, one: Statement, around: Around, events: list[Event]) -> Life:
        """Look at the windows where an incident has opened, or its device was not known before."""
        known = one.device if one.device is not None else life.device
        opened = life.open and not was.open
        if life == Life() or (known == life.device and not opened):
            return life
        life = replace(life, device=known)
        return looked(life, one.time, around, events) if life.open else life

    def _holds(self, life: Life) -> bool:
        """Return whether fresh observers say that the state of the open incident holds."""
        return bool(life.open and life.since and not life.unknown and life.false_since is None)

    @staticmethod
    def _doubted(life: Life, rule: Rule, statement: Statement) -> bool:
        """Return whether a statement says no more than what was marked as a false alarm."""
        if life.disbelieved is None or life.incident is None or rule.rank > life.disbelieved:
            return False
        return SEVERITIES.index(statement.severity) <= SEVERITIES.index(life.incident.severity)

    def _is_disbelieved(self, life: Life, rule: Rule, statement: Statement) -> bool:
        """Return whether a thing that happened belongs to what was marked as a false alarm."""
        if not self._doubted(life, rule, statement):
            return False
        assert life.incident is not None
        clear = _clear(life, self._by_id[life.incident.rule])
        return life.last is None or statement.time < life.last.time + clear

    def _since(self, life: Life, rule: Rule, statement: Statement) -> Statement:
        """Return the statement since which a rule holds; what outgrows a false alarm counts from then on."""
        known = life.since.get(rule.id, statement)
        return (
            known if self._doubted(life, rule, known) == self._doubted(life, rule, statement) else statement
        )

    def _reached(self, life: Life, rule: Rule) -> bool:
        return life.open and life.incident is not None and self._by_id[life.incident.rule].rank >= rule.rank

    def _wait(self, life: Life, subject: str, until: int, around: Around, events: list[Event]) -> Life:
        while True:
            timers = [timer for timer in self._timers(life, around) if timer[0] <= until]
            if not timers:
                return life
            # of rules that are due at once the strongest opens it: it isn't raised in the same moment
            when, _, what = min(timers, key=lambda timer: (timer[0], min(timer[1], 0), -timer[1]))
            if what == "clear":
                life = self._resolve(life, when, events)
            elif what == "ack":
                life = ack_ends(life, when, events)
            elif what == "windows":
                life = looked(life, when, around, events)
            else:
                was = life
                life = self._open(life, subject, life.since[what.id], what, when=when, events=events)
                if not was.open:
                    life = looked(life, when, around, events)

    def _take(self, life: Life, subject: str, statement: Statement, events: list[Event]) -> Life:
        rule = self._by_id[statement.rule]
        if rule.momentary:
            if statement.active is None:
                return self._lose_sight(life, statement, events)
            if not statement.active or rule.rank == 0 or self._is_disbelieved(life, rule, statement):
                kept = life.open or self._is_disbelieved(life, rule, statement)
                return replace(life, last=statement, unknown=False) if kept else life
            life = replace(life, unknown=False)
            return self._open(
                replace(life, last=statement), subject, statement, rule, when=statement.time, events=events
            )
        if statement.active is None:
            return self._lose_sight(life, statement, events)
        if not statement.active:
            return replace(
                life,
                since={},
                unknown=False,
                false_since=life.false_since or statement,
                last=statement,
                disbelieved=None,
            )
        since = {each.id: self._since(life, each, statement) for each in self.rules if each.rank <= rule.rank}
        was = max((self._by_id[each].rank for each in life.since), default=0)
        life = replace(life, since=since, unknown=False, false_since=None, last=statement)
        if life.open and life.incident is not None:
            if rule.rank < was:
                events.append(event(life, statement.time, "lowered", statement))
            life = replace(life, incident=replace(life.incident, coverage=statement.coverage))
            if life.incident is not None and life.incident.rule == rule.id:
                life = self._worse(life, statement, events)
        return life

    def _lose_sight(self, life: Life, statement: Statement, events: list[Event]) -> Life:
        """Nobody can tell any more: nothing opens and nothing resolves."""
        if life.incident is not None and life.open:
            life = replace(life, incident=replace(life.incident, coverage=statement.coverage))
            events.append(event(life, statement.time, "coverage", statement))
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
        severity = max(life.incident.severity, statement.severity, key=SEVERITIES.index)
        raised = severity != life.incident.severity
        incident = replace(
            life.incident,
            severity=severity,
            summary=statement.summary,
            evidence=statement.evidence,
            labels=statement.labels,
        )
        life = replace(life, incident=incident)
        if raised:
            events.append(event(life, statement.time, "raised", statement))
            rank = self._by_id[statement.rule].rank
            life = ack_outgrown(life, statement.time, rank, events)
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
            labels=latest.labels,
        )
        old = life.incident
        over = old is not None and old.resolved_at is not None
        if old is None:
            life, kind = replace(life, incident=fresh), "opened"
        elif over and (life.marked or first.time - (old.resolved_at or 0) > CONTINUES):
            life, kind = replace(superseded(life), incident=fresh, returns=()), "opened"
        else:
            if over and life.ack is not None and life.ack.until is not None and life.ack.until <= when:
                life = replace(life, ack=None)
            going_on = old.resolved_at is None
            stronger = going_on and self._by_id[old.rule].rank >= rule.rank
            worst = max(old.severity, fresh.severity, key=SEVERITIES.index)
            kept = replace(
                fresh,
                incident_id=old.incident_id,
                rule=old.rule if stronger else rule.id,
                severity=worst if going_on else fresh.severity,
                opened_at=old.opened_at,
                detected_at=old.detected_at,
                acknowledged_by=None if life.ack is None else life.ack.actor,
                in_maintenance=old.in_maintenance,
            )
            if stronger and self._by_id[old.rule].rank > rule.rank:
                kept = replace(kept, summary=old.summary, evidence=old.evidence, labels=old.labels)
            life = replace(life, incident=kept)
            if stronger and kept.severity == old.severity:
                return life
            kind = "raised" if going_on else "continued"
        events.append(event(life, when, kind, latest))
        if kind == "continued":
            life = _returned(life, when, latest, events)
        return ack_outgrown(replace(life, false_since=None), when, rule.rank, events)

    def _resolve(self, life: Life, when: int, events: list[Event]) -> Life:
        assert life.incident is not None
        last = life.false_since or life.last
        assert last is not None
        coverage = last.coverage if life.false_since else life.incident.coverage
        life = closed(replace(life, incident=replace(life.incident, coverage=coverage)), when)
        events.append(event(life, when, "resolved", last))
        return life


def _clear(life: Life, rule: Rule) -> int:
    """Return how long nothing may be wrong before the incident is resolved, microseconds."""
    damped = len(life.returns) >= DAMPED_AFTER
    return max(_us(rule.clear), STEADY) if damped else _us(rule.clear)


def _returned(life: Life, when: int, evidence: Statement, events: list[Event]) -> Life:
    """Remember that the incident came back, and say so when it is damped from now on."""
    was = len(life.returns)
    life = replace(life, returns=(*(time for time in life.returns if time > when - FLAPPING), when))
    if was < DAMPED_AFTER <= len(life.returns):
        said = f"came back {len(life.returns)} times within {FLAPPING // 60_000_000} min: stays open until"
        steady = f"{said} nothing was wrong for {STEADY // 60_000_000} min"
        events.append(event(life, when, "damped", evidence._replace(summary=steady)))
    return life


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
