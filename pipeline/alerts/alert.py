"""An incident as an alert of Alertmanager (API v2, ``POST /api/v2/alerts``).

Labels say what an alert is, and alerts with equal labels are one: so they come from the incident alone, and
two replicas make one alert of it. Everything else is an annotation.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from pipeline.alerts.standing import Standing
from pipeline.safe_text import clean

Labels = tuple[tuple[str, str], ...]
FIRES_FOR: Final = timedelta(days=7)
"""How far ahead a firing alert ends: as long as topics keep records, after which nobody could go on from what
dead replicas knew. Without an end Alertmanager would resolve it after its ``resolve_timeout``."""
WATCHDOG: Final = "FabricscopeWatchdog"
TEST: Final = "FabricscopeTest"
_LONGEST_TEXT: Final = 4_000
"""Characters of an annotation: devices name things as they like."""
_MINUTES_AROUND: Final = timedelta(minutes=15)
"""What a dashboard shows before an incident began."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where an alert sends its reader."""

    runbooks: str | None = None
    """The folder of pages per rule, as a URL."""
    dashboard: str | None = None
    """A Grafana dashboard with variables ``fabric`` and ``incident``."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it is posted."""

    labels: Labels
    annotations: tuple[tuple[str, str], ...]
    starts_at: datetime
    ends_at: datetime
    incident_id: str | None = None
    """None: of no incident."""
    source: str | None = None
    """Alertmanager's generatorURL."""
    fabric: str = ""
    acknowledged_by: str | None = None

    @property
    def key(self) -> str:
        """Return what keeps alerts of one incident in one post."""
        return self.incident_id or ""

    def encoded(self) -> bytes:
        """Return the alert as JSON."""
        return orjson.dumps(self.body())

    def body(self) -> dict[str, Any]:  # Any: JSON
        """Return the alert as the API takes it."""
        told = {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": _text(self.starts_at),
            "endsAt": _text(max(self.starts_at, self.ends_at)),
        }
        return told if self.source is None else {**told, "generatorURL": self.source}


def firing(incident: Standing, links: Links, now: datetime) -> Alert:
    """Return the alert of an open incident that people are told of."""
    return Alert(
        labels=labels(incident, incident.rule, incident.name, incident.severity),
        annotations=annotations(incident, links),
        starts_at=min(incident.opened_at, now),  # the fabric's clock may be ahead
        ends_at=now + FIRES_FOR,
        incident_id=incident.incident_id,
        source=_dashboard(incident, links),
        fabric=incident.fabric,
        acknowledged_by=incident.acknowledged_by,
    )


def labels(incident: Standing, rule: str, name: str, severity: str) -> Labels:
    """Return the labels of an incident under one of its rules and severities."""
    parts = {"alertname": name, "rule": rule, "severity": severity, "fabric": incident.fabric}
    told = {**dict(incident.subject), **dict(incident.marks), **parts}
    # Alertmanager drops empty ones
    return tuple(sorted((key, clean(value)) for key, value in told.items() if value))


def all_labels(incident: Standing) -> set[Labels]:
    """Return all labels that an incident may have been told under.

    But for those of a severity that what followed from it gave it: who doesn't know them any more asks the
    Alertmanager. To end what never fired would be news to people.
    """
    levels = {*incident.levels, (incident.rule, incident.name, incident.severity)}
    return {labels(incident, *level) for level in levels}


def annotations(incident: Standing, links: Links) -> tuple[tuple[str, str], ...]:
    """Return what an alert says besides its labels; what isn't known is left out."""
    page = None if links.runbooks is None else f"{links.runbooks.rstrip('/')}/{quote(incident.rule)}.md"
    said = {
        "incident": incident.incident_id,
        "summary": incident.summary,
        **dict(incident.learnt),
        "since": _text(incident.opened_at),
        "explains": ", ".join(f"{count} x {rule}" for rule, count in incident.explains),
        "coverage": None if incident.coverage is None else f"{incident.coverage:.0%}",
        "acknowledged_by": incident.acknowledged_by,
        "runbook_url": page,
        "dashboard_url": _dashboard(incident, links),
        "forensic_query": forensic_query(incident),
    }
    return tuple((name, bounded(text)) for name, text in said.items() if text)


def forensic_query(incident: Standing) -> str:
    """Return SQL that lists what was found about the incident's subject, from before it began."""
    parts = [f"{name} = {_literal(value)}" for name, value in incident.subject if name != "tenant"]
    since = _text(incident.opened_at - _MINUTES_AROUND)
    parts = [f"fabric = {_literal(incident.fabric)}", *parts, f"event_time >= TIMESTAMPTZ '{since}'"]
    return f"SELECT * FROM finding WHERE {' AND '.join(parts)} ORDER BY event_time"  # noqa: S608  # for people


def watchdog(fabric: str, replica: str, now: datetime, lasting: timedelta) -> Alert:
    """Return the alert that says a replica knows its fabric as it is now, for a while."""
    parts = {"alertname": WATCHDOG, "severity": "none", "fabric": fabric, "replica": replica}
    text = f"Replica {replica} knows fabric {fabric} as it is now and can say so. Its absence is the alarm."
    return Alert(tuple(sorted(parts.items())), (("summary", text),), now, now + lasting, fabric=fabric)


def _dashboard(incident: Standing, links: Links) -> str | None:
    if links.dashboard is None:
        return None
    since = incident.opened_at - _MINUTES_AROUND
    asked = {
        "var-fabric": incident.fabric,
        "var-incident": incident.incident_id,
        "from": str(int(since.timestamp() * 1000)),
        "to": "now",
    }
    return f"{links.dashboard}{'&' if '?' in links.dashboard else '?'}{urlencode(asked)}"


def bounded(text: str) -> str:
    """Return what an annotation can hold of a text of others."""
    text = clean(text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
