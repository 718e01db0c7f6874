"""What people do to an incident, and what maintenance windows mean for it.

A person's word moves an incident where the rule has nothing fresh to say against it:

- **resolve** closes an incident unless fresh observers say that its state still holds: then it stays open and
  the event ``still_holds`` says so, since a fault that is seen must not vanish from the board. A rule that
  speaks of what happened (a move) has nothing that still holds; nor has one whose observers are all blind. If
  the evidence comes back within ten minutes, the incident goes on under its id; later, there is a new one.
- **mark-false** says that the evidence itself is no fault. It closes the incident whatever the rule says, and
  as long as the rule goes on saying it nothing is opened. A stronger rule of the family is another matter,
  a higher severity is, and so is what comes after the rule has said that it is over: new incidents.
- **ack** is of the incident as it is: a stronger rule or a higher severity ends it, as its time does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pipeline.actions.maintenance import Maintenance, Open
from pipeline.life import SEVERITIES, Ack, Deed, Event, Life, Past

MOST_PAST: Final = 100
"""Incidents of a subject that people may still speak of when there is a later one."""


@dataclass(frozen=True)
class Around:
    """Where an incident is: what maintenance means for it depends on that."""

    subject: Mapping[str, Any] = field(default_factory=dict)  # Any: subject columns
    maintenance: Maintenance = field(default_factory=Maintenance)

    def open_at(self, life: Life, time: int) -> tuple[Open, ...]:
        """Return the windows that are open at a time and cover the life's subject."""
        return tuple(self.maintenance.open_for(self._told(life), time))

    def change_after(self, life: Life) -> int | None:
        """Return when other windows are open next, after they were last looked at."""
        return self.maintenance.change_after(self._told(life), life.looked)

    def _told(self, life: Life) -> Mapping[str, Any]:
        device = self.subject.get("device")
        return {**self.subject, "device": life.device if device is None else device}


def done(life: Life, deed: Deed, *, holds: bool, rank: int, events: list[Event]) -> Life:
    """Return the life after a deed.

    ``holds``: fresh observers say that the open incident's state does. ``rank``: of the incident's rule.
    """
    incident = life.incident
    if incident is None or incident.incident_id != deed.incident_id:
        return _done_to_past(life, deed, events)
    if deed.verb == "note":
        events.append(_event(_of(life), deed, "noted", deed.text or ""))
    elif deed.verb == "mark-false" and not life.marked:
        life = _marked_false(life, deed, rank, events)
    elif deed.verb == "resolve" and life.open:
        life = _resolved(life, deed, events, holds=holds)
    elif deed.verb == "ack" and life.open and (deed.until is None or deed.until > deed.time):
        events.append(_event(_of(life), deed, "acknowledged", deed.text or ""))
        ack = Ack(deed.actor, deed.offset, deed.until, rank, incident.severity)
        life = replace(life, ack=ack, incident=replace(incident, acknowledged_by=deed.actor))
    elif deed.verb == "unack" and life.open and life.ack is not None:
        events.append(_event(_of(life), deed, "unacknowledged", deed.text or ""))
        life = without_ack(life)
    return life


def _done_to_past(life: Life, deed: Deed, events: list[Event]) -> Life:
    """Note what is said of an incident that another one came after; nothing else can be done to it."""
    for past in life.past:
        if past.incident_id == deed.incident_id and deed.verb in ("note", "mark-false"):
            kind = "noted" if deed.verb == "note" else "marked_false"
            events.append(_event(past, deed, kind, deed.text or ""))
    return life


def _marked_false(life: Life, deed: Deed, rank: int, events: list[Event]) -> Life:
    events.append(_event(_of(life), deed, "marked_false", deed.text or ""))
    if not life.open:
        return replace(life, marked=True)
    events.append(_event(_of(life), deed, "resolved", f"marked as a false alarm by {deed.actor}"))
    return replace(closed(life, deed.time), marked=True, disbelieved=rank)


def _resolved(life: Life, deed: Deed, events: list[Event], *, holds: bool) -> Life:
    assert life.incident is not None
    if holds:
        sentence = f"not resolved, fresh evidence says that it holds: {life.incident.summary}"
        events.append(_event(_of(life), deed, "still_holds", sentence))
        return life
    text = f": {deed.text}" if deed.text else ""
    events.append(_event(_of(life), deed, "resolved", f"resolved by {deed.actor}{text}"))
    return replace(closed(life, deed.time), since={})


def closed(life: Life, when: int) -> Life:
    """Return the life with its incident resolved."""
    assert life.incident is not None
    incident = replace(life.incident, resolved_at=when)
    return replace(life, incident=incident, false_since=None, windows=())


def without_ack(life: Life) -> Life:
    """Return the life with an incident that nobody has acknowledged."""
    assert life.incident is not None
    return replace(life, ack=None, incident=replace(life.incident, acknowledged_by=None))


def ack_ends(life: Life, when: int, events: list[Event]) -> Life:
    """Return the life when the acknowledgement's time is over."""
    events.append(_of_ack(life, when, "ack_expired", "the acknowledgement's time is over"))
    return without_ack(life)


def ack_outgrown(life: Life, when: int, rank: int, events: list[Event]) -> Life:
    """Return the life after its incident may have become worse than what was acknowledged."""
    ack, incident = life.ack, life.incident
    if ack is None or incident is None:
        return life
    if rank <= ack.rank and SEVERITIES.index(incident.severity) <= SEVERITIES.index(ack.severity):
        return life
    events.append(_of_ack(life, when, "unacknowledged", f"worse than what {ack.actor} acknowledged"))
    return without_ack(life)


def looked(life: Life, when: int, around: Around, events: list[Event]) -> Life:
    """Return the life with an open incident after a look at the windows that are open at a time."""
    assert life.incident is not None
    windows = around.open_at(life, when)
    about = _of(life)
    for kind, changed in (
        ("maintenance_ended", [one for one in life.windows if one not in windows]),
        ("maintenance_began", [one for one in windows if one not in life.windows]),
    ):
        events += [
            Event(
                *about[:1],
                when,
                kind,
                *about[1:],
                f"{one.window}: {one.text}",
                one.offset,
                one.number,
                one.actor,
            )
            for one in changed
        ]
    incident = replace(life.incident, in_maintenance=bool(windows))
    return replace(life, windows=windows, looked=when, incident=incident)


def superseded(life: Life) -> Life:
    """Return the life whose last incident is over for good, as another one opens."""
    past = (*life.past, _of(life))[-MOST_PAST:]
    assert life.incident is not None
    over = (*life.over, life.incident)
    return replace(life, past=past, over=over, ack=None, windows=(), marked=False, disbelieved=None)


def _of(life: Life) -> Past:
    assert life.incident is not None
    return Past(life.incident.incident_id, life.incident.rule, life.incident.severity)


def _of_ack(life: Life, when: int, kind: str, summary: str) -> Event:
    assert life.ack is not None
    about = _of(life)
    return Event(about.incident_id, when, kind, about.rule, about.severity, summary, life.ack.offset, 0)


def _event(about: Past, deed: Deed, kind: str, summary: str) -> Event:
    return Event(
        about.incident_id, deed.time, kind, about.rule, about.severity, summary, deed.offset, 0, deed.actor
    )
