"""The alerts of a replica, put together: one feed, one sender for each Alertmanager."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import duckdb
from prometheus_client.registry import Collector

from collectors.errors import FabricscopeError
from pipeline.alerts.access import Address, Credentials
from pipeline.alerts.alert import Links
from pipeline.alerts.client import Alertmanager
from pipeline.alerts.feed import Feed
from pipeline.alerts.latency import Latencies
from pipeline.alerts.metrics import AlertMetrics
from pipeline.alerts.sender import Sender
from pipeline.store import Commit

GOODBYE_S: Final = 5.0
"""How long the end of a replica waits for Alertmanagers: what they aren't told then, the next start tells."""


class Alerting:
    """Follows commits and tells Alertmanagers; with none of them it only knows what there is to tell."""

    def __init__(
        self,
        addresses: Sequence[Address],
        credentials: Credentials,
        *,
        fabrics: Sequence[str],
        links: Links,
        replica: str,
        resend: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._latencies = Latencies()
        self._feed = Feed(fabrics, links, self._latencies, clock)
        self._senders = [
            Sender(
                Alertmanager(address, credentials),
                self._feed,
                replica=replica,
                resend=resend,
                latencies=self._latencies,
                clock=clock,
            )
            for address in addresses
        ]
        self.metrics: Sequence[Collector] = (self._latencies, AlertMetrics(self._feed, self._senders))

    def committed(self, commit: Commit) -> None:
        """Note a commit; raises FabricscopeError when nobody would be told of it any more."""
        failures = [self._feed.failure, *(sender.failure for sender in self._senders)]
        if (failure := next(filter(None, failures), None)) is not None:
            raise FabricscopeError("alerts are no longer posted: see the error above") from failure
        self._feed.changed.committed(commit)

    def spoken_for(self) -> frozenset[str]:
        """Return the fabrics that this replica knows as they are now."""
        return self._feed.picture.spoken_for

    def start(
        self,
        reader: duckdb.DuckDBPyConnection,
        ends: Mapping[str, int | None],
        unread_starts: Callable[[str], int],
    ) -> None:
        """Begin, as Feed.start does."""
        self._feed.start(reader, ends, unread_starts)
        for sender in self._senders:
            sender.start()

    def stop(self) -> None:
        """Tell what was committed, as far as that goes fast; nothing is resolved by it."""
        self._feed.stop()
        for sender in self._senders:
            sender.stop(GOODBYE_S)
