"""The commands between topics, captures and stores, as processes."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.captures import write_capture
from collectors.kafka_access import KafkaAccess
from collectors.records import Kind, Record, StoredRecord, encode_record
from pipeline import transfer
from pipeline.broker import EmbeddedBroker
from tests.integration.apache_kafka import PASSWORD, USER, ApacheKafka

pytestmark = pytest.mark.services

T0_MS = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)
TICKS = [
    StoredRecord(
        n,
        T0_MS + n * 1000,
        "collector-1",
        encode_record(Record(Kind.TICK, recv_ns=(T0_MS + n * 1000) * 10**6)),
    )
    for n in range(40)
]


def command(*arguments: object, **variables: str) -> list[str]:
    """Return the command line; ``variables`` are put before it as an environment of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = [f"{name}={value}" for name, value in {**kept, **variables}.items()]
    return ["env", "-i", *environment, sys.executable, "-m", "fabricscope", *map(str, arguments)]


def ended(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, **variables), check=False, capture_output=True, text=True, timeout=120
    )


def succeeded(*arguments: object, **variables: str) -> str:
    process = ended(*arguments, **variables)
    assert process.returncode == 0, process.stderr
    return process.stdout


def records_in(path: Path) -> list[StoredRecord]:
    return [
        StoredRecord(*row)
        for batch in transfer.batches_of(path)
        for row in zip(
            batch.offsets.tolist(), batch.timestamps_ms.tolist(), batch.keys, batch.values, strict=True
        )
    ]


@pytest.fixture
def ticks(tmp_path: Path) -> Path:
    path = tmp_path / "ticks.parquet"
    write_capture(path, TICKS)
    return path


