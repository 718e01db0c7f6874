"""A scenario through the pipeline without a network: as a collector would have written it, into a store."""

import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from heapq import merge
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Final

import numpy as np
import orjson

from collectors.errors import InputError
from collectors.records import Kind, Record, StoredRecord, encode_record
from pipeline import transfer
from pipeline.batch import RawBatch
from pipeline.detectors.settings import Settings
from pipeline.job import Job
from pipeline.run import replay
from pipeline.store.opening import look
from scenarios.found import Found, found_in
from scenarios.matching import Result, matched
from scenarios.scenario import Recorded, Scenario, Simulation
from targets.frr.recording import RecordingError, records_of
from targets.frr.report import Report
from targets.openconfig.families import datetime_text
from targets.simulated.agenda import MS, SECOND
from targets.simulated.captured import Captured
from targets.simulated.fabric import Fabric
from targets.simulated.news import Note
from targets.simulated.play import LEAD_NS, START_NS, schedule

FABRIC: Final = "scenario"
"""The fabric's name in the store."""
_VERSION: Final = "scenario"
_BATCH: Final = 4_096
_OPERATOR: Final = "operator"


def score(scenario: Scenario, settings: Settings | None = None, keep: Path | None = None) -> Result:
    """Return what came of a scenario; raises InputError for one that can't be played.

    ``settings``: thresholds other than the catalogue's. ``keep``: folder for its store.
    """
    try:
        return matched(scenario, play(scenario, settings, keep))
    except InputError as error:
        raise InputError(f"scenario {scenario.name}: {error}") from error


def play(scenario: Scenario, settings: Settings | None = None, keep: Path | None = None) -> list[Found]:
    """Return the incidents that are found in a scenario; ``keep``: folder for its store."""
    with tempfile.TemporaryDirectory(prefix="fabricscope-score-") as folder:
        path = (keep or Path(folder)) / f"{scenario.name}.duckdb"
        path.unlink(missing_ok=True)
        store(scenario, path, settings)
        with closing(look(path)) as opened:
            return found_in(opened, _zero(scenario))


def store(scenario: Scenario, path: Path, settings: Settings | None = None) -> None:
    """Play a scenario into a store, a file that isn't there yet."""
    played = scenario.played
    records = _recorded(played) if isinstance(played, Recorded) else _simulated(played)
    limits = {} if settings is None else {FABRIC: settings}
    with closing(Job.open(path, [FABRIC], None, settings=limits)) as job:
        replay(job, FABRIC, transfer.filled(_batches(records)), threading.Event(), lambda _: None)


def _zero(scenario: Scenario) -> float:
    """Return the unix time of second 0 of a scenario."""
    if isinstance(scenario.played, Recorded):
        return _zero_of(scenario.played)
    return (START_NS + LEAD_NS) / SECOND


def _simulated(simulation: Simulation) -> Iterator[StoredRecord]:
    """Yield what a collector would have written; what the operator declares comes first."""
    fabric = Fabric.build(simulation.design, simulation.seed)
    start_ns = START_NS + LEAD_NS
    schedule(fabric, simulation.steps, start_ns)
    notes: list[Note] = []
    said = Captured(fabric, _VERSION).records(START_NS, start_ns + round(simulation.seconds * SECOND), notes)
    return _numbered(merge(_told(simulation, start_ns), said, key=attrgetter("timestamp_ms")))


def _told(simulation: Simulation, start_ns: int) -> Iterator[StoredRecord]:
    """Yield what people say: what the operator declares comes first, then the maintenance windows."""
    if simulation.declared:
        declared = orjson.dumps(dict(simulation.declared))
        yield _of_people(Record(kind=Kind.FABRIC, recv_ns=START_NS, json=declared))
    for number, works in enumerate(sorted(simulation.works, key=attrgetter("at_s")), start=1):
        begin, end = (start_ns + round(at * SECOND) for at in (works.at_s, works.until_s))
        action = {
            "version": 1,
            "verb": "maintenance",
            "actor": _OPERATOR,
            "subject": f"works-{number}",
            "text": "planned work",
            "scope": dict(works.scope),
            "from": datetime_text(begin),
            "to": datetime_text(end),
        }
        yield _of_people(Record(kind=Kind.ACTION, recv_ns=begin, json=orjson.dumps(action)))


def _of_people(record: Record) -> StoredRecord:
    return StoredRecord(0, record.recv_ns // MS, _OPERATOR, encode_record(record))


def _numbered(records: Iterable[StoredRecord]) -> Iterator[StoredRecord]:
    for offset, record in enumerate(records):
        yield StoredRecord(offset, record.timestamp_ms, record.key, record.value)


def _recorded(recorded: Recorded) -> Iterator[StoredRecord]:
    try:
        yield from records_of(recorded.folder, _VERSION, Report())
    except RecordingError as error:
        raise InputError(str(error)) from error


def _zero_of(recorded: Recorded) -> float:
    try:
        return float(orjson.loads((recorded.folder / "labels.json").read_bytes())["t0"])
    except (OSError, orjson.JSONDecodeError, KeyError) as error:
        raise InputError(f"{recorded.folder} has no labels.json with t0, the time of second 0") from error


def _batches(records: Iterable[StoredRecord]) -> Iterator[RawBatch]:
    remaining = iter(records)
    while group := list(islice(remaining, _BATCH)):
        yield RawBatch(
            offsets=np.array([it.offset for it in group], dtype=np.int64),
            timestamps_ms=np.array([it.timestamp_ms for it in group], dtype=np.int64),
            keys=[it.key for it in group],
            values=[it.value for it in group],
        )
