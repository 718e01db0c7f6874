"""What the agent says of itself to Prometheus, on this machine: how its polls go and what they cost."""

import os
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import start_http_server

from collectors.errors import FabricscopeError, InputError
from targets.frr.agent import Figures

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class AgentMetrics:
    """Figures as metrics, made anew at each scrape."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        figures = self._figures
        polls = CounterMetricFamily(
            "fabricscope_agent_polls", "Polls: all was answered, some, nothing.", labels=("result",)
        )
        for result, count in figures.polls.items():
            polls.add_metric((result,), count)
        complaints = GaugeMetricFamily(
            "fabricscope_agent_no_answer", "What the last poll got no answer to.", labels=("asked",)
        )
        for name in figures.complaints:
            complaints.add_metric((name,), 1)
        own, children = _processor_seconds()
        return (
            polls,
            complaints,
            _counter("hung_commands", "Commands ended because they took too long.", figures.hung),
            _counter("slow_polls", "Polls that took longer than the interval.", figures.slow),
            _counter("poll_seconds", "Time that polls took.", figures.total_s),
            _counter("processor_seconds", "Processor time of the agent itself.", own),
            _counter("commands_processor_seconds", "Processor time of vtysh and ip.", children),
            _gauge("last_poll_seconds", "Time that the last poll took.", figures.took_s),
            _gauge("families", "Families heard of.", len(figures.families)),
            _gauge("leaves", "Leaves in the state.", figures.leaves),
            _gauge("alive_timestamp_seconds", "Last poll that went well, unix time.", figures.alive_ns / 1e9),
        )


def listen(address: str, metrics: AgentMetrics) -> Callable[[], None]:
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


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"fabricscope_agent_{name}", text, value=value)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"fabricscope_agent_{name}", text, value=value)


def _processor_seconds() -> tuple[float, float]:
    """Return what this process has used, and what the commands it ran have."""
    times = os.times()
    return times.user + times.system, times.children_user + times.children_system
