"""Two replicas and Debian's Alertmanager, judged by what its webhook receiver was told."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from collectors.kafka_access import KafkaAccess
from pipeline.broker import EmbeddedBroker
from tests.integration.live import Process
from tests.integration.noc import (
    AlertmanagerProcess,
    Receiver,
    Voice,
    alertmanager,
    needs,
    receiver,
    until,
    voice,
)

needs("prometheus-alertmanager")
pytestmark = [pytest.mark.services, pytest.mark.slow]

CHAT, PAGER, HEARTBEAT = "noc-chat", "noc-pager", "dead-mans-switch"
MISSED_S = 8.0
"""A watchdog lasts three resends of a second, and a heartbeat comes each second or two."""
AWAY_S = 60.0
"""Of Alertmanager's time, which is the wall's: it and the replica are processes of their own."""
QUIET_S = 4.0
"""Longer than Alertmanager waits before it tells anything."""


class Noc:
    """What a test plays with."""

    def __init__(self, stack: ExitStack, access: KafkaAccess, fabric: str, folder: Path) -> None:
        self.folder = folder
        self.fabric = fabric
        self.receiver: Receiver = stack.enter_context(receiver())
        self.alertmanager: AlertmanagerProcess = stack.enter_context(
            alertmanager(folder / "am", self.receiver)
        )
        self.voice: Voice = stack.enter_context(voice(access, fabric))
        self._access = access
        self._stack = stack

    def replica(self, name: str, *urls: str) -> Process:
        """Start a replica; returns when it says that it knows the fabric."""
        arguments: list[object] = [
            "run", "--kafka", self._access.servers, "--fabric", self.fabric, "--replica", name,
            "--store", self.folder / f"{name}.duckdb", "--alert-resend", 1, "--runbook-url", "https://docs/rules",
        ]  # fmt: skip
        for url in urls or (self.alertmanager.url,):
            arguments += ["--alertmanager", url]
        process = Process(name, arguments, self.folder)
        self._stack.callback(process.clean_up)
        self.start(process)
        return process

    def start(self, process: Process) -> None:
        process.start()
        process.wait(lambda: self.watched(process.name), "its watchdog fires")

    def watched(self, replica: str) -> bool:
        return bool(self.alertmanager.alerts(alertname="FabricscopeWatchdog", replica=replica))

    def fires(self, **labels: str) -> bool:
        return bool(self.receiver.told("firing", fabric=self.fabric, **labels))

    def settles(self, **labels: str) -> None:
        """Wait until alerts of incidents that fire have been told to somebody."""
        until(lambda: self.fires(**labels), f"told: {labels}; told so far: {self.receiver.record}")

    def ended(self, **labels: str) -> bool:
        return bool(self.receiver.told("resolved", fabric=self.fabric, **labels))


@pytest.fixture
def noc(tansu: EmbeddedBroker, fabric: str, tmp_path: Path) -> Iterator[Noc]:
    with ExitStack() as stack:
        made = Noc(stack, KafkaAccess(servers=tansu.address), fabric, tmp_path)
        made.voice.passes(10)
        yield made


def incident_of(noc: Noc, **labels: str) -> str:
    """Return the id of the incident that people were told of last."""
    _, alert = noc.receiver.told("firing", fabric=noc.fabric, **labels)[-1]
    return str(alert["annotations"]["incident"])


def told(noc: Noc, status: str, rule: str, device: str = "leaf-1") -> list[str]:
    """Return who was told, each time it was news."""
    return sorted(who for who, _ in noc.receiver.told(status, fabric=noc.fabric, rule=rule, device=device))


def loses_a_spine(noc: Noc, leaf: str = "leaf-1", spine: str = "spine-1") -> None:
    """Shut one of a leaf's two EVPN sessions: R16, a warning."""
    noc.voice.does("session-down", leaf, spine)
    noc.voice.passes(20)


def is_whole_again(noc: Noc, leaf: str = "leaf-1") -> None:
    for spine in ("spine-1", "spine-2"):
        noc.voice.does("session-up", leaf, spine)
    noc.voice.passes(30)


