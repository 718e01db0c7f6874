"""An incident as a record of a topic."""

import json
from datetime import timedelta
from typing import Any

from pipeline.alerts.record import value_of
from tests.pipeline.alerts.incidents import MINUTE, NOW

INCIDENT: dict[str, Any] = {
    "incident_id": "a", "fabric": "dc1", "state": "open", "opened_at": NOW - MINUTE, "resolved_at": None,
    "evidence": '{"moves": 7, "ruled_out": ["migration"]}', "coverage": 0.5,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "fabric": "dc1", "incident_id": "a", "event_time": NOW + timedelta(microseconds=7), "kind": "opened",
}  # fmt: skip


def test_the_value_is_the_incident_with_its_steps_and_their_number() -> None:
    assert json.loads(value_of(INCIDENT, [EVENT, {**EVENT, "kind": "raised"}])) == {
        "revision": 2, "incident_id": "a", "fabric": "dc1", "state": "open",
        "opened_at": "2026-11-22T03:11:00Z", "resolved_at": None, "coverage": 0.5,
        "evidence": {"moves": 7, "ruled_out": ["migration"]},
        "events": [
            {"event_time": "2026-11-22T03:12:00.000007Z", "kind": "opened"},
            {"event_time": "2026-11-22T03:12:00.000007Z", "kind": "raised"},
        ],
    }  # fmt: skip


def test_an_incident_without_evidence_has_none() -> None:
    assert json.loads(value_of({**INCIDENT, "evidence": None}, []))["evidence"] is None


def test_the_same_incident_gives_the_same_bytes() -> None:
    assert value_of(dict(INCIDENT), [dict(EVENT)]) == value_of(INCIDENT, [EVENT])
