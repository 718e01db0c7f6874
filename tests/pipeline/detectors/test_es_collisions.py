"""One ESI on legs that are not one segment: R11; members as declared: R4."""

import pytest

from collectors.records import Kind
from tests.pipeline.detectors.segments_scene import ESI, OBSERVERS, OTHER, announces, fabric
from tests.pipeline.driver import play
from tests.pipeline.scene import Said, Scene

LACP_ESI = "01:02:00:00:00:00:0a:00:01:00"
"""Type 1: system 02:00:00:00:00:0a, key 1."""


def declares(scene: Scene, *members: str) -> Scene:
    content = {"segments": {ESI: {"members": list(members)}} if members else {}}
    scene.records.append(Said(scene.now, "operator", Kind.FABRIC, content=content))
    return scene


def leg(scene: Scene, device: str, system: int, lag: str = "po1", esi: str = ESI) -> Scene:
    """A LAG of a segment ends at a system."""
    scene.row(device, "es", "ethernet_segment", name=lag, esi=esi, interface=lag)
    return scene.row(device, "lacp", "lacp_member", interface=lag, member="eth9", partner_id=system)


def joined(places: dict[str, dict[str, str]] | None = None, esi: str = ESI) -> Scene:
    scene = Scene()
    for device in OBSERVERS:
        scene.joins(device, families=("routes", "es", "lacp", "liveness"), **(places or {}).get(device, {}))
    scene.passes(1)
    for pe in (1, 2, 3):
        announces(scene, pe, esi=esi)
    return scene.passes(1)


@pytest.mark.parametrize("version", [4, 6])
def test_a_pe_that_is_not_declared_is_told_at_once(version: int) -> None:
    scene = declares(fabric(version), "l1", "l2").passes(10)
    assert play(scene).rules() == []

    announces(scene, 3, version=version)
    [incident] = play(scene.passes(1)).of("R11")
    assert (incident["esi"], incident["severity"], incident["detected_at"]) == (ESI, "critical", 20)
    assert incident["summary"].endswith(": l3 serves it, declared are l1 and l2")


def test_it_clears_when_the_stranger_is_gone() -> None:
    scene = declares(fabric(), "l1", "l2").passes(10)
    announces(scene, 3).passes(10)
    announces(scene, 3, op="delete")

    assert play(scene.passes(6)).spans("R11") == [(20, 30 + 5)]


def test_a_declared_member_that_never_served_is_lost_redundancy() -> None:
    scene = declares(fabric(), "l1", "l2", "l3").passes(6)

    [incident] = play(scene).of("R4")

    assert (incident["opened_at"], incident["severity"]) == (10, "warning")
    assert "2 of 3 PEs" in incident["summary"]
    assert incident["summary"].endswith("lost is l3")


def test_a_pe_that_is_declared_no_more_is_not_missed() -> None:
    scene = announces(fabric(), 2, op="delete").passes(10)
    assert play(scene).of("R4")

    declares(scene, "l1")
    assert play(scene.passes(10)).of("R4")[0]["state"] == "resolved"


def test_one_device_with_an_esi_on_two_ports_is_told() -> None:
    scene = fabric()
    for name in ("po1", "po2"):
        scene.row("l1", "es", "ethernet_segment", name=name, esi=ESI, interface=name)

    [incident] = play(scene.passes(2)).of("R11")

    assert incident["summary"].endswith("l1 has it on po1 and po2")


@pytest.mark.parametrize(("system", "told"), [(0xA, False), (0xB, True)])
def test_legs_that_end_at_different_systems_are_told(system: int, *, told: bool) -> None:
    scene = leg(leg(joined(), "l1", 0xA), "l2", system).passes(2)

    found = play(scene).of("R11")

    assert bool(found) is told
    if told:
        assert "l1 eth9 at 00:00:00:00:00:0a and l2 eth9 at 00:00:00:00:00:0b" in found[0]["summary"]


def test_a_partner_that_is_none_is_no_other_system() -> None:
    assert play(leg(leg(joined(), "l1", 0xA), "l2", 0).passes(5)).of("R11") == []


