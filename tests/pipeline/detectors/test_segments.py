"""Ethernet segments that lost redundancy: R4, R5."""

import polars as pl
import pytest

from pipeline.apply.mac_location import MacLocations
from pipeline.detectors import FINDING
from pipeline.detectors.behind import Behind
from pipeline.detectors.segments import detect
from pipeline.detectors.timeline import PLACE
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene, address

alone = judged_by("segments")

ESI = "00:11:22:33:44:55:66:77:88:99"
OBSERVERS = ("l1", "l2", "l3", "s1")


def fabric(version: int = 4, pes: int = 2, observers: tuple[str, ...] = OBSERVERS) -> Scene:
    """A segment behind leaves l1, l2, ...; all devices hear the routes of each."""
    scene = Scene().joins(*observers).passes(1)
    for device in observers:
        for pe in range(1, pes + 1):
            neighbor = None if device == f"l{pe}" else "192.0.2.1"
            scene.segment_route(device, ESI, address(pe, version), neighbor=neighbor)
            scene.ad_route(device, ESI, address(pe, version), neighbor=neighbor)
            scene.imet(device, address(pe, version), neighbor=neighbor)
    return scene.passes(9)


def lost(
    scene: Scene, pe: int, *devices: str, version: int = 4, kinds: str = "14", op: str = "delete"
) -> Scene:
    """Routes of a PE go, on all devices or on some."""
    for device in devices or OBSERVERS:
        neighbor = None if device == f"l{pe}" else "192.0.2.1"
        if "4" in kinds:
            scene.segment_route(device, ESI, address(pe, version), op=op, neighbor=neighbor)
        if "1" in kinds:
            scene.ad_route(device, ESI, address(pe, version), op=op, neighbor=neighbor)
    return scene


@pytest.mark.parametrize("kinds", ["14", "1", "4"])
@pytest.mark.parametrize("version", [4, 6])
def test_one_pe_left_for_5_s_is_lost_redundancy(version: int, kinds: str) -> None:
    scene = lost(fabric(version), 2, version=version, kinds=kinds)

    assert play(scene.passes(4.9)).incidents == []
    [incident] = play(scene.passes(1)).incidents
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("R4", "critical", 15)
    assert (incident["esi"], incident["device"]) == (ESI, None)
    assert incident["summary"] == (
        f"Ethernet segment {ESI} survives on l1 alone, 1 of 2 PEs, since 22:13:30 UTC: lost is l2"
    )


def test_of_three_pes_one_lost_is_a_warning_and_two_lost_are_critical() -> None:
    scene = lost(fabric(pes=3), 3).passes(10)
    assert [one["severity"] for one in play(scene).incidents] == ["warning"]

    lost(scene, 2).passes(10)
    [incident] = play(scene).incidents
    assert (incident["rule"], incident["severity"]) == ("R4", "critical")
    assert "survives on l1 alone, 1 of 3 PEs, since 22:13:40 UTC: lost is l2, l3" in incident["summary"]


def test_no_pe_left_is_a_segment_that_is_down() -> None:
    scene = lost(fabric(), 2).passes(10)
    lost(scene, 1).passes(4.9)
    assert play(scene).rules() == ["R4"]

    outcome = play(scene.passes(1))
    [incident] = outcome.incidents
    assert (incident["rule"], incident["severity"], incident["opened_at"]) == ("R5", "critical", 10)
    assert [(event["kind"], event["rule"], event["event_time"]) for event in outcome.events] == [
        ("opened", "R4", 15),
        ("raised", "R5", 25),
    ]


def test_both_pes_lost_at_once_are_one_incident() -> None:
    outcome = play(lost(lost(fabric(), 1), 2).passes(6))

    assert [(one["rule"], one["detected_at"]) for one in outcome.incidents] == [("R5", 15)]


def test_a_single_homed_segment_has_no_redundancy_to_lose_and_may_be_down() -> None:
    scene = fabric(pes=1).passes(20)
    assert play(scene).incidents == []

    assert play(lost(scene, 1).passes(6)).rules() == ["R5"]


@pytest.mark.parametrize(("devices", "found"), [(("l1", "s1"), True), (("s1",), False)])
def test_half_of_the_observers_is_the_quorum(devices: tuple[str, ...], *, found: bool) -> None:
    assert bool(play(lost(fabric(), 2, *devices).passes(6)).of("R4")) is found


