"""What the pipeline finds in a simulated scenario, held against the ground truth."""

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
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
    """An incident that has to be found: one that comes back is another here."""

    subject: tuple[Any, ...]
    told: list[tuple[str, float, float]]
    """Rule, from when on it may be told, and when at the latest it can be decided."""
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

    @property
    def open(self) -> list[str]:
        """The rules of what is open at the end."""
        return [one["rule"] for one in self.incidents if one["resolved"] is None]

    def deviations(self, counting: Sequence[str] = ()) -> list[str]:
        """Return a sentence for all that was told and not expected, and the other way round.

        ``counting``: rules that count what other rules tell, which the truth knows: some, and one
        incident of a subject.
        """
        said = []
        left = list(self.events)
        for expected in expectations(self.lines):
            mine = [event for event in left if event["subject"] == expected.subject]
            for rule, earliest, decidable in expected.told:
                begun = [it for it in mine if it["rule"] == rule and it["kind"] != "resolved"]
                hit = _within(begun, earliest, decidable + LATE_S)
                if hit is None:
                    said.append(f"{rule} not told at {decidable}: {expected}, but {mine}")
                else:
                    left.remove(hit)
            if expected.clears is None or expected.clears > self.end:
                continue
            over = [it for it in mine if it["kind"] == "resolved"]
            hit = _within(over, expected.clears, expected.clears + RECOVERY_S)
            if hit is not None:
                left.remove(hit)
            elif expected.clears + RECOVERY_S < self.end:
                said.append(f"not resolved at {expected.clears}: {expected}, but {mine}")
        # what follows from something expected is news to nobody
        expected_ids = {event["id"] for event in self.events if event not in left}
        for rule in counting:
            counted = [event for event in left if event["rule"] == rule]
            left = [event for event in left if event["rule"] != rule]
            ids, subjects = ({event[name] for event in counted} for name in ("id", "subject"))
            if not counted or len(ids) != len(subjects):
                said.append(f"{rule} is not one incident of a subject: {counted}")
        return said + [f"not expected: {event}" for event in left if event["root"] not in expected_ids]


def _within(events: list[dict[str, Any]], earliest: float, latest: float) -> dict[str, Any] | None:
    return next((it for it in events if earliest - EARLY_S <= it["time"] <= latest), None)


def expectations(lines: Sequence[Line]) -> list[Expected]:
    """Return the incidents that lines of a ground truth expect."""
    found: dict[int, Expected] = {}
    for line in lines:
        match line["action"]:
            case "expect":
                found[line["id"]] = Expected(tuple(line.get(name) for name in SUBJECT), [_told(line)])
            case "expect-raise":
                found[line["id"]].told.append(_told(line))
            case "expect-clear":
                found[line["id"]].clears = line["clears_at"]
            case _:
                pass  # what was done
    return list(found.values())


def _told(line: Line) -> tuple[str, float, float]:
    return line["rule"], line["earliest_at"], line["decidable_at"]


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
            "SELECT incident_id, root_incident_id, rule,"
            f" {', '.join(SUBJECT)}, epoch(resolved_at) AS resolved"
            " FROM incident ORDER BY detected_at"
        )
        names = [column[0] for column in incidents.description]
        rows = [dict(zip(names, row, strict=True)) for row in incidents.fetchall()]
        events = opened.execute(
            "SELECT incident_id, kind, rule, epoch(event_time) FROM incident_event"
            " WHERE kind IN ('opened', 'raised', 'continued', 'resolved') ORDER BY event_time"
        ).fetchall()
        moves = opened.execute(
            "SELECT mac, count(*) FROM finding WHERE rule IN ('M1', 'M2', 'M3') GROUP BY mac"
        ).fetchall()
        dead = opened.execute("SELECT count(*) FROM dead_letter").fetchone()
        odd = opened.execute(
            "SELECT kind, detail FROM collector_event WHERE kind IN ('hole', 'ignored', 'superseded', 'skew')"
        ).fetchall()
    subjects = {row["incident_id"]: tuple(row[name] for name in SUBJECT) for row in rows}
    roots = {row["incident_id"]: row["root_incident_id"] for row in rows}
    told = [
        {
            "id": incident,
            "root": roots[incident],
            "subject": subjects[incident],
            "kind": kind,
            "rule": rule,
            "time": time,
        }
        for incident, kind, rule, time in events
    ]
    return Played(lines, rows, told, dict(moves), dead[0] if dead else -1, odd)