def test_publish_and_capture_give_the_same_file_again(
    access: KafkaAccess, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    kafka = ("--kafka", access.servers, "--fabric", fabric)
    assert succeeded("publish", ticks, "--create", *kafka) == ""
    assert succeeded("capture", "--output", tmp_path / "again.parquet", *kafka) == ""
    assert records_in(tmp_path / "again.parquet") == TICKS


def test_every_option_is_also_read_from_the_environment(
    tansu: EmbeddedBroker, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    variables = {"FABRICSCOPE_KAFKA": tansu.address, "FABRICSCOPE_FABRIC": fabric}
    succeeded("publish", ticks, FABRICSCOPE_CREATE="1", FABRICSCOPE_SPEED="1000", **variables)
    succeeded("capture", FABRICSCOPE_OUTPUT=str(tmp_path / "again.parquet"), **variables)
    assert records_in(tmp_path / "again.parquet") == TICKS


@pytest.mark.parametrize("from_file", [True, False], ids=["password-file", "password-variable"])
def test_a_login_over_tls_is_given_by_options(
    kafka: ApacheKafka, fabric: str, ticks: Path, tmp_path: Path, *, from_file: bool
) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    variables = {} if from_file else {"FABRICSCOPE_KAFKA_PASSWORD": PASSWORD}
    options = ["--kafka-ca", kafka.authority, "--kafka-sasl-mechanism", "SCRAM-SHA-256", "--kafka-user", USER]
    options += ["--kafka-password-file", secret] if from_file else []
    arguments = ["--create", "--kafka", kafka.sasl_tls, "--fabric", fabric, *options]
    process = ended("publish", ticks, *arguments, **variables)
    assert process.returncode == 0, process.stderr
    assert PASSWORD not in process.stdout + process.stderr


def test_publishing_twice_is_refused_unless_it_is_meant(
    tansu: EmbeddedBroker, fabric: str, ticks: Path
) -> None:
    kafka = ("--kafka", tansu.address, "--fabric", fabric)
    succeeded("publish", ticks, "--create", *kafka)
    again = ended("publish", ticks, *kafka)
    assert again.returncode == 3
    assert "--append" in again.stderr
    succeeded("publish", ticks, "--append", *kafka)


def test_a_topic_that_is_missing_is_bad_input(tansu: EmbeddedBroker, fabric: str, ticks: Path) -> None:
    kafka = ("--kafka", tansu.address, "--fabric", fabric)
    for process in (ended("publish", ticks, *kafka), ended("capture", "--output", "x.parquet", *kafka)):
        assert process.returncode == 2
        assert fabric in process.stderr


def test_a_file_that_is_no_capture_makes_no_topic(
    tansu: EmbeddedBroker, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not Parquet")
    kafka = ("--kafka", tansu.address, "--fabric", fabric, "--create")
    process = ended("publish", notes, *kafka)
    assert process.returncode == 2
    assert "notes.txt" in process.stderr
    succeeded("publish", ticks, *kafka)


def test_an_output_that_exists_is_not_overwritten(tansu: EmbeddedBroker, fabric: str, ticks: Path) -> None:
    before = ticks.read_bytes()
    process = ended("capture", "--kafka", tansu.address, "--fabric", fabric, "--output", ticks)
    assert process.returncode == 2
    assert ticks.read_bytes() == before


def test_following_ends_with_a_signal_and_a_whole_file(
    tansu: EmbeddedBroker, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    kafka = ("--kafka", tansu.address, "--fabric", fabric)
    output = tmp_path / "followed.parquet"
    succeeded("publish", ticks, "--create", *kafka)
    with started(*command("capture", "--follow", "--output", output, *kafka)) as process:
        wait_for_event(process, "following")
        succeeded("publish", ticks, "--append", *kafka)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert [record.value for record in records_in(output)] == [record.value for record in [*TICKS, *TICKS]]


def test_running_and_replaying_give_the_same_summary(
    access: KafkaAccess, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    kafka = ("--kafka", access.servers, "--fabric", fabric)
    succeeded("publish", ticks, "--create", *kafka)
    ran = succeeded("run", *kafka, "--store", tmp_path / "run.duckdb", "--until-caught-up")
    replayed = succeeded("replay", ticks, "--fabric", fabric, "--store", tmp_path / "replay.duckdb")
    assert json.loads(ran) == json.loads(replayed)


def test_a_replica_stops_cleanly_and_goes_on_where_it_was(
    tansu: EmbeddedBroker, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    kafka = ("--kafka", tansu.address, "--fabric", fabric)
    store = tmp_path / "store.duckdb"
    succeeded("publish", ticks, "--create", *kafka)
    for number, position in ((signal.SIGTERM, 0), (signal.SIGINT, len(TICKS))):
        with started(*command("run", *kafka, "--store", store)) as process:
            assert wait_for_event(process, "reading")["position"] == position
            assert wait_for_event(process, "caught up")["position"] == len(TICKS)
            process.send_signal(number)
            assert process.wait(30) == 0


def test_a_store_of_another_cluster_is_refused(
    tansu: EmbeddedBroker, fabric: str, ticks: Path, tmp_path: Path
) -> None:
    store = ("--store", tmp_path / "store.duckdb")
    succeeded("publish", ticks, "--create", "--kafka", tansu.address, "--fabric", fabric)
    succeeded("run", "--until-caught-up", "--kafka", tansu.address, "--fabric", fabric, *store)
    with EmbeddedBroker() as other:
        succeeded("publish", ticks, "--create", "--kafka", other.address, "--fabric", fabric)
        process = ended("run", "--until-caught-up", "--kafka", other.address, "--fabric", fabric, *store)
    assert process.returncode == 3
    assert "cluster" in process.stderr


def test_a_broker_that_is_away_ends_a_command_with_1(ticks: Path) -> None:
    process = ended("publish", ticks, "--kafka", "127.0.0.1:1", "--fabric", "dc1")
    assert process.returncode == 1
    assert "ECONNREFUSED" in process.stderr


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_for_event(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Return the next log line with this event; fails when the process ends without it."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith("{") and (fields := json.loads(line))["event"] == event:
            return dict(fields)
    pytest.fail(f"ended without {event!r}: {''.join(seen)}")