@pytest.mark.parametrize(("system", "told"), [(0x0200_0000_000A, False), (0x0200_0000_000B, True)])
def test_a_lacp_based_esi_names_the_system_its_legs_end_at(system: int, *, told: bool) -> None:
    scene = leg(leg(joined(esi=LACP_ESI), "l1", system, esi=LACP_ESI), "l2", system, esi=LACP_ESI)

    assert bool(play(scene.passes(2)).of("R11")) is told


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ({"l1": {"site": "a"}, "l2": {"site": "b"}}, True),
        ({"l1": {"site": "a", "rack": "1"}, "l2": {"site": "a", "rack": "2"}}, False),
        ({"l1": {"rack": "1"}, "l2": {"rack": "1"}, "l3": {"rack": "2"}}, True),
        ({"l1": {"rack": "1"}, "l2": {"rack": "2"}, "l3": {"rack": "3"}}, False),
    ],
)
def test_pes_far_from_each_other_are_told_and_a_pair_in_two_racks_is_not(
    places: dict[str, dict[str, str]], *, told: bool
) -> None:
    assert bool(play(joined(places).passes(2)).of("R11")) is told


def test_two_segments_of_two_pes_are_no_collision() -> None:
    scene = fabric()
    for pe in (1, 2):
        announces(scene, pe, esi=OTHER)
    scene.joins("l1", "l2", families=("lacp",))
    leg(leg(scene, "l1", 0xA), "l2", 0xA)
    leg(leg(scene, "l1", 0xB, "po2", OTHER), "l2", 0xB, "po2", OTHER)

    assert play(scene.passes(10)).of("R11") == []


@pytest.mark.parametrize("why", ["member", "port", "system", "place"])
def test_while_nobody_sees_it_is_unknown_and_stays(why: str) -> None:
    scene = collided(why).passes(10)
    assert play(scene).of("R11")[0]["coverage"] == 1
    for device in OBSERVERS:
        scene.ends(device, "routes", "es", "lacp") if why in {"system", "place"} else scene.ends(device)
    outcome = play(scene.passes(60))

    [incident] = outcome.of("R11")
    assert (incident["state"], incident["coverage"]) == ("open", 0)
    assert outcome.found("R11", active=None)


def collided(why: str) -> Scene:
    """One segment too many, by one sign."""
    match why:
        case "member":
            scene = announces(declares(fabric(), "l1", "l2").passes(10), 3)
        case "port":
            scene = fabric()
            for name in ("po1", "po2"):
                scene.row("l1", "es", "ethernet_segment", name=name, esi=ESI, interface=name)
        case "system":
            scene = leg(leg(joined(), "l1", 0xA), "l2", 0xB)
        case _:
            scene = joined({"l1": {"site": "a"}, "l2": {"site": "b"}})
    return scene


def test_who_alone_could_tell_is_blind() -> None:
    scene = collided("port").passes(10).ends("l1").passes(60)
    outcome = play(scene)

    [incident] = outcome.of("R11")
    assert incident["state"] == "open"
    assert outcome.found("R11", active=None)

    with scene.dump("l1"):
        scene.row("l1", "es", "ethernet_segment", name="po1", esi=ESI, interface="po1")
        announces(scene, 1, "l1")
        announces(scene, 2, "l1")
    assert play(scene.passes(6)).of("R11")[0]["state"] == "resolved"


def test_that_legs_end_at_one_system_counts_though_nobody_hears_lacp_now() -> None:
    scene = Scene()
    for device, site in (("l1", "a"), ("l2", "b"), ("l3", "b"), ("s1", "b")):
        scene.joins(device, families=("routes", "es", "lacp", "liveness"), site=site)
    leg(leg(scene, "l1", 0xA), "l2", 0xA).passes(1)
    for pe in (1, 2):
        announces(scene, pe)
    scene.passes(10)
    for device in OBSERVERS:
        scene.ends(device, "lacp").unmute(device)

    assert play(scene.passes(60)).of("R11") == []


def test_coverage_is_who_sees_of_whom_it_concerns() -> None:
    scene = collided("member").passes(10)
    for device in ("l1", "s1"):
        scene.ends(device)

    [incident] = play(scene.passes(60)).of("R11")
    assert (incident["state"], incident["coverage"]) == ("open", 0.5)
