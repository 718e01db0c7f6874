"""What happens to sessions: the observers, and the log of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from pipeline.apply.columns import column_of
from pipeline.apply.records import Times
from pipeline.schema import TIME, Columns

EVENTS: Final[Columns] = {
    "offset": pl.Int64,
    "index": pl.UInt32,
    "device": pl.String,
    "family": pl.String,
    "session": pl.String,
    "kind": pl.String,
    "detail": pl.String,
    "event_time": TIME,
    "recv_time": TIME,
    "record_time": TIME,
}
"""One row per thing that happened to a session."""


@dataclass
class Observer:
    """What is known of one (device, family): its current session and whether it can be trusted."""

    device: str
    family: str
    number: int = -1
    session: str = ""
    profile: str = ""
    next_seq: int = 0
    synced: bool = False
    holed: bool = False
    """Records of its session are missing: its sync can't tell what is gone from what was lost on the way."""
    fresh: bool = False
    ended: bool = False
    retired: bool = False
    """It ended because the target was taken out of service: its silence is no news."""
    swept_before: bool = False
    """An earlier session left rows behind that this one's sync may have to sweep."""
    paths: list[str] | None = None
    """Subscribed paths; None without a start record: then nothing is swept."""
    samples: list[list[Any]] = field(default_factory=list)
    """Sampled paths with their intervals in seconds."""
    clock: int = 0
    """How long its sessions went on, in microseconds: a silence counts as one sample interval."""
    clock_at: int = 0
    since: int = 0
    last_seen: int = 0
    known_until: int = 0
    """When it was last fresh, before it went blind; 0: never."""
    ordered: int = 0
    """When the last that it said is ordered: what it says next is not ordered before."""

    def put_in_order(self, times: Times, at: Times) -> None:
        """Correct the order of its records ``at``: it said them in this order, whatever its clock does."""
        if len(at):
            times[at] = np.maximum.accumulate(np.maximum(times[at], self.ordered))
            self.ordered = int(times[at[-1]])

    def go_on(self, times: Times) -> Times:
        """Return the clock at each of the times at which the session said something."""
        interval = int(max((seconds for _, seconds in self.samples), default=0) * 1_000_000)
        steps = np.diff(times, prepend=self.clock_at or times[0])
        clock = self.clock + np.cumsum(np.clip(steps, 0, interval))
        self.clock, self.clock_at = int(clock[-1]), int(times[-1])
        return clock

    @property
    def state(self) -> str:
        """Return syncing, fresh, blind or ended."""
        if self.ended:
            return "ended"
        if self.fresh:
            return "fresh"
        return "blind" if self.synced else "syncing"


@dataclass(frozen=True)
class Sweep:
    """A sync: what the session did not announce again is gone."""

    record: int
    device: str
    family: str
    profile: str
    number: int
    paths: Sequence[str]


@dataclass(frozen=True)
class Freshness:
    """One observer became fresh or blind at a time of the stream."""

    record: int
    device: str
    family: str
    fresh: bool
    time: int


class ControlBatch:
    """The control frame as arrays."""

    def __init__(self, control: pl.DataFrame) -> None:
        self.frame = control
        self.offset = control["offset"].to_numpy()
        self.kind = control["kind"].to_numpy()
        self.record_time = control["record_time"].to_physical().to_numpy()
        recv, event = column_of(control["recv_time"]), column_of(control["event_time"])
        self.recv_time = np.where(recv.known, recv.values, self.record_time)
        self.has_event_time = event.known
        self.event_time = np.where(event.known, event.values, self.recv_time)
        self.device = column_of(control["device"]).values
        self.family = column_of(control["family"]).values
        self.session = control["session"].fill_null("").to_numpy()
        self.seq = column_of(control["seq"]).values.astype(np.int64)
        self.sync = control["sync"].fill_null(value=False).to_numpy()

    def device_name(self, row: int) -> str:
        """Return the device of a record."""
        return str(self.frame["device"][row])

    def family_name(self, row: int) -> str:
        """Return the family of a record."""
        return str(self.frame["family"][row] or "")

    def profile_name(self, row: int) -> str:
        """Return the profile of a record."""
        return str(self.frame["profile"][row] or "")

    def content(self, row: int) -> dict[str, Any]:
        """Return the record's JSON object; {} where it is none: decode has put it to the dead letters."""
        try:
            content = orjson.loads(self.frame["json"][row] or b"{}")
            orjson.dumps(content)  # one that is nested too deep can't be kept
        except (orjson.JSONDecodeError, TypeError):
            return {}
        return content if isinstance(content, dict) else {}


class SessionLog:
    """What happened in a batch, in the order of its records."""

    def __init__(self, batch: ControlBatch, now: Times) -> None:
        self._batch, self._now = batch, now
        self._events: list[tuple[int, str, str, str, str, str, int]] = []
        self.sweeps: list[Sweep] = []
        self.freshness: list[Freshness] = []
        self.retired: list[tuple[int, str]] = []
        self.declared: list[tuple[int, str, dict[str, Any]]] = []

    def event(self, row: int, observer: Observer, kind: str, detail: str, *, time: int | None = None) -> None:
        """Note that something happened to a session, at the record's time of event or at another."""
        at = int(self._batch.event_time[row]) if time is None else time
        self._events.append((row, observer.device, observer.family, observer.session, kind, detail, at))

    def fresh(self, row: int, observer: Observer, *, fresh: bool, until: int = 0) -> None:
        """Make an observer fresh or blind, and note it if it was not.

        It is blind from ``until`` on; without that, from its last record before the one that shows it.
        """
        if fresh == observer.fresh and observer.since:
            return
        if observer.fresh:
            observer.known_until = until or observer.last_seen
        observer.fresh, observer.since = fresh, int(self._batch.record_time[row])
        self.freshness.append(Freshness(row, observer.device, observer.family, fresh, observer.since))
        if observer.session and not fresh:
            self.event(row, observer, "blind_begin", "", time=observer.known_until or None)
        elif fresh:
            self.event(row, observer, "blind_end", "")

    def declare(self, row: int, kind: str, content: dict[str, Any]) -> None:
        """Note the content of a start or fabric record."""
        self.declared.append((row, kind, content))

    def frame(self) -> pl.DataFrame:
        """Return EVENTS: one row per event, in stream order, numbered within each record."""
        rows = sorted(self._events, key=lambda event: event[0])
        at = [row[0] for row in rows]
        index: list[int] = []
        last = -1
        for row in at:
            index.append(index[-1] + 1 if row == last else 0)
            last = row
        names = pl.DataFrame(
            [row[1:6] for row in rows],
            schema=dict.fromkeys(["device", "family", "session", "kind", "detail"], pl.String),
            orient="row",
        )
        batch = self._batch
        return names.with_columns(
            offset=pl.Series(batch.offset[at], dtype=pl.Int64),
            index=pl.Series(index, dtype=pl.UInt32),
            event_time=pl.Series([row[6] for row in rows], dtype=pl.Int64).cast(TIME),
            recv_time=pl.Series(batch.recv_time[at], dtype=pl.Int64).cast(TIME),
            record_time=pl.Series(batch.record_time[at], dtype=pl.Int64).cast(TIME),
        ).select(list(EVENTS))
