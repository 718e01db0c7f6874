"""MACs that devices themselves call duplicate (M13), and keep so for long (M15)."""

from typing import Any

import polars as pl
import pytest

from pipeline.detectors import FINDING
from pipeline.detectors.settings import Settings
from pipeline.detectors.timeline import PLACE
from pipeline.detectors.verdicts import PARAMETERS, detect
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene, address, mac

alone = judged_by("macs", "verdicts")


def flagged(*devices: str, state: str = "DUPLICATE") -> Scene:
    scene = Scene().joins("l1", "l2", "l3").passes(1)
    for device in ("l1", "l2", "l3"):
        scene.learns(device, 1)
    scene.passes(9)
    for device in devices:
        scene.learns(device, 1, mobility_state=state)
    return scene


@pytest.mark.parametrize("state", ["DUPLICATE", "FROZEN"])
def test_a_device_s_own_verdict_is_told_at_once(state: str) -> None:
    [incident] = play(flagged("l1", state=state).passes(1)).incidents

    assert (incident["rule"], incident["severity"]) == ("M13", "critical")
    assert (incident["vni"], incident["mac"], incident["detected_at"]) == (1010, mac(1), 10)


@pytest.mark.parametrize("state", ["NORMAL", None])
def test_any_other_state_is_silent(state: str | None) -> None:
    scene = Scene().joins("l1").passes(1).learns("l1", 1, mobility_state=state).passes(1)

    assert play(scene).findings == []


def test_several_devices_that_agree_are_one_incident() -> None:
    [incident] = play(flagged("l1", "l2").passes(1)).incidents

    assert incident["summary"].startswith("2 ")


def test_a_device_that_says_so_of_two_producers_is_one_device() -> None:
    scene = flagged("l1").learns("l1", 1, producer="BGP", mobility_state="DUPLICATE").passes(1)

    [incident] = play(scene).incidents

    assert incident["summary"] == "1 fresh observer calls MAC 00:11:c0:08:00:01 in VNI 1010 a duplicate"


def test_it_clears_5_s_after_the_last_device_takes_it_back_and_not_before() -> None:
    scene = flagged("l1", "l2").passes(10).learns("l1", 1, mobility_state="NORMAL").passes(20)
    assert play(scene).spans() == [(10, None)]

    scene.learns("l2", 1, mobility_state="NORMAL").passes(4.9)
    assert play(scene).spans() == [(10, None)]
    assert play(scene.passes(1)).spans() == [(10, 40 + 5)]


@pytest.mark.parametrize("op", ["delete", "replace"])
def test_it_clears_when_the_entry_or_the_leaf_is_gone(op: str) -> None:
    scene = flagged("l1").passes(10).learns("l1", 1, op=op).passes(10)

    assert play(scene).spans() == [(10, 20 + 5)]


def test_it_stays_open_without_coverage_while_the_one_who_says_so_is_blind() -> None:
    scene = flagged("l1").passes(10).mute("l1").passes(60)

    outcome = play(scene)

    [incident] = outcome.of("M13")
    assert (incident["state"], incident["coverage"]) == ("open", pytest.approx(0.0))
    assert outcome.found("M13", active=None)


def test_what_a_blind_device_said_neither_opens_nor_ends_it() -> None:
    # l2 never said it is a duplicate; that it is fresh doesn't take back what l1 said
    scene = flagged("l1").passes(2).ends("l1").passes(60)

    assert play(scene).spans("M13") == [(10, None)]


def test_it_clears_when_the_device_is_back_and_says_otherwise() -> None:
    scene = flagged("l1").passes(10).ends("l1").passes(20)
    with scene.dump("l1"):
        scene.learns("l1", 1, mobility_state="NORMAL")
    scene.passes(10)

    assert play(scene).spans("M13") == [(10, 40 + 5)]


def test_a_mac_that_is_frozen_after_three_moves_is_known_by_the_verdict_alone() -> None:
    # a device that froze a MAC stops advertising it: sequence numbers stop telling
    scene = Scene().joins("s1", "l1").passes(1)
    for move in range(4):
        scene.mac_route("s1", 1, address(1 + move % 2), move).passes(25)
    scene.mac_route("s1", 1, address(1), op="delete")
    scene.learns("l1", 1, mobility_state="FROZEN").passes(300)

    assert [(one["rule"], one["state"]) for one in play(scene).incidents if one["state"] == "open"] == [
        ("M13", "open")
    ]


def test_a_verdict_in_a_dump_is_a_fact_to_read() -> None:
    scene = Scene().passes(3)
    with scene.dump("l1"):
        scene.learns("l1", 1, mobility_state="FROZEN")

    assert play(scene.passes(3)).rules() == ["M13"]


