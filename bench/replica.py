"""The child process of the throughput bench: the command ``run`` with a clock on its stages.

Called as ``python -m bench.replica RESULT ARGUMENT...``: runs ``fabricscope ARGUMENT...`` and writes what
each stage took to the file RESULT as JSON. The stages are wrapped here; the product knows nothing of it.
"""

import importlib
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

import fabricscope

STAGES: Final = {
    "poll": "pipeline.kafka:KafkaSource.poll",
    "decode": "pipeline.job:decode",
    "apply": "pipeline.apply.fabric:FabricState.apply",
    "detect": "pipeline.detect:Detection.judge",
    "correlate": "pipeline.correlate:Correlator.revise",
    "rows": "pipeline.job:commit_of",
    "commit": "pipeline.store:Store.commit",
    "snapshot": "pipeline.job:Job.snapshot",
}
"""Calls that do not contain each other, by stage; ``rows`` makes the frames that ``commit`` stores."""
LOOP: Final = "pipeline.run:run"
"""All of it, from the first poll to the last commit."""


class Clock:
    """Wall and CPU seconds of functions."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    def watch(self, stage: str, place: str) -> None:
        """Replace the function at ``module:name`` or ``module:class.name`` by one that is timed."""
        module, _, name = place.partition(":")
        owner: Any = importlib.import_module(module)  # Any: a module or a class
        *classes, name = name.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, name, self._timed(stage, getattr(owner, name)))

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.wall[stage] += time.perf_counter() - wall
                self.cpu[stage] += time.process_time() - cpu
                self.calls[stage] += 1

        return timed


def main() -> None:
    """Run the command with its stages timed."""
    result = Path(sys.argv[1])
    clock = Clock()
    for stage, place in STAGES.items():
        clock.watch(stage, place)
    clock.watch("loop", LOOP)
    sys.argv = ["fabricscope", *sys.argv[2:]]
    try:
        fabricscope.main()
    finally:
        peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        told = {
            "wall_s": clock.wall,
            "cpu_s": clock.cpu,
            "calls": clock.calls,
            "peak_rss_mib": peak_kib / 1024,
        }
        result.write_bytes(orjson.dumps(told))


if __name__ == "__main__":
    main()
