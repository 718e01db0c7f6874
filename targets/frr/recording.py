"""A recording on disk, mapped to a fabric's records in the order in which an agent would have written them.

A recording is a directory with a ``poll-NODE.jsonl.gz`` per host (a poll a line: ``ts``, ``node``, ``took``,
``docs``) and a ``gobgp*.jsonl.gz`` per route monitor (a printed line a line: ``ts``, ``ev``). The same
recording gives the same records, byte for byte.
"""

import gzip
import heapq
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from collectors.profiles import LIVENESS
from collectors.records import Kind, Record, StoredRecord, encode_record
from targets.frr.documents import NoAnswerError
from targets.frr.families import FAMILIES, View, hear
from targets.frr.gobgp import Monitor, is_withdrawal
from targets.frr.sessions import LIVENESS_INTERVAL_NS, Sessions

COLLECTOR: Final = "frr-agent"
"""Key of the ticks and part of the session ids."""

_SECOND_NS: Final = 1_000_000_000
DUMP_SILENCE_NS: Final = 500_000_000
DUMP_LIMIT_NS: Final = 5 * _SECOND_NS
"""A monitor's dump is over at its first silence of DUMP_SILENCE_NS, before the first withdrawal, or
DUMP_LIMIT_NS after its first line: GoBGP prints the table at once and says nothing at its end."""


class RecordingError(ValueError):
    """A directory that is no recording; the message says what is missing or wrong."""


@dataclass
class Report:
    """What came of a recording, by target."""

    good: Counter[str] = field(default_factory=Counter)
    """Polls with at least one answer; lines of a monitor that could be read."""
    partial: Counter[str] = field(default_factory=Counter)
    """Of those, polls with fewer answers than the fullest before."""
    failed: Counter[str] = field(default_factory=Counter)
    """Polls without any answer, lines that could not be read."""
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Target and sentence, for what was no answer."""
    families: dict[str, list[str]] = field(default_factory=dict)
    records: int = 0


Progress = Callable[[int], object]
"""Called with a number of compressed bytes just read."""


@dataclass(frozen=True)
class _File:
    """A file of a recording and the time it spans."""

    path: Path
    target: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class _Emission:
    time_ns: int
    key: str
    value: bytes


def records_of(
    directory: Path, version: str, report: Report, progress: Progress = lambda _: None
) -> Iterator[StoredRecord]:
    """Yield the records of a recording, offsets from 0, times never falling; fills in ``report`` on the way.

    Raises RecordingError for a directory that is no recording.
    """
    if not directory.is_dir():
        raise RecordingError(f"{directory} is no directory")
    nodes = _files(directory, "poll-*.jsonl.gz", report)
    if not nodes:
        raise RecordingError(f"{directory} is no recording: no poll-NODE.jsonl.gz in it has a readable poll")
    monitors = _files(directory, "gobgp*.jsonl.gz", report)
    targets = Counter(file.target for file in (*nodes, *monitors))
    repeated = [target for target, files in targets.items() if files > 1]
    if repeated:
        raise RecordingError(f"{directory} has more than one file of {', '.join(repeated)}")
    start_ns = min(file.start_ns for file in (*nodes, *monitors))
    end_ns = max(file.end_ns for file in (*nodes, *monitors))
    streams = [
        *(_node(file, Sessions(COLLECTOR, version), report, progress) for file in nodes),
        *(_monitor(file, Sessions(COLLECTOR, version), end_ns, report, progress) for file in monitors),
        _ticks(start_ns, end_ns),
    ]
    for offset, it in enumerate(heapq.merge(*streams, key=lambda emission: emission.time_ns)):
        report.records += 1
        yield StoredRecord(offset, it.time_ns // 1_000_000, it.key, it.value)


def _node(file: _File, sessions: Sessions, report: Report, progress: Progress) -> Iterator[_Emission]:
    """Yield what the agent on one host says: each poll's news at the time the poll was complete."""
    target, now = file.target, file.start_ns
    view = View()
    fullest = 0
    report.families[target] = [LIVENESS]
    yield _Emission(now, target, sessions.open(LIVENESS, now))
    for poll in _lines(file, report, progress):
        took_ns = _nanoseconds(poll.get("took", 0)) or 0
        now = max(now, (_nanoseconds(poll["ts"]) or 0) + took_ns)
        answers = poll.get("docs")
        heard = hear(view, answers if isinstance(answers, dict) else {})
        view = heard.view
        report.unreadable.update((target, sentence) for sentence in heard.unreadable)
        report.good[target] += heard.answers > 0
        report.failed[target] += heard.answers == 0
        report.partial[target] += 0 < heard.answers < fullest
        fullest = max(fullest, heard.answers)
        for family in FAMILIES:
            if family not in heard.changes:
                continue
            known = family in report.families[target]
            if not known:
                report.families[target].append(family)
            say = sessions.say if known else sessions.dump
            for value in say(family, heard.changes[family], now):
                yield _Emission(now, target, value)
        # A poll that took longer than the interval is no proof that the host answered in time.
        if heard.answers and took_ns <= LIVENESS_INTERVAL_NS:
            for value in sessions.beat(now):
                yield _Emission(now, target, value)


