"""EVIs without aliasing: R8."""

from tests.pipeline.detectors.segments_scene import ESI, EVEN, ODD, announces, fabric, without_evi
from tests.pipeline.driver import play
from tests.pipeline.scene import address

PES = (1, 2)


def test_an_evi_that_a_pe_does_not_announce_is_told_after_10_s() -> None:
    scene = without_evi(fabric(), 2, ODD)

    assert play(scene.passes(9.9)).of("R8") == []
    [incident] = play(scene.passes(1)).of("R8")
    assert (incident["esi"], incident["vtep"], incident["detected_at"]) == (ESI, address(2), 20)
    assert incident["summary"] == (
        f"l2 gets no share of the load to Ethernet segment {ESI} for VNI {ODD}: it announces no A-D route"
        " for it, l1 does"
    )


def test_all_evis_that_a_pe_lacks_are_one_incident() -> None:
    scene = without_evi(without_evi(fabric(), 2, ODD), 2, EVEN).passes(20)

    [incident] = play(scene).of("R8")

    assert f"for 2 VNIs, {EVEN} and {ODD}" in incident["summary"]


def test_an_evi_that_no_pe_announces_or_a_pe_does_not_serve_is_not_missing() -> None:
    scene = fabric()
    for pe in PES:
        without_evi(scene, pe, ODD)
    assert play(scene.passes(20)).of("R8") == []

    other = fabric()
    other.ad_route("l1", ESI, address(1), vni=3030, neighbor=None)
    assert play(other.passes(20)).of("R8") == []


def test_an_evi_that_a_pe_serves_and_never_announced_is_missing() -> None:
    scene = fabric()
    scene.ad_route("l1", ESI, address(1), vni=3030, neighbor=None)
    scene.imet("l2", address(2), vni=3030, neighbor=None)

    [incident] = play(scene.passes(20)).of("R8")

    assert (incident["vtep"], incident["opened_at"]) == (address(2), 10)


def test_a_pe_whose_leg_is_down_lacks_no_evi_and_it_clears_when_it_announces() -> None:
    down = announces(fabric(), 2, op="delete").passes(30)
    assert play(down).of("R8") == []

    scene = without_evi(fabric(), 2, ODD).passes(20)
    without_evi(scene, 2, ODD, op="update")
    assert play(scene.passes(6)).spans("R8") == [(20, 30 + 5)]
