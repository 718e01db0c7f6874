"""What a store found, held against what its recording must give."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from duckdb import DuckDBPyConnection as Connection

from tests.recordings.expected import LEVELS, Expected, Subject, Turn
from tests.recordings.fabric import Mac, Port

FAMILIES: Final = {rule: family for family, rules in LEVELS.items() for rule in rules}
CRITICAL: Final = ("M2", "M13", "R15", "R4", "R5", "V1")
"""R4 of segments with two PEs, as they are here: one is left."""


class Step(NamedTuple):
    """A level and since when, seconds after the scenario began."""

    time: float
    level: int


@dataclass
class Incident:
    """All incidents of one subject, as one course."""

    ids: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    detected: list[float] = field(default_factory=list)
    last: tuple[str, str, str, float | None] = ("", "", "", None)
    """Of the latest: rule, severity, state, when it was resolved."""


Found = Mapping[Subject, Incident]


def found_in(store: Connection, start: float) -> Found:
    """Return the incidents of a store by subject; ``start``: unix seconds."""
    found: dict[Subject, Incident] = defaultdict(Incident)
    for row in _incidents(store, start):
        incident_id, rule, *state, device, vni, mac, esi, opened, detected, resolved = row
        family = FAMILIES.get(rule, rule)
        thing = esi or device if mac is None else (vni, mac)
        incident = found[Subject(family, thing)]
        incident.ids.add(incident_id)
        incident.opened.append(opened)
        incident.detected.append(detected)
        incident.last = (rule, state[0], state[1], resolved)
        incident.steps += _steps(store, start, incident_id, family)
    return found


def _incidents(store: Connection, start: float) -> list[tuple[Any, ...]]:
    seconds = ", ".join(f"epoch({name}) - $start" for name in ("opened_at", "detected_at", "resolved_at"))
    return store.execute(
        f"SELECT incident_id, rule, severity, state, device, vni, mac, esi, {seconds}"
        " FROM incident ORDER BY opened_at",
        {"start": start},
    ).fetchall()


def _steps(store: Connection, start: float, incident_id: str, family: str) -> Iterable[Step]:
    events = store.execute(
        "SELECT epoch(event_time) - $start, kind, rule FROM incident_event"
        " WHERE incident_id = $id AND kind <> 'coverage'"
        ' ORDER BY event_time, "offset", "index"',
        {"start": start, "id": incident_id},
    ).fetchall()
    rules = LEVELS.get(family, (family,))
    for time, kind, rule in events:
        yield Step(time, 0 if kind == "resolved" else 1 + rules.index(rule))


def deviations(expected: Expected, found: Found) -> list[str]:
    """Return a sentence for everything found that was not expected, and the other way round."""
    wanted = {subject: turns for subject, turns in expected.turns.items() if turns}
    lines = [f"{tuple(it)}: not expected, but {found[it]}" for it in found.keys() - wanted.keys()]
    for subject, turns in wanted.items():
        if subject not in found:
            lines.append(f"{tuple(subject)}: expected {turns}, found nothing")
            continue
        said = [*_misjudged(turns, found[subject], expected.end), *_mistold(subject, turns, found[subject])]
        lines += [f"{tuple(subject)}: {sentence}" for sentence in said]
    return sorted(lines)


def _misjudged(turns: list[Turn], incident: Incident, end: float) -> Iterable[str]:
    """Yield when the level is none that may be told then."""
    steps = sorted(incident.steps, key=lambda step: step.time)
    for time in sorted({step.time for step in steps} | {turn.latest for turn in turns if turn.latest <= end}):
        level = next((step.level for step in reversed(steps) if step.time <= time), 0)
        # a later turn that had to be told by now overtakes an earlier one
        done = max((n for n, turn in enumerate(turns, 1) if turn.latest <= time), default=0)
        begun = max((n for n, turn in enumerate(turns, 1) if turn.earliest <= time), default=0)
        allowed = [0, *(turn.level for turn in turns)][done : max(done, begun) + 1]
        if not min(allowed) <= level <= max(allowed):
            yield f"level {level} at {time:.2f} s, where {allowed} may be: {turns}, {steps}"

    seen, wanted = _extremes(step.level for step in steps), _extremes(turn.level for turn in turns)
    if seen != wanted[: len(seen)]:
        yield f"goes to and fro between levels {seen}, not {wanted}: {steps}"


def _extremes(levels: Iterable[int]) -> list[int]:
    """Return the levels at which a course that begins at 0 turns round, and its last."""
    course: list[int] = [0]
    for level in levels:
        rising = len(course) > 1 and (course[-1] > course[-2]) == (level > course[-1])
        if level == course[-1]:
            continue
        course = [*(course[:-1] if rising else course), level]
    return course


def _mistold(subject: Subject, turns: list[Turn], incident: Incident) -> Iterable[str]:
    """Yield what the row of the incident itself gets wrong."""
    if len(incident.ids) > 1:  # what comes back within 10 minutes is the same incident
        yield f"{len(incident.ids)} incidents"
    first = turns[0]
    if not first.earliest <= incident.opened[0] <= first.latest - first.wait:
        yield f"opened at {incident.opened[0]:.2f} s, not as in {first}"
    if not incident.opened[0] <= incident.detected[0] <= first.latest:
        yield f"detected at {incident.detected[0]:.2f} s, not as in {first}"
    rule, severity, state, resolved = incident.last
    strongest = LEVELS[subject.family][_worst_since_it_came(turns) - 1]
    if rule != strongest:
        yield f"is {rule}, not {strongest}"
    if (severity == "critical") != (strongest in CRITICAL):
        yield f"is {severity}"
    last = incident.steps[-1]
    if (state, resolved) != (("open", None) if last.level else ("resolved", last.time)):
        yield f"is {state}, resolved at {resolved}, but its last step is {last}"


def _worst_since_it_came(turns: list[Turn]) -> int:
    """Return the highest level since the incident opened or came back."""
    worst = was = 0
    for turn in turns:
        if turn.level:
            worst = max(worst, turn.level) if was else turn.level
        was = turn.level
    return worst


def moves_in(store: Connection) -> dict[Mac, int]:
    """Return how many moves of each MAC were found."""
    rows = store.execute(
        "SELECT vni, mac, count(*) FROM finding WHERE rule IN ('M1', 'M2', 'M3') GROUP BY vni, mac"
    ).fetchall()
    return {(vni, mac): count for vni, mac, count in rows}


def alarmed_in(store: Connection) -> set[Mac]:
    """Return the MACs of which anything of the M family above info was said."""
    rows = store.execute(
        "SELECT DISTINCT vni, mac FROM finding WHERE rule LIKE 'M%' AND severity <> 'info'"
    ).fetchall()
    return set(rows)


def where(store: Connection, mac: Mac, time: float) -> list[str]:
    """Return the VTEP where a MAC was at a time, unix seconds: one, or none."""
    rows = store.execute(
        "SELECT vtep FROM mac_location_at(to_timestamp($time)) WHERE vni = $vni AND mac = $mac",
        {"time": time, "vni": mac[0], "mac": mac[1]},
    ).fetchall()
    return [vtep for (vtep,) in rows]


def transitions(store: Connection, port: Port, begin: float, end: float) -> list[tuple[str, int]]:
    """Return what was told of a port between two times, unix seconds: state, and carrier changes since."""
    return store.execute(
        "SELECT oper_status, carrier_transitions - before FROM ("
        "  SELECT *, lag(carrier_transitions) OVER (ORDER BY event_time) AS before FROM link_event"
        "  WHERE device = $device AND interface = $interface)"
        " WHERE event_time BETWEEN to_timestamp($begin) AND to_timestamp($end) ORDER BY event_time",
        {"device": port.node, "interface": port.name, "begin": begin, "end": end},
    ).fetchall()
