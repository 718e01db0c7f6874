"""Write a store as a replica would have left it after a month: ``python -m bench.store make``."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import pyarrow as pa

from bench.store.life import Ints, Life, Steps
from bench.store.rows import FABRIC, Rows, opened_columns
from bench.store.surroundings import surroundings
from bench.store.told import OBSERVERS, Opened, Teller
from collectors.errors import FabricscopeError
from pipeline.store.opening import connect
from pipeline.store.tables import transaction

BEGIN_US: Final = 1_790_000_000_000_000
_DAY_US: Final = 86_400_000_000
_DUMP_US: Final = 600_000_000
_DUMP_MACS: Final = 50_000
_EVENTS_PER_STEP: Final = 2.6
_BYTES_PER_EVENT: Final = 90
"""Room that must be free: file, write-ahead log and what is replaced meanwhile."""


@dataclass(frozen=True)
class Size:
    """What is asked for."""

    events: int = 100_000_000
    macs: int = 1_000_000
    leaves: int = 1_000
    days: int = 30
    seed: int = 1


def make(path: Path, size: Size, tell: Callable[[str], None] = print) -> None:
    """Write the store at ``path``, anew; beside it, as JSON, what it holds.

    Raises FabricscopeError where the disk hasn't room for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in (path, path.with_name(path.name + ".wal"), truth_of(path)):
        old.unlink(missing_ok=True)
    need, free = size.events * _BYTES_PER_EVENT, shutil.disk_usage(path.parent).free
    if free < need:
        raise FabricscopeError(
            f"{path.parent} has {free >> 30} GB free, {size.events:,} events need {need >> 30}:"
            " name another folder"
        )
    _Maker(path, size, tell).run()


def truth_of(path: Path) -> Path:
    """Return the file that says what the store at ``path`` holds."""
    return path.with_suffix(".json")


class _Maker:
    def __init__(self, path: Path, size: Size, tell: Callable[[str], None]) -> None:
        self._path, self._size, self._say = path, size, tell
        self._life = Life(size.macs, size.leaves, size.seed)
        self._teller, self._rows = Teller(self._life), Rows(self._life)
        self._told: dict[str, int] = {}
        self._connection = connect(path)
        self._connection.execute("SET GLOBAL memory_limit = '3GB'; SET GLOBAL threads = 2")

    def run(self) -> None:
        size, life = self._size, self._life
        for table, rows in surroundings(life, self._rows, BEGIN_US).items():
            self._append({table: rows})
        slices = -(-size.macs // _DUMP_MACS)
        span = _DUMP_US // slices
        for number in range(slices):
            macs = np.arange(number * _DUMP_MACS, min(size.macs, (number + 1) * _DUMP_MACS))
            self._write(
                life.begin(macs, BEGIN_US + number * span, span - 1_000_000),
                BEGIN_US + number * span,
                dump=True,
            )
        begin, hour = (
            BEGIN_US + _DUMP_US + 10_000_000,
            (size.days * _DAY_US - _DUMP_US - 10_000_000) // (size.days * 24),
        )
        left = size.events - self._events()
        by_night = 1 + 0.6 * np.sin(np.arange(size.days * 24) * 2 * np.pi / 24)
        shares = by_night[::-1].cumsum()[::-1]
        for number in range(size.days * 24):
            left = size.events - self._events()
            ratio = by_night[number] / shares[number]
            count = int(max(0, left) * ratio / _EVENTS_PER_STEP)
            self._write(life.steps(begin + number * hour, hour, count), begin + number * hour, dump=False)
            if number % 24 == 23:
                self._say(
                    f"day {number // 24 + 1} of {size.days}: {self._events():,} events,"
                    f" {self._path.stat().st_size >> 20:,} MiB"
                )
        self._finish(begin + size.days * 24 * hour)

    def _events(self) -> int:
        return self._told.get("evpn_route_event", 0)

    def _write(self, steps: Steps, begin: int, *, dump: bool) -> None:
        told = self._teller.tell(steps, begin)
        self._append(self._rows.tables(steps, told, dump=dump))

    def _append(self, tables: dict[str, pa.Table]) -> None:
        with transaction(self._connection):
            for name, rows in tables.items():
                self._connection.register("given", rows)
                self._connection.execute(f"INSERT INTO store.{name} BY NAME FROM given")
                self._connection.unregister("given")
                self._told[name] = self._told.get(name, 0) + len(rows)

    def _finish(self, end: int) -> None:
        """Write what is open, as the snapshot at the end, and the position."""
        life = self._life
        for macs in np.array_split(np.flatnonzero(life.present), max(1, life.macs // 200_000)):
            self._append(self._open_rows(macs))
        position = [FABRIC, f"fabricscope.raw.{FABRIC}", self._teller.next_offset]
        for table in ("stream_position", "snapshot_position"):
            self._connection.execute(
                f"INSERT INTO store.{table} VALUES (?, ?, ?, make_timestamp(?)::TIMESTAMPTZ, NULL)",
                [*position, end],
            )
        self._connection.execute(
            "UPDATE store.observer_current SET last_seen = make_timestamp(?)::TIMESTAMPTZ", [end]
        )
        self._connection.close()
        truth = {
            **asdict(self._size),
            "rows": self._told,
            "present": int(life.present.sum()),
            "begin": BEGIN_US,
            "end": end,
        }
        truth_of(self._path).write_bytes(orjson.dumps(truth, option=orjson.OPT_INDENT_2))

    def _open_rows(self, macs: Ints) -> dict[str, pa.Table]:
        life = self._life
        routes, places, entries = self._teller.open_intervals(macs)
        family = {name: pa.array([name] * len(macs)).dictionary_encode() for name in ("routes", "mac")}
        tables = {
            "mac_location_current": self._rows.locations(macs, life.leaf[macs], life.seq[macs])
            | opened_columns(places)
            | {"family": family["routes"]},
            "mac_current": self._rows.entries(macs, life.leaf[macs])
            | opened_columns(entries)
            | {"family": family["mac"]},
        }
        out = {name: pa.table(columns) for name, columns in tables.items()}
        each = []
        for observer in range(OBSERVERS):
            opened = Opened(routes.valid[:, observer], routes.seen[:, observer], routes.offset[:, observer])
            columns = self._rows.routes(
                macs, life.leaf[macs], life.seq[macs], life.med[macs], np.full(len(macs), observer)
            )
            each.append(pa.table(columns | opened_columns(opened) | {"family": family["routes"]}))
        out["evpn_route_current"] = pa.concat_tables(each)
        return out