def test_two_replicas_tell_each_step_of_an_incident_once(noc: Noc) -> None:
    noc.replica("one")
    noc.replica("two")

    loses_a_spine(noc)
    until(lambda: told(noc, "firing", "R16"), "opened")
    incident = incident_of(noc, rule="R16")
    noc.voice.acts(version=1, verb="ack", actor="maria", subject=incident)

    def acknowledged_by(rule: str) -> set[str | None]:
        alerts = noc.alertmanager.alerts(fabric=noc.fabric, rule=rule, device="leaf-1")
        return {alert["annotations"].get("acknowledged_by") for alert in alerts}

    until(lambda: acknowledged_by("R16") == {"maria"}, "acknowledged")

    loses_a_spine(noc, spine="spine-2")
    until(lambda: told(noc, "firing", "R15") == [CHAT, PAGER], "raised")
    until(lambda: told(noc, "resolved", "R16"), "the warning is over")
    assert incident_of(noc, rule="R15") == incident
    assert acknowledged_by("R15") == {None}, "what it has become is another matter"
    noc.voice.acts(version=1, verb="ack", actor="jo", subject=incident)
    until(lambda: acknowledged_by("R15") == {"jo"}, "acknowledged again")

    is_whole_again(noc)
    until(lambda: told(noc, "resolved", "R15") == [CHAT, PAGER], "resolved")
    time.sleep(QUIET_S)

    assert (told(noc, "firing", "R16"), told(noc, "resolved", "R16")) == ([CHAT], [CHAT])
    assert (told(noc, "firing", "R15"), told(noc, "resolved", "R15")) == ([CHAT, PAGER], [CHAT, PAGER])
    ((_, over),) = noc.receiver.told("resolved", rule="R16", device="leaf-1")
    assert over["annotations"]["ended"] == "goes on as R15 UPLINK_LOSS, critical"
    (_, (_, closed)) = noc.receiver.told("resolved", rule="R15", device="leaf-1")
    assert closed["annotations"]["ended"] == "resolved"
    assert closed["annotations"]["acknowledged_by"] == "jo"
    assert closed["annotations"]["runbook_url"] == "https://docs/rules/R15.md"
    # a notification each for opened, raised and resolved in the chat, for raised and resolved on the pager
    about = [one.receiver for one in noc.receiver.notifications(fabric=noc.fabric, device="leaf-1")]
    assert sorted(about) == [CHAT] * 3 + [PAGER] * 2
    assert noc.receiver.silences(HEARTBEAT, MISSED_S, time.monotonic()) == 0


def test_what_an_incident_explains_is_not_told_beside_it(noc: Noc) -> None:
    noc.replica("one")
    loses_a_spine(noc)
    loses_a_spine(noc, spine="spine-2")
    until(lambda: told(noc, "firing", "R15") == [CHAT, PAGER], "told")
    time.sleep(QUIET_S)
    rules = {
        alert["labels"]["rule"]
        for alert in noc.alertmanager.alerts(fabric=noc.fabric)
        if "rule" in alert["labels"]
    }
    assert rules == {"R15"}


def test_an_alertmanager_that_is_away_for_a_minute_learns_all_when_it_is_back_and_holds_up_no_other(
    noc: Noc, tmp_path: Path
) -> None:
    with receiver() as other, alertmanager(tmp_path / "other", other) as second:
        replica = noc.replica("one", noc.alertmanager.url, second.url)
        loses_a_spine(noc)
        until(lambda: told(noc, "firing", "R16"), "told")

        noc.alertmanager.stop()
        stopped = time.monotonic()
        is_whole_again(noc)
        loses_a_spine(noc, leaf="leaf-2")  # and is whole again before anybody there could know
        until(lambda: other.told("firing", rule="R16", device="leaf-2"), "the other is told what opens", 10)
        is_whole_again(noc, leaf="leaf-2")
        noc.voice.does("telemetry-down", "leaf-3")
        noc.voice.passes(30)
        until(lambda: other.told("firing", rule="X1"), "the other is told what opens", 10)
        until(lambda: len(other.told("resolved", rule="R16")) == 2, "the other is told what is over", 10)
        failures = f'fabricscope_alert_post_failures_total{{alertmanager="{noc.alertmanager.url}"}}'
        until(lambda: replica.metrics().get(failures, 0) >= 3, "it is tried again")
        until(lambda: time.monotonic() - stopped >= AWAY_S, "a minute is over", AWAY_S + 1)
        assert noc.receiver.told("resolved", fabric=noc.fabric) == []
        assert noc.receiver.told("firing", rule="X1") == []

        noc.alertmanager.start()
        until(lambda: told(noc, "firing", "X1", "leaf-3"), "it is told what opened")
        until(lambda: told(noc, "resolved", "R16"), "it is told what is over")
        time.sleep(QUIET_S)
        for record in (noc.receiver, other):
            for status, rule, device in (
                ("firing", "R16", "leaf-1"), ("resolved", "R16", "leaf-1"), ("firing", "X1", "leaf-3"),
            ):  # fmt: skip
                whom = [who for who, _ in record.told(status, rule=rule, device=device)]
                assert whom == [CHAT], (status, rule)
            assert record.told("resolved", rule="X1") == []
        assert noc.receiver.notifications(fabric=noc.fabric, device="leaf-2") == []


