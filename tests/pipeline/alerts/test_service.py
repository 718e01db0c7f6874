"""From commits to posts: a store, its commits, and doors that stand for Alertmanagers."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
from prometheus_client import CollectorRegistry

from collectors.errors import FabricscopeError
from pipeline.alerts.access import Credentials, addresses
from pipeline.alerts.alert import Links
from pipeline.alerts.service import Alerting
from pipeline.store import Commit, Position
from sql import statements
from tests.pipeline.alerts.incidents import MINUTE, NOW
from tests.pipeline.alerts.server import Door, door

SEVERITY = {"R16": "warning", "R15": "critical"}
NAMES = {"R16": "N_MINUS_1_FABRIC", "R15": "UPLINK_LOSS"}
WATCHDOG = ("FabricscopeWatchdog", "none", "")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Replica:
    """A store whose incidents a test changes, and the alerts that follow."""

    def __init__(
        self, stack: ExitStack, store: duckdb.DuckDBPyConnection, *doors: Door, resend_s: float
    ) -> None:
        self.now = NOW
        self.store = store
        self.unread = 0
        self.alerting = Alerting(
            addresses([one.url for one in doors], Credentials()),
            Credentials(),
            fabrics=["dc1"],
            links=Links(),
            replica="one",
            resend=timedelta(seconds=resend_s),
            clock=lambda: self.now,
        )
        self._stack = stack

    def start(self, end: int = 0) -> None:
        reader = self.store.cursor()
        self._stack.callback(reader.close)
        self.alerting.start(reader, {"dc1": end}, lambda _: self.unread)
        self._stack.callback(self.alerting.stop)

    def commits(self, *changed: Mapping[str, Any], at: int = 1, time: datetime = NOW, void: str = "") -> None:
        """Store incidents as they are now, and say so."""
        for one in changed:
            put(self.store, **one)
        if void:
            self.store.execute("DELETE FROM store.incident WHERE incident_id = ?", [void])
        ids = pl.DataFrame(
            {"incident_id": [one["key"] for one in changed]}, schema={"incident_id": pl.String}
        )
        gone = pl.DataFrame({"incident_id": [void] if void else []}, schema={"incident_id": pl.String})
        where = Position("dc1", "t", at, time)
        self.alerting.committed(Commit({"incident": ids}, {"incident": gone}, [where]))


def put(store: duckdb.DuckDBPyConnection, key: str, rule: str = "R16", **more: Any) -> None:
    row = {
        "incident_id": key, "rule": rule, "name": NAMES[rule], "severity": SEVERITY[rule], "state": "open",
        "opened_at": NOW - MINUTE, "detected_at": NOW, "fabric": "dc1", "device": key,
        "summary": f"{key} is alone",
        **more,
    }  # fmt: skip
    if "resolved_at" in more:
        row["state"] = "resolved"
    frame = pl.DataFrame([row])
    store.execute("DELETE FROM store.incident WHERE incident_id = ?", [key])
    store.register("row", frame)
    store.execute("INSERT INTO store.incident BY NAME SELECT * FROM row")
    store.execute(
        "INSERT INTO store.incident_event BY NAME SELECT incident_id, fabric, rule, severity,"
        " opened_at AS event_time, 'raised' AS kind FROM row"
    )


@pytest.fixture
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for folder in ("ddl", "views"):
            for statement in statements(folder):
                connection.execute(statement)
        yield connection


@contextmanager
def replica(store: duckdb.DuckDBPyConnection, *doors: Door, resend_s: float = 600) -> Iterator[Replica]:
    with ExitStack() as stack:
        yield Replica(stack, store, *doors, resend_s=resend_s)


def alert(key: str, rule: str = "R16") -> tuple[str, str, str]:
    return NAMES[rule], SEVERITY[rule], key


def samples(alerting: Alerting) -> dict[str, float]:
    registry = CollectorRegistry()
    for one in alerting.metrics:
        registry.register(one)
    found = {}
    for sample in (sample for family in registry.collect() for sample in family.samples):
        labels = [value for name, value in sorted(sample.labels.items()) if name != "alertmanager"]
        found[" ".join([sample.name, *labels])] = sample.value
    return found


def test_an_incident_is_posted_when_its_commit_is_there(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: there.fires() == {alert("leaf-1"), WATCHDOG})
        one.commits({"key": "leaf-1", "resolved_at": NOW})
        until(lambda: there.fires() == {WATCHDOG})


def test_nothing_is_posted_while_catching_up_then_one_pass_tells_what_is(
    store: duckdb.DuckDBPyConnection,
) -> None:
    with door() as there, replica(store, there) as one:
        one.start(end=3)
        one.commits({"key": "leaf-1"}, at=1)
        one.commits({"key": "leaf-2"}, at=2)
        one.commits({"key": "leaf-1", "resolved_at": NOW}, at=2)
        assert "fabricscope_alerts_held dc1" in samples(one.alerting)
        time.sleep(0.3)
        assert there.posts == []
        one.commits(at=3)
        until(lambda: there.posts)
        assert there.fires() == {alert("leaf-2"), WATCHDOG}


def test_nothing_is_posted_before_the_starts_of_live_sessions_are_read(
    store: duckdb.DuckDBPyConnection,
) -> None:
    with door() as there, replica(store, there) as one:
        one.unread = 1
        one.start()
        one.commits({"key": "leaf-1"})
        time.sleep(0.3)
        assert there.posts == []
        one.unread = 0
        until(lambda: there.fires() == {alert("leaf-1"), WATCHDOG})


def test_who_falls_behind_stops_speaking_and_resolves_nothing(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there, resend_s=1) as one:
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: there.fires() == {alert("leaf-1"), WATCHDOG})
        one.now = NOW + 2 * MINUTE
        until(lambda: samples(one.alerting)["fabricscope_alerts_held dc1"] == 1)
        time.sleep(0.5)  # a post may be on its way
        posts = len(there.posts)
        one.commits({"key": "leaf-1", "resolved_at": NOW})
        time.sleep(1.5)
        assert len(there.posts) == posts
        one.commits(time=NOW + 2 * MINUTE, at=2)
        until(lambda: there.fires() == {WATCHDOG})


def test_a_restarted_replica_ends_what_it_may_have_told_before(store: duckdb.DuckDBPyConnection) -> None:
    put(store, "leaf-1")
    put(store, "leaf-1", resolved_at=NOW - MINUTE)  # resolved while nobody looked
    put(store, "leaf-2")
    put(store, "leaf-2", rule="R15")  # raised meanwhile
    put(store, "leaf-3")
    put(store, "leaf-3", root_incident_id="leaf-2")  # explained meanwhile
    put(store, "leaf-4", resolved_at=NOW - timedelta(days=8))
    with door() as there, replica(store, there) as one:
        one.start()
        one.commits()
        until(lambda: there.posts)
        assert there.fires() == {alert("leaf-2", "R15"), WATCHDOG}
        told = {
            (sent["labels"].get("device"), sent["labels"].get("rule"), sent["annotations"].get("ended"))
            for post in there.posts
            for sent in post
        }
        assert ("leaf-1", "R16", "resolved") in told
        assert ("leaf-2", "R16", "goes on as R15 UPLINK_LOSS, critical") in told
        assert any(device == "leaf-3" and why and "leaf-2 explains it" in why for device, _, why in told)
        assert not any(device == "leaf-4" for device, _, _ in told), "no alert of it can fire any more"


def stray(said: datetime, **labels: str) -> bytes:
    fixed = {"alertname": "N_MINUS_1_FABRIC", "rule": "R16", "severity": "warning", "fabric": "dc1"}
    one = {
        "labels": {**fixed, **labels},
        "annotations": {"incident": "never", "summary": "leaf-9 is alone"},
        "updatedAt": said.isoformat(),
        "startsAt": (NOW - MINUTE).isoformat(),
    }
    return json.dumps([one]).encode()


@pytest.mark.parametrize(("age_s", "ends"), [(63.001, True), (63.0, False), (0.0, False)])
def test_an_alert_of_an_incident_that_never_was_ends_unless_somebody_still_says_it(
    store: duckdb.DuckDBPyConnection, age_s: float, *, ends: bool
) -> None:
    with door() as there, replica(store, there, resend_s=1) as one:
        there.answer = lambda _: (200, stray(NOW - timedelta(seconds=age_s), device="leaf-9"))
        one.start()
        one.commits()
        until(lambda: len(there.posts) > 1)
        ended = [sent for post in there.posts for sent in post if sent["labels"].get("device") == "leaf-9"]
        assert bool(ended) is ends
        assert all(sent["annotations"]["ended"] == "it turned out never to have been" for sent in ended)


def test_what_another_replica_says_is_over_is_not_told_again_by_one_that_is_behind(
    store: duckdb.DuckDBPyConnection,
) -> None:
    dog = {"alertname": "FabricscopeWatchdog", "severity": "none", "fabric": "dc1", "replica": "one"}
    about = {"updatedAt": NOW.isoformat(), "startsAt": NOW.isoformat(), "annotations": {}}

    def says(post: list[dict[str, Any]]) -> bool:
        return any(sent["labels"].get("device") == "leaf-1" for sent in post)

    with door() as there, replica(store, there, resend_s=0.1) as one:
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: sum(map(says, there.posts)) > 3)  # it forgets all: it was started again, say
        there.answer = lambda _: (200, json.dumps([{"labels": dog, **about}]).encode())
        time.sleep(0.3)  # a post may be on its way
        there.posts.clear()
        until(lambda: len(there.posts) > 5)
        assert not any(map(says, there.posts))
        one.commits({"key": "leaf-2"})
        until(lambda: alert("leaf-2") in there.fires())
        one.now = NOW + MINUTE  # who is behind for so long speaks no more, so this one isn't
        one.commits(time=one.now, at=2)
        until(lambda: alert("leaf-1") in there.fires())


def test_what_a_replica_that_lagged_left_behind_as_it_died_ends_however_late(
    store: duckdb.DuckDBPyConnection,
) -> None:
    with door() as there, replica(store, there, resend_s=0.1) as one:
        one.start()
        one.commits()
        until(lambda: len(there.posts) > 12)
        there.answer = lambda _: (200, stray(NOW - 2 * MINUTE, device="leaf-9"))
        until(lambda: any(sent["labels"].get("device") == "leaf-9" for post in there.posts for sent in post))


@pytest.mark.parametrize("answer", [b'[{"labels": {}}]', b'[{"labels": [], "annotations": {}}]'])
def test_an_answer_of_what_is_no_alertmanager_stops_nothing(
    store: duckdb.DuckDBPyConnection, answer: bytes
) -> None:
    with door() as there, replica(store, there, resend_s=0.1) as one:
        there.answer = lambda _: (200, answer)
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: len(there.posts) > 2)
        assert there.fires() == {alert("leaf-1"), WATCHDOG}


def test_an_alert_that_is_refused_costs_only_itself(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        there.dislikes = b'"leaf-3"'
        one.start()
        one.commits(*({"key": f"leaf-{number}"} for number in range(8)))
        until(lambda: len(there.fires()) == 8)
        assert there.fires() == {alert(f"leaf-{number}") for number in range(8) if number != 3} | {WATCHDOG}
        assert samples(one.alerting)["fabricscope_alert_post_refusals_total"] >= 1


def test_a_withdrawn_incident_ends_its_alert(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: alert("leaf-1") in there.fires())
        one.commits(void="leaf-1")
        until(lambda: there.fires() == {WATCHDOG})


def test_each_alertmanager_gets_all_and_one_that_is_away_holds_up_no_other(
    store: duckdb.DuckDBPyConnection,
) -> None:
    with door() as there, door() as away, replica(store, there, away) as one:
        away.answer = lambda _: (503, b"later")
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: alert("leaf-1") in there.fires())
        one.commits({"key": "leaf-1", "resolved_at": NOW}, {"key": "leaf-2"})
        until(lambda: there.fires() == {alert("leaf-2"), WATCHDOG})
        assert away.posts == []
        away.answer = lambda _: (200, b"[]")
        until(lambda: away.fires() == {alert("leaf-2"), WATCHDOG})
        assert samples(one.alerting)["fabricscope_alert_post_failures_total"] >= 1


def test_a_refused_alert_is_counted_and_not_posted_in_a_hurry(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        there.answer = lambda method: (400, b'"bad"') if method == "POST" else (200, b"[]")
        one.start()
        one.commits({"key": "leaf-1"})
        until(
            lambda: (
                {tuple(alert["labels"]["alertname"] for alert in post) for post in there.refused}
                >= {(NAMES["R16"],), WATCHDOG[:1]}
            )
        )  # in one post first, then each by itself
        assert samples(one.alerting)["fabricscope_alert_post_refusals_total"] >= 2
        asked = len(there.paths)
        time.sleep(0.5)
        assert len(there.paths) <= asked + 1


def test_a_proxy_that_lets_posts_through_alone_is_good_enough(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        there.answer = lambda method: (200, b"") if method == "POST" else (405, b"no")
        one.start()
        one.commits({"key": "leaf-1"})
        until(lambda: alert("leaf-1") in there.fires())


def test_firing_alerts_and_the_watchdog_are_said_again(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there, resend_s=1) as one:
        one.start()
        one.commits({"key": "leaf-1"})
        until(
            lambda: (
                sum("leaf-1" in str(post) and "FabricscopeWatchdog" in str(post) for post in there.posts) >= 3
            )
        )


def test_stopping_tells_the_last_commit_and_resolves_nothing(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        one.start()
        one.commits()
        until(lambda: there.posts)
        one.commits({"key": "leaf-1"})
        one.alerting.stop()
        assert there.fires() == {alert("leaf-1"), WATCHDOG}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_ends_the_replica(store: duckdb.DuckDBPyConnection) -> None:
    with door() as there, replica(store, there) as one:
        one.start()
        store.execute("DROP VIEW main.incident")
        one.commits({"key": "leaf-1"})
        until(lambda: one.alerting._feed.failure)
        with pytest.raises(FabricscopeError, match="no longer posted"):
            one.alerting.committed(Commit())


def test_latencies_are_told_of_what_is_found_live(store: duckdb.DuckDBPyConnection) -> None:
    put(store, "leaf-0")
    with door() as there, replica(store, there) as one:
        one.start()
        one.commits()
        until(lambda: alert("leaf-0") in there.fires())
        assert "fabricscope_detection_latency_seconds_count dc1" not in samples(one.alerting), (
            "it was there before"
        )
        one.commits({"key": "leaf-1", "opened_at": NOW - timedelta(seconds=3)})
        until(lambda: "fabricscope_notification_latency_seconds_count dc1" in samples(one.alerting))
        told = samples(one.alerting)
        assert told["fabricscope_detection_latency_seconds_sum dc1"] == 3
        assert told["fabricscope_detection_latency_quantile_seconds dc1 0.99"] == 3
        assert told["fabricscope_notification_latency_seconds_count dc1"] == 1
        one.commits({"key": "leaf-1", "summary": "still"})
        one.commits({"key": "leaf-2", "root_incident_id": "leaf-1"})
        until(lambda: samples(one.alerting)["fabricscope_detection_latency_seconds_count dc1"] == 2)
        assert samples(one.alerting)["fabricscope_notification_latency_seconds_count dc1"] == 1
