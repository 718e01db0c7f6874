"""A replica, put together: topics in, a store, and all who are told of it."""

import contextlib
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from collectors.kafka_access import KafkaAccess
from collectors.listener import listen, metrics_page
from pipeline import run as loops
from pipeline.alerts.access import Address, Credentials
from pipeline.alerts.alert import Links
from pipeline.alerts.options import RESEND_S, replica_name
from pipeline.alerts.service import Alerting
from pipeline.alerts.topic import IncidentTopic
from pipeline.detectors.settings import Settings
from pipeline.health import Watched
from pipeline.incident_log import IncidentLog
from pipeline.job import Job
from pipeline.kafka import KafkaSource
from pipeline.metrics import HealthMetrics
from pipeline.pgwire.service import Access, Service
from pipeline.store import Commit
from pipeline.store.keeper import Keeper
from pipeline.store.retention import Retention
from pipeline.unseen import Unseen

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who is told of what a replica finds, and how."""

    incident_log: Path | None = None
    metrics_listen: str | None = None
    alertmanagers: Sequence[Address] = ()
    credentials: Credentials = field(default_factory=Credentials)
    links: Links = field(default_factory=Links)
    replica: str | None = None
    resend: timedelta = timedelta(seconds=RESEND_S)
    publish_incidents: bool = False
    sql: Access | None = None


@dataclass(frozen=True)
class Keeping:
    """Where rows go that are past their retention, and what that is for each fabric."""

    archive: Path
    retention: Mapping[str, Retention]


def run(
    access: KafkaAccess,
    fabrics: Sequence[str],
    store: Path,
    stop: threading.Event,
    *,
    settings: Mapping[str, Settings],
    audience: Audience,
    keeping: Keeping | None = None,
    until_caught_up: bool,
) -> dict[str, Any]:  # Any: JSON
    """Run until ``stop`` is set or the topics are read; return what was done, per fabric."""
    with contextlib.ExitStack() as stack:
        told = (
            None
            if audience.incident_log is None
            else stack.enter_context(closing(IncidentLog(audience.incident_log, wall_clock)))
        )
        alerting = Alerting(
            audience.alertmanagers,
            audience.credentials,
            fabrics=fabrics,
            links=audience.links,
            replica=replica_name(audience.replica),
            resend=audience.resend,
            clock=wall_clock,
        )
        topic = IncidentTopic(access, alerting.spoken_for, wall_clock) if audience.publish_incidents else None
        unseen = Unseen()
        listeners = [each.committed for each in (told, alerting, topic, unseen) if each is not None]

        def committed(commit: Commit) -> None:
            for tell in listeners:
                tell(commit)

        cluster = access.cluster_id()
        job = stack.enter_context(
            closing(Job.open(store, fabrics, cluster, settings=settings, committed=committed))
        )
        if told is not None:
            with closing(job.reader()) as reader:
                told.resume(reader)
        source = stack.enter_context(KafkaSource.open(access, {name: job.position(name) for name in fabrics}))
        watched = Watched(job)
        ends = {name: source.end(name) for name in fabrics}
        unseen.start(ends)
        alerting.start(
            stack.enter_context(closing(job.reader())),
            ends,
            job.unread_starts,
        )
        stack.callback(alerting.stop)
        if topic is not None:
            topic.start(stack.enter_context(closing(job.reader())))
            stack.callback(topic.stop)
        if keeping is not None:
            keeper = Keeper(job.reader(), keeping.archive, keeping.retention)
            keeper.start()
            stack.callback(keeper.stop)
        sql = None
        if audience.sql is not None:
            archive = None if keeping is None else keeping.archive
            sql = stack.enter_context(closing(Service(audience.sql, job.reader, store, archive=archive)))
            sql.start()
        if audience.metrics_listen is not None:
            health = HealthMetrics(lambda: watched.health, source.end, wall_clock)
            page = metrics_page(health, *alerting.metrics, *([] if sql is None else [sql.metrics]))
            stack.callback(listen(audience.metrics_listen, {"/metrics": page}))
        for name in fabrics:
            log.info("reading", fabric=name, position=source.position(name))
        loops.run(watched, source, fabrics, stop, until_caught_up=until_caught_up)
        watched.settle()
    return job.summary()


def wall_clock() -> datetime:
    """Return now: for the log of incidents, for metrics and alerts, never for a store."""
    return datetime.now(UTC)  # noqa: TID251  # as above
