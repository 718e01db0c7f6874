"""A replica from another's seed, and one whose rows go to an archive, against a broker."""

import shutil
import subprocess
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collectors.captures import write_capture
from collectors.records import Kind, Record, StoredRecord, encode_record
from pipeline.broker import EmbeddedBroker
from pipeline.store.equality import differences
from pipeline.store.opening import connect
from tests.integration.test_commands import command, records_in, succeeded
from tests.pipeline.store.archive_store import rows
from tests.pipeline.store.versions import record

pytestmark = pytest.mark.services

LATER = timedelta(days=3)


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Path, Path]:
    """The first records of a recording, and the rest of it, with a sign of life three days later."""
    records = records_in(record.CAPTURE)
    first, rest = tmp_path / "first.parquet", tmp_path / "rest.parquet"
    write_capture(first, records[: record.FIRST_PART])
    last = records[-1].timestamp_ms + int(LATER.total_seconds() * 1000)
    tick = encode_record(Record(Kind.TICK, recv_ns=last * 10**6))
    later = StoredRecord(records[-1].offset + 1, last, "collector-1", tick)
    write_capture(rest, [*records[record.FIRST_PART :], later])
    return first, rest


@pytest.fixture
def topic(tansu: EmbeddedBroker, fabric: str, parts: tuple[Path, Path]) -> tuple[str, ...]:
    """The options for a topic that holds the first records."""
    options = ("--kafka", tansu.address, "--fabric", fabric)
    succeeded("publish", parts[0], "--create", *options)
    return options


def test_a_seeded_replica_catches_up_and_says_what_the_others_say(
    topic: tuple[str, ...], parts: tuple[Path, Path], tmp_path: Path
) -> None:
    one, seed, other = (tmp_path / name for name in ("one.duckdb", "seed.duckdb", "other.duckdb"))
    succeeded("run", *topic, "--store", one, "--until-caught-up")
    succeeded("store", "export", one, seed)
    succeeded("store", "import", seed, other)
    succeeded("publish", parts[1], "--append", *topic)
    for store in (one, other):
        succeeded("run", *topic, "--store", store, "--until-caught-up")
        succeeded("store", "check", store)
    assert differences(one, other) == []


def test_a_replica_moves_what_is_past_its_retention_to_the_archive_while_it_runs(
    topic: tuple[str, ...], parts: tuple[Path, Path], tmp_path: Path
) -> None:
    store, archive = tmp_path / "one.duckdb", tmp_path / "archive"
    succeeded("publish", parts[1], "--append", *topic)
    succeeded("run", *topic, "--store", store, "--until-caught-up")
    shutil.copyfile(store, tmp_path / "before.duckdb")
    options = ("--archive", archive, "--retain", "1d")
    running = subprocess.Popen(command("run", *topic, "--store", store, *options), stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        wanted = {"evpn_route_event", "evpn_route_history", "mac_event", "vtep_event"}
        while not wanted <= {path.stem for path in archive.glob("fabric=*/day=*/*.parquet")}:
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.1)
    finally:
        running.terminate()
        _, told = running.communicate(timeout=60)
    assert running.returncode == 0, told
    succeeded("store", "check", store, "--archive", archive)
    with closing(connect(tmp_path / "before.duckdb")) as one, closing(connect(store)) as other:
        before, after = rows(one, None), rows(other, archive)
        (left,) = other.execute("SELECT count(*) FROM store.archived").fetchall()[0]
    assert left >= len(wanted)
    assert [name for name in before if not before[name].equals(after[name])] == []
    file = next(archive.glob("fabric=*/day=*/evpn_route_event.parquet"))
    assert pq.read_metadata(file).num_rows == before["store.evpn_route_event"].height
