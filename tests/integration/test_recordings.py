"""Recordings through real brokers: the store is the one that a replay fills."""

from pathlib import Path

import pytest

from collectors.kafka_access import KafkaAccess
from pipeline.store.equality import contents, differences
from tests.recordings.variants import VARIANTS, Recordings, succeeded

pytestmark = [pytest.mark.services, pytest.mark.slow]


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_published_and_run_fills_the_same_store_as_a_replay(
    access: KafkaAccess, name: str, recordings: Recordings, tmp_path: Path
) -> None:
    kafka = ("--kafka", access.servers, "--fabric", name)
    store = tmp_path / "run.duckdb"
    succeeded("publish", recordings.capture(name), "--create", *kafka)
    succeeded("run", "--until-caught-up", *kafka, "--store", store)
    assert len(contents(store)["main.incident"]) > 0
    assert differences(store, recordings.store(name)) == []
