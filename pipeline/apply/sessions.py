"""Sessions of collectors with targets: which records count, which are dump, what to sweep, who is blind.

State is one entry per (device, family). Batches are handled as arrays; Python looks only at the records where
something happens to a session: start, sync, end, a hole, a takeover.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import polars as pl

from collectors.records import RETIRED, Kind
from pipeline.apply.clocks import Clock, Clocks, Turn
from pipeline.apply.observers import ControlBatch, Freshness, Observer, SessionLog, Sweep
from pipeline.apply.records import LATENESS, Flags, Records, Times, us
from pipeline.schema import TIME


@dataclass(frozen=True)
class SessionBatch:
    """What the sessions make of a batch."""

    records: Records
    events: pl.DataFrame
    sweeps: list[Sweep] = field(default_factory=list)
    freshness: list[Freshness] = field(default_factory=list)
    retired: list[tuple[int, str]] = field(default_factory=list)
    """(record number, family) of ends because a target was taken out of service."""
    declared: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    """(record number, kind, content) of start and fabric records, in order."""


class Sampled(NamedTuple):
    """What a session samples: its profile, and paths with their intervals in seconds."""

    profile: str
    samples: list[list[Any]]


class Sessions:
    """The sessions of one fabric."""

    def __init__(self) -> None:
        self.observers: dict[tuple[str, str], Observer] = {}
        self.now = 0
        self._clocks = Clocks()
        self._codes: dict[tuple[int, int], Observer] = {}
        self.sampled: dict[int, Sampled] = {}
        """Sessions by number that sample paths and lived in the last batch."""

    def process(self, control: pl.DataFrame) -> SessionBatch:
        """Return what the records of a batch (one row per record, see ``pipeline.schema.CONTROL``) mean."""
        batch = ControlBatch(control)
        self._forget_ended()
        number = np.full(len(control), -1, dtype=np.int64)
        accepted = np.zeros(len(control), dtype=bool)
        dump = np.zeros(len(control), dtype=bool)
        known_until = np.zeros(len(control), dtype=np.int64)
        clock = np.zeros(len(control), dtype=np.int64)
        # a person's computer may be wrong about the time: what people do doesn't move the fabric's clock
        told = np.where(batch.kind == Kind.ACTION, self.now, batch.record_time)
        now = np.maximum.accumulate(np.maximum(told, self.now))
        log = SessionLog(batch, now)
        bound = np.flatnonzero((batch.kind >= Kind.RESPONSE) & (batch.kind <= Kind.END))
        groups = [bound[rows] for rows in _groups(batch.device[bound], batch.family[bound])]
        for at in groups:
            observer = self._observer(batch, int(at[0]))
            for part in _parts(batch, at):
                if self._plain(observer, batch, part):
                    accepted[part], dump[part], number[part] = True, not observer.fresh, observer.number
                    known_until[part] = observer.known_until
                    observer.next_seq += len(part)
                    clock[part] = observer.go_on(now[part])
                    observer.last_seen = max(observer.last_seen, int(batch.record_time[part].max()))
                    continue
                for row in part:
                    accepted[row] = self._step(observer, batch, int(row), log)
                    dump[row], number[row] = not observer.fresh, observer.number
                    known_until[row] = observer.known_until
                    if accepted[row]:
                        clock[row] = observer.go_on(now[row : row + 1])[0]
                    observer.last_seen = max(observer.last_seen, int(batch.record_time[row]))
        for kind in (Kind.FABRIC, Kind.ACTION):
            for row in np.flatnonzero(batch.kind == kind).tolist():
                log.declare(row, kind.name.lower(), batch.content(row))
        self.now = int(now[-1]) if len(now) else self.now
        live = accepted & ~dump & batch.has_event_time
        device_clock = self._clocks.judge(batch.device, batch.event_time, batch.recv_time, live)
        records = _times(
            batch,
            now,
            device_clock,
            number=number,
            accepted=accepted,
            dump=dump,
            known_until=known_until,
            clock=clock,
        )
        for at in groups:
            self._observer(batch, int(at[0])).put_in_order(records.order_time, at[accepted[at]])
        for turn in device_clock.turns:
            log.event(turn.record, self._observer(batch, turn.record), "skew", _skew(turn))
        return SessionBatch(
            records,
            log.frame(),
            log.sweeps,
            log.freshness,
            log.retired,
            sorted(log.declared, key=lambda entry: entry[0]),
        )

    def observer_frame(self, *, in_service: bool = False) -> pl.DataFrame:
        """Return one row per (device, family): session, state, since, last_seen.

        With ``in_service``, only of those that somebody expects to hear of: not of retired ones.
        """
        return pl.DataFrame(
            [
                (o.device, o.family, o.session, o.state, o.since, o.last_seen)
                for o in self.observers.values()
                if not (in_service and o.retired)
            ],
            schema={
                "device": pl.String,
                "family": pl.String,
                "session": pl.String,
                "state": pl.String,
                "since": pl.Int64,
                "last_seen": pl.Int64,
            },
            orient="row",
        ).with_columns(pl.col("since", "last_seen").cast(TIME))

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "observer": pl.DataFrame(
                [
                    {
                        **vars(o),
                        "paths": None if o.paths is None else orjson.dumps(o.paths).decode(),
                        "samples": orjson.dumps(o.samples).decode(),
                    }
                    for o in self.observers.values()
                ],
                schema=_OBSERVER,
            ),
            "stream": pl.DataFrame({"now": [self.now]}),
            "clocks": self._clocks.dump(),
        }

    def load(self, frames: dict[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for row in frames["observer"].to_dicts():
            paths = None if row["paths"] is None else orjson.loads(row["paths"])
            samples = orjson.loads(row["samples"])
            observer = Observer(**{**row, "paths": paths, "samples": samples})
            self.observers[observer.device, observer.family] = observer
            if observer.samples and not observer.ended:
                self.sampled[observer.number] = Sampled(observer.profile, samples)
        self.now = frames["stream"]["now"][0]
        self._clocks.load(frames["clocks"])

    def _forget_ended(self) -> None:
        if self.sampled:
            live = {observer.number for observer in self.observers.values() if not observer.ended}
            self.sampled = {number: found for number, found in self.sampled.items() if number in live}

    def _observer(self, batch: "ControlBatch", row: int) -> Observer:
        codes = int(batch.device[row]), int(batch.family[row])
        if codes not in self._codes:
            key = batch.device_name(row), batch.family_name(row)
            self._codes[codes] = self.observers.setdefault(key, Observer(*key))
        return self._codes[codes]

    @staticmethod
    def _plain(observer: Observer, batch: "ControlBatch", at: Times) -> bool:
        """Return whether these records only go on with the observer's session."""
        return bool(
            not observer.ended
            and (batch.kind[at] == Kind.RESPONSE).all()
            and not batch.sync[at].any()
            and (batch.session[at] == observer.session).all()
            and (batch.seq[at] == observer.next_seq + np.arange(len(at))).all()
        )

    def _step(self, observer: Observer, batch: "ControlBatch", row: int, log: "SessionLog") -> bool:
        """Advance an observer by one record; return whether the record counts."""
        session, seq = batch.session[row], int(batch.seq[row])
        if session < observer.session or (session == observer.session and observer.ended):
            log.event(row, observer, "ignored", f"record {seq} of ended session {session}")
            return False
        if session > observer.session:
            self._take_over(observer, batch, row, log)
        elif seq < observer.next_seq:
            log.event(row, observer, "ignored", f"record {seq} was seen before")
            return False
        if seq > observer.next_seq:
            missing = seq - observer.next_seq
            log.event(row, observer, "hole", f"{missing} records of session {session} are missing")
            observer.holed = True
            log.fresh(row, observer, fresh=False)
        observer.next_seq = seq + 1
        self._happen(observer, batch, row, log)
        return True

    def _happen(self, observer: Observer, batch: ControlBatch, row: int, log: SessionLog) -> None:
        """Take a record that counts: a start, an end or a sync changes the observer."""
        kind = int(batch.kind[row])
        if kind == Kind.START:
            content = batch.content(row)
            observer.paths, observer.samples = _paths(content), samples_of(content)
            observer.profile = batch.profile_name(row)
            if observer.samples:
                self.sampled[observer.number] = Sampled(observer.profile, observer.samples)
            log.event(row, observer, "start", orjson.dumps(content).decode())
            log.declare(row, "start", {**content, "device": observer.device, "family": observer.family})
        elif kind == Kind.END:
            content = batch.content(row)
            reason = str(content.get("reason", ""))
            observer.ended, observer.retired = True, reason == RETIRED
            log.event(row, observer, "end", reason)
            if observer.retired:
                log.retired.append((row, observer.family))
            log.fresh(row, observer, fresh=False, until=_heard(content, int(batch.record_time[row])))
        elif batch.sync[row]:
            observer.synced = True
            log.event(row, observer, "sync", "")
            if observer.holed:
                return
            log.fresh(row, observer, fresh=True)
            if observer.swept_before and observer.paths is not None:
                log.sweeps.append(
                    Sweep(
                        row,
                        observer.device,
                        observer.family,
                        observer.profile,
                        observer.number,
                        observer.paths,
                    )
                )

    def _take_over(self, observer: Observer, batch: "ControlBatch", row: int, log: "SessionLog") -> None:
        if observer.session and not observer.ended:
            log.event(row, observer, "superseded", f"by session {batch.session[row]}, without an end")
        log.fresh(row, observer, fresh=False)
        observer.swept_before = bool(observer.session)
        observer.session, observer.number = batch.session[row], int(batch.offset[row])
        observer.next_seq, observer.paths, observer.samples = 0, None, []
        observer.synced = observer.holed = observer.ended = observer.retired = False
        observer.profile = batch.profile_name(row)


