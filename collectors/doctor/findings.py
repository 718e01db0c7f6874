"""A finding: what a check saw, how bad that is, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """Works now, but loses something, or will stop working."""
    ERROR = "error"
    """Doesn't work."""
    UNKNOWN = "unknown"
    """Could not be seen; never taken for ok."""


_ORDER: Final = (Level.ERROR, Level.WARNING, Level.UNKNOWN, Level.OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of one check."""

    level: Level
    where: str
    """The target, topic, server, file or variable."""
    check: str
    what: str
    remedy: str = ""
    """What to do; empty where nothing needs to be done."""


@dataclass(frozen=True, slots=True)
class Place:
    """Makes the findings of one check in one place."""

    where: str
    check: str

    def ok(self, what: str) -> Finding:
        """Return that it is fine."""
        return Finding(level=Level.OK, where=self.where, check=self.check, what=what)

    def warning(self, what: str, remedy: str) -> Finding:
        """Return a warning."""
        return Finding(level=Level.WARNING, where=self.where, check=self.check, what=what, remedy=remedy)

    def error(self, what: str, remedy: str) -> Finding:
        """Return an error."""
        return Finding(level=Level.ERROR, where=self.where, check=self.check, what=what, remedy=remedy)

    def unknown(self, what: str, remedy: str = "") -> Finding:
        """Return that it could not be seen."""
        return Finding(level=Level.UNKNOWN, where=self.where, check=self.check, what=what, remedy=remedy)


def gravest(findings: Iterable[Finding]) -> Finding:
    """Return the worst of findings, of which there is one at least; of equals the first."""
    return min(findings, key=lambda finding: _ORDER.index(finding.level))


def alike(findings: Iterable[Finding]) -> dict[Finding, list[str]]:
    """Return what is said, each with the places it is said of; in order of the first."""
    found: dict[Finding, list[str]] = {}
    for finding in findings:
        found.setdefault(replace(finding, where=""), []).append(finding.where)
    return found


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return the number of findings of each level, worst first."""
    levels = [finding.level for finding in findings]
    return {level.value: levels.count(level) for level in _ORDER}
