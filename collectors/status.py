"""What a collector says of itself: metrics for Prometheus, and as JSON for ``fabricscope targets``."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

import orjson
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collectors.budget import Budget
from collectors.listener import Page, metrics_page
from collectors.publisher import Publisher
from collectors.states import FamilyStatus, State

TARGETS_PATH: Final = "/targets"
PREFIX: Final = "fabricscope_collector_"
_BY_FAMILY: Final = ("fabric", "target", "family")


class Watched(Protocol):
    """What is told of: collectors.supervisor.Supervisor."""

    @property
    def statuses(self) -> list[FamilyStatus]:
        """All families of all targets."""
        ...

    @property
    def publishers(self) -> dict[str, Publisher]:
        """The ways into Kafka, by fabric."""
        ...

    @property
    def budget(self) -> Budget:
        """The memory for records on their way."""
        ...


class Status(Collector):
    """The state of a collector as it is when asked; asked from other threads than the collector's."""

    def __init__(self, name: str, watched: Watched, trouble: Callable[[], str]) -> None:
        """Take what to tell of; ``trouble`` says why the inventory is not followed, or nothing."""
        self._name = name
        self._watched = watched
        self._trouble = trouble

    def collect(self) -> Iterable[Metric]:
        """Return the metrics, made anew at each scrape."""
        yield from self._of_families(self._watched.statuses)
        yield from self._of_kafka(list(self._watched.publishers.values()))
        budget = self._watched.budget
        yield GaugeMetricFamily(
            f"{PREFIX}buffer_bytes", "Records that Kafka has not confirmed.", value=budget.held
        )
        yield GaugeMetricFamily(
            f"{PREFIX}buffer_limit_bytes", "From here on nothing is read from targets.", value=budget.limit
        )
        yield GaugeMetricFamily(
            f"{PREFIX}inventory_followed",
            "1: the inventory is followed as it is now; 0: it has mistakes and an earlier one holds.",
            value=0 if self._trouble() else 1,
        )

    def pages(self) -> dict[str, Page]:
        """Return what a listener serves."""
        return {
            "/metrics": metrics_page(self),
            TARGETS_PATH: lambda: (orjson.dumps(self.document()), "application/json"),
        }

    def document(self) -> dict[str, Any]:
        """Return the same, and the reasons, as JSON takes it."""
        return {
            "collector": self._name,
            "time_ns": time.time_ns(),
            "inventory_trouble": self._trouble(),
            "buffer_bytes": self._watched.budget.held,
            "buffer_limit_bytes": self._watched.budget.limit,
            "targets": [
                {
                    "target": one.target,
                    "fabric": one.fabric,
                    "family": one.family,
                    "state": one.state,
                    "since_ns": one.since_ns,
                    "reason": one.reason,
                    "records": one.records,
                    "bytes": one.bytes,
                    "records_per_s": round(one.records_per_s, 1),
                    "sessions": one.sessions,
                    "lost": one.lost,
                    "uncut": one.uncut,
                }
                for one in self._watched.statuses
            ],
            "kafka": [
                {
                    "fabric": one.fabric,
                    "confirmed": one.confirmed,
                    "waiting": one.waiting,
                    "lag_s": _lag_s(one),
                    "failures": one.failures,
                    "trouble": one.trouble,
                }
                for one in list(self._watched.publishers.values())
            ],
        }

    @staticmethod
    def _of_families(statuses: list[FamilyStatus]) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            f"{PREFIX}state", "1 for the state that the family's RPC is in.", labels=(*_BY_FAMILY, "state")
        )
        counters = {
            "records": "Responses handed on to Kafka.",
            "bytes": "Their bytes.",
            "sessions": "RPCs that were answered, renewals among them.",
            "lost": "RPCs that ended although the collector did not want them to.",
            "uncut": "Records that were too large; each ended its session.",
        }
        families = {
            name: CounterMetricFamily(f"{PREFIX}{name}", text, labels=_BY_FAMILY)
            for name, text in counters.items()
        }
        for one in statuses:
            labels = (one.fabric, one.target, one.family)
            for each in State:
                state.add_metric((*labels, each), 1 if one.state is each else 0)
            for name, family in families.items():
                family.add_metric(labels, getattr(one, name))
        yield state
        yield from families.values()

    @staticmethod
    def _of_kafka(publishers: list[Publisher]) -> Iterator[Metric]:
        confirmed = CounterMetricFamily(f"{PREFIX}kafka_confirmed", "Records in Kafka.", labels=("fabric",))
        failures = CounterMetricFamily(
            f"{PREFIX}kafka_failures", "Deliveries that failed and were begun anew.", labels=("fabric",)
        )
        waiting = GaugeMetricFamily(
            f"{PREFIX}kafka_waiting", "Records that Kafka has not confirmed.", labels=("fabric",)
        )
        lag = GaugeMetricFamily(
            f"{PREFIX}kafka_lag_seconds", "Age of the oldest of them; 0: there is none.", labels=("fabric",)
        )
        for one in publishers:
            labels = (one.fabric,)
            confirmed.add_metric(labels, one.confirmed)
            failures.add_metric(labels, one.failures)
            waiting.add_metric(labels, one.waiting)
            lag.add_metric(labels, _lag_s(one))
        yield from (confirmed, failures, waiting, lag)


def _lag_s(publisher: Publisher) -> float:
    oldest = publisher.oldest_ms()
    return 0.0 if oldest is None else max(0.0, time.time_ns() // 1_000_000 - oldest) / 1000
