"""A long stream with all that can happen to one: sessions renewed and lost, holes, nonsense, lateness.

The records are those of the benchmarks' stream, ten leaves and two spines with their dumps, changes, moves
and deletes; what goes wrong is added here, from a seed.
"""

import random
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from bench.stream import Load, Stream
from collectors.records import Kind, decode_record, encode_record, session_id
from pipeline.batch import RawBatch, concatenate

LONG: Final = Load(macs=2_000, records=170_000, layout="single", keys=1_000, records_per_second=400)
"""More than 200 000 records, seven minutes."""
SHORT: Final = Load(macs=2_000, records=9_000, layout="entries", keys=1_000, records_per_second=100)
"""17 000 records, two minutes."""
RENEWED: Final = (
    ("spine-1", "routes", 0.3, True),
    ("spine-1", "routes", 0.7, False),
    ("leaf-12", "mac", 0.45, False),
    ("leaf-17", "mac", 0.5, True),
    ("spine-2", "bgp", 0.6, True),
)
"""Device and family, when in the stream, and whether the old session says its end."""
FORGOTTEN: Final = 0.02
"""Share of a dump that a renewed session doesn't announce again: gone at its sync."""
HOLES: Final = (("leaf-14", "mac", 0.4), ("leaf-17", "mac", 0.8))
HOLE_RECORDS: Final = 7
NONSENSE: Final = (b"", b"\x00", b"\xff" * 9, b"\x08\x01\x3a\x02\x0a\x7f", b"no record at all")
LATE_DEVICE: Final = "leaf-16"
LATE_MS: Final = (14_000, 0.55, 0.6)
"""Held back by so much, between these parts of the stream."""
SILENT: Final = ("leaf-19", 0.94)
"""Says nothing from then on."""


class _Entry(NamedTuple):
    """A record, and when it is written: ``due`` in milliseconds, then by ``number``, then as they stand."""

    due: float
    number: int
    timestamp_ms: int
    key: str
    value: bytes


def disturbed_stream(load: Load) -> RawBatch:
    """Return a whole stream, offsets from 0; the same load, seed included, gives the same bytes."""
    chance = random.Random(load.seed)
    whole = concatenate(list(Stream(load).batches(16_384)))
    times = whole.timestamps_ms.tolist()
    entries = [
        _Entry(time, number, time, key, value)
        for number, (time, key, value) in enumerate(zip(times, whole.keys, whole.values, strict=True))
    ]

    def at(part: float) -> int:
        return int(times[0] + part * (times[-1] - times[0]))

    for device, family, part, says_end in RENEWED:
        entries = _renewed(entries, chance, device, family, at(part), says_end=says_end)
    for device, family, part in HOLES:
        gone = [entry.number for entry in _of(entries, device, family) if entry.due >= at(part)][
            :HOLE_RECORDS
        ]
        entries = [entry for entry in entries if entry.number not in set(gone)]
    late_ms, begin, end = LATE_MS
    entries = [
        entry._replace(due=min(entry.due + late_ms, at(end)))
        if entry.key == LATE_DEVICE and at(begin) <= entry.due < at(end)
        else entry
        for entry in entries
    ]
    silent, since = SILENT
    entries = [entry for entry in entries if entry.key != silent or entry.due < at(since)]
    for number, value in enumerate(NONSENSE):
        time = at((1 + number) / (1 + len(NONSENSE)))
        entries.append(_Entry(time, -1, time, "leaf-13", value))
    entries.sort(key=_written)
    return RawBatch(
        np.arange(len(entries), dtype=np.int64),
        np.array([entry.timestamp_ms for entry in entries], dtype=np.int64),
        [entry.key for entry in entries],
        [entry.value for entry in entries],
    )


def _written(entry: _Entry) -> tuple[float, int]:
    return entry.due, entry.number


def _of(entries: list[_Entry], device: str, family: str) -> list[_Entry]:
    """Return the records of a device's family."""
    wanted = family.encode()
    mine = (entry for entry in entries if entry.key == device and wanted in entry.value[:40])
    return [entry for entry in mine if decode_record(entry.value).family == family]


def _renewed(
    entries: list[_Entry], chance: random.Random, device: str, family: str, time: int, *, says_end: bool
) -> list[_Entry]:
    """End a session and begin another: start, most of the first dump again, sync, and all that came then."""
    mine = [(entry, decode_record(entry.value)) for entry in _of(entries, device, family)]
    synced = next(row for row, (_, record) in enumerate(mine) if record.response == _SYNC)
    start, *dump = [record for _, record in mine[:synced]]
    before = [record for entry, record in mine if entry.due < time]
    session = session_id(time * 1_000_000, "collector-1")
    numbers = {entry.number for entry, _ in mine if entry.due >= time}
    renewed = [entry for entry in entries if entry.number not in numbers]
    number = max(entry.number for entry, _ in mine if entry.due < time)
    said = [start, *(record for record in dump if chance.random() >= FORGOTTEN), mine[synced][1]]
    if says_end:
        end = replace(
            before[-1], kind=Kind.END, seq=before[-1].seq + 1, response=b"", json=b'{"reason": "renewed"}'
        )
        renewed.append(_Entry(time, number, time, device, encode_record(end)))
    for seq, record in enumerate(said):
        value = encode_record(replace(record, session=session, seq=seq, recv_ns=time * 1_000_000))
        renewed.append(_Entry(time, number, time, device, value))
    later = [(entry, record) for entry, record in mine if entry.due >= time]
    for seq, (entry, record) in enumerate(later, len(said)):
        value = encode_record(replace(record, session=session, seq=seq))
        renewed.append(entry._replace(value=value))
    return sorted(renewed, key=_written)


_SYNC: Final = b"\x18\x01"
"""A SubscribeResponse with nothing but ``sync_response``."""
