"""What a replica says of itself to Prometheus."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.detectors.heard import SILENCE
from pipeline.health import Health

_FABRIC: Final = ("fabric",)


class HealthMetrics(Collector):
    """Health as metrics, made anew at each scrape."""

    def __init__(
        self,
        health: Callable[[], Mapping[str, Health]],
        ends: Callable[[str], int | None],
        clock: Callable[[], datetime],
    ) -> None:
        """Take what returns the health of each fabric, the offset behind its topic's last record, and now."""
        self._health = health
        self._ends = ends
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Return the metrics; one that nobody can tell is absent, not 0 nor what it was last.

        A collector says each second that time passes. When the fabric's now is older than SILENCE, the stream
        has stopped, or is not read as fast as it comes: nobody can tell then which devices are fresh, and a
        lag of 0 means no more than that nothing is heard of the topic.
        """
        health = dict(self._health())
        counters: Mapping[str, tuple[str, Callable[[Health], int]]] = {
            "fabricscope_records": ("Records processed since the start.", lambda it: it.records),
            "fabricscope_updates": ("gNMI updates and deletes in them.", lambda it: it.updates),
            "fabricscope_dead_letters": ("Records that could not be read.", lambda it: it.dead_letters),
        }
        for name, (text, value) in counters.items():
            counter = CounterMetricFamily(name, text, labels=_FABRIC)
            for fabric, one in health.items():
                counter.add_metric((fabric,), value(one))
            yield counter
        gauges: Mapping[str, tuple[str, Callable[[str, Health], float | None]]] = {
            "fabricscope_next_offset": ("Position in the topic.", lambda _, it: it.next_offset),
            "fabricscope_lag_records": ("Records in the topic behind the position.", self._lag),
            "fabricscope_open_incidents": ("Incidents that are open.", lambda _, it: it.open_incidents),
            "fabricscope_devices": ("Devices in service.", lambda _, it: it.observers),
            "fabricscope_devices_fresh": (
                "Devices that say what is.",
                lambda _, it: it.fresh if self._is_now(it) else None,
            ),
            "fabricscope_stream_time_seconds": (
                "The highest record timestamp read, unix time: the fabric's now.",
                lambda _, it: None if it.stream_time is None else it.stream_time.timestamp(),
            ),
        }
        for name, (text, reading) in gauges.items():
            gauge = GaugeMetricFamily(name, text, labels=_FABRIC)
            for fabric, one in health.items():
                if (number := reading(fabric, one)) is not None:
                    gauge.add_metric((fabric,), number)
            yield gauge

    def _lag(self, fabric: str, health: Health) -> float | None:
        end = self._ends(fabric)
        if end is None:
            return None
        lag = max(0, end - health.next_offset)
        return lag if lag or self._is_now(health) else None

    def _is_now(self, health: Health) -> bool:
        return health.stream_time is not None and self._clock() - health.stream_time < SILENCE
