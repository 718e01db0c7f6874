"""A writer at 20 000 rows a second, with and without eight clients that ask all the time.

The rows are those of a fabric of their own, which leaves the store again at the end. Clients are threads with
a connection each, with the niceness of those of the SQL endpoint: they ask without a pause.
"""

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import polars as pl
import pyarrow as pa

from bench.figures import Figure
from bench.store.life import Life
from bench.store.make import truth_of
from bench.store.questions import questions
from bench.store.rows import Rows
from bench.store.told import Teller
from pipeline.store import Commit, Position, Store
from pipeline.store.tables import columns_of, transaction

FABRIC: Final = "bench-live"
ROWS_PER_S: Final = 20_000
CLIENTS: Final = 8
GOAL_MS: Final = 250
NICENESS: Final = 10
"""Of clients' threads: the writer gets a processor before them."""
_MACS: Final = 100_000
_S_US: Final = 1_000_000
_FACTS_PER_STEP: Final = 5.5
"""Rows of all tables, roughly, that a step of a MAC makes."""


def measure(path: Path, *, seconds: int = 60, threads: int = 2) -> Iterator[Figure]:
    """Yield the p99 of commits without and with clients, and what the clients' questions took."""
    truth = orjson.loads(truth_of(path).read_bytes())
    with closing(Store.open(path)) as store:
        with store.reader() as reader:
            reader.execute(f"SET GLOBAL threads = {threads}; SET GLOBAL memory_limit = '3GB'")
            asked = [
                text
                for question in questions(reader, truth["begin"], truth["end"])
                for text in question.texts
                if "rows of" not in question.what
            ]
        batches = _batches(store, truth["end"] + 3600 * _S_US)
        try:
            alone = _written(store, batches, seconds)
            stop, told = threading.Event(), list[float]()
            clients = [
                threading.Thread(target=_ask, args=(store, asked[number::CLIENTS], stop, told))
                for number in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            beside = _written(store, batches, seconds)
            stop.set()
            for client in clients:
                client.join()
        finally:
            _leave(store)
    for what, ms in (("alone", alone), (f"while {CLIENTS} clients ask", beside)):
        p99 = float(np.percentile(ms, 99))
        yield Figure(
            "store",
            f"commit of {ROWS_PER_S:,} rows, p99, {what}",
            "ms",
            (p99,),
            f"< {GOAL_MS}",
            p99 < GOAL_MS,
            {"median_ms": float(np.median(ms)), "max_ms": max(ms), "commits": len(ms)},
        )
    yield Figure("store", f"a client's answer, {CLIENTS} at once", "ms", tuple(told))


def _batches(store: Store, begin: int) -> Iterator[Commit]:
    """Yield what follows from each second of the stream, about ROWS_PER_S rows."""
    life = Life(_MACS, 80, seed=2)
    teller, rows = Teller(life), Rows(life, FABRIC)
    with store.reader() as reader:
        columns = columns_of(reader)
    macs = np.array_split(np.arange(_MACS), 20)
    for second in itertools.count():
        at = begin + second * 4 * _S_US
        fresh = second < len(macs)
        steps = (
            life.begin(macs[second], at, _S_US)
            if fresh
            else life.steps(at, 3 * _S_US, int(ROWS_PER_S / _FACTS_PER_STEP))
        )
        tables = rows.tables(steps, teller.tell(steps, at), dump=fresh)
        if fresh:
            continue
        now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        position = Position(FABRIC, f"fabricscope.raw.{FABRIC}", teller.next_offset, now)
        yield Commit(
            {name: _whole(table, columns[name]) for name, table in tables.items()}, positions=[position]
        )


def _whole(table: pa.Table, columns: list[str]) -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(table))
    return frame.with_columns(pl.lit(None).alias(name) for name in columns if name not in frame.columns)


def _written(store: Store, batches: Iterator[Commit], seconds: int) -> list[float]:
    """Commit a batch each second and return what each commit took, in milliseconds."""
    took = []
    begun = time.perf_counter()
    for number in range(seconds):
        commit = next(batches)
        time.sleep(max(0.0, begun + number - time.perf_counter()))
        before = time.perf_counter()
        store.commit(commit)
        took.append((time.perf_counter() - before) * 1e3)
    return took


def _ask(store: Store, texts: list[str], stop: threading.Event, told: list[float]) -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    with store.reader() as reader:
        for text in itertools.cycle(texts):
            if stop.is_set():
                return
            before = time.perf_counter()
            reader.sql(text).to_arrow_table()
            told.append((time.perf_counter() - before) * 1e3)


def _leave(store: Store) -> None:
    with store.reader() as reader, transaction(reader):
        for table, names in columns_of(reader).items():
            if "fabric" in names:
                reader.execute(f"DELETE FROM store.{table} WHERE fabric = ?", [FABRIC])
