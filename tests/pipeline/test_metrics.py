"""A replica's metrics, scraped as Prometheus does."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collectors.listener import listen, metrics_page
from pipeline.detectors.heard import SILENCE
from pipeline.health import Health
from pipeline.metrics import HealthMetrics
from tests.integration.apache_kafka import free_ports

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


@contextmanager
def scraped(
    health: dict[str, Health], end: int | None, *, behind: timedelta = timedelta(0)
) -> Iterator[dict[str, float]]:
    """Give the samples of a scrape by name, ``behind`` NOW; all are of fabric dc1."""
    (port,) = free_ports(1)
    metrics = HealthMetrics(lambda: health, lambda _: end, lambda: NOW + behind)
    stop = listen(f"127.0.0.1:{port}", {"/metrics": metrics_page(metrics)})
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        assert {one.labels["fabric"] for one in samples} <= {"dc1"}
        yield {one.name: one.value for one in samples}
    finally:
        stop()


def test_health_and_lag_are_told() -> None:
    health = Health(records=7, updates=40, next_offset=90, stream_time=NOW, fresh=4, observers=5)
    with scraped({"dc1": health}, 100) as told:
        assert told["fabricscope_records_total"] == 7
        assert told["fabricscope_lag_records"] == 10
        assert (told["fabricscope_devices_fresh"], told["fabricscope_devices"]) == (4, 5)
        assert told["fabricscope_stream_time_seconds"] == NOW.timestamp()


def test_what_nobody_can_tell_is_absent_and_not_zero() -> None:
    with scraped({"dc1": Health()}, None) as told:
        assert "fabricscope_lag_records" not in told
        assert "fabricscope_stream_time_seconds" not in told
        assert "fabricscope_devices_fresh" not in told


@pytest.mark.parametrize(("behind", "known"), [(SILENCE - timedelta(milliseconds=1), True), (SILENCE, False)])
def test_once_the_stream_has_stopped_nobody_is_said_to_be_fresh_nor_the_lag_to_be_0(
    behind: timedelta, *, known: bool
) -> None:
    health = Health(next_offset=90, stream_time=NOW, fresh=4, observers=5)
    with scraped({"dc1": health}, 90, behind=behind) as told:
        assert ("fabricscope_devices_fresh" in told) is known
        assert ("fabricscope_lag_records" in told) is known
        assert told["fabricscope_devices"] == 5
        assert told["fabricscope_stream_time_seconds"] == NOW.timestamp()


def test_a_replica_that_catches_up_tells_its_lag_and_not_who_was_fresh_then() -> None:
    health = Health(next_offset=90, stream_time=NOW, fresh=4, observers=5)
    with scraped({"dc1": health}, 70_000, behind=timedelta(days=1)) as told:
        assert told["fabricscope_lag_records"] == 70_000 - 90
        assert "fabricscope_devices_fresh" not in told
