"""Which incidents people are told of."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.alert import Links, firing, forensic_query
from pipeline.alerts.standing import SUBJECT, Standing, silence, told
from tests.pipeline.alerts.incidents import NOW, incident, known

ROW = {
    **dict.fromkeys(SUBJECT),
    "incident_id": "a", "fabric": "dc1", "rule": "M2", "name": "MAC_FLAP", "severity": "critical",
    "state": "open", "opened_at": NOW, "resolved_at": None, "summary": "moved", "coverage": None,
    "acknowledged_by": None, "in_maintenance": None, "root_incident_id": None, "vni": 1010,
    "mac": "00:11:22:33:44:55", "evidence": "{}",
}  # fmt: skip


def test_a_row_of_the_view_becomes_an_incident_with_the_subject_it_has() -> None:
    found = Standing.of(ROW)
    assert found.subject == (("vni", "1010"), ("mac", "00:11:22:33:44:55"))
    assert found.open
    assert not found.in_maintenance


def test_what_is_learnt_of_a_subject_later_makes_no_other_alert_of_it() -> None:
    given = {**ROW, "rule": "V1", "name": "VTEP_LOSS", "vni": None, "mac": None, "vtep": "10.0.0.1"}
    before, after = (Standing.of({**given, "device": device}) for device in (None, "leaf-1"))
    alerts = [firing(one, Links(), NOW) for one in (before, after)]
    assert alerts[0].labels == alerts[1].labels
    assert dict(alerts[1].annotations)["device"] == "leaf-1"


def test_one_that_is_resolved_is_not_open_even_without_a_time() -> None:
    assert not Standing.of({**ROW, "state": "resolved", "resolved_at": None}).open


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"severity": "info"}, "information"),
        ({"in_maintenance": True}, "maintenance"),
    ],
)
def test_what_people_need_not_know_is_kept_back_with_a_reason(more: dict[str, Any], why: str) -> None:
    quiet = incident(**more)
    assert why in (silence(quiet, known(quiet)) or "")
    assert told(known(quiet)) == {}


def test_a_child_is_silent_while_its_root_is_open() -> None:
    root, child = incident("r"), incident("c", root="r")
    assert list(told(known(root, child))) == ["r"]
    assert "r explains it" in (silence(child, known(root, child)) or "")


def test_a_root_is_as_severe_as_the_worst_that_follows_from_it_and_says_what_does() -> None:
    root = incident("r", severity="warning", rule="R16")
    below = [
        incident("c", root="r", severity="critical", rule="R4"),
        incident("d", root="c", severity="warning", rule="V2"),
        incident("e", root="r", severity="critical", rule="V1", resolved_at=NOW),
    ]
    found = told(known(root, *below))["r"]
    assert (found.severity, found.explains) == ("critical", (("R4", 1), ("V2", 1)))
    quiet = incident("c", root="r", severity="critical", in_maintenance=True)
    assert told(known(root, quiet))["r"] == root


def test_a_child_speaks_when_its_root_is_resolved() -> None:
    root, child = incident("r", resolved_at=NOW), incident("c", root="r")
    assert list(told(known(root, child))) == ["c"]


def test_a_child_speaks_when_nobody_knows_its_root() -> None:
    assert list(told(known(incident("c", root="gone")))) == ["c"]


def test_a_child_speaks_when_its_root_is_for_information_only() -> None:
    assert list(told(known(incident("r", severity="info"), incident("c", root="r")))) == ["c"]


def test_what_a_maintained_root_explains_is_not_told_either() -> None:
    assert told(known(incident("r", in_maintenance=True), incident("c", root="r"))) == {}


@pytest.mark.parametrize("rule", ["R15", "M6", "R2"])
def test_what_no_planned_work_does_is_told_though_a_maintained_root_explains_it(rule: str) -> None:
    root, child = incident("r", in_maintenance=True), incident("c", root="r", rule=rule)
    assert list(told(known(root, child))) == ["c"]
    assert told(known(root, replace(child, in_maintenance=True))) == {}
    assert list(told(known(replace(root, in_maintenance=False), child))) == ["r"]


@pytest.mark.parametrize(("expected", "speaks"), [(2, True), (1, False)])
def test_a_segment_that_planned_work_takes_down_is_told_where_others_should_have_served_it(
    expected: int, *, speaks: bool
) -> None:
    row = {**ROW, "incident_id": "c", "rule": "R5", "root_incident_id": "r", "vni": None, "mac": None}
    child = Standing.of({**row, "esi": "00:11", "evidence": f'{{"left": 0, "expected": {expected}}}'})
    root = incident("r", in_maintenance=True)
    assert list(told(known(root, child))) == (["c"] if speaks else [])
    assert told(known(root, replace(child, in_maintenance=True))) == {}
    degraded = Standing.of({**row, "rule": "R4", "esi": "00:11", "evidence": '{"left": 1, "expected": 2}'})
    assert told(known(root, degraded)) == {}


@pytest.mark.parametrize(
    ("severity", "grew", "still"),
    [("critical", 1, None), ("critical", -1, "alice"), ("critical", 0, "alice"), ("warning", 1, "alice")],
)
def test_what_is_worse_and_follows_later_is_not_what_was_acknowledged(
    severity: str, grew: int, still: str | None
) -> None:
    root = incident("r", severity="warning", acknowledged_by="alice", acknowledged_at=NOW)
    below = incident("c", root="r", severity=severity, grew_at=NOW + grew * timedelta(seconds=1))
    found = told(known(root, below))["r"]
    assert (found.severity, found.acknowledged_by) == (severity, still)
    over = replace(below, resolved_at=NOW + timedelta(minutes=1))
    assert told(known(root, over))["r"].acknowledged_by == "alice"


def test_the_root_of_a_root_stands_for_all_below() -> None:
    chain = known(incident("r"), incident("m", root="r"), incident("c", root="m"))
    assert list(told(chain)) == ["r"]
    assert "r explains it" in (silence(chain["c"], chain) or "")


def test_incidents_that_explain_each_other_all_speak() -> None:
    ring = known(incident("a", root="b"), incident("b", root="c"), incident("c", root="a"))
    assert sorted(told(ring)) == ["a", "b", "c"]


@given(st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=4, max_size=4))
def test_whatever_explains_what_somebody_speaks(roots: list[str | None]) -> None:
    incidents = known(*(incident(name, root=root) for name, root in zip("abcd", roots, strict=True)))
    speaking = told(incidents)
    assert speaking
    for one, other in product(incidents, speaking):
        if incidents[one].root == other and one not in speaking:
            assert silence(incidents[one], incidents) is not None


def storm(key: str, family: str, **more: Any) -> Standing:
    given = {"rule": "X4", "name": "STORM_GUARD", "vni": None, "mac": None, "detected_at": NOW}
    return Standing.of({**ROW, **given, "incident_id": key, "evidence": f'{{"family":"{family}"}}', **more})


def test_storms_that_last_at_once_are_told_each_by_an_alert_of_its_own() -> None:
    storms = known(
        storm("s", "mobility"),
        storm("t", "uplink"),
        storm("u", "uplink", detected_at=NOW + timedelta(minutes=5)),
    )
    alerts = {firing(one, Links(), NOW).labels for one in told(storms).values()}
    assert len(alerts) == 3
    assert {("family", "uplink"), ("detected", "2026-11-22T03:17:00Z")} <= set(max(alerts))


def test_the_forensic_query_of_a_storm_asks_for_columns_that_there_are() -> None:
    assert "detected" not in forensic_query(storm("s", "mobility"))
