"""An incident as Alertmanager gets it."""

import json
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from pipeline.alerts.alert import (
    FIRES_FOR,
    Links,
    all_labels,
    annotations,
    firing,
    forensic_query,
    watchdog,
)
from pipeline.alerts.plan import ended
from sql import statements
from tests.pipeline.alerts.incidents import MINUTE, NOW, incident, known

LINKS = Links(runbooks="https://docs.example/rules/", dashboard="https://grafana.example/d/fabric")


def test_labels_are_rule_severity_fabric_and_subject() -> None:
    subject = (("vni", "1010"), ("mac", "00:11:22:33:44:55"))
    assert dict(firing(incident(subject=subject), LINKS, NOW).labels) == {
        "alertname": "N_MINUS_1_FABRIC", "rule": "R16", "severity": "warning", "fabric": "dc1",
        "vni": "1010", "mac": "00:11:22:33:44:55",
    }  # fmt: skip


def test_replicas_that_know_more_or_less_of_an_incident_make_one_alert_of_it() -> None:
    one = incident()
    other = replace(one, summary="more", coverage=0.5, acknowledged_by="maria")
    assert firing(one, LINKS, NOW).labels == firing(other, Links(), NOW + MINUTE).labels


def test_it_fires_for_days_from_its_last_post() -> None:
    told = json.loads(firing(incident(), LINKS, NOW).encoded())
    assert told["startsAt"] == "2026-11-22T03:02:00.000Z"
    assert told["endsAt"] == "2026-11-29T03:12:00.000Z"
    assert timedelta(days=7) == FIRES_FOR


def test_one_that_a_fast_clock_opened_in_the_future_begins_now() -> None:
    ahead = firing(incident(opened_at=NOW + MINUTE), LINKS, NOW)
    assert ahead.starts_at == NOW


def test_annotations_say_what_is_known_and_where_to_go_on() -> None:
    said = dict(annotations(incident(acknowledged_by="maria"), LINKS))
    assert said["incident"] == "a"
    assert said["summary"] == "Leaf a runs on what is left"
    assert said["since"] == "2026-11-22T03:02:00.000Z"
    assert said["coverage"] == "86%"
    assert said["acknowledged_by"] == "maria"
    assert said["runbook_url"] == "https://docs.example/rules/R16.md"
    assert said["dashboard_url"].startswith("https://grafana.example/d/fabric?var-fabric=dc1&var-incident=a&")


def test_what_is_not_known_is_left_out() -> None:
    said = dict(annotations(incident(coverage=None), Links()))
    assert set(said) == {"incident", "summary", "since", "forensic_query"}


def test_observers_that_are_all_blind_are_said() -> None:
    assert dict(annotations(incident(coverage=0.0), Links()))["coverage"] == "0%"


def test_what_devices_write_is_a_line_that_a_terminal_only_shows() -> None:
    alert = firing(incident(summary="leaf \x1b[2J\u202etxt\nis\x00 lost"), Links(), NOW)
    assert dict(alert.annotations)["summary"] == "leaf \ufffd[2J\ufffdtxt is\ufffd lost"
    over = ended(alert, known(incident(summary="\x1b[2J", resolved_at=NOW)), (), NOW)
    assert dict(over.annotations)["summary"] == "\ufffd[2J"


def test_what_devices_write_is_bounded() -> None:
    said = dict(annotations(incident(summary="x" * 100_000), LINKS))
    assert len(said["summary"]) == 4_000
    assert said["summary"].endswith("…")


@pytest.mark.parametrize("device", ["leaf-1", "o'leaf", "x'; DROP TABLE store.finding; --"])
def test_the_forensic_query_is_sql_that_a_store_takes_whatever_devices_are_called(device: str) -> None:
    with duckdb.connect() as store:
        for folder in ("ddl", "views"):
            for statement in statements(folder):
                store.execute(statement)
        store.execute(
            "INSERT INTO store.finding BY NAME SELECT 'dc1' AS fabric, ? AS device, 1010 AS vni,"
            " 'R16' AS rule, TIMESTAMPTZ '2026-11-22 03:00:00Z' AS event_time",
            [device],
        )
        query = forensic_query(incident(subject=(("device", device), ("vni", "1010"))))
        assert len(store.sql(query).pl()) == 1
        other = forensic_query(incident(subject=(("device", "another"), ("vni", "1010"))))
        assert len(store.sql(other).pl()) == 0


def test_an_incident_may_have_been_told_under_each_rule_and_severity_it_had() -> None:
    raised = incident(rule="R15", name="UPLINK_LOSS", severity="critical")
    before = replace(raised, levels=frozenset({("R16", "N_MINUS_1_FABRIC", "warning")}))
    found = {(dict(one)["rule"], dict(one)["severity"]) for one in all_labels(before)}
    assert found == {("R15", "critical"), ("R16", "warning")}


def test_the_watchdog_is_the_replicas_own_and_ends_by_itself() -> None:
    dog = watchdog("dc1", "one", NOW, 3 * MINUTE)
    assert dict(dog.labels) == {
        "alertname": "FabricscopeWatchdog", "severity": "none", "fabric": "dc1", "replica": "one",
    }  # fmt: skip
    assert dog.ends_at == NOW + 3 * MINUTE