def test_a_pe_that_is_back_within_5_s_was_not_lost() -> None:
    scene = lost(fabric(), 2).passes(4.9)

    assert play(lost(scene, 2, op="update").passes(20)).incidents == []


def test_it_clears_when_both_kinds_of_routes_are_back_for_5_s_and_not_before() -> None:
    scene = lost(lost(fabric(), 2).passes(20), 2, op="update", kinds="4").passes(10)
    assert play(scene).spans("R4") == [(15, None)]

    lost(scene, 2, op="update", kinds="1").passes(4.9)
    assert play(scene).spans("R4") == [(15, None)]
    assert play(scene.passes(1)).spans("R4") == [(15, 40 + 5)]


def test_a_down_segment_that_gets_one_pe_back_stays_open() -> None:
    scene = lost(lost(lost(fabric(), 1), 2).passes(20), 1, op="update").passes(20)

    [incident] = play(scene).incidents

    assert (incident["rule"], incident["state"]) == ("R5", "open")


def test_of_a_pe_that_only_ever_showed_one_kind_that_kind_decides() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    for device in OBSERVERS:
        scene.segment_route(device, ESI, address(1)).ad_route(device, ESI, address(2))
    scene.passes(20)
    assert play(scene).of("R4", "R5") == []

    for device in OBSERVERS:
        scene.segment_route(device, ESI, address(1), op="delete")
    assert "R4" in play(scene.passes(6)).rules()


def test_routes_per_evi_do_not_serve_a_segment() -> None:
    scene = Scene().joins("s1").passes(1)
    for tag in (0, 10):
        scene.ad_route("s1", ESI, address(1), tag=tag)
    scene.passes(5)
    for tag in (0, 10):
        scene.ad_route("s1", ESI, address(1), tag=tag, op="delete")

    assert play(scene.passes(10)).findings == []


def test_a_pe_that_nobody_observes_is_named_by_its_address() -> None:
    scene = lost(fabric(observers=("l3", "s1")), 2, "l3", "s1").passes(6)

    assert (
        f"survives on {address(1)} alone, 1 of 2 PEs, since 22:13:30 UTC: lost is {address(2)}"
        in play(scene).incidents[0]["summary"]
    )


# A PE that has left for good.

WEEK = 7 * 86_400


def a_week_on(scene: Scene, since: float, more: float) -> Scene:
    """Let a week pass; the devices show that they live before it is over."""
    scene.now = since + WEEK - 30
    return scene.passes(30 + more)


def test_a_pe_that_was_gone_for_7_days_is_expected_no_more_and_not_before() -> None:
    scene = a_week_on(lost(fabric(pes=3), 3).passes(10), 10, -0.1)
    assert play(scene).spans("R4") == [(15, None)]

    outcome = play(scene.passes(6))

    [incident] = outcome.of("R4")
    assert (incident["state"], incident["resolved_at"]) == ("resolved", 10 + WEEK + 5)
    assert outcome.found("R4", active=False)[-1]["summary"] == (
        f"Ethernet segment {ESI} is served by all its 2 PEs, l1, l2;"
        " not for 7 days, and expected no more, by l3"
    )


def test_a_segment_that_nobody_served_for_7_days_is_given_up() -> None:
    outcome = play(a_week_on(lost(lost(fabric(), 1), 2).passes(10), 10, 6))

    assert [one["state"] for one in outcome.of("R5")] == ["resolved"]
    [finding] = [one for one in outcome.findings if "given up" in one["summary"]]
    assert finding["summary"] == f"Ethernet segment {ESI} is given up: not served for 7 days by l1, l2"
    assert finding["coverage"] is None


def test_a_pe_that_comes_back_after_7_days_is_expected_again() -> None:
    scene = a_week_on(lost(fabric(), 2).passes(10), 10, 60)
    lost(scene, 2, op="update").passes(10)
    assert [one["state"] for one in play(scene).of("R4")] == ["resolved"]

    lost(scene, 2).passes(6)
    assert [one["state"] for one in play(scene).of("R4")] == ["open"]


def test_the_last_pe_left_is_an_outage_when_it_goes_though_the_other_was_given_up() -> None:
    scene = lost(a_week_on(lost(fabric(), 2).passes(10), 10, 60), 1).passes(6)

    assert play(scene).rules().count("R5") == 1


