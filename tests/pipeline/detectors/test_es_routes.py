"""Routes of segments that don't fit together: R7, R9, R10."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.detectors.segments_scene import (
    ESI,
    EVEN,
    OBSERVERS,
    announces,
    fabric,
    neighbor_of,
    without_evi,
)
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Scene, address, delayed

alone = judged_by("segments")

PES = (1, 2)


def macs(scene: Scene, pe: int, count: int = 3, *, op: str = "update", version: int = 4) -> Scene:
    """Hosts behind the segment, as all devices hear them from one PE."""
    for device in OBSERVERS:
        for number in range(count):
            scene.mac_route(
                device, number, address(pe, version), op=op, esi=ESI, neighbor=neighbor_of(device, pe)
            )
    return scene


def loaded(version: int = 4) -> Scene:
    scene = fabric(version)
    for pe in PES:
        macs(scene, pe, version=version)
    return scene.passes(10)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("gone", "left"), [("1", "type-4"), ("4", "type-1")])
def test_one_route_without_the_other_is_told_after_10_s(gone: str, left: str, version: int) -> None:
    scene = announces(fabric(version), 2, op="delete", kinds=gone, version=version)

    assert play(scene.passes(9.9)).of("R7") == []
    [incident] = play(scene.passes(1)).of("R7")
    assert (incident["esi"], incident["vtep"], incident["device"]) == (ESI, address(2, version), None)
    assert (incident["severity"], incident["detected_at"]) == ("warning", 20)
    assert incident["summary"].startswith(f"l2 announces Ethernet segment {ESI} by its {left} route only")


def test_a_pe_that_never_had_an_a_d_route_lacks_it_where_the_other_one_has_it() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    announces(scene, 1)
    announces(scene, 2, kinds="4")

    assert [one["vtep"] for one in play(scene.passes(20)).of("R7")] == [address(2)]


def test_where_nobody_makes_a_d_routes_they_are_missed_nowhere() -> None:
    scene = Scene().joins(*OBSERVERS).passes(1)
    for pe in PES:
        macs(announces(scene, pe, kinds="4"), pe)

    assert play(scene.passes(60)).rules() == []


def test_a_leg_that_is_lost_as_a_whole_is_no_mismatch() -> None:
    assert play(announces(fabric(), 2, op="delete").passes(30)).of("R7") == []


def test_an_observer_that_loses_a_route_alone_decides_nothing() -> None:
    assert play(announces(fabric(), 2, "s1", op="delete", kinds="1").passes(30)).rules() == []


def test_a_mismatch_clears_5_s_after_both_routes_are_there() -> None:
    scene = announces(fabric(), 2, op="delete", kinds="1").passes(20)
    announces(scene, 2, kinds="1")

    assert play(scene.passes(6)).spans("R7") == [(20, 30 + 5)]


@pytest.mark.parametrize("version", [4, 6])
def test_a_withdrawn_a_d_route_is_one_event_with_the_number_of_macs(version: int) -> None:
    scene = announces(loaded(version), 2, op="delete", version=version)
    macs(scene, 2, op="delete", version=version)

    outcome = play(scene.passes(6))
    [found] = outcome.found("R9")
    assert (found["time"], found["severity"], found["vtep"]) == (20, "info", address(2, version))
    assert found["summary"] == (
        f"The A-D route of l2 for Ethernet segment {ESI} is gone: it is no way to 3 MACs behind it any more"
    )
    evidence = json.loads(found["evidence"])
    assert (evidence["macs"], evidence["inhibits_mac_events_s"]) == (3, 60)
    assert outcome.of("R9") == [], "that the leg is lost is the incident of R4"
    assert outcome.of("R4")


def test_the_last_leg_says_how_many_macs_the_next_failure_takes() -> None:
    scene = announces(loaded(), 2, op="delete")
    macs(scene, 2, op="delete")

    [incident] = play(scene.passes(6)).of("R4")

    assert incident["summary"].endswith("lost is l2; the next failure takes 3 MACs")


def test_a_withdrawal_with_no_mac_behind_it_is_no_mass_withdrawal() -> None:
    assert play(announces(fabric(), 2, op="delete").passes(5)).found("R9") == []


def test_a_blind_observer_withdraws_nothing() -> None:
    scene = loaded()
    for device in OBSERVERS:
        scene.ends(device)

    outcome = play(scene.passes(60))
    assert outcome.of("R7", "R10") == outcome.found("R9") == []


@pytest.mark.parametrize("version", [4, 6])
def test_mac_routes_without_an_a_d_route_are_told_after_30_s(version: int) -> None:
    scene = announces(loaded(version), 2, op="delete", version=version)

    assert play(scene.passes(29.9)).of("R10") == []
    [incident] = play(scene.passes(1)).of("R10")
    assert (incident["esi"], incident["vtep"], incident["mac"]) == (ESI, address(2, version), None)
    assert (incident["severity"], incident["detected_at"]) == ("warning", 50)


def test_macs_that_age_out_within_30_s_of_a_withdrawal_are_normal_and_it_clears_when_they_do() -> None:
    scene = announces(loaded(), 2, op="delete").passes(29)
    assert play(macs(scene, 2, op="delete").passes(30)).of("R10") == []

    late = announces(loaded(), 2, op="delete").passes(40)
    assert play(macs(late, 2, op="delete").passes(6)).spans("R10") == [(50, 60 + 5)]


def _told(outcome: Outcome) -> list[tuple[str, float, float | None, str]]:
    """Return what was told of segments: their incidents, and of R9, which opens none, its findings."""
    rules = ("R4", "R5", "R7", "R8", "R10")
    incidents = [
        (one["rule"], one["opened_at"], one["resolved_at"], one["summary"]) for one in outcome.of(*rules)
    ]
    return incidents + [("R9", one["time"], None, one["summary"]) for one in outcome.found("R9")]


SPINE = "10.0.1.1"


def rewritten(*devices: str) -> Scene:
    """A PE's A-D route comes with the next hop of a spine to some; others hear it as it is."""
    scene = Scene().joins(*OBSERVERS)
    for device in ("l1", "l2", "l3"):
        scene.serves(device)
    scene.has_address("s1", "lo1", SPINE, 32).passes(1)
    for pe in PES:
        for device in OBSERVERS:
            if pe == 2 and device in devices:
                announces(scene, pe, device, kinds="4")
                scene.ad_route(device, ESI, SPINE, neighbor="192.0.2.2")
            else:
                announces(scene, pe, device)
            scene.imet(device, address(pe), neighbor=neighbor_of(device, pe))
    return scene


