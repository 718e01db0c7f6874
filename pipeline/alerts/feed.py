"""What people are to be told now, read from the store as commits change it, for all Alertmanagers at once."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import duckdb
import structlog

from pipeline.alerts.alert import FIRES_FOR, Alert, Labels, Links, all_labels, firing
from pipeline.alerts.changed import Changed
from pipeline.alerts.gate import Gate, Progress
from pipeline.alerts.latency import Latencies
from pipeline.alerts.standing import GREW, Standing, told
from pipeline.detect import RULES

LOOK_S: Final = 1.0
"""How often it is looked whether a fabric may be spoken for, without news."""

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Picture:
    """All there is to tell; replaced as a whole."""

    version: int = 0
    incidents: Mapping[str, Standing] = field(default_factory=dict)
    """Those open, and those resolved while an alert of theirs may fire."""
    wanted: Mapping[Labels, Alert] = field(default_factory=dict)
    """Alerts that fire."""
    held: Mapping[str, str | None] = field(default_factory=dict)
    """By fabric, why nothing may be said of it; None: speak."""

    @property
    def spoken_for(self) -> frozenset[str]:
        """Return the fabrics that may be spoken for."""
        return frozenset(fabric for fabric, reason in self.held.items() if reason is None)


class Feed:
    """Keeps the picture up to date in a thread of its own."""

    def __init__(
        self,
        fabrics: Iterable[str],
        links: Links,
        latencies: Latencies,
        clock: Callable[[], datetime],
    ) -> None:
        self.picture = Picture(held=dict.fromkeys(fabrics, "starting"))
        self.failure: BaseException | None = None
        """What ended the thread that should go on."""
        self.links = links
        self.changed = Changed(clock)
        self._latencies = latencies
        self._clock = clock
        self._gates = dict.fromkeys(self.picture.held, Gate())
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._made: dict[str, tuple[Standing, Alert]] = {}
        """Alerts made before: in a storm few of many incidents change at a time."""
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._stored: Mapping[str, tuple[int, datetime]] = {}
        self._ends: Mapping[str, int | None] = {}
        self._unread_starts: Callable[[str], int] = lambda _: 0

    def start(
        self,
        reader: duckdb.DuckDBPyConnection,
        ends: Mapping[str, int | None],
        unread_starts: Callable[[str], int],
    ) -> None:
        """Take what the store holds, then follow commits.

        Args:
            reader: used until ``stop`` returns.
            ends: by fabric, the offset behind the last record of its topic, now.
            unread_starts: returns how many live sessions of a fabric there are whose start was not read.
        """
        self._reader, self._ends, self._unread_starts = reader, ends, unread_starts
        at = reader.sql("SELECT fabric, next_offset, record_time FROM main.stream_position").pl()
        self._stored = {fabric: (offset, time) for fabric, offset, time in at.rows()}
        rows = since(reader, self._clock() - FIRES_FOR)
        with self._news:
            self._replace({row.incident_id: row for row in rows})
        self._thread.start()

    def stop(self) -> None:
        """Take in what was committed up to now, then end the thread."""
        self._stop.set()
        self.changed.end()
        if self._thread.is_alive():
            self._thread.join()

    def wait(self, version: int, wait_s: float) -> Picture:
        """Return the picture as soon as it is newer than ``version``, at the latest after ``wait_s``."""
        with self._news:
            self._news.wait_for(lambda: self.picture.version > version, wait_s)
            return self.picture

    def wake(self) -> None:
        """Let those who wait look again."""
        with self._news:
            self._replace(self.picture.incidents)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._look(self.changed.take(LOOK_S))
            self._look(self.changed.take(0))
        except BaseException as error:
            self.failure = error
            raise

    def _look(self, changes: Mapping[str, datetime]) -> None:
        now, before = self._clock(), self.picture
        held = {fabric: self._held(fabric, now) for fabric in before.held}
        for fabric, reason in held.items():
            if (reason is None) != (before.held[fabric] is None):
                log.info(
                    "alerts go on" if reason is None else "alerts held back", fabric=fabric, reason=reason
                )
        if not changes and held == before.held:
            return
        incidents = dict(before.incidents)
        assert self._reader is not None
        found = {row.incident_id: row for row in some(self._reader, list(changes))}
        for incident_id, committed in changes.items():
            known, row = incidents.pop(incident_id, None), found.get(incident_id)
            if row is not None:
                incidents[incident_id] = row
            if row is not None and known is None and held.get(row.fabric) is None:
                self._latencies.committed(row, committed)
        oldest = now - FIRES_FOR
        kept = {
            key: one for key, one in incidents.items() if one.resolved_at is None or one.resolved_at >= oldest
        }
        with self._news:
            self._replace(kept, held)

    def _replace(
        self, incidents: Mapping[str, Standing], held: Mapping[str, str | None] | None = None
    ) -> None:
        now = self._clock()
        speaking = told(incidents)
        made = {
            key: self._made[key]
            if self._made.get(key, (None,))[0] == one
            else (one, firing(one, self.links, now))
            for key, one in speaking.items()
        }
        self._made = made
        self.picture = replace(
            self.picture,
            version=self.picture.version + 1,
            incidents=incidents,
            wanted={alert.labels: alert for _, alert in made.values()},
            held=self.picture.held if held is None else held,
        )
        self._news.notify_all()

    def _held(self, fabric: str, now: datetime) -> str | None:
        gate = self._gates[fabric]
        committed = self.changed.positions.get(fabric)
        at, time = self._stored.get(fabric, (0, None))
        progress = Progress(
            next_offset=at if committed is None else committed.next_offset,
            end=self._ends[fabric],
            stream_time=time if committed is None else committed.record_time,
            unread_starts=0 if gate.open else self._unread_starts(fabric),
        )
        gate = self._gates[fabric] = gate.after(progress, now)
        return gate.held(progress, now)


def since(reader: duckdb.DuckDBPyConnection, oldest: datetime) -> list[Standing]:
    """Return incidents that are open or were resolved after ``oldest``."""
    return _standing(reader, "state = 'open' OR resolved_at >= ?", oldest)


def some(reader: duckdb.DuckDBPyConnection, ids: list[str]) -> list[Standing]:
    """Return those of the incidents that there are."""
    return _standing(reader, "incident_id IN (SELECT unnest(?))", ids) if ids else []


def possible(incidents: Iterable[Standing], links: Links, now: datetime) -> dict[Labels, Alert]:
    """Return all alerts that may fire of incidents, for who doesn't know what was posted."""
    return {
        labels: replace(firing(one, links, now), labels=labels)
        for one in incidents
        for labels in all_labels(one)
    }


