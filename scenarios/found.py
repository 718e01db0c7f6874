"""What a store holds of the incidents that were found, with times as seconds of the scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from duckdb import DuckDBPyConnection

from scenarios.names import COLUMNS

_TURNS: Final = ("opened", "raised", "continued")


class Turn(NamedTuple):
    """A step in an incident's life by which it came to be told under a rule."""

    time_s: float
    rule: str


@dataclass(frozen=True, slots=True)
class Found:
    """An incident."""

    id: str
    rule: str
    """The strongest since it was opened or last continued."""
    subject: Mapping[str, str]
    """By column of the view, as text; what is null is left out."""
    opened_s: float
    """When what it tells began."""
    detected_s: float
    resolved_s: float | None
    root: str | None
    """Id of the incident that explains it."""
    turns: tuple[Turn, ...]
    summary: str
    planned: bool = False
    """It is in a maintenance window."""

    def told_s(self, rule: str) -> float | None:
        """Return when it was told under a rule for the first time, None for never."""
        first = next((turn for turn in self.turns if turn.rule == rule), None)
        if first is None:
            return None
        return max(first.time_s, self.detected_s) if first is self.turns[0] else first.time_s


def found_in(store: DuckDBPyConnection, zero_s: float) -> list[Found]:
    """Return the incidents of a store, in the order in which they were found; ``zero_s``: unix seconds."""
    turns: dict[str, list[Turn]] = {}
    for incident, kind, rule, time_s in store.execute(
        "SELECT incident_id, kind, rule, epoch(event_time) - $zero FROM incident_event"
        ' ORDER BY event_time, "offset", "index"',
        {"zero": zero_s},
    ).fetchall():
        if kind in _TURNS:
            turns.setdefault(incident, []).append(Turn(time_s, rule))
    # no column comes from outside
    rows = store.execute(
        "SELECT incident_id, rule, epoch(opened_at) - $zero, epoch(detected_at) - $zero,"  # noqa: S608
        f" epoch(resolved_at) - $zero, root_incident_id, summary, in_maintenance, {', '.join(COLUMNS)}"
        " FROM incident ORDER BY detected_at, incident_id",
        {"zero": zero_s},
    ).fetchall()
    return [
        Found(
            id=incident,
            rule=rule,
            subject={name: str(it) for name, it in zip(COLUMNS, subject, strict=True) if it is not None},
            opened_s=opened,
            detected_s=detected,
            resolved_s=resolved,
            root=root,
            turns=tuple(turns.get(incident, ())),
            summary=summary,
            planned=bool(planned),
        )
        for incident, rule, opened, detected, resolved, root, summary, planned, *subject in rows
    ]
