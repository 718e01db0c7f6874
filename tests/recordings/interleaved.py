"""Other orders in which the records of a fabric might have come: each device's own order stays.

Records are held back, none beyond the lateness: none comes behind one more than ``LATENESS`` younger.
Times and contents stay; offsets are those of the new order.
"""

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import numpy as np

from pipeline.apply.records import LATENESS
from pipeline.batch import RawBatch

BOUND_MS: Final = LATENESS.total_seconds() * 1000
BETWEEN_STALLS_MS: Final = 15_000.0

Delays = Callable[[random.Random, RawBatch], list[float]]


def jittered(chance: random.Random, batch: RawBatch) -> list[float]:
    """Hold each record back for a time of its own."""
    return [chance.uniform(0, BOUND_MS) for _ in range(len(batch))]


def shifted(chance: random.Random, batch: RawBatch) -> list[float]:
    """Hold all records of a device back for the same time: often none, or all that is allowed."""
    of = {key: chance.choice([0, BOUND_MS, chance.uniform(0, BOUND_MS)]) for key in sorted(set(batch.keys))}
    return [of[key] for key in batch.keys]


def stalled(chance: random.Random, batch: RawBatch) -> list[float]:
    """Hold back what a device says during some seconds, and let it all go at their end."""
    first, last = int(batch.timestamps_ms[0]), int(batch.timestamps_ms[-1])
    begins, ends = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for key in sorted(set(batch.keys)):
        time = float(first)
        while time < last:
            time += chance.expovariate(1 / BETWEEN_STALLS_MS)
            begins[key].append(time)
            time += chance.uniform(0, BOUND_MS)
            ends[key].append(time)
    delays = []
    for key, time in zip(batch.keys, batch.timestamps_ms.tolist(), strict=True):
        stall = bisect_right(begins[key], time) - 1
        delays.append(max(0.0, ends[key][stall] - time) if stall >= 0 else 0.0)
    return delays


WAYS: Final[dict[str, Delays]] = {"jittered": jittered, "shifted": shifted, "stalled": stalled}


def interleaved(batch: RawBatch, way: str, seed: int) -> RawBatch:
    """Return the records of a fabric, all of them, in another order."""
    delays = WAYS[way](random.Random(seed), batch)
    written: dict[str, float] = {}
    due = np.empty(len(batch))
    for row, (key, time) in enumerate(zip(batch.keys, batch.timestamps_ms.tolist(), strict=True)):
        due[row] = written[key] = max(written.get(key, 0.0), time + delays[row])
    order = np.argsort(due, kind="stable").tolist()
    times = batch.timestamps_ms[order]
    assert (np.maximum.accumulate(times) - times).max() <= BOUND_MS
    keys = [batch.keys[row] for row in order]
    return RawBatch(batch.offsets.copy(), times, keys, [batch.values[row] for row in order])