def test_a_replica_that_is_killed_changes_nothing_for_people(noc: Noc) -> None:
    noc.replica("one")
    two = noc.replica("two")
    loses_a_spine(noc)
    until(lambda: told(noc, "firing", "R16"), "told")

    two.kill()
    until(lambda: not noc.watched("two"), "its watchdog ends")
    time.sleep(QUIET_S)
    assert told(noc, "resolved", "R16") == []

    noc.start(two)
    is_whole_again(noc)
    until(lambda: told(noc, "resolved", "R16"), "the other says that it is over")
    time.sleep(QUIET_S)
    assert (told(noc, "firing", "R16"), told(noc, "resolved", "R16")) == ([CHAT], [CHAT])
    assert noc.receiver.silences(HEARTBEAT, MISSED_S, time.monotonic()) == 0


def test_when_both_replicas_are_killed_nothing_resolves_and_the_dead_mans_switch_pages_once(noc: Noc) -> None:
    both = [noc.replica("one"), noc.replica("two")]
    loses_a_spine(noc)
    loses_a_spine(noc, leaf="leaf-2")
    until(lambda: told(noc, "firing", "R16") and told(noc, "firing", "R16", "leaf-2"), "told")

    for replica in both:
        replica.kill()
    until(lambda: noc.receiver.silences(HEARTBEAT, MISSED_S, time.monotonic()), "the switch pages")
    time.sleep(QUIET_S)
    assert noc.receiver.told("resolved", fabric=noc.fabric) == []

    is_whole_again(noc)  # while nobody looks
    for replica in both:
        noc.start(replica)
    until(lambda: told(noc, "resolved", "R16"), "what is over meanwhile is told")
    time.sleep(QUIET_S)
    assert (told(noc, "firing", "R16"), told(noc, "resolved", "R16")) == ([CHAT], [CHAT])
    assert (told(noc, "firing", "R16", "leaf-2"), told(noc, "resolved", "R16", "leaf-2")) == ([CHAT], [])
    assert noc.receiver.silences(HEARTBEAT, MISSED_S, time.monotonic()) == 1


def test_what_opened_and_resolved_before_a_replica_came_is_not_told(noc: Noc) -> None:
    loses_a_spine(noc)
    is_whole_again(noc)
    noc.voice.passes(10)
    loses_a_spine(noc, leaf="leaf-2")
    noc.replica("one")
    until(lambda: told(noc, "firing", "R16", "leaf-2"), "what is open is told")
    time.sleep(QUIET_S)
    assert noc.receiver.notifications(fabric=noc.fabric, device="leaf-1") == []


def test_maintenance_keeps_back_what_it_covers_and_nothing_else(noc: Noc) -> None:
    noc.replica("one")
    now = time.gmtime(noc.voice.now // 10**9)
    window = {
        "from": time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
        "to": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(noc.voice.now // 10**9 + 3600)),
    }
    noc.voice.acts(
        version=1, verb="maintenance", actor="maria", subject="mw-1", text="new line card",
        scope={"device": ["leaf-1"]}, **window,
    )  # fmt: skip
    loses_a_spine(noc)
    loses_a_spine(noc, leaf="leaf-2")
    until(lambda: told(noc, "firing", "R16", "leaf-2"), "what it doesn't cover is told")
    time.sleep(QUIET_S)
    assert noc.receiver.notifications(fabric=noc.fabric, device="leaf-1") == []

    noc.voice.acts(version=1, verb="maintenance-end", actor="maria", subject="mw-1")
    noc.voice.passes(5)
    until(lambda: told(noc, "firing", "R16"), "what is still wrong at its end is told")