def test_an_a_d_route_behind_another_next_hop_is_hidden_and_not_missing() -> None:
    scene = macs(rewritten("l1", "l3", "s1"), 2).passes(60)

    assert play(scene).of("R7", "R10", "R4", "R5") == []


def test_the_next_hop_of_a_device_on_the_way_is_no_pe() -> None:
    scene = rewritten("l1", "l3", "s1").passes(20)
    outcome = play(announces(scene, 2, op="delete", kinds="4").passes(20))

    assert SPINE not in {one["vtep"] for one in outcome.findings}
    assert not any(SPINE in one["summary"] for one in outcome.of("R4", "R5", "R7", "R11"))


def test_who_holds_no_a_d_route_at_all_misses_it() -> None:
    scene = rewritten("l1").passes(20)
    for device in ("l3", "s1"):
        scene.ad_route(device, ESI, address(2), op="delete")

    # l1 can't tell, l2 has its own, two of three who can miss it
    assert [one["vtep"] for one in play(scene.passes(11)).of("R7")] == [address(2)]


def test_what_is_hidden_a_moment_later_is_not_missing_either() -> None:
    scene = rewritten()
    for device in ("l1", "l3", "s1"):
        scene.ad_route(device, ESI, address(2), op="delete").passes(0.2)
        scene.ad_route(device, ESI, SPINE, neighbor="192.0.2.2")
    scene.ad_route("l2", ESI, SPINE, neighbor="192.0.2.2").ad_route(
        "l2", ESI, address(2), op="delete", neighbor=None
    )

    assert play(scene.passes(60)).of("R7") == []


def test_what_is_hidden_from_all_is_unknown_and_ends_nothing() -> None:
    scene = announces(rewritten().passes(10), 2, op="delete", kinds="1").passes(20)
    for device in ("l1", "l3", "s1"):
        scene.ad_route(device, ESI, SPINE, neighbor="192.0.2.2")
    scene.ad_route("l2", ESI, SPINE, neighbor="192.0.2.2")
    outcome = play(scene.passes(30))

    [incident] = outcome.of("R7")
    assert (incident["state"], incident["coverage"]) == ("open", 0.5)
    assert outcome.found("R7", active=None)


@settings(max_examples=5, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 300), max_size=4),
    restarts=st.lists(st.integers(1, 300), max_size=2),
    delays=st.lists(st.floats(0, 9), min_size=1, max_size=3),
)
def test_batches_restarts_and_order_within_the_lateness_change_nothing(
    cuts: list[int], restarts: list[int], delays: list[float]
) -> None:
    scene = without_evi(loaded(), 1, EVEN).passes(11)
    announces(scene, 2, op="delete", kinds="1").passes(12)
    macs(scene, 1, op="delete").passes(11)
    announces(scene, 2, kinds="1")
    announces(scene, 1, op="delete").passes(31)
    whole = _told(alone(scene))

    assert {rule for rule, *_ in whole} >= {"R4", "R7", "R8", "R9"}
    assert _told(alone(scene, cuts, restarts=restarts)) == whole
    assert _told(alone(delayed(scene.records, delays))) == whole
