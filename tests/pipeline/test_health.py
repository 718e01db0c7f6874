"""How a replica says it is doing."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from pipeline.detectors.silence import SILENCE
from pipeline.health import freshness

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def observers(*rows: tuple[str, str, timedelta]) -> pl.DataFrame:
    """Return sessions of (device, state, how long ago it was heard of)."""
    return pl.DataFrame(
        [(device, state, NOW - ago) for device, state, ago in rows],
        schema={"device": pl.String, "state": pl.String, "last_seen": pl.Datetime("us", "UTC")},
        orient="row",
    )


def test_a_device_is_fresh_when_all_its_sessions_are() -> None:
    second = timedelta(seconds=1)
    sessions = observers(("l1", "fresh", second), ("l1", "fresh", second), ("l2", "fresh", second))
    assert freshness(sessions, NOW) == (2, 2)
    blind = observers(("l1", "fresh", second), ("l1", "blind", second), ("l2", "syncing", second))
    assert freshness(blind, NOW) == (0, 2)


@pytest.mark.parametrize(("ago", "fresh"), [(SILENCE, 0), (SILENCE - timedelta(microseconds=1), 1)])
def test_a_device_that_fell_silent_is_not_fresh(ago: timedelta, fresh: int) -> None:
    old = timedelta(hours=1)
    assert freshness(observers(("l1", "fresh", old), ("l1", "fresh", ago)), NOW) == (fresh, 1)


def test_before_anybody_reports_nobody_is_fresh() -> None:
    assert freshness(observers(), NOW) == (0, 0)