_OBSERVER: Final = {
    "device": pl.String,
    "family": pl.String,
    "number": pl.Int64,
    "session": pl.String,
    "profile": pl.String,
    "next_seq": pl.Int64,
    "synced": pl.Boolean,
    "holed": pl.Boolean,
    "fresh": pl.Boolean,
    "ended": pl.Boolean,
    "retired": pl.Boolean,
    "swept_before": pl.Boolean,
    "paths": pl.String,
    "samples": pl.String,
    "clock": pl.Int64,
    "clock_at": pl.Int64,
    "since": pl.Int64,
    "last_seen": pl.Int64,
    "known_until": pl.Int64,
    "ordered": pl.Int64,
}


def _groups(device: Any, family: Any) -> Iterable[Times]:
    """Return the rows of each (device, family), in order of first appearance, rows in order."""
    key = device.astype(np.uint64) << np.uint64(32) | family.astype(np.uint64)
    order = np.argsort(key, kind="stable")
    edges = np.flatnonzero(np.diff(key[order])) + 1
    groups = np.split(order, edges) if len(order) else []
    return sorted(groups, key=lambda rows: int(rows[0]))


def _parts(batch: ControlBatch, at: Times) -> list[Times]:
    """Cut the records of an observer around each at which something may happen to its session."""
    kind, session, seq = batch.kind[at], batch.session[at], batch.seq[at]
    happens = (kind != Kind.RESPONSE) | batch.sync[at]
    happens[1:] |= (session[1:] != session[:-1]) | (seq[1:] != seq[:-1] + 1)
    rows = np.flatnonzero(happens)
    return [part for part in np.split(at, np.union1d(rows, rows + 1)) if len(part)]


