"""Responses: where the parts of each notification stand, all notifications side by side.

In each round one field of every notification is read, so that a round costs little more than one field. What
is left when only few notifications go on is read one by one.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from pipeline.decode import protobuf, wire
from pipeline.decode.octets import Octets, Places, appended
from pipeline.decode.protobuf import MalformedError

Rows = NDArray[np.int64]

_UPDATE, _SYNC = 0x0A, 0x18
_TIMESTAMP, _PREFIX, _UPDATES, _DELETES, _ATOMIC = 0x08, 0x12, 0x22, 0x2A, 0x30
_FEW: Final = 16
"""Notifications for which rounds are no longer worth their fixed cost."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Updates or deletes: record, ascending, number within the record from 0, and where each stands."""

    record: Rows
    number: Rows
    start: Places
    length: Places


@dataclass(frozen=True, slots=True)
class Responses:
    """Responses, one row per record; of one that is malformed nothing is told."""

    octets: Octets
    sync: NDArray[np.bool_]
    timestamp: NDArray[np.int64]
    atomic: NDArray[np.bool_]
    prefix: Places
    prefix_length: Places
    malformed: NDArray[np.bool_]
    updates: Pieces
    deletes: Pieces


def read_responses(octets: Octets, start: Places, end: Places) -> Responses:
    """Return the fields of the ``gnmi.SubscribeResponse`` that stand at some places."""
    malformed = np.zeros(len(start), dtype=np.bool_)
    begin, behind, sync, unusual = _notifications(octets, start, end)
    if len(unusual):
        # a deprecated error, an extension, fields in another order
        written = [_rewrite(octets.data[start[at] : end[at]].tobytes()) for at in unusual.tolist()]
        malformed[unusual] = [one is None for one in written]
        octets, start, end = appended(octets, start, end, unusual, [one or b"" for one in written])
        begin, behind, sync, _ = _notifications(octets, start, end)
    scan = _Scan(octets, begin.copy(), behind, malformed)
    scan.run()
    return Responses(
        octets=octets,
        sync=sync & ~malformed,
        timestamp=np.where(malformed, 0, scan.timestamp),
        atomic=scan.atomic & ~malformed,
        prefix=np.where(malformed, begin, scan.prefix),
        prefix_length=np.where(malformed, 0, scan.prefix_length),
        malformed=malformed,
        updates=scan.updates.pieces(malformed),
        deletes=scan.deletes.pieces(malformed),
    )


def _notifications(
    octets: Octets, start: Places, end: Places
) -> tuple[Places, Places, NDArray[np.bool_], Rows]:
    """Return start and end of the notifications, syncs, and which responses are not written as usual."""
    data = octets.data
    there = (start < end) & (data[start] == _UPDATE)
    length, begin = octets.lengths(start + 1)
    behind = np.where(there, begin + length, start)
    synced = (behind + 2 == end) & (data[np.minimum(behind, end)] == _SYNC)
    sync = synced & (data[np.minimum(behind + 1, end)] == 1)
    good = (behind <= end) & ((behind == end) | synced)
    return (
        np.where(there & good, begin, start),
        np.where(good, behind, start),
        sync & good,
        np.flatnonzero(~good),
    )


@dataclass(slots=True)
class _Found:
    """Pieces in the order they were found: by round, not by record."""

    count: Rows
    record: list[Rows] = field(default_factory=list)
    number: list[Rows] = field(default_factory=list)
    start: list[Places] = field(default_factory=list)
    length: list[Places] = field(default_factory=list)

    def add(self, record: Rows, start: Places, length: Places) -> None:
        """Add one piece of each of some records."""
        self.record.append(record)
        self.number.append(self.count[record])
        self.start.append(start)
        self.length.append(length)
        self.count[record] += 1

    def add_rest(self, record: int, places: list[tuple[int, int]]) -> None:
        """Add the last pieces of one record: starts and lengths."""
        told = np.array(places, dtype=np.int64).reshape(-1, 2)
        self.record.append(np.full(len(told), record))
        self.number.append(self.count[record] + np.arange(len(told)))
        self.start.append(told[:, 0])
        self.length.append(told[:, 1])
        self.count[record] += len(told)

    def pieces(self, malformed: NDArray[np.bool_]) -> Pieces:
        """Return the pieces in the order of records, without those of malformed ones."""
        none = np.zeros(0, dtype=np.int64)
        record = np.concatenate([none, *self.record])
        told = np.flatnonzero(~malformed[record])
        record = record[told]
        count = np.where(malformed, 0, self.count)
        place = (np.cumsum(count) - count)[record] + np.concatenate([none, *self.number])[told]
        start, length = np.empty_like(place), np.empty_like(place)
        start[place] = np.concatenate([none, *self.start])[told]
        length[place] = np.concatenate([none, *self.length])[told]
        ordered = np.repeat(np.arange(len(count), dtype=np.int64), count)
        return Pieces(ordered, np.arange(len(ordered)) - (np.cumsum(count) - count)[ordered], start, length)


