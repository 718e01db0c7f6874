"""Records in a topic to committed rows, all rules included: what ``fabricscope run --until-caught-up`` does.

The broker is the embedded one on this machine; all records are published before the clock starts. Each run is
a fresh process on a fresh store. What counts is the time from the first poll to the last commit.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson

from bench.figures import Figure
from bench.plausible import check
from bench.replica import COMMIT, STAGES
from bench.stream import Load, Stream
from collectors.kafka_access import KafkaAccess
from collectors.topics import create_topic
from pipeline.broker import EmbeddedBroker
from pipeline.kafka_publish import Publisher

GOAL: Final = 150_000
"""Updates per second on 2 cores at 10 updates per record, with all rules on."""
LOADS: Final = {
    "10 updates: 10 entries, 1 leaf each": Load(macs=50_000, records=225_000, layout="entries"),
    "10 updates: 2 entries, 5 leaves each": Load(macs=50_000, records=225_000, layout="leaves"),
    "1 update": Load(macs=10_000, records=150_000, layout="single"),
}
QUICK: Final = {
    "10 updates: 10 entries, 1 leaf each": Load(macs=10_000, records=30_000, layout="entries"),
    "10 updates: 2 entries, 5 leaves each": Load(macs=10_000, records=30_000, layout="leaves"),
    "1 update": Load(macs=4_000, records=30_000, layout="single", keys=1_000),
}
RUNS: Final = 3
_PUBLISH_RECORDS: Final = 10_000


@dataclass(frozen=True)
class Run:
    """What one replica took."""

    wall_s: float
    cpu_s: float
    stages_wall_s: dict[str, float]
    stages_cpu_s: dict[str, float]
    calls: dict[str, int]
    peak_rss_mib: float


def measure(*, quick: bool) -> Iterator[Figure]:
    """Yield updates per second for each load."""
    with EmbeddedBroker() as broker:
        access = KafkaAccess(servers=broker.address)
        for number, (what, load) in enumerate((QUICK if quick else LOADS).items()):
            yield _measure(access, f"bench-{number}", what, load, 1 if quick else RUNS)


def _measure(access: KafkaAccess, fabric: str, what: str, load: Load, runs: int) -> Figure:
    stream = Stream(load)
    create_topic(access, fabric)
    with Publisher.open(access, fabric) as publisher:
        for batch in stream.batches(_PUBLISH_RECORDS):
            for key, value, timestamp_ms in zip(
                batch.keys, batch.values, batch.timestamps_ms.tolist(), strict=True
            ):
                publisher.send(key, value, timestamp_ms)
    told = [_run(access.servers, fabric, stream) for _ in range(runs)]
    rates = tuple(stream.truth.updates / run.wall_s for run in told)
    goal = load.layout != "single"
    return Figure(
        bench="throughput",
        what=what,
        unit="updates/s",
        runs=rates,
        goal=f">= {GOAL:,}" if goal else "",
        reached=median(rates) >= GOAL if goal else None,
        details=_details(stream, told),
    )


def _run(servers: str, fabric: str, stream: Stream) -> Run:
    """Run a replica until it has caught up; raises when it fails or its store is not what it should be."""
    with tempfile.TemporaryDirectory(prefix="fabricscope-bench-") as folder:
        store, result = Path(folder, "store.duckdb"), Path(folder, "result.json")
        options = ["--kafka", servers, "--fabric", fabric, "--store", str(store), "--until-caught-up"]
        command = [sys.executable, "-m", "bench.replica", str(result), "run", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        check(store, stream.truth)
        return Run(**orjson.loads(result.read_bytes()))


def _details(stream: Stream, runs: list[Run]) -> dict[str, Any]:  # Any: JSON
    """Return sizes, and per stage the share of the time that its thread was busy with it."""
    wall = median(run.wall_s for run in runs)
    busy = {
        thread: {name: median(run.stages_wall_s.get(name, 0.0) for run in runs) / wall for name in stages}
        for thread, stages in STAGES.items()
    }
    return {
        "records": stream.truth.records,
        "updates": stream.truth.updates,
        "commits": runs[0].calls[COMMIT],
        "wall_s": wall,
        "cpu_s": median(run.cpu_s for run in runs),
        "records_per_s": stream.truth.records / wall,
        "busy_share": busy,
        "stages_cpu_s": {
            name: median(run.stages_cpu_s.get(name, 0.0) for run in runs)
            for stages in STAGES.values()
            for name in stages
        },
        "peak_rss_mib": median(run.peak_rss_mib for run in runs),
    }
