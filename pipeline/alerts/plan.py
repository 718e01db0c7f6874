"""What one Alertmanager is to be told next: the difference between what is and what it was told."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from pipeline.alerts.alert import Alert, Labels, bounded
from pipeline.alerts.standing import Standing, silence

MOST_ALERTS: Final = 256
"""Of one post; Prometheus sends as many at most (``maxBatchSize`` of its notifier, before 3.0)."""
MOST_BYTES: Final = 512 * 1024
"""Half of what nginx takes unless told otherwise (``client_max_body_size``)."""


class Post(NamedTuple):
    """Alerts that are posted together, and the body."""

    alerts: Sequence[Alert]
    body: bytes


def due(
    wanted: Mapping[Labels, Alert],
    told: Mapping[Labels, Alert],
    ending: Callable[[Alert], Alert],
    *,
    everything: bool,
) -> list[Alert]:
    """Return what to post, alerts of one incident beside each other.

    Args:
        wanted: alerts that fire.
        told: alerts that fire as far as the Alertmanager knows.
        ending: gives the last word on an alert that fires no longer.
        everything: whether to say again what was said.
    """
    news = [
        alert
        for labels, alert in wanted.items()
        if everything or labels not in told or alert.acknowledged_by != told[labels].acknowledged_by
    ]
    over = [ending(alert) for labels, alert in told.items() if labels not in wanted]
    return sorted([*over, *news], key=lambda alert: alert.key)


def ended(alert: Alert, incidents: Mapping[str, Standing], wanted: Collection[str], now: datetime) -> Alert:
    """Return the last word on an alert that fires no longer, with the reason.

    ``wanted``: ids of incidents that people are told of, under other labels then.
    """
    incident = incidents.get(alert.incident_id or "")
    when, why = now, "it turned out never to have been"
    if incident is not None and incident.resolved_at is not None:
        when, why = incident.resolved_at, "resolved"
    elif incident is not None and incident.incident_id in wanted:
        why = f"goes on as {incident.rule} {incident.name}, {incident.severity}"
    elif incident is not None:
        why = f"goes on, nobody is told: {silence(incident, incidents)}"
    annotations = {name: text for name, text in alert.annotations if name != "acknowledged_by"}
    if incident is not None:
        annotations["summary"] = bounded(incident.summary)
        if incident.acknowledged_by:
            annotations["acknowledged_by"] = incident.acknowledged_by
    annotations["ended"] = bounded(why)
    return replace(
        alert, annotations=tuple(annotations.items()), ends_at=max(min(when, now), alert.starts_at)
    )


def packed(alerts: Sequence[Alert]) -> Iterator[Post]:
    """Yield posts of bounded size; those of one incident, next to each other, are never torn apart."""
    post: list[Alert] = []
    parts: list[bytes] = []
    size = 0
    for _, together in groupby(alerts, key=lambda alert: alert.key or alert.labels):
        group = list(together)
        encoded = [alert.encoded() for alert in group]
        weight = sum(map(len, encoded)) + len(encoded) + 1
        if post and (len(post) + len(group) > MOST_ALERTS or size + weight > MOST_BYTES):
            yield Post(post, b"[" + b",".join(parts) + b"]")
            post, parts, size = [], [], 0
        post, parts, size = [*post, *group], [*parts, *encoded], size + weight
    if post:
        yield Post(post, b"[" + b",".join(parts) + b"]")


def halves(post: Post) -> Sequence[Post]:
    """Return a post in two, alerts of one incident still together; nothing if it is of one alone."""
    groups = [list(group) for _, group in groupby(post.alerts, key=lambda alert: alert.key or alert.labels)]
    middle = len(groups) // 2
    parts = [[alert for group in some for alert in group] for some in (groups[:middle], groups[middle:])]
    return [_post(part) for part in parts] if middle else []


def _post(alerts: Sequence[Alert]) -> Post:
    return Post(alerts, b"[" + b",".join(alert.encoded() for alert in alerts) + b"]")


def after(told: Mapping[Labels, Alert], post: Sequence[Alert], now: datetime) -> dict[Labels, Alert]:
    """Return what an Alertmanager knows after it took a post."""
    over = {alert.labels for alert in post if alert.ends_at <= now}
    fires = {alert.labels: alert for alert in post if alert.ends_at > now}
    return {**{labels: alert for labels, alert in told.items() if labels not in over}, **fires}
