"""Aggregated links that lead to somebody else: L3."""

import json
from typing import Any

import pytest

from pipeline.detectors.references import ACCEPTED
from tests.pipeline.detectors.ports import FAMILIES, PARTNER, check_laws, fabric, member
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene

alone = judged_by("lacp_partners")

OTHER = PARTNER + 1


def lag() -> Scene:
    return member(member(fabric(), "eth5"), "eth6").passes(19)


def test_a_member_with_another_partner_leads_to_two_systems() -> None:
    [incident] = play(member(lag(), "eth6", partner_id=OTHER).passes(1)).of("L3")
    assert (incident["severity"], incident["detected_at"], incident["opened_at"]) == ("warning", 20, 20)
    assert (incident["device"], incident["interface"]) == ("l1", "po1")
    assert incident["summary"] == (
        "LAG po1 of l1 leads to two systems: eth6 to 44:38:39:ff:00:02, key 10, "
        "the others to 44:38:39:ff:00:01, key 10 as before"
    )
    assert json.loads(incident["evidence"])["members"] == "eth6"


def test_all_members_with_another_partner_lead_elsewhere() -> None:
    scene = member(member(lag(), "eth5", partner_id=OTHER), "eth6", partner_id=OTHER).passes(1)
    [incident] = play(scene).of("L3")
    assert incident["summary"].startswith("LAG po1 of l1 leads to 44:38:39:ff:00:02, key 10 now, before to")


def test_another_key_is_another_aggregate_of_the_partner() -> None:
    assert len(play(member(lag(), "eth6", partner_key=11).passes(1)).of("L3")) == 1
    assert play(member(lag(), "eth6", partner_key=10).passes(1)).of("L3") == []


def test_two_partners_from_the_start_are_two() -> None:
    scene = member(member(fabric(), "eth5"), "eth6", partner_id=OTHER).passes(1)
    assert len(play(scene).of("L3")) == 1


def test_the_first_partner_is_no_change() -> None:
    scene = member(fabric(), "eth5", up=False).passes(5)
    assert play(member(scene, "eth5").passes(5)).of("L3") == []


def test_a_key_told_after_the_partner_is_no_change() -> None:
    scene = fabric()
    key = {"interface": "po1", "member": "eth5"}
    scene.row("l1", "lacp", "lacp_member", **key, partner_id=PARTNER).passes(1)
    scene.row("l1", "lacp", "lacp_member", **key, partner_key=10).passes(20)
    assert play(scene).of("L3") == []
    assert len(play(member(scene, "eth5", partner_key=11).passes(1)).of("L3")) == 1


@pytest.mark.parametrize("gone", [{"partner_id": 0}, {"partner_id": None}])
def test_no_partner_is_no_other_partner(gone: dict[str, Any]) -> None:
    assert play(member(lag(), "eth6", **gone).passes(20)).of("L3") == []


def test_aggregates_have_partners_of_their_own() -> None:
    scene = member(lag(), "eth7", lag="po2", partner_id=OTHER)
    assert play(member(scene, "eth5", device="l2", partner_id=OTHER).passes(2)).of("L3") == []


def test_it_is_over_when_the_old_partner_is_back() -> None:
    scene = member(lag(), "eth6", partner_id=OTHER).passes(10)
    assert play(member(scene, "eth6").passes(4.9)).spans("L3") == [(20, None)]
    assert play(scene.passes(1)).spans("L3") == [(20, 35)]


def test_another_partner_while_the_link_is_down_is_not_over() -> None:
    scene = member(lag(), "eth6", partner_id=OTHER).passes(10)
    member(member(scene, "eth5", up=False), "eth6", up=False).passes(30)
    assert play(scene).of("L3")[0]["state"] == "open"


def test_a_partner_changed_while_nobody_looked_is_found() -> None:
    scene = lag().ends("l1", *FAMILIES).passes(30)
    with scene.dump("l1", "lacp", "liveness"):
        for name in ("eth5", "eth6"):
            member(scene, name, partner_id=OTHER)
    assert len(play(scene.passes(1)).of("L3")) == 1


def test_a_partner_of_all_members_for_a_day_is_the_partner() -> None:
    scene = member(member(lag(), "eth5", partner_id=OTHER), "eth6", partner_id=OTHER).passes(20)
    scene.now += ACCEPTED.total_seconds()
    assert alone(scene.passes(20)).of("L3")[0]["state"] == "resolved"
    member(scene, "eth6", partner_id=OTHER + 1)
    for cuts in ((), range(len(scene.records))):
        assert "the others to 44:38:39:ff:00:02" in alone(scene.passes(2), cuts).found("L3")[-1]["summary"]


def test_two_partners_are_two_however_long() -> None:
    scene = member(lag(), "eth6", partner_id=OTHER).passes(20)
    scene.now += 2 * ACCEPTED.total_seconds()
    assert play(scene.passes(20)).of("L3")[0]["state"] == "open"


def test_cuts_restarts_and_order_change_nothing() -> None:
    scene = member(lag(), "eth6", partner_id=OTHER).passes(7)
    member(scene, "eth5", partner_id=OTHER).passes(3).ends("l1", *FAMILIES).passes(4)
    with scene.dump("l1", "lacp", "liveness"):
        member(scene, "eth5")
        member(scene, "eth6", partner_id=OTHER)
    check_laws(member(scene.passes(12), "eth6").passes(20), alone)