class _Scan:
    """Notifications being read."""

    def __init__(self, octets: Octets, at: Places, end: Places, malformed: NDArray[np.bool_]) -> None:
        self._octets, self._at, self._end, self._malformed = octets, at, end, malformed
        size = len(at)
        self.timestamp = np.zeros(size, dtype=np.int64)
        self.atomic = np.zeros(size, dtype=np.bool_)
        self.prefix = at.copy()
        self.prefix_length = np.zeros(size, dtype=np.int64)
        self.updates = _Found(np.zeros(size, dtype=np.int64))
        self.deletes = _Found(np.zeros(size, dtype=np.int64))

    def run(self) -> None:
        """Read all notifications to their ends."""
        going = np.flatnonzero(~self._malformed & (self._at < self._end))
        while len(going) > _FEW:
            going = self._round(going)
        for record in going.tolist():
            self._rest(record)

    def _round(self, going: Rows) -> Rows:
        """Read one field of each notification; return those that go on."""
        octets, at, end = self._octets, self._at[going], self._end[going]
        tag = octets.data[at]
        length, start = octets.lengths(at + 1)
        behind = start + length
        odd = np.flatnonzero(tag & 7 != protobuf.DELIMITED)
        if len(odd):
            numbers, behind[odd] = octets.varints(at[odd] + 1)
            # one by one: what is no number, begins with a long tag, or has no end
            self._numbers(tag[odd], going[odd], numbers)
        bad = (
            (behind > end)
            | (behind <= at + 1)
            | (tag > 0x7F)
            | ~np.isin(tag & 7, (protobuf.VARINT, protobuf.DELIMITED))
        )
        for record in going[bad].tolist():
            self._rest(record)
        going, at, behind = going[~bad], start[~bad], behind[~bad]
        tag, length = tag[~bad], length[~bad]
        for wanted, found in ((_UPDATES, self.updates), (_DELETES, self.deletes)):
            rows = np.flatnonzero(tag == wanted)
            if len(rows):
                found.add(going[rows], at[rows], length[rows])
        rows = np.flatnonzero(tag == _PREFIX)
        self.prefix[going[rows]], self.prefix_length[going[rows]] = at[rows], length[rows]
        self._at[going] = behind
        return going[behind < self._end[going]]

    def _numbers(self, tag: NDArray[np.uint8], record: Rows, number: NDArray[np.uint64]) -> None:
        times = tag == _TIMESTAMP
        self.timestamp[record[times]] = number[times].view(np.int64)
        flags = tag == _ATOMIC
        self.atomic[record[flags]] = number[flags] != 0

    def _rest(self, record: int) -> None:
        """Read what is left of one notification."""
        begin = int(self._at[record])
        raw = self._octets.data[begin : self._end[record]].tobytes()
        try:
            found = protobuf.fields(raw, 0, len(raw))
        except MalformedError:
            self._malformed[record] = True
            return
        places: dict[int, list[tuple[int, int]]] = {_UPDATES: [], _DELETES: []}
        for number, wire_type, start, end in found:
            tag = number << 3 | wire_type
            if tag in places:
                places[tag].append((begin + start, end - start))
            elif tag == _PREFIX:
                self.prefix[record], self.prefix_length[record] = begin + start, end - start
            elif tag in (_TIMESTAMP, _ATOMIC):
                value = protobuf.varint(raw, start, end)[0] & (1 << 64) - 1
                one = np.array([record])
                self._numbers(np.array([tag], dtype=np.uint8), one, np.array([value], dtype=np.uint64))
        self.updates.add_rest(record, places[_UPDATES])
        self.deletes.add_rest(record, places[_DELETES])


def _rewrite(raw: bytes) -> bytes | None:
    """Return a response as encoders write it; None if it is malformed."""
    response: Any = wire.message_class("SubscribeResponse")()
    try:
        response.ParseFromString(raw)
    except DecodeError:
        return None
    response.DiscardUnknownFields()
    return bytes(response.SerializeToString())
