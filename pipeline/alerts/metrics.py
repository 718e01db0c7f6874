"""What a replica says of its alerts to Prometheus."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.alerts.feed import Feed
from pipeline.alerts.sender import Account, Sender

_ALERTMANAGER: Final = ("alertmanager",)


class AlertMetrics(Collector):
    """Posts by Alertmanager and alerts by fabric, made anew at each scrape."""

    def __init__(self, feed: Feed, senders: Sequence[Sender]) -> None:
        self._feed = feed
        self._senders = senders

    def collect(self) -> Iterable[Metric]:
        """Return the metrics; the time of a success that never was is absent."""
        counters: Mapping[str, tuple[str, Callable[[Account], int]]] = {
            "fabricscope_alert_posts": ("Posts that Alertmanager took.", lambda it: it.posts),
            "fabricscope_alerts_sent": ("Alerts in them, resent ones too.", lambda it: it.alerts),
            "fabricscope_alert_post_failures": (
                "Attempts without an answer, or with one that says later.", lambda it: it.failures,
            ),
            "fabricscope_alert_post_refusals": (
                "Posts in which Alertmanager didn't like an alert.", lambda it: it.refusals,
            ),
        }  # fmt: skip
        for name, (text, value) in counters.items():
            counter = CounterMetricFamily(name, text, labels=_ALERTMANAGER)
            for sender in self._senders:
                counter.add_metric((sender.name,), value(sender.account))
            yield counter
        success = GaugeMetricFamily(
            "fabricscope_alert_last_success_seconds",
            "Unix time of the last post taken.",
            labels=_ALERTMANAGER,
        )
        firing = GaugeMetricFamily(
            "fabricscope_alerts_firing", "Alerts it was told that fire.", labels=_ALERTMANAGER
        )
        for sender in self._senders:
            account = sender.account
            if account.last_success is not None:
                success.add_metric((sender.name,), account.last_success.timestamp())
            firing.add_metric((sender.name,), account.firing)
        yield from (success, firing)
        picture = self._feed.picture
        held = GaugeMetricFamily(
            "fabricscope_alerts_held", "1 while nothing is said of a fabric.", labels=("fabric",)
        )
        for fabric, reason in picture.held.items():
            held.add_metric((fabric,), reason is not None)
        yield held
        count = Counter((alert.fabric, dict(labels)["severity"]) for labels, alert in picture.wanted.items())
        wanted = GaugeMetricFamily(
            "fabricscope_alerts", "Incidents that people are told of.", labels=("fabric", "severity")
        )
        for key in sorted(
            {*count, *((fabric, one) for fabric in picture.held for one in ("critical", "warning"))}
        ):
            wanted.add_metric(key, count[key])
        yield wanted
