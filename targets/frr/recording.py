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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from collectors.records import StoredRecord
from targets.frr.emissions import Poll, host, monitor, ticks
from targets.frr.report import Report
from targets.sessions import Sessions

COLLECTOR: Final = "frr-agent"
"""Key of the ticks and part of the session ids."""
_LATEST_S: Final = 2**33
"""Some time in the 23rd century: what is later is no time."""

Progress = Callable[[int], object]
"""Called with a number of compressed bytes just read."""


class RecordingError(ValueError):
    """A directory that is no recording; the message says what is missing or wrong."""


@dataclass(frozen=True)
class _File:
    """A file of a recording and the time it spans."""

    path: Path
    target: str
    start_ns: int
    end_ns: int


def records_of(
    directory: Path, version: str, report: Report, progress: Progress = lambda _: None
) -> Iterator[StoredRecord]:
    """Yield the records of a recording, offsets from 0, times never falling; fills in ``report`` on the way.

    Raises RecordingError for a directory that is no recording.
    """
    if not directory.is_dir():
        raise RecordingError(f"{directory} is no directory")
    hosts = _files(directory, "poll-*.jsonl.gz", report)
    if not hosts:
        raise RecordingError(f"{directory} is no recording: no poll-NODE.jsonl.gz in it has a readable poll")
    monitors = _files(directory, "gobgp*.jsonl.gz", report)
    targets = Counter(file.target for file in (*hosts, *monitors))
    repeated = [target for target, files in targets.items() if files > 1]
    if repeated:
        raise RecordingError(f"{directory} has more than one file of {', '.join(repeated)}")
    start_ns = min(file.start_ns for file in (*hosts, *monitors))
    end_ns = max(file.end_ns for file in (*hosts, *monitors))
    streams = [
        host(it.target, it.start_ns, _polls(it, report, progress), Sessions(COLLECTOR, version), report)
        for it in hosts
    ]
    for it in monitors:
        lines = ((_time_ns(line), line.get("ev")) for line in _lines(it, report, progress))
        span_ns = (it.start_ns, end_ns)
        streams.append(monitor(it.target, span_ns, lines, Sessions(COLLECTOR, version), report))
    streams.append(ticks(COLLECTOR, start_ns, end_ns))
    merged = heapq.merge(*streams, key=lambda emission: emission.time_ns)
    for offset, emission in enumerate(merged):
        report.records += 1
        yield StoredRecord(offset, emission.time_ns // 1_000_000, emission.key, emission.value)


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
    start_ns = _time_ns(first)
    return _File(path, target, start_ns, max(start_ns, _time_ns(final) + _took_ns(final)))


def _polls(file: _File, report: Report, progress: Progress) -> Iterator[Poll]:
    for line in _lines(file, report, progress):
        documents, took_ns = line.get("docs"), _took_ns(line)
        yield Poll(_time_ns(line) + took_ns, took_ns, documents if isinstance(documents, dict) else {})


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
    return line if isinstance(line, dict) and _nanoseconds(line.get("ts")) is not None else None


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


def _time_ns(line: dict[str, object]) -> int:
    return _nanoseconds(line["ts"]) or 0


def _took_ns(line: dict[str, object]) -> int:
    return _nanoseconds(line.get("took")) or 0


def _nanoseconds(seconds: object) -> int | None:
    """Return a recorded time; it is given in microseconds at most, which a float of this size still keeps."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < _LATEST_S:
        return None
    return round(seconds * 1_000_000) * 1_000
