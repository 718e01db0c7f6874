"""A writer at 20 000 rows a second, with and without eight clients that ask all the time.

The rows are those of a fabric of their own, which leaves the store again at the end. Clients are a process of
their own with sessions on the SQL endpoint of the process that writes, as a replica has it.
"""

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import orjson
import polars as pl
import pyarrow as pa

from bench.figures import Figure
from bench.store import clients
from bench.store.life import Life
from bench.store.make import truth_of
from bench.store.questions import questions
from bench.store.rows import Rows
from bench.store.told import Teller
from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.service import Access, Service
from pipeline.store import Commit, Position, Store
from pipeline.store.tables import columns_of, transaction

FABRIC: Final = "bench-live"
ROWS_PER_S: Final = 20_000
CLIENTS: Final = 8
GOAL_MS: Final = 250
_MACS: Final = 100_000
_S_US: Final = 1_000_000
_FACTS_PER_STEP: Final = 4.6
"""Rows of all tables, roughly, that a step of a MAC makes."""


def measure(path: Path, *, seconds: int = 60, threads: int = 2) -> Iterator[Figure]:
    """Yield the p99 of commits without and with clients, and what the clients' statements took."""
    truth = orjson.loads(truth_of(path).read_bytes())
    told: list[float] = []
    with closing(Store.open(path)) as store:
        with store.reader() as reader:
            reader.execute(f"SET GLOBAL threads = {threads}; SET GLOBAL memory_limit = '3GB'")
            asked = [
                text
                for question in questions(reader, truth["begin"], truth["end"])
                for text in question.texts
                if not question.what.startswith("rows of")
            ]
        batches = _batches(store, truth["end"] + 3600 * _S_US)
        try:
            alone = _written(store, batches, seconds)
            with _asking(store, path, asked, told):
                beside = _written(store, batches, seconds)
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
            {"median_ms": median(ms), "max_ms": max(ms), "commits": len(ms)},
        )
    yield Figure("store", f"a client's answer, {CLIENTS} at once", "ms", tuple(told))


@contextmanager
def _asking(store: Store, path: Path, texts: list[str], told: list[float]) -> Iterator[None]:
    """Let clients ask meanwhile, over the store's SQL endpoint; ``told`` takes what each answer took."""
    with tempfile.TemporaryDirectory(prefix="fabricscope-bench-") as folder:
        users = Path(folder, "users")
        users.touch(mode=0o600)
        users.write_text(f"{clients.USER} {make_verifier(clients.PASSWORD, b'fabricscope')}\n")
        access = Access(host="127.0.0.1", port=0, tls=None, users=users)
        with closing(Service(access, store.reader, path).start()) as service:
            command = [sys.executable, "-m", "bench.store.clients", str(service.port), str(CLIENTS)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                assert process.stdin is not None
                process.stdin.write(orjson.dumps(texts) + b"\n")
                process.stdin.flush()
                yield
                out, _ = process.communicate()
                if process.returncode:
                    raise RuntimeError(f"clients ended with {process.returncode}")
                told += orjson.loads(out)


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


def _leave(store: Store) -> None:
    with store.reader() as reader, transaction(reader):
        for table, names in columns_of(reader).items():
            if "fabric" in names:
                reader.execute(f"DELETE FROM store.{table} WHERE fabric = ?", [FABRIC])
