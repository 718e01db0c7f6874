"""What a batch costs with few and with many MACs in state: decode, apply, detect, correlate and commit.

One job per size, each with a store of its own, in one process. After their dumps they take turns with batches
of 50 000 updates, each a row, on the same number of distinct MACs, so that what disturbs one disturbs all.
Kafka is left out. Snapshots grow with the state by design: medians pass over the few batches with one, and
what one takes is told apart.
"""

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Final

from bench.figures import Figure
from bench.plausible import check
from bench.stream import Load, Stream
from pipeline.batch import RawBatch, cut
from pipeline.decode import decode
from pipeline.job import Job

GOAL: Final = 1.2
"""How much more an update may cost with more MACs in state."""
SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK_SIZES: Final = (10_000, 40_000)
BATCHES: Final = 24
QUICK_BATCHES: Final = 6
BATCH_RECORDS: Final = 5_000
"""Of 10 updates."""
_WARM_UP: Final = 2
_DUMP_RECORDS: Final = 20_000
_FABRIC: Final = "bench"


class Size:
    """A job with so many MACs in state, and the batches to come."""

    def __init__(self, macs: int, batches: int, folder: Path, jobs: ExitStack) -> None:
        load = Load(macs=macs, records=batches * BATCH_RECORDS, layout="entries", observers=1)
        self.macs = macs
        self.stream = Stream(load)
        self.store = folder / f"{macs}.duckdb"
        self.us_per_update: list[float] = []
        self._job = jobs.enter_context(closing(Job.open(self.store, [_FABRIC], None)))
        began = time.perf_counter()
        for batch in self.stream.batches(_DUMP_RECORDS):
            dumped = cut(batch, 0, max(0, self.stream.truth.dumped - int(batch.offsets[0])))
            if not len(dumped):
                break
            self._process(dumped)
        self.dump_s = time.perf_counter() - began
        began = time.perf_counter()
        self._job.snapshot()
        self._job.settle()
        self.snapshot_s = time.perf_counter() - began
        self.steady = self.stream.batches(BATCH_RECORDS, start=self.stream.truth.dumped)

    def measure(self, batch: RawBatch) -> None:
        """Take a batch of steady change to its commit and note what an update of it cost."""
        gc.collect()
        began = time.perf_counter()
        updates = self._process(batch)
        self.us_per_update.append((time.perf_counter() - began) / updates * 1e6)

    def _process(self, batch: RawBatch) -> int:
        decoded = decode(batch)
        self._job.process(_FABRIC, batch, decoded)
        self._job.settle()
        return int(decoded.control["updates"].sum())


def measure(*, quick: bool) -> Iterator[Figure]:
    """Yield the cost of an update for each number of MACs, and its ratio to that with the fewest."""
    sizes = QUICK_SIZES if quick else SIZES
    batches = QUICK_BATCHES if quick else BATCHES
    with tempfile.TemporaryDirectory(prefix="fabricscope-bench-") as folder:
        with ExitStack() as jobs:
            contest = [Size(macs, batches, Path(folder), jobs) for macs in sizes]
            for turn, batch_of_each in enumerate(zip_longest(*(size.steady for size in contest))):
                pairs = list(zip(contest, batch_of_each, strict=True))
                for size, batch in pairs[turn % len(pairs) :] + pairs[: turn % len(pairs)]:
                    if batch is not None:  # a stream may end some records later than others
                        size.measure(batch)
        for size in contest:
            check(size.store, size.stream.truth)
    fewest = contest[0]
    for size in contest:
        measured = size.us_per_update[_WARM_UP:batches]
        yield Figure(
            bench="state size",
            what=f"{size.macs:,} MACs",
            unit="us/update",
            runs=tuple(measured),
            details={
                "dump_s": size.dump_s,
                "snapshot_s": size.snapshot_s,
                "updates": size.stream.truth.updates,
            },
        )
        if size is not fewest:
            beside = zip(measured, fewest.us_per_update[_WARM_UP:batches], strict=True)
            ratios = tuple(many / few for many, few in beside)
            yield Figure(
                bench="state size",
                what=f"{size.macs:,} MACs to {fewest.macs:,}",
                unit="times",
                runs=ratios,
                goal=f"<= {GOAL}",
                reached=median(ratios) <= GOAL,
            )
