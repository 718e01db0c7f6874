"""Aggregated links that lost members: L2."""

import json
from typing import Any

import pytest

from collectors.records import Kind
from pipeline.detectors.expected import MEMORY
from tests.pipeline.detectors.ports import FAMILIES, check_laws, fabric, member
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Said, Scene

alone = judged_by("lags")

DAYS = MEMORY.total_seconds()


def lag(members: int = 2, **leaves: int) -> Scene:
    """Aggregate po1 of l1, all its members forwarding."""
    scene = fabric()
    scene.link("l1", "po1", "UP", **leaves)
    for number in range(members):
        member(scene, f"eth{number + 5}")
    return scene.passes(19)


def test_a_member_lost_for_5_s_degrades_the_lag() -> None:
    scene = member(lag(), "eth6", up=False)
    assert play(scene.passes(4.9)).incidents == []
    [incident] = play(scene.passes(1)).incidents
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("L2", "warning", 20 + 5)
    assert (incident["device"], incident["interface"]) == ("l1", "po1")
    assert incident["summary"] == "LAG po1 of l1 has lost members: 1 of 2 forward; lost: eth6"
    evidence = json.loads(incident["evidence"])
    assert (evidence["forwarding"], evidence["expected"], evidence["lost_names"]) == (1, 2, "eth6")


@pytest.mark.parametrize(
    "lacking", [{"synchronization": "OUT_SYNC"}, {"collecting": False}, {"distributing": False}]
)
def test_a_member_forwards_in_sync_collecting_and_distributing(lacking: dict[str, Any]) -> None:
    assert len(play(member(lag(), "eth6", **lacking).passes(6)).of("L2")) == 1


@pytest.mark.parametrize(("needed", "severity"), [(1, "warning"), (2, "warning"), (3, "critical")])
def test_below_the_members_it_needs_it_is_down(needed: int, severity: str) -> None:
    [incident] = play(member(lag(3, min_links=needed), "eth6", up=False).passes(6)).of("L2")
    assert incident["severity"] == severity
    if severity == "critical":
        assert "po1 of l1 is down: 2 of its 3 members forward, it needs 3" in incident["summary"]


def test_without_any_member_it_is_down_whatever_it_needs() -> None:
    scene = member(member(lag(), "eth5", up=False), "eth6", up=False)
    [incident] = play(scene.passes(6)).of("L2")
    assert incident["severity"] == "critical"


def test_it_gets_worse_and_is_over_5_s_after_all_are_back() -> None:
    scene = member(lag(), "eth6", up=False).passes(10)
    member(scene, "eth5", up=False).passes(10)
    assert [one["kind"] for one in play(scene).events] == ["opened", "raised"]
    member(member(scene, "eth5"), "eth6").passes(4.9)
    assert play(scene).spans("L2") == [(25, None)]
    assert play(scene.passes(1)).spans("L2") == [(25, 45)]


def test_a_member_that_goes_from_the_list_is_lost() -> None:
    scene = lag().row("l1", "lacp", "lacp_member", "delete", interface="po1", member="eth6").passes(6)
    assert len(play(scene).of("L2")) == 1


def test_a_member_that_never_forwarded_is_not_missed() -> None:
    scene = member(lag(), "eth7", up=False).passes(20)
    assert play(scene).incidents == []


def test_more_members_may_be_declared_than_were_ever_seen() -> None:
    scene = fabric()
    declared = {"targets": {"l1": {"lags": {"po1": 3}}}}
    scene.records.append(Said(scene.now, "operator", Kind.FABRIC, content=declared))
    member(member(scene, "eth5"), "eth6").passes(6)
    [incident] = play(scene).of("L2")
    assert "2 of 3 forward; lost: none known" in incident["summary"]


def test_a_member_lost_while_nobody_looked_is_found() -> None:
    scene = lag().ends("l1", *FAMILIES).passes(30)
    with scene.dump("l1", "lacp", "liveness"):
        member(scene, "eth5")
        member(scene, "eth6", up=False)
    [incident] = play(scene.passes(6)).of("L2")
    assert incident["severity"] == "warning"


@pytest.mark.parametrize(("after", "found"), [(185 + 5.1, True), (185 + 4.9, False)])
@pytest.mark.parametrize("every", [1000, 7])
def test_host_ports_that_stay_down_after_a_boot_have_time(after: float, every: int, *, found: bool) -> None:
    scene = lag().ends("l1", *FAMILIES).passes(30)
    with scene.dump("l1", "lacp", "liveness"):
        member(member(scene, "eth5", up=False), "eth6", up=False)
    scene.passes(after)
    assert bool(play(scene, range(0, len(scene.records), every)).of("L2")) is found


def test_a_lag_that_was_down_before_its_device_was_lost_is_still_down() -> None:
    scene = member(member(lag(), "eth5", up=False), "eth6", up=False).passes(10).ends("l1", *FAMILIES)
    with scene.passes(30).dump("l1", "lacp", "liveness"):
        member(member(scene, "eth5", up=False), "eth6", up=False)
    assert play(scene.passes(30)).of("L2")[0]["state"] == "open"


def test_a_boot_ends_no_incident() -> None:
    scene = member(lag(), "eth6", up=False).passes(10).ends("l1", *FAMILIES)
    with scene.passes(30).dump("l1", "lacp", "liveness"):
        member(member(scene, "eth5", up=False), "eth6", up=False)
    assert play(scene.passes(100)).of("L2")[0]["state"] == "open"
    member(member(scene, "eth5"), "eth6").passes(6)
    assert play(scene).of("L2")[0]["state"] == "resolved"


def test_a_standby_lag_of_a_single_active_segment_is_no_fault() -> None:
    scene = lag().row(
        "l1", "es", "ethernet_segment", name="es1", interface="po1", redundancy_mode="SINGLE_ACTIVE"
    )  # fmt: skip
    member(member(scene, "eth5", up=False), "eth6", up=False).passes(20)
    assert play(scene).of("L2") == []


def test_a_lost_member_of_the_active_leg_is_one() -> None:
    scene = lag().row(
        "l1", "es", "ethernet_segment", name="es1", interface="po1", redundancy_mode="SINGLE_ACTIVE"
    )  # fmt: skip
    assert len(play(member(scene, "eth6", up=False).passes(6)).of("L2")) == 1


def test_an_all_active_segment_has_no_standby() -> None:
    scene = lag().row(
        "l1", "es", "ethernet_segment", name="es1", interface="po1", redundancy_mode="ALL_ACTIVE"
    )
    member(member(scene, "eth5", up=False), "eth6", up=False)
    assert len(play(scene.passes(6)).of("L2")) == 1


def test_nobody_fresh_is_no_recovery() -> None:
    scene = member(lag(), "eth6", up=False).passes(10).ends("l1", *FAMILIES).passes(60)
    [incident] = play(scene).of("L2")
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


def test_a_member_lost_for_seven_days_has_left_for_good() -> None:
    scene = member(lag(), "eth6", up=False).passes(10)
    scene.now += DAYS
    outcome = play(scene.passes(2))
    assert outcome.of("L2")[0]["state"] == "resolved"


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = member(lag(min_links=1), "eth6", up=False).passes(7)
    member(scene, "eth5", up=False).passes(3).ends("l1", *FAMILIES).passes(4)
    with scene.dump("l1", "lacp", "liveness"):
        member(scene, "eth5")
        member(scene, "eth6", up=False)
    check_laws(member(scene.passes(12), "eth6").passes(20), alone)