def test_a_pe_is_given_up_only_by_a_fresh_look() -> None:
    scene = lost(fabric(), 2).passes(10)
    for device in OBSERVERS:
        scene.ends(device)
    a_week_on(scene, 10, 60)
    assert [one["state"] for one in play(scene).of("R4")] == ["open"]

    for device in OBSERVERS:
        with scene.dump(device):
            lost(scene, 1, device, op="update")
    assert play(scene.passes(6)).spans("R4") == [(15, 10 + WEEK + 60 + 5)]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("back", [None, -3.0, 3.0])
def test_neither_batches_nor_restarts_change_when_a_pe_is_given_up(
    back: float | None, *, restart: bool
) -> None:
    scene = a_week_on(lost(fabric(), 2).passes(10), 10, back or 0.0)
    if back is not None:
        lost(scene, 2, op="update")
    records = scene.passes(12).records
    every = range(len(records) - 60, len(records), 3)

    pieces, whole = alone(records, every, restarts=every if restart else ()), alone(records)

    for name in ("findings", "incidents", "events"):
        assert getattr(pieces, name) == getattr(whole, name)
    assert whole.of("R4")[0]["state"] == "resolved"


# Not to fire.


def test_macs_that_age_out_on_one_pe_are_no_lost_redundancy() -> None:
    scene = fabric()
    for pe in (1, 2):
        scene.mac_route("s1", 1, address(pe), 0, esi=ESI)
    scene.passes(5).mac_route("s1", 1, address(2), op="delete").passes(20)

    assert play(scene).incidents == []


def test_a_standby_port_counts_neither_up_nor_down() -> None:
    scene = fabric().row("l2", "es", "ethernet_segment", name="es1", esi=ESI, redundancy_mode="SINGLE_ACTIVE")
    scene.link("l2", "bond1", "UP").passes(5).link("l2", "bond1", "DOWN").passes(10)

    assert play(scene).incidents == []


def test_observers_that_go_blind_lose_nothing() -> None:
    scene = fabric()
    for device in OBSERVERS:
        scene.ends(device)

    assert play(scene.passes(60)).of("R4", "R5") == []


def test_a_resync_that_tells_the_same_is_silent() -> None:
    scene = fabric()
    for device in OBSERVERS:
        with scene.dump(device):
            lost(scene, 1, device, op="update")
            lost(scene, 2, device, op="update")

    assert play(scene.passes(20)).of("R4", "R5") == []


# Blind observers.


def test_blind_observers_leave_both_sides_of_the_quorum() -> None:
    scene = fabric().ends("l1").ends("l3").ends("s1").passes(5)
    lost(scene, 1, "l2").passes(6)

    assert ("R4", "open") in [(one["rule"], one["state"]) for one in play(scene).incidents]


def test_it_stays_open_without_coverage_while_all_observers_are_blind() -> None:
    scene = lost(fabric(), 2).passes(10)
    for device in OBSERVERS:
        scene.ends(device)
    outcome = play(scene.passes(60))

    [incident] = outcome.of("R4")
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


def test_a_leg_lost_while_blind_is_found_at_the_sync() -> None:
    scene = fabric()
    for device in OBSERVERS:
        scene.ends(device)
    scene.passes(30)
    for device in OBSERVERS:
        with scene.dump(device):
            lost(scene, 1, device, op="update")
    scene.passes(10)

    [incident] = play(scene).of("R4")
    assert (incident["opened_at"], incident["detected_at"]) == (40, 45)


def test_it_clears_only_by_a_fresh_look() -> None:
    scene = lost(fabric(), 2).passes(10)
    for device in OBSERVERS:
        scene.ends(device)
    scene.passes(60)
    for device in OBSERVERS:
        with scene.dump(device):
            lost(scene, 1, device, op="update")
            lost(scene, 2, device, op="update")
    scene.passes(10)

    assert play(scene).spans("R4") == [(15, 80 + 5)]


def test_without_anything_held_there_are_no_findings_but_all_columns() -> None:
    key = dict.fromkeys(("esi", "pe", "kind", "device"), pl.String)
    held = pl.DataFrame(schema={**key, **PLACE, "value": pl.Boolean})
    kinds = held.drop("device")

    declared = pl.DataFrame(schema={"esi": pl.String, **PLACE, "value": pl.String})
    found = detect(held, kinds, {}, 0, declared=declared, behind=Behind().counter(MacLocations(), 0))

    assert found.schema == FINDING
    assert found.is_empty()
