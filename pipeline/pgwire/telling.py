"""What is said of the SQL endpoint: logs without anybody's data, and metrics."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.pgwire.journal import shape
from pipeline.pgwire.refusal import RefusalError

SLOW_SECONDS: Final = 5.0
"""A statement that takes longer is logged, by its shape."""

_BUCKETS: Final = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0)
_SHOWN: Final = 1_000

log: Final = structlog.get_logger(__name__)


class SqlMetrics(Collector):
    """What the endpoint has done since the start; any thread may count and ask."""

    def __init__(self, kept_bytes: Callable[[], int]) -> None:
        """Take what returns the bytes of answers that wait."""
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()
        self._sessions = 0
        self._logins: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0
        self._rows = 0

    def session(self, change: int) -> None:
        """A session begins (1) or ends (-1)."""
        with self._lock:
            self._sessions += change

    def login(self, outcome: str) -> None:
        """A client has come to the door: it was let in or refused."""
        with self._lock:
            self._logins[outcome] += 1

    def refusal(self, sqlstate: str) -> None:
        """A client was told an error."""
        with self._lock:
            self._refusals[sqlstate] += 1

    def query(self, seconds: float) -> None:
        """A statement was run, or tried."""
        with self._lock:
            self._seconds += seconds
            self._buckets[sum(seconds > edge for edge in _BUCKETS)] += 1

    def rows(self, count: int) -> None:
        """Rows are sent."""
        with self._lock:
            self._rows += count

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        with self._lock:
            yield GaugeMetricFamily("fabricscope_sql_connections", "SQL sessions.", self._sessions)
            yield GaugeMetricFamily(
                "fabricscope_sql_kept_bytes",
                "Answers that wait to be sent.",
                self._kept_bytes(),
            )
            logins = CounterMetricFamily("fabricscope_sql_logins", "Clients at the door.", labels=["outcome"])
            for outcome, count in sorted(self._logins.items()):
                logins.add_metric((outcome,), count)
            yield logins
            refusals = CounterMetricFamily(
                "fabricscope_sql_refusals", "Errors told to clients.", labels=("sqlstate",)
            )
            for sqlstate, count in sorted(self._refusals.items()):
                refusals.add_metric((sqlstate,), count)
            yield refusals
            yield CounterMetricFamily("fabricscope_sql_rows", "Rows sent.", self._rows)
            total, buckets = 0, []
            for edge, count in zip((*map(str, _BUCKETS), "+Inf"), self._buckets, strict=True):
                total += count
                buckets.append((edge, total))
            yield HistogramMetricFamily(
                "fabricscope_sql_query_seconds", "How long statements took.", buckets, self._seconds
            )


class Told:
    """Hears what one session does. Nothing of a statement is logged but its shape, without literals."""

    def __init__(self, metrics: SqlMetrics, user: str, peer: str) -> None:
        self._metrics = metrics
        self._log = log.bind(user=user, peer=peer)
        self._shape = ""

    def refused(self, error: RefusalError) -> None:
        """The client is told an error."""
        self._metrics.refusal(error.sqlstate)
        self._log.info("statement refused", sqlstate=error.sqlstate)

    def rows(self, count: int) -> None:
        """Rows are sent."""
        self._metrics.rows(count)

    @contextmanager
    def asked(self, statement: str) -> Iterator[None]:
        """A statement runs."""
        started = monotonic()
        try:
            yield
        finally:
            took = monotonic() - started
            self._metrics.query(took)
            if took > SLOW_SECONDS:
                self._log.warning("slow statement", seconds=round(took, 3), shape=shape(statement)[:_SHOWN])
