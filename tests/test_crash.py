"""A job that is killed again and again ends with the store of one that nobody disturbed."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

import pipeline
from collectors.captures import write_capture
from collectors.records import StoredRecord
from pipeline.batch import RawBatch
from pipeline.store.database import Stage
from pipeline.store.equality import differences
from pipeline.store.opening import look
from tests.disturbed import LONG, NONSENSE, disturbed_stream

pytestmark = pytest.mark.slow

CHILD = Path(__file__).with_name("killed_job.py")
ROOT = Path(pipeline.__file__).parents[1]
SEED = 7432
RANDOM_POINTS = 20
SNAPSHOTS = 3
BATCH, UNDISTURBED_BATCH = 4_096, 9_999


@pytest.fixture(scope="module")
def stream() -> RawBatch:
    return disturbed_stream(LONG)


@pytest.fixture(scope="module")
def capture(stream: RawBatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "stream.parquet"
    columns = (stream.offsets.tolist(), stream.timestamps_ms.tolist(), stream.keys, stream.values)
    write_capture(path, (StoredRecord(*row) for row in zip(*columns, strict=True)))
    return path


def started(store: Path, capture: Path, batch: int, *kill: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), str(store), str(capture), str(batch), *map(str, kill)]
    return subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=300)
    return process.returncode


def killed_within(process: subprocess.Popen[str], point: int | None, chance: random.Random) -> int:
    """Kill a job in the middle of the batch that has offset ``point``, or (None) of its next snapshot.

    When exactly is a matter of chance: within as long as the batch before took.
    """
    assert process.stdout is not None
    before = began = time.monotonic()
    for line in process.stdout:
        before, began = began, time.monotonic()
        if line == "snapshot\n" if point is None else line != "snapshot\n" and int(line) >= point:
            break
    try:
        process.wait(chance.random() * min(began - before, 1.0))
    except subprocess.TimeoutExpired:
        process.kill()
    return ended(process)


@pytest.fixture(scope="module")
def undisturbed(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("undisturbed") / "store.duckdb"
    assert ended(started(store, capture, UNDISTURBED_BATCH)) == 0
    return store


def test_the_stream_has_all_that_can_go_wrong(stream: RawBatch, undisturbed: Path) -> None:
    assert len(stream) >= 200_000
    with look(undisturbed) as store:

        def told(query: str) -> set[object]:
            return {value for (value,) in store.execute(query).fetchall()}

        kinds = told("SELECT kind FROM collector_event")
        assert {"start", "sync", "end", "superseded", "hole", "blind_begin", "blind_end"} <= kinds
        for table in ("evpn_route_event", "mac_event"):
            assert {"update", "delete", "resync_missing"} <= told(f"SELECT reason FROM {table}")
        assert told("SELECT late FROM mac_event") == {True, False}
        assert told("SELECT count(*) FROM dead_letter") == {len(NONSENSE)}
        assert told("SELECT DISTINCT rule FROM finding") >= {"M1", "M2", "M3", "R16", "V1", "X1"}
        assert told("SELECT rule FROM incident WHERE state = 'resolved'") >= {"M2", "R16"}
        assert told("SELECT rule FROM incident WHERE state = 'open'") == {"X1"}


def test_a_job_killed_again_and_again_ends_with_the_store_of_an_undisturbed_one(
    stream: RawBatch, capture: Path, undisturbed: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed.duckdb"
    for kill in kills_in(len(stream) * 9 // 10, chance := random.Random(SEED)):
        if isinstance(kill, str):
            ending = ended(started(killed, capture, BATCH, kill, 2))
        else:
            ending = killed_within(started(killed, capture, BATCH), kill, chance)
        assert ending == -signal.SIGKILL, f"not killed at {kill}"
    assert ended(started(killed, capture, BATCH)) == 0
    assert differences(killed, undisturbed) == []


def kills_in(records: int, chance: random.Random) -> list[int | str | None]:
    """Return when to kill, in this order: at offsets, at stages of a commit, in snapshots (None)."""
    kills: list[int | str | None] = [*sorted(chance.sample(range(records), RANDOM_POINTS))]
    for number, stage in enumerate(get_args(Stage)):
        kills.insert(2 + 6 * number, stage)
    for number in range(SNAPSHOTS):
        kills.insert(5 + 6 * number, None)
    return kills
