"""Quantiles of rule X5."""

from datetime import timedelta

import pytest

from pipeline.alerts.latency import Latencies, nearest_rank
from tests.pipeline.alerts.incidents import NOW, incident


@pytest.mark.parametrize(
    ("values", "quantile", "rank"),
    [
        ([4.0], 0.5, 4.0),
        ([4.0], 0.99, 4.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 102)], 0.99, 100.0),
    ],
)
def test_a_quantile_is_a_value_that_was_measured(values: list[float], quantile: float, rank: float) -> None:
    assert nearest_rank(values, quantile) == rank


def test_clocks_that_disagree_tell_nothing() -> None:
    latencies = Latencies()
    latencies.committed(incident("a", opened_at=NOW + timedelta(seconds=1)), NOW)
    latencies.committed(incident("b", opened_at=NOW), NOW)
    counts = [
        sample.value
        for family in latencies.collect()
        for sample in family.samples
        if sample.name == "fabricscope_detection_latency_seconds_count"
    ]
    assert counts == [1]