def test_a_verdict_told_before_the_vni_is_of_the_vni_once_it_is_told() -> None:
    key: dict[str, Any] = {"network_instance": "default", "mac": mac(1), "producer": "LOCAL"}
    scene = Scene().joins("l1").passes(1)
    scene.row("l1", "mac", "mac", mobility_state="DUPLICATE", **key).passes(1)
    scene.row("l1", "mac", "mac", vni=1010, **key).passes(20)
    scene.row("l1", "mac", "mac", mobility_state="NORMAL", **key).passes(20)

    outcome = play(scene)

    [finding] = outcome.found("M13")[:1]
    assert (finding["vni"], finding["summary"]) == (
        None,
        "1 fresh observer calls MAC 00:11:c0:08:00:01 a duplicate",
    )
    assert [(one["vni"], one["state"]) for one in outcome.incidents] == [
        (None, "resolved"),
        (1010, "resolved"),
    ]


def test_without_anything_said_there_are_no_findings_but_all_columns() -> None:
    says = pl.DataFrame(
        schema={
            "vni": pl.UInt32,
            "mac": pl.String,
            "device": pl.String,
            "producer": pl.String,
            **PLACE,
            "value": pl.Boolean,
        }
    )
    fresh = pl.DataFrame(schema={"device": pl.String, **PLACE, "value": pl.Boolean})

    assert detect(says, fresh, 0, Settings()).schema == FINDING
    assert detect(says, fresh, 0, Settings()).is_empty()


# M15


(FROZEN_S,) = PARAMETERS
MINUTE = Settings(fabric={FROZEN_S.key: 60})


@pytest.mark.parametrize(("seconds", "rule"), [(1799.0, "M13"), (1800.0, "M15")])
def test_a_mac_that_stays_frozen_for_1800_s_raises_its_incident(seconds: float, rule: str) -> None:
    outcome = play(flagged("l1", state="FROZEN").passes(seconds))

    [incident] = outcome.incidents
    assert (incident["rule"], incident["severity"], incident["opened_at"]) == (rule, "critical", 10)
    if rule == "M15":
        assert incident["summary"].endswith(
            ", 1 of them for 1800 s or more: nothing brings it back by itself"
        )
        assert [one["time"] for one in outcome.found("M15")] == [1810]
        assert [(event["kind"], event["rule"]) for event in outcome.events] == [
            ("opened", "M13"),
            ("raised", "M15"),
        ]


def test_a_break_begins_the_count_anew() -> None:
    scene = flagged("l1").passes(40).learns("l1", 1, mobility_state="NORMAL").passes(1)
    scene.learns("l1", 1, mobility_state="FROZEN").passes(59)

    assert play(scene, settings=MINUTE).found("M15") == []
    assert play(scene.passes(1), settings=MINUTE).of("M15")


def test_two_devices_that_take_turns_are_none_that_kept_it_for_long() -> None:
    scene = flagged("l1").passes(40).learns("l2", 1, mobility_state="FROZEN").passes(5)
    scene.learns("l1", 1, mobility_state="NORMAL").passes(50)

    assert play(scene, settings=MINUTE).found("M15") == []


def test_it_ends_when_nobody_says_so_any_more() -> None:
    scene = flagged("l1").passes(90).learns("l1", 1, mobility_state="NORMAL").passes(10)

    assert play(scene, settings=MINUTE).spans() == [(10, 105)]


def test_another_device_that_says_so_later_does_not_lower_it() -> None:
    scene = flagged("l1").passes(90).learns("l2", 1, mobility_state="FROZEN").passes(10)

    outcome = play(scene, settings=MINUTE)

    assert [event["kind"] for event in outcome.events] == ["opened", "raised"]
    assert "2 fresh observers call" in outcome.incidents[0]["summary"]


def test_while_the_one_who_says_so_is_blind_nobody_knows_whether_it_still_does() -> None:
    scene = flagged("l1").passes(10).mute("l1").passes(100)

    assert play(scene, settings=MINUTE).found("M15") == []


@pytest.mark.parametrize("size", [1, 9, 40])
def test_neither_cuts_nor_restarts_change_when_it_was_for_long(size: int) -> None:
    scene = flagged("l1").passes(50).learns("l2", 1, mobility_state="FROZEN").passes(80)
    cuts = range(0, len(scene.records), size)

    pieces = alone(scene, cuts, restarts=list(cuts)[::7], settings=MINUTE)

    assert pieces.findings == alone(scene, settings=MINUTE).findings
