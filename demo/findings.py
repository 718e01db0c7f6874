"""What a replica found, read from the views ``incident`` and ``incident_event`` of its store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from pipeline.detect import RULES

SUBJECT: Final = ("device", "vni", "mac", "esi", "vtep", "interface")


@dataclass(frozen=True)
class Finding:
    """One rule that an incident stood at, from when it was said until it was over.

    An incident that was raised has one finding per rule, and one more each time it came back.
    """

    incident_id: str
    rule: str
    severity: str
    found: float
    """When the incident came to this rule, unix seconds of the stream's time."""
    until: float | None
    """When it was over; None while it holds."""
    summary: str
    root_incident_id: str | None = None
    """The incident that explains it."""
    lowered_to: str | None = None
    """The weaker rule that is left of it, if it was not raised from there."""
    device: str | None = None
    vni: int | None = None
    mac: str | None = None
    esi: str | None = None
    vtep: str | None = None
    interface: str | None = None

    @property
    def name(self) -> str:
        """Return the rule's name in the catalogue."""
        return RULES[self.rule].name if self.rule in RULES else ""

    @property
    def subject(self) -> str:
        """Return what it is about, as people say it."""
        if self.mac is not None:
            return self.mac if self.vni is None else f"{self.mac} VNI {self.vni}"
        parts = (self.esi, self.device, self.interface, self.vtep)
        return " ".join(part for part in parts if part is not None)


@dataclass(frozen=True)
class Found:
    """All that a replica found, at one moment."""

    findings: tuple[Finding, ...] = ()
    """In the order in which they were found."""
    moves: Mapping[str, int] | None = None
    """MAC to the number of its moves that were told and opened no incident (rule M1)."""

    @property
    def now(self) -> list[Finding]:
        """Return the open incidents, each at the rule it stands at now, the latest first."""
        latest = {finding.incident_id: finding for finding in self.findings if finding.until is None}
        return sorted(latest.values(), key=lambda finding: finding.found, reverse=True)

    @property
    def over(self) -> list[Finding]:
        """Return what is over, of an incident what it last stood at, the latest first."""
        past = {(one.incident_id, one.until): one for one in self.findings if one.until is not None}
        return sorted(past.values(), key=lambda finding: finding.until or 0, reverse=True)


def found_in(incidents: pl.DataFrame, events: pl.DataFrame, findings: pl.DataFrame) -> Found:
    """Return what the views ``incident``, ``incident_event`` and ``finding`` of one fabric say."""
    told = incidents.select("incident_id", "root_incident_id", *SUBJECT)
    subjects = {row["incident_id"]: row for row in told.to_dicts()}
    ordered = events.with_columns(time=pl.col("event_time").dt.epoch("us") / 1e6)
    ordered = ordered.sort("time", "offset", "index", maintain_order=True)
    lives = ordered.partition_by("incident_id", maintain_order=True)
    found = [one for life in lives for one in _lived(subjects[life["incident_id"][0]], life.to_dicts())]
    quiet = findings.filter((pl.col("rule") == "M1") & pl.col("mac").is_not_null())
    counts = quiet.group_by("mac").len().rows()
    return Found(tuple(sorted(found, key=lambda finding: finding.found)), dict(counts))


def _lived(subject: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Return the findings of one incident.

    Raised, it goes on at the weaker rule too, and that is where lowering takes it back to.
    """
    over: list[Finding] = []
    holding: list[Finding] = []
    for event in events:
        time = event["time"]
        if event["kind"] in ("opened", "raised", "continued"):
            holding.append(
                Finding(
                    rule=event["rule"],
                    severity=event["severity"],
                    found=time,
                    until=None,
                    summary=event["summary"],
                    **subject,
                )
            )
        elif event["kind"] == "resolved":
            over += [replace(finding, until=time) for finding in holding]
            holding.clear()
        elif event["kind"] == "lowered":
            while len(holding) > 1 and holding[-1].rule != event["rule"]:
                over.append(replace(holding.pop(), until=time))
            lowered_to = None if holding[-1].rule == event["rule"] else event["rule"]
            holding[-1] = replace(holding[-1], summary=event["summary"], lowered_to=lowered_to)
    return over + holding