def _standing(reader: duckdb.DuckDBPyConnection, which: str, parameter: Any) -> list[Standing]:  # Any: bound
    found = reader.sql(
        f"""
        WITH chosen AS (SELECT * FROM main.incident WHERE {which})
        SELECT c.*, e.rules, e.severities, e.acknowledged_at, e.grew_at
        FROM chosen AS c
        LEFT JOIN (
            SELECT
                incident_id, list(DISTINCT rule) AS rules, list(DISTINCT severity) AS severities,
                max(event_time) FILTER (kind = 'acknowledged') AS acknowledged_at,
                max(event_time) FILTER (kind IN {GREW}) AS grew_at
            FROM main.incident_event
            WHERE incident_id IN (SELECT incident_id FROM chosen)
            GROUP BY incident_id
        ) AS e USING (incident_id)
        """,  # noqa: S608  # constants
        params=[parameter],
    ).pl()
    return [Standing.of(row, _levels(row)) for row in found.iter_rows(named=True)]


def _levels(row: Mapping[str, Any]) -> frozenset[tuple[str, str, str]]:  # Any: a row
    """Return rules, names and severities an incident may have had: those of its steps, in any combination."""
    rules = {*(row["rules"] or ()), row["rule"]} & RULES.keys()
    severities = {*(row["severities"] or ()), row["severity"]}
    return frozenset((rule, RULES[rule].name, severity) for rule in rules for severity in severities)
