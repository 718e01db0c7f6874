"""What a replica says of itself to Prometheus, at ``/metrics`` of its own listener on this machine."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import start_http_server

from collectors.errors import FabricscopeError, InputError
from pipeline.health import Health

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_FABRIC: Final = ("fabric",)


class HealthMetrics:
    """Health as metrics, made anew at each scrape."""

    def __init__(self, health: Callable[[], Mapping[str, Health]], ends: Callable[[str], int | None]) -> None:
        """Take what returns the health of each fabric, and the offset behind its topic's last record."""
        self._health = health
        self._ends = ends

    def collect(self) -> Iterable[Metric]:
        """Return the metrics; one that nobody can tell yet is absent, not 0."""
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
            "fabricscope_devices": ("Devices that report.", lambda _, it: it.observers),
            "fabricscope_devices_fresh": ("Devices that say what is.", lambda _, it: it.fresh),
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
        return None if end is None else max(0, end - health.next_offset)


def listen(address: str, metrics: HealthMetrics) -> Callable[[], None]:
    """Serve metrics at HOST:PORT, on this machine only; return what ends it.

    Raises InputError for an address that is none or not of this machine, FabricscopeError when it is taken.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if host not in _LOOPBACK or not port.isdecimal() or int(port) > 65_535:
        raise InputError(
            f"metrics can't be served at {address!r}: use 127.0.0.1:PORT; they have no TLS and no login, so"
            " let a proxy on this machine carry them elsewhere"
        )
    registry = CollectorRegistry()
    registry.register(metrics)
    try:
        server, thread = start_http_server(int(port), addr=host, registry=registry)
    except OSError as error:
        raise FabricscopeError(f"metrics can't be served at {address}: {error.strerror}") from error

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
