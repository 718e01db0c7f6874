"""How fast incidents are found and told (rule X5)."""

import math
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from prometheus_client import Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.alerts.standing import Standing

Kind = Literal["detection", "notification"]
BUCKETS_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0)
QUANTILES: Final = (0.5, 0.99)
_LAST: Final = 1_000
_TEXTS: Final[dict[Kind, str]] = {
    "detection": "From the first evidence's event time to the commit of its incident, with the rule's wait.",
    "notification": "From an incident's commit to the first Alertmanager that took it.",
}


class Latencies(Collector):
    """Rule X5: histograms since the start, and quantiles over the last incidents of each fabric."""

    def __init__(self) -> None:
        self._histograms: dict[Kind, Histogram] = {
            kind: Histogram(
                f"fabricscope_{kind}_latency_seconds", text, ("fabric",), buckets=BUCKETS_S, registry=None
            )
            for kind, text in _TEXTS.items()
        }
        self._last: dict[tuple[Kind, str], deque[float]] = {}
        self._waiting: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def committed(self, incident: Standing, at: datetime) -> None:
        """Note that an incident came into the store; ``at`` is the wall clock."""
        with self._lock:
            self._note("detection", incident.fabric, (at - incident.opened_at).total_seconds())
            self._waiting[incident.incident_id] = incident.fabric, at
            while len(self._waiting) > _LAST:  # children and others that nobody is told of
                self._waiting.pop(next(iter(self._waiting)))

    def told(self, incidents: Iterable[str], at: datetime) -> None:
        """Note that an Alertmanager took the alerts of incidents."""
        with self._lock:
            for incident in incidents:
                if (found := self._waiting.pop(incident, None)) is not None:
                    self._note("notification", found[0], (at - found[1]).total_seconds())

    def collect(self) -> Iterable[Metric]:
        """Return the histograms, and quantiles where there is anything to tell them from."""
        for kind, histogram in self._histograms.items():
            yield from histogram.collect()
            gauge = GaugeMetricFamily(
                f"fabricscope_{kind}_latency_quantile_seconds",
                f"{_TEXTS[kind]} Of the last {_LAST} incidents.",
                labels=("fabric", "quantile"),
            )
            with self._lock:
                last = {fabric: sorted(values) for (of, fabric), values in self._last.items() if of == kind}
            for fabric, values in sorted(last.items()):
                for quantile in QUANTILES:
                    gauge.add_metric((fabric, str(quantile)), nearest_rank(values, quantile))
            yield gauge

    def _note(self, kind: Kind, fabric: str, seconds: float) -> None:
        """Note a latency; one below zero says that clocks disagree, and nothing of how long anything took."""
        if seconds < 0:
            return
        self._histograms[kind].labels(fabric).observe(seconds)
        self._last.setdefault((kind, fabric), deque(maxlen=_LAST)).append(seconds)


def nearest_rank(values: list[float], quantile: float) -> float:
    """Return the least of sorted values that is not below the quantile."""
    return values[max(0, math.ceil(quantile * len(values)) - 1)]