def samples_of(start: dict[str, Any]) -> list[list[Any]]:
    """Return path and interval in seconds of each path of a start record that is sampled."""
    paths = start.get("paths")
    found = [entry for entry in paths if isinstance(entry, dict)] if isinstance(paths, list) else []
    return [
        [entry["path"], float(entry["interval_s"])]
        for entry in found
        if entry.get("mode") == "SAMPLE"
        and isinstance(entry.get("path"), str)
        and isinstance(entry.get("interval_s"), int | float)
        and entry["interval_s"] > 0
    ]


def _heard(end: dict[str, Any], record_time: int) -> int:
    """Return when the target of a session was last heard; without a word on it, when the session ended."""
    heard = end.get("heard_ns")
    if isinstance(heard, int) and not isinstance(heard, bool) and 0 < heard // 1000 < record_time:
        return heard // 1000
    return record_time


def _paths(start: dict[str, Any]) -> list[str] | None:
    """Return the subscribed paths of a start record: strings, or objects with a ``path``."""
    paths = start.get("paths")
    if not isinstance(paths, list):
        return None
    found = [entry.get("path") if isinstance(entry, dict) else entry for entry in paths]
    return [path for path in found if isinstance(path, str)]


def _skew(turn: Turn) -> str:
    way = "behind" if turn.estimate >= 0 else "ahead of"
    told = f"device clock is {abs(turn.estimate) / 1e6:.1f} s {way} the collector's"
    return told if turn.flagged else f"{told}: good enough again"


def _times(
    batch: ControlBatch,
    now: Times,
    device_clock: Clock,
    *,
    number: Times,
    accepted: Flags,
    dump: Flags,
    known_until: Times,
    clock: Times,
) -> Records:
    trusted = ~dump & device_clock.believed(batch.recv_time - batch.event_time)
    corrected = device_clock.corrected(batch.event_time, batch.recv_time)
    order_time = np.where(trusted, corrected, batch.recv_time)
    late = now - order_time > us(LATENESS)
    return Records(
        offset=batch.offset,
        now=now,
        record_time=batch.record_time,
        recv_time=batch.recv_time,
        event_time=batch.event_time,
        valid_time=np.where(dump, np.minimum(batch.event_time, batch.recv_time), order_time),
        session_clock=clock,
        order_time=np.minimum(np.maximum(order_time, now - us(LATENESS)), now + us(LATENESS)),
        late=late,
        device=batch.device,
        family=batch.family,
        session=number,
        accepted=accepted,
        dump=dump,
        known_until=np.where(dump, known_until, 0),
        kind=batch.kind,
    )
