"""Replays a capture into a store, tells how far it is, and is killed at a stage of a commit if told so.

Usage: killed_job.py STORE CAPTURE RECORDS_PER_BATCH [STAGE COMMIT]
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pipeline import run, transfer
from pipeline.batch import RawBatch, cut
from pipeline.decode import Decoded
from pipeline.job import Job
from pipeline.store.database import Stage

FABRIC = "dc1"


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


class TellingJob(Job):
    """A job that says what it is about to do."""

    def process(self, fabric: str, batch: RawBatch, decoded: Decoded) -> None:
        say(int(batch.offsets[-1]))
        super().process(fabric, batch, decoded)

    def snapshot(self) -> None:
        say("snapshot")
        super().snapshot()


def batches(capture: Path, records: int) -> Iterator[RawBatch]:
    for batch in transfer.batches_of(capture):
        for start in range(0, len(batch), records):
            yield cut(batch, start, min(start + records, len(batch)))


def main(store: str, capture: str, records: str, stage: str = "", commit: str = "0") -> None:
    commits = 0

    def reached(now: Stage) -> None:
        nonlocal commits
        commits += now == "before_begin"
        if now == stage and commits == int(commit):
            os.kill(os.getpid(), signal.SIGKILL)

    job = TellingJob.open(Path(store), [FABRIC], None, reached)
    run.replay(job, FABRIC, batches(Path(capture), int(records)), threading.Event(), lambda _: None)
    job.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
