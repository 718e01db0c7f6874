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

COMMIT: Final = "commit"
STAGES: Final[dict[str, dict[str, str]]] = {
    "reader": {"poll": "pipeline.kafka:KafkaSource.poll", "decode": "pipeline.run:decode"},
    "main": {
        "apply": "pipeline.apply.fabric:FabricState.apply",
        "detect": "pipeline.detect:Detection.judge",
        "correlate": "pipeline.correlate:Correlator.revise",
        "rows": "pipeline.job:commit_of",
        "wait": "pipeline.job:Job.settle",
        "snapshot": "pipeline.job:Job.snapshot",
    },
    "writer": {COMMIT: "pipeline.store:Store.commit"},
}
"""Calls by thread and stage; ``rows`` makes the frames that ``commit`` stores, ``wait`` waits for it."""
_LOOP: Final = "pipeline.run:run"


class Clock:
    """Wall seconds of the stages, and those CPU seconds that their own threads took.

    All is counted from the first poll to the last commit; the snapshot at the end is no part of it.
    """

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._began = self._ended = (0.0, 0.0)
        self._over = False

    def watch(self, place: str, replacement: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Replace the function at ``module:name`` or ``module:class.name``."""
        module, _, name = place.partition(":")
        owner: Any = importlib.import_module(module)  # Any: a module or a class
        *classes, name = name.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, name, replacement(getattr(owner, name)))

    def stage(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return what makes a stage's function a timed one."""

        def replacement(function: Callable[..., Any]) -> Callable[..., Any]:
            def timed(*args: Any, **kwargs: Any) -> Any:
                wall, cpu = time.perf_counter(), time.thread_time()
                try:
                    return function(*args, **kwargs)
                finally:
                    if name == COMMIT:
                        self._ended = _now()
                    if name == COMMIT or not self._over:
                        self.wall[name] += time.perf_counter() - wall
                        self.cpu[name] += time.thread_time() - cpu
                        self.calls[name] += 1

            return timed

        return replacement

    def loop(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function that reads, applies and commits, made to say when it begins and ends."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._began = _now()
            try:
                return function(*args, **kwargs)
            finally:
                self._over = True

        return timed

    def total(self) -> tuple[float, float]:
        """Return wall and CPU seconds of the whole process between the first poll and the last commit."""
        return self._ended[0] - self._began[0], self._ended[1] - self._began[1]


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def main() -> None:
    """Run the command with its stages timed."""
    result = Path(sys.argv[1])
    clock = Clock()
    for stages in STAGES.values():
        for name, place in stages.items():
            clock.watch(place, clock.stage(name))
    clock.watch(_LOOP, clock.loop)
    sys.argv = ["fabricscope", *sys.argv[2:]]
    try:
        fabricscope.main()
    finally:
        wall_s, cpu_s = clock.total()
        told = {
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "stages_wall_s": clock.wall,
            "stages_cpu_s": clock.cpu,
            "calls": clock.calls,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        result.write_bytes(orjson.dumps(told))


if __name__ == "__main__":
    main()
