"""A script as records: put in order, counted per session, encoded a batch at a time."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from bench import fabric
from bench.fabric import VNIS, Ints
from bench.messages import TIME_BYTES, Bytes, varints
from bench.script import Line, Part, Script
from collectors.records import Kind, Record, encode_record, session_id
from pipeline.batch import RawBatch

COLLECTOR: Final = "collector-1"
COLLECTED_AFTER_NS: Final = 15_000_000
"""From a device's clock to its collector's."""
_MS: Final = 1_000_000


class Records:
    """The records of a script in the order of their times."""

    def __init__(self, script: Script, profile: str, begin_ns: int) -> None:
        parts, lines = script.parts, script.lines
        self._parts, self._lines = parts, lines
        line_time = np.array([line.time for line in lines], dtype=np.int64)
        line_session = np.array([line.session for line in lines], dtype=np.int64)
        time = np.concatenate([line_time, *(part.time for part in parts)])
        session = np.concatenate([line_session, *(part.session for part in parts)])
        sizes = [len(lines), *(len(part.time) for part in parts)]
        # source 0: a line; source n: part n - 1
        source = np.repeat(np.arange(len(sizes)), sizes)
        row = np.concatenate([np.arange(size) for size in sizes])
        order = np.argsort(time, kind="stable")
        self._time, self._session = time[order], session[order]
        self._source, self._row = source[order], row[order]
        self._count = count_before(self._session)
        device_of = {name: number for number, name in enumerate(fabric.DEVICES)}
        self._devices = np.array([device_of[device] for device, _ in script.sessions])
        ids = [session_id(begin_ns + number * _MS, COLLECTOR) for number in range(len(script.sessions))]
        self._heads = [
            Record(Kind.RESPONSE, profile, family, ids[number])
            for number, (_, family) in enumerate(script.sessions)
        ]
        empty = len(b"\x3a\x00")
        self._head_bytes = [encode_record(head)[:-empty] for head in self._heads]
        self._counts = [b"", *(b"\x28" + _varint(count) for count in range(1, int(self._count.max()) + 1))]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self._time)

    def before(self, time_ns: int) -> int:
        """Return the number of records before a time."""
        return int(np.searchsorted(self._time, time_ns))

    def batches(self, records: int, start: int) -> Iterator[RawBatch]:
        """Yield all records from number ``start`` on, up to ``records`` at a time."""
        for first in range(start, len(self), records):
            yield self._batch(np.arange(first, min(first + records, len(self))))

    def _batch(self, at: Ints) -> RawBatch:
        values: list[bytes] = [b""] * len(at)
        received = self._time[at] + COLLECTED_AFTER_NS
        received_bytes = received.astype("<i8").tobytes()
        source = self._source[at]
        for number in np.unique(source).tolist():
            mine = np.flatnonzero(source == number)
            rows = self._row[at[mine]]
            if number == 0:
                for place, row in zip(mine.tolist(), rows.tolist(), strict=True):
                    record = int(at[place])
                    values[place] = self._line(self._lines[row], record, int(received[place]))
                continue
            part = self._parts[number - 1]
            messages = part.form.fill(self._columns(part, rows))
            width = messages.shape[1]
            whole, tail = messages.tobytes(), b"\x3a" + _varint(width)
            sessions, counts = self._session[at[mine]].tolist(), self._count[at[mine]].tolist()
            for index, place in enumerate(mine.tolist()):
                values[place] = b"".join(
                    (
                        self._head_bytes[sessions[index]],
                        self._counts[counts[index]],
                        b"\x31",
                        received_bytes[8 * place : 8 * place + 8],
                        tail,
                        whole[width * index : width * (index + 1)],
                    )
                )
        names = [*fabric.DEVICES, COLLECTOR]
        devices = np.append(self._devices, len(fabric.DEVICES))[self._session[at]]
        keys = [names[device] for device in devices.tolist()]
        return RawBatch(at.astype(np.int64), received // _MS, keys, values)

    def _columns(self, part: Part, rows: Ints) -> dict[str, Bytes]:
        group, macs = part.group[rows], part.macs[rows]
        vni = group % VNIS
        makers: dict[str, Callable[[], Bytes]] = {
            "time": lambda: varints(part.time[rows], TIME_BYTES)[:, None],
            "target": lambda: fabric.DEVICE_TEXTS[self._devices[part.session[rows]]][:, None],
            "rd": lambda: fabric.RD_TEXTS[group][:, None],
            "peer": lambda: fabric.PEER_TEXTS[group // VNIS][:, None],
            "label": lambda: fabric.LABEL_TEXTS[vni][:, None],
            "instance": lambda: fabric.INSTANCE_TEXTS[vni][:, None],
            "vni": lambda: varints(fabric.FIRST_VNI + vni, 2)[:, None],
            "mac": lambda: fabric.mac_texts(macs),
            "ip": lambda: fabric.ip_texts(macs),
            "attr": lambda: varints(part.attr[rows], 2),
            "ext": lambda: varints(part.ext[rows], 3),
            "seq": lambda: varints(part.seq[rows], 1),
        }
        return {name: makers[name]() for name in {hole.name for hole, _ in part.form.holes}}

    def _line(self, line: Line, record: int, received_ns: int) -> bytes:
        if line.session < 0:
            return encode_record(Record(line.kind, recv_ns=received_ns))
        head = self._heads[line.session]
        return encode_record(
            Record(
                kind=line.kind,
                profile=head.profile,
                family=head.family,
                session=head.session,
                seq=int(self._count[record]),
                recv_ns=received_ns,
                response=line.content if line.kind is Kind.RESPONSE else b"",
                json=line.content if line.kind is not Kind.RESPONSE else b"",
            )
        )


def count_before(keys: npt.NDArray[np.int64]) -> Ints:
    """Return how often each key stands before, in the order of the flattened array."""
    flat = keys.ravel()
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    at = np.arange(len(flat))
    first = np.append(True, ordered[1:] != ordered[:-1]) if len(flat) else np.zeros(0, dtype=bool)
    counted = np.empty(len(flat), dtype=np.int64)
    counted[order] = at - np.maximum.accumulate(np.where(first, at, 0))
    return counted.reshape(keys.shape)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
