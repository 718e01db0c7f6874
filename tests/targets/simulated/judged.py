"""What the pipeline finds in a simulated scenario, held against the ground truth."""

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors.captures import write_capture
from pipeline import transfer
from pipeline.job import Job
from pipeline.run import replay
from pipeline.store.opening import look
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from targets.simulated.play import recorded
from targets.simulated.scenarios import Scenario
from targets.simulated.truth import Line

SUBJECT = ("device", "vni", "mac", "esi", "vtep", "interface")
LATE_S = 1.0
"""From the moment on at which a rule could decide."""
RECOVERY_S = 8.0
"""A connection is made anew, a sample each 5 s, and three hops."""
EARLY_S = 0.01
"""Clocks of truth and stream are cut at microseconds and milliseconds."""


@dataclass
class Expected:
    """An incident that has to be found."""

    rule: str
    subject: dict[str, Any]
    earliest: float
    decidable: float
    raised: list[tuple[str, float]] = field(default_factory=list)
    clears: float | None = None


@dataclass
class Played:
    """A scenario, its truth and what the pipeline made of it."""

    lines: Sequence[Line]
    incidents: list[dict[str, Any]]
    events: list[dict[str, Any]]
    moves: dict[str, int]
    dead_letters: int
    oddities: list[tuple[str, str]]

    @property
    def end(self) -> float:
        return float(self.lines[-1]["ts"])

    def deviations(self) -> list[str]:
        """Return a sentence for all that was found and not expected, and the other way round."""
        expected, said = expectations(self.lines), []
        left = list(self.incidents)
        for it in expected:
            rule = it.raised[-1][0] if it.raised else it.rule
            same = [
                one
                for one in left
                if one["rule"] == rule and all(one[name] == it.subject.get(name) for name in SUBJECT)
            ]
            if not same:
                said.append(f"not found: {it}")
                continue
            left.remove(same[0])
            said += [f"{sentence}: {it}, {same[0]}" for sentence in self._wrong(it, same[0])]
        return said + [f"not expected: {one}" for one in left]

    def _wrong(self, expected: Expected, found: dict[str, Any]) -> list[str]:
        wrong = []
        if not expected.earliest - EARLY_S <= found["detected"] <= expected.decidable + LATE_S:
            wrong.append("detected at another time")
        for rule, decidable in expected.raised:
            times = [
                event["time"]
                for event in self.events
                if event["incident_id"] == found["incident_id"] and event["rule"] == rule
            ]
            if not times or not decidable - EARLY_S <= times[0] <= decidable + LATE_S:
                wrong.append(f"raised to {rule} at {times}")
        over = expected.clears is not None and expected.clears + RECOVERY_S < self.end
        going_on = expected.clears is None or expected.clears - EARLY_S > self.end
        if (over and found["resolved"] is None) or (going_on and found["resolved"] is not None):
            wrong.append("open or not at the end")
        if found["resolved"] is not None and expected.clears is not None:
            late = found["resolved"] - expected.clears
            if not -EARLY_S <= late <= RECOVERY_S:
                wrong.append(f"resolved {late:.2f} s late")
        return wrong


def expectations(lines: Sequence[Line]) -> list[Expected]:
    """Return the incidents that lines of a ground truth expect."""
    found: dict[int, Expected] = {}
    for line in lines:
        match line["action"]:
            case "expect":
                subject = {name: line.get(name) for name in SUBJECT}
                found[line["id"]] = Expected(line["rule"], subject, line["earliest_at"], line["decidable_at"])
            case "expect-raise":
                found[line["id"]].raised.append((line["rule"], line["decidable_at"]))
            case "expect-clear":
                found[line["id"]].clears = line["clears_at"]
            case _:
                pass  # what was done
    return list(found.values())


def played(scenario: Scenario, design: Design, seed: int, folder: Path) -> Played:
    """Play a scenario in virtual time and replay what a collector would have written of it."""
    lines: list[Line] = []
    capture, store = folder / "capture.parquet", folder / "store.duckdb"
    write_capture(capture, recorded(Fabric.build(design, seed), scenario, seed, "test", lines))
    with closing(Job.open(store, ["dc1"], None)) as job:
        batches = transfer.filled(transfer.batches_of(capture))
        replay(job, "dc1", batches, threading.Event(), lambda _: None)
    return judged(store, lines)


def judged(store: Path, lines: Sequence[Line]) -> Played:
    """Return what a store has found beside the truth."""
    with look(store) as opened:
        incidents = opened.execute(
            f"SELECT incident_id, rule, {', '.join(SUBJECT)}, epoch(detected_at) AS detected,"
            " epoch(resolved_at) AS resolved FROM incident ORDER BY detected_at"
        )
        names = [column[0] for column in incidents.description]
        rows = [dict(zip(names, row, strict=True)) for row in incidents.fetchall()]
        events = opened.execute(
            "SELECT incident_id, rule, epoch(event_time) FROM incident_event"
            " WHERE kind IN ('opened', 'raised', 'continued') ORDER BY event_time"
        ).fetchall()
        moves = opened.execute(
            "SELECT mac, count(*) FROM finding WHERE rule IN ('M1', 'M2', 'M3') GROUP BY mac"
        ).fetchall()
        dead = opened.execute("SELECT count(*) FROM dead_letter").fetchone()
        odd = opened.execute(
            "SELECT kind, detail FROM collector_event WHERE kind IN ('hole', 'ignored', 'superseded', 'skew')"
        ).fetchall()
    told = [dict(zip(("incident_id", "rule", "time"), row, strict=True)) for row in events]
    return Played(lines, rows, told, dict(moves), dead[0] if dead else -1, odd)
