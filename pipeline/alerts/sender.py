"""Keeps one Alertmanager at what the picture says; one that is away holds up no other.

What it was told is kept here, and each attempt posts the difference to what is: so nothing queues up while it
is away, and it is brought to the truth in one go when it is back.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from collectors.backoff import jittered
from pipeline.alerts.alert import FIRES_FOR, WATCHDOG, Alert, Labels, watchdog
from pipeline.alerts.client import Alertmanager, AwayError, SaidNoError
from pipeline.alerts.feed import Feed, Picture, possible
from pipeline.alerts.gate import PRESENT
from pipeline.alerts.latency import Latencies
from pipeline.alerts.plan import Post, after, due, ended, halves, packed

LONGEST_WAIT_S: Final = 15.0
"""Between attempts; half of what is common as Alertmanager's ``group_wait``."""
WATCHDOG_LASTS: Final = 3
"""Resends; the third that is missing is the alarm."""

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """What was done; replaced as a whole."""

    posts: int = 0
    alerts: int = 0
    failures: int = 0
    refusals: int = 0
    last_success: datetime | None = None
    firing: int = 0


class Sender:
    """Tells one Alertmanager, in a thread of its own."""

    def __init__(
        self,
        alertmanager: Alertmanager,
        feed: Feed,
        *,
        replica: str,
        resend: timedelta,
        latencies: Latencies,
        clock: Callable[[], datetime],
    ) -> None:
        self.name = alertmanager.name
        self.account = Account()
        self.failure: BaseException | None = None
        """What ended the thread that should go on."""
        self._alertmanager = alertmanager
        self._feed = feed
        self._replica = replica
        self._resend = resend
        self._latencies = latencies
        self._clock = clock
        self._told: Mapping[Labels, Alert] | None = None
        self._current: frozenset[str] = frozenset()
        """Fabrics it was brought up to the truth of, and has been kept at since."""
        self._over: dict[Labels, datetime] = {}
        """Told to fire, not firing there any more, and since when: another replica says they are over."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"alerts to {self.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Post what is not yet told, if that goes fast; nothing is resolved."""
        self._stop.set()
        self._feed.wake()
        self._thread.join(within_s)

    def _run(self) -> None:
        try:
            self._go_on()
        except BaseException as error:
            self.failure = error
            raise

    def _go_on(self) -> None:
        version, failures, all_again = 0, 0, time.monotonic()
        while True:
            last = self._stop.is_set()
            picture = self._feed.wait(version, 0 if last else max(0.0, all_again - time.monotonic()))
            everything = time.monotonic() >= all_again
            try:
                self._tell(picture, everything=everything)
            except AwayError as error:
                self.account = replace(self.account, failures=self.account.failures + 1)
                wait = jittered(min(LONGEST_WAIT_S, 2.0**failures), random.random())  # noqa: S311  # no secret
                failures += 1
                log.warning("alerts not posted", reason=str(error), attempts=failures, wait_s=round(wait, 1))
                if last:
                    return
                self._stop.wait(wait)
                continue
            if failures:
                log.info("alerts are posted again", alertmanager=self.name, attempts=failures)
            version, failures = picture.version, 0
            if everything:
                all_again = time.monotonic() + self._resend.total_seconds()
            if last:
                return

    def _tell(self, picture: Picture, *, everything: bool) -> None:
        """Post the difference between the picture and what was told, of fabrics that may be spoken for."""
        now, fabrics = self._clock(), picture.spoken_for
        everything = everything or not fabrics <= self._current
        told = self._remembered(picture, now)
        over: frozenset[Labels] = frozenset()
        if everything and fabrics:
            unsaid, over = self._inspected(fabrics, told, now)
            told = {**unsaid, **told}
        ours = _of(picture.wanted, fabrics)
        wanted = {alert.incident_id or "" for alert in ours.values()}
        news = due(
            ours,
            _of(told, fabrics),
            lambda alert: ended(alert, picture.incidents, wanted, now),
            everything=everything,
        )
        posts = [
            replace(one, ends_at=now + FIRES_FOR) if one.labels in ours else one
            for one in news
            if one.labels not in ours or one.labels not in over
        ]
        dogs = [
            watchdog(fabric, self._replica, now, self._resend * WATCHDOG_LASTS)
            for fabric in sorted(fabrics)
            if everything
        ]
        self._told = told
        for post in packed([*posts, *dogs]):
            self._post(post)
            ids = [one.incident_id for one in post.alerts if one.incident_id is not None]
            self._told = after(self._told, [one for one in post.alerts if one.incident_id is not None], now)
            self._latencies.told(ids, self._clock())
        self._current = fabrics
        self.account = replace(self.account, firing=len(_of(self._told, fabrics)))

    def _post(self, post: Post) -> None:
        """Post alerts; what is refused as a whole is posted in parts: one bad alert must not hide others."""
        try:
            self._alertmanager.post(post.body)
        except SaidNoError as error:
            self.account = replace(self.account, refusals=self.account.refusals + 1)
            parts = halves(post)
            if not parts:
                labels = [dict(alert.labels) for alert in post.alerts]
                log.warning("alerts refused", alertmanager=self.name, alerts=labels, reason=str(error))
            for part in parts:
                self._post(part)
            return
        self.account = replace(
            self.account,
            posts=self.account.posts + 1,
            alerts=self.account.alerts + len(post.alerts),
            last_success=self._clock(),
        )

    def _remembered(self, picture: Picture, now: datetime) -> Mapping[Labels, Alert]:
        """Return what may fire there: at first all that this replica may have posted before its start."""
        if self._told is None:
            return possible(picture.incidents.values(), self._feed.links, now)
        return self._told

    def _inspected(
        self, fabrics: frozenset[str], told: Mapping[Labels, Alert], now: datetime
    ) -> tuple[dict[Labels, Alert], frozenset[Labels]]:
        """Return what fires there of our fabrics and nobody says, and what isn't to be said again for now.

        Nobody says alerts of incidents that turned out never to have been while no replica could say so, and
        those that a replica that lagged said once more before it died. What another replica says, which may
        be ahead of this one, is left alone. So is what another one says is over: it is, unless this replica
        still thinks otherwise when it can't be behind any more.
        """
        try:
            found = [
                alert
                for fabric in sorted(fabrics)
                for alert in self._alertmanager.alerts([f'fabric="{fabric}"'])
            ]
            # whoever speaks may be PRESENT behind, and not know yet what another said before it died
            unsaid = strays(found, told, now - self._resend * WATCHDOG_LASTS - PRESENT)
            self._over = {labels: self._over.get(labels, now) for labels in self._missing(found, fabrics)}
            return unsaid, frozenset(labels for labels, at in self._over.items() if now - at < PRESENT)
        except (AwayError, SaidNoError) as error:  # a proxy may let posts through alone
            log.warning("what fires there is not told", alertmanager=self.name, reason=str(error))
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # it is no Alertmanager
            log.warning("what fires there can't be read", alertmanager=self.name, reason=repr(error))
        return {}, frozenset()

    def _missing(
        self,
        found: Sequence[Mapping[str, Any]],  # Any: JSON
        fabrics: frozenset[str],
    ) -> set[Labels]:
        """Return what was told and fires no more, unless all was forgotten there, our watchdog as well."""
        fires = {tuple(sorted(one["labels"].items())) for one in found}
        dogs = {watchdog(fabric, self._replica, self._clock(), self._resend).labels for fabric in fabrics}
        return set(_of(self._told or {}, fabrics)) - fires if dogs <= fires else set()


def strays(
    found: Iterable[Mapping[str, Any]],  # Any: JSON
    told: Mapping[Labels, Alert],
    before: datetime,
) -> dict[Labels, Alert]:
    """Return alerts of incidents that an Alertmanager has, unknown here and not said since ``before``."""
    alerts = {}
    for one in found:
        labels = tuple(sorted(one["labels"].items()))
        incident = one["annotations"].get("incident")
        said = datetime.fromisoformat(one["updatedAt"])
        if labels in told or incident is None or dict(labels)["alertname"] == WATCHDOG or said >= before:
            continue
        start = datetime.fromisoformat(one["startsAt"])
        annotations = tuple(one["annotations"].items())
        fabric = one["labels"]["fabric"]
        alerts[labels] = Alert(labels, annotations, start, start, incident, fabric=fabric)
    return alerts


def _of(alerts: Mapping[Labels, Alert], fabrics: frozenset[str]) -> Mapping[Labels, Alert]:
    return {labels: alert for labels, alert in alerts.items() if alert.fabric in fabrics}