def _monitor(
    file: _File, sessions: Sessions, end_ns: int, report: Report, progress: Progress
) -> Iterator[_Emission]:
    """Yield what a route monitor says, each line at its arrival, and that it lives to the recording's end."""
    report.families[file.target] = [LIVENESS, "routes"]

    def beats() -> Iterator[_Emission]:
        yield _Emission(file.start_ns, file.target, sessions.open(LIVENESS, file.start_ns))
        for now in range(file.start_ns, end_ns + 1, LIVENESS_INTERVAL_NS):
            for value in sessions.beat(now):
                yield _Emission(now, file.target, value)

    routes = _announcements(file, sessions, end_ns, report, progress)
    yield from heapq.merge(beats(), routes, key=lambda emission: emission.time_ns)


def _announcements(
    file: _File, sessions: Sessions, end_ns: int, report: Report, progress: Progress
) -> Iterator[_Emission]:
    monitor = Monitor()
    target, now = file.target, file.start_ns
    dumping = True
    yield _Emission(now, target, sessions.open("routes", now))
    for line in _lines(file, report, progress):
        before, now = now, max(now, _nanoseconds(line["ts"]) or 0)
        silent = now - before > DUMP_SILENCE_NS
        if dumping and (silent or now - file.start_ns > DUMP_LIMIT_NS or is_withdrawal(line.get("ev"))):
            dumping = False
            over = before + DUMP_SILENCE_NS if silent else now
            yield _Emission(over, target, sessions.sync("routes", over))
        try:
            delta = monitor.hear(line.get("ev"))
        except NoAnswerError as error:
            report.failed[target] += 1
            report.unreadable[target, str(error)] += 1
            continue
        report.good[target] += 1
        for value in sessions.say("routes", delta, now):
            yield _Emission(now, target, value)
    if dumping:
        over = max(now, min(end_ns, now + DUMP_SILENCE_NS))
        yield _Emission(over, target, sessions.sync("routes", over))


def _ticks(start_ns: int, end_ns: int) -> Iterator[_Emission]:
    """Yield a tick each second, the last at or behind the end."""
    for now in range(start_ns, end_ns + _SECOND_NS, _SECOND_NS):
        yield _Emission(now, COLLECTOR, encode_record(Record(kind=Kind.TICK, recv_ns=now)))


def _files(directory: Path, pattern: str, report: Report) -> list[_File]:
    found = (_span(path, report) for path in sorted(directory.glob(pattern)))
    return [file for file in found if file is not None]


def _span(path: Path, report: Report) -> _File | None:
    """Return a file's target and the time it spans; None, with a note, for one without a readable line."""
    target = path.name.removesuffix(".jsonl.gz")
    first: dict[str, object] | None = None
    last: deque[bytes] = deque(maxlen=8)  # the end may be torn
    for raw in _raw_lines(path, target, Report(), lambda _: None):
        if first is None:
            first = _parsed(raw)
        last.append(raw)
    final = next((line for raw in reversed(last) if (line := _parsed(raw))), first)
    if first is None or final is None:
        report.failed[target] += 1
        report.unreadable[target, f"{path.name} has no line that can be read"] += 1
        return None
    if path.name.startswith("poll-"):
        node = first.get("node")
        target = node if isinstance(node, str) and node else target.removeprefix("poll-")
    start_ns = _nanoseconds(first["ts"]) or 0
    end_ns = (_nanoseconds(final["ts"]) or 0) + (_nanoseconds(final.get("took", 0)) or 0)
    return _File(path, target, start_ns, max(start_ns, end_ns))


def _lines(file: _File, report: Report, progress: Progress) -> Iterator[dict[str, object]]:
    """Yield the lines of a file; one that can't be read is counted as failed."""
    for raw in _raw_lines(file.path, file.target, report, progress):
        line = _parsed(raw)
        if line is None:
            report.failed[file.target] += 1
            report.unreadable[file.target, "a line is no JSON object with a time"] += 1
        else:
            yield line


def _parsed(raw: bytes) -> dict[str, object] | None:
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(line, dict) or _nanoseconds(line.get("ts")) is None:
        return None
    return line


def _raw_lines(path: Path, target: str, report: Report, progress: Progress) -> Iterator[bytes]:
    read = 0
    try:
        with path.open("rb") as compressed, gzip.open(compressed) as lines:
            for line in lines:
                if line.strip():
                    yield line
                progress(compressed.tell() - read)
                read = compressed.tell()
    except (EOFError, OSError, zlib.error) as error:
        # A recorder that was killed leaves its last block open: what came before it holds.
        report.unreadable[target, f"{path.name} ends early: {error}"] += 1


def _nanoseconds(seconds: object) -> int | None:
    """Return a recorded time; it is given in microseconds at most, which a float of this size still keeps."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        return None
    return round(seconds * 1_000_000) * 1_000
