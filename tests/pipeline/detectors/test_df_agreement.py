"""PEs that are not configured alike: R6."""

from typing import Any

import pytest

from tests.pipeline.detectors.segments_scene import ESI, OBSERVERS, announces, fabric, neighbor_of
from tests.pipeline.driver import play
from tests.pipeline.scene import Scene, address


def pair(one: dict[str, int], two: dict[str, int], version: int = 4) -> Scene:
    scene = Scene().joins(*OBSERVERS).passes(1)
    for pe, said in ((1, one), (2, two)):
        announces(scene, pe, version=version, said=said)
        for device in OBSERVERS:
            scene.imet(device, address(pe, version), neighbor=neighbor_of(device, pe))
    return scene


@pytest.mark.parametrize("version", [4, 6])
def test_algorithms_that_differ_for_10_s_are_told(version: int) -> None:
    scene = pair({"df_algorithm": 2}, {}, version)

    assert play(scene.passes(9.9)).of("R6") == []
    [incident] = play(scene.passes(1)).of("R6")
    assert (incident["esi"], incident["severity"], incident["detected_at"]) == (ESI, "warning", 11)
    assert incident["summary"] == (
        f"PEs of Ethernet segment {ESI} are not configured alike, DF algorithm: l1 highest preference and"
        " l2 modulus; all fall back to the modulus"
    )


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        ({"df_capabilities": 0x4000}, {}, True),
        ({"df_capabilities": 0x8000, "df_preference": 1}, {"df_preference": 2}, True),
        # a PE that inherits another one's preference in operation says nothing of its own DP bit
        ({"df_capabilities": 0x8000, "df_preference": 1}, {"df_preference": 1}, False),
        ({"df_preference": 100}, {"df_preference": 200}, False),
        ({}, {}, False),
    ],
)
def test_what_counts_as_a_difference(one: dict[str, int], two: dict[str, int], *, told: bool) -> None:
    scene = pair({"df_algorithm": 2, **one}, {"df_algorithm": 2, **two})

    assert bool(play(scene.passes(20)).of("R6")) is told


@pytest.mark.parametrize(
    ("leaf", "values"),
    [("redundancy_mode", ("ALL_ACTIVE", "SINGLE_ACTIVE")), ("df_wait_s", (3, 4)), ("df_wait_s", (3, 3))],
)
def test_configurations_of_devices_are_compared(leaf: str, values: tuple[Any, Any]) -> None:
    scene = fabric()
    for device, value in zip(("l1", "l2"), values, strict=True):
        scene.row(device, "es", "ethernet_segment", **{"name": "po1", "esi": ESI, leaf: value})

    assert bool(play(scene.passes(20)).of("R6")) is (values[0] != values[1])


def test_modes_of_a_d_routes_are_compared() -> None:
    scene = fabric()
    for device in OBSERVERS:
        for pe in (1, 2):
            scene.ad_route(device, ESI, address(pe), neighbor=neighbor_of(device, pe), single_active=pe == 2)

    [incident] = play(scene.passes(20)).of("R6")

    assert "mode by A-D route: l1 all-active and l2 single-active" in incident["summary"]


def test_it_clears_when_they_agree_and_when_one_of_them_serves_no_more() -> None:
    scene = pair({"df_algorithm": 2}, {}).passes(20)
    announces(scene, 2, said={"df_algorithm": 2})
    assert play(scene.passes(6)).spans("R6") == [(11, 21 + 5)]

    gone = announces(pair({"df_algorithm": 2}, {}).passes(20), 2, op="delete")
    assert play(gone.passes(6)).spans("R6") == [(11, 21 + 5)]


def test_while_nobody_sees_it_is_unknown_and_stays() -> None:
    scene = pair({"df_algorithm": 2}, {}).passes(20)
    assert play(scene).of("R6")[0]["coverage"] == 1
    for device in OBSERVERS:
        scene.ends(device)
    outcome = play(scene.passes(60))

    [incident] = outcome.of("R6")
    assert (incident["state"], incident["coverage"]) == ("open", 0)
    assert outcome.found("R6", active=None)


def test_coverage_is_who_sees_of_whom_it_concerns() -> None:
    scene = pair({"df_algorithm": 2}, {}).passes(20).ends("l3")

    [incident] = play(scene.passes(60)).of("R6")
    assert (incident["state"], incident["coverage"]) == ("open", 0.75)


def test_a_configuration_that_nobody_sees_any_more_is_unknown() -> None:
    scene = fabric()
    for device, wait in (("l1", 3), ("l2", 4)):
        scene.row(device, "es", "ethernet_segment", name="po1", esi=ESI, df_wait_s=wait)
    scene.passes(20).ends("l2", "es").unmute("l2").passes(60)
    outcome = play(scene)

    [incident] = outcome.of("R6")
    assert incident["state"] == "open"
    assert outcome.found("R6", active=None)


def test_who_left_before_nobody_looked_differs_from_nobody() -> None:
    scene = announces(pair({"df_algorithm": 2}, {}).passes(5), 2, op="delete").passes(20)
    for device in OBSERVERS:
        scene.ends(device)

    assert play(scene.passes(60)).of("R6") == []
