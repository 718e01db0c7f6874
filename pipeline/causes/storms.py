"""Too many incidents of one rule family at once are one incident: a storm (rule X4).

More than LIMIT incidents that nothing explains, of one family, opened within WINDOW are a storm, as long as
they come as fast. It is over when all of them are. Nobody can read hundreds of
incidents; how many, where and since when is what can be acted on.

Subject: none but the fabric; the evidence names the rules and the devices, VNIs and segments hit most.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pipeline.detectors import Rule, catalogue

LIMIT: Final = 10
WINDOW: Final = timedelta(seconds=60)
_WINDOW_US: Final = WINDOW // WINDOW.resolution
RULES: Final = catalogue(Rule("X4", "STORM_GUARD", "storm", rank=1))
_SEVERITIES: Final = ("info", "warning", "critical")
_TOP: Final = 5
_HIT: Final = ("device", "vni", "esi", "vtep", "tenant")


@dataclass(frozen=True)
class Member:
    """An incident that may be part of a storm; times in microseconds."""

    incident_id: str
    family: str
    rule: str
    severity: str
    opened_at: int
    detected_at: int
    until: int | None
    subject: Mapping[str, Any]


@dataclass(frozen=True)
class Storm:
    """A storm as it stands."""

    family: str
    members: tuple[Member, ...]
    """In the order in which they opened."""

    @property
    def first(self) -> Member:
        """Return the one that was found first: whoever else is found later, it stays that."""
        return min(self.members, key=lambda member: (member.detected_at, member.incident_id))

    @property
    def opened_at(self) -> int:
        """Return when the first of them opened."""
        return self.members[0].opened_at

    @property
    def detected_at(self) -> int:
        """Return when it could be told: with the first one too many."""
        return sorted(member.detected_at for member in self.members)[LIMIT]

    @property
    def until(self) -> int | None:
        """Return when the last of them was resolved; None while one is open."""
        ends = [member.until for member in self.members]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def severity(self) -> str:
        """Return the worst of them."""
        return max((member.severity for member in self.members), key=_SEVERITIES.index)

    def summary(self) -> str:
        """Return a sentence with the numbers."""
        rules = ", ".join(f"{count} x {rule}" for rule, count in self._count("rule"))
        hit = [f"{name} {value} ({count})" for name in _HIT for value, count in self._hit(name)[:1]]
        where = f"; hit most: {', '.join(hit)}" if hit else ""
        span = (self.members[-1].opened_at - self.opened_at) / 1e6
        return f"{len(self.members)} incidents within {span:.0f} s that nothing explains: {rules}{where}"

    def evidence(self) -> dict[str, Any]:  # Any: JSON
        """Return the counts."""
        hit = {name: dict(found) for name in _HIT if (found := self._hit(name))}
        still_open = sum(member.until is None for member in self.members)
        return {
            "family": self.family,
            "incidents": len(self.members),
            "open": still_open,
            "rules": dict(self._count("rule")),
            "hit_most": hit,
            "limit": LIMIT,
            "window_s": WINDOW.seconds,
        }

    def _count(self, name: str) -> list[tuple[str, int]]:
        return _most(getattr(member, name) for member in self.members)

    def _hit(self, name: str) -> list[tuple[str, int]]:
        values = (member.subject.get(name) for member in self.members)
        return _most(str(value) for value in values if value is not None)


def storms(members: Iterable[Member]) -> list[Storm]:
    """Return the storms among incidents that nothing explains."""
    found: list[Storm] = []
    by_family: dict[str, list[Member]] = {}
    for member in sorted(members, key=lambda it: (it.opened_at, it.incident_id)):
        by_family.setdefault(member.family, []).append(member)
    for family, mine in sorted(by_family.items()):
        run: list[Member] = []
        for member in _dense(mine):
            if run and member.opened_at - run[-1].opened_at > _WINDOW_US:
                found.append(Storm(family, tuple(run)))
                run = []
            run.append(member)
        found += [Storm(family, tuple(run))] if run else []
    return found


def _dense(members: list[Member]) -> list[Member]:
    """Return those with more than LIMIT within some WINDOW around them."""
    dense: set[int] = set()
    for first in range(len(members) - LIMIT):
        if members[first + LIMIT].opened_at - members[first].opened_at <= _WINDOW_US:
            dense.update(range(first, first + LIMIT + 1))
    return [members[at] for at in sorted(dense)]


def _most(values: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(values).items(), key=lambda each: (-each[1], each[0]))[:_TOP]
