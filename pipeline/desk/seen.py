"""An incident as people look at it, wherever it was read; and the one that they mean."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from collectors.errors import InputError
from pipeline.desk.words import subject

SHORT: Final = 7
"""Characters of an id that are shown at least."""
MOST_CANDIDATES: Final = 3
LONGEST_LIST: Final = 8
"""Incidents that a prefix of several of them names."""


@dataclass(frozen=True)
class Seen:
    """One incident with what is told of it."""

    row: Mapping[str, Any]  # Any: columns of view ``incident``
    events: Sequence[Mapping[str, Any]] = ()
    """Rows of view ``incident_event``, in the order of time."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What decided, as the rule tells it."""
    findings: Sequence[Mapping[str, Any]] | None = None
    """Rows of view ``finding`` that it rests on; None where they can't be read."""

    @property
    def id(self) -> str:
        """Return the id."""
        return str(self.row["incident_id"])

    @property
    def open(self) -> bool:
        """Return whether it is open."""
        return bool(self.row["state"] == "open")

    @property
    def opened_at(self) -> datetime:
        """Return since when it is."""
        found: datetime = self.row["opened_at"]
        return found

    def marked_false(self) -> bool:
        """Return whether somebody says that it is none."""
        return any(event["kind"] == "marked_false" for event in self.events)


def short_ids(ids: Collection[str]) -> dict[str, str]:
    """Return the shortest beginning of each id that no other one has, of SHORT characters at least."""
    found = {}
    ordered = sorted(ids)
    for at, one in enumerate(ordered):
        beside = [*ordered[max(at - 1, 0) : at], *ordered[at + 1 : at + 2]]
        length = max((_common(one, other) + 1 for other in beside), default=0)
        found[one] = one[: max(SHORT, length)]
    return found


def chosen(given: str, incidents: Mapping[str, Seen], where: str) -> Seen:
    """Return the incident that an id, or the beginning of one, means; raises InputError."""
    wanted = given.strip().lower()
    if wanted in incidents:
        return incidents[wanted]
    found = sorted(key for key in incidents if wanted and key.startswith(wanted))
    if len(found) == 1:
        return incidents[found[0]]
    if not found:
        raise InputError(
            f"no incident {given!r} in {where}: it may have been withdrawn, or be another fabric's;"
            f" {_nearest(wanted, incidents)}; `fabricscope incident list --all` shows those there are"
        )
    names = ", ".join(found[:LONGEST_LIST]) + (", ..." if len(found) > LONGEST_LIST else "")
    raise InputError(f"{given!r} may be any of {len(found)} incidents: {names}; give more of its id")


def _nearest(wanted: str, incidents: Mapping[str, Seen]) -> str:
    """Return the incidents that may have been meant: whose ids are alike, else of that rule or address."""
    named = [
        seen
        for seen in incidents.values()
        if wanted in [str(one).lower() for one in seen.row.values() if one is not None]
    ]
    alike = get_close_matches(wanted, [key[: len(wanted)] for key in incidents], MOST_CANDIDATES, cutoff=0)
    near = [seen for start in alike for seen in incidents.values() if seen.id.startswith(start)]
    short = short_ids(incidents)
    shown = list({seen.id: seen for seen in (*named, *near)}.values())[:MOST_CANDIDATES]
    told = ", ".join(f"{short[seen.id]} ({seen.row['rule']}, {subject(seen.row)})" for seen in shown)
    return f"the nearest are {told}" if told else "there is none at all"


def _common(one: str, other: str) -> int:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
