"""EVPN sessions that are up and bring nothing: V16."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detectors.settings import Settings
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Scene, address

alone = judged_by("evpn")

LEAVES, SPINES = (1, 2, 3), (1, 2)


def link(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    if version == 4:
        return f"10.{leaf}.{spine}.0", f"10.{leaf}.{spine}.1"
    return f"2001:db8:{leaf}:{spine}::a", f"2001:db8:{leaf}:{spine}::b"


def says(
    scene: Scene, device: str, neighbor: str, *, active: bool = True, prefixes: int | None = 20
) -> Scene:
    key = {"network_instance": "default", "neighbor": neighbor}
    family: dict[str, Any] = {**key, "afi_safi": "L2VPN_EVPN", "active": active}
    if prefixes is not None:
        family["prefixes_received"] = prefixes
    return scene.rows(
        device, "bgp", ("bgp_session", {**key, "session_state": "ESTABLISHED"}), ("bgp_session", family)
    )


def fabric(version: int = 4, leaves: tuple[int, ...] = LEAVES) -> Scene:
    scene = Scene()
    for leaf in leaves:
        with scene.dump(f"l{leaf}"):
            scene.serves(f"l{leaf}").imet(f"l{leaf}", address(leaf), neighbor=None)
            for spine in SPINES:
                mine, theirs = link(leaf, spine, version)
                scene.has_address(f"l{leaf}", f"up{spine}", mine, 31 if version == 4 else 64)
                says(scene, f"l{leaf}", theirs)
    for spine in SPINES:
        with scene.dump(f"s{spine}"):
            for leaf in leaves:
                mine, theirs = link(leaf, spine, version)
                scene.has_address(f"s{spine}", f"down{leaf}", theirs, 31 if version == 4 else 64)
                says(scene, f"s{spine}", mine)
    return scene.passes(20)


def told(outcome: Outcome) -> list[tuple[str, str | None, float]]:
    return [(one["device"], one["peer"], one["detected_at"]) for one in outcome.of("V16")]


def test_a_whole_fabric_is_silent() -> None:
    assert play(fabric().passes(120)).of("V16") == []


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("leaf_s_end", [True, False])
def test_a_family_that_is_not_negotiated_for_10_s(version: int, *, leaf_s_end: bool) -> None:
    scene = fabric(version)
    mine, theirs = link(1, 1, version)
    says(scene, "l1" if leaf_s_end else "s1", theirs if leaf_s_end else mine, active=False)

    assert play(scene.passes(9.9)).of("V16") == []
    [incident] = play(scene.passes(1)).of("V16")
    assert (incident["device"], incident["peer"], incident["detected_at"]) == ("l1", theirs, 30)
    assert incident["severity"] == "critical"
    assert "The BGP session of l1 with s1 is established, but doesn't carry EVPN" in incident["summary"]


def test_a_session_that_is_down_is_no_matter_of_its_family() -> None:
    scene = fabric()
    key = {"network_instance": "default", "neighbor": link(1, 1)[1]}
    scene.rows(
        "l1",
        "bgp",
        ("bgp_session", {**key, "session_state": "IDLE"}),
        ("bgp_session", {**key, "afi_safi": "L2VPN_EVPN", "active": False, "prefixes_received": 0}),
    )

    assert play(scene.passes(120)).of("V16") == []


def test_a_spine_that_negotiates_evpn_with_nobody_is_one_incident() -> None:
    scene = fabric()
    for leaf in LEAVES:
        says(scene, f"l{leaf}", link(leaf, 1)[1], active=False)

    [incident] = play(scene.passes(11)).of("V16")

    assert (incident["device"], incident["peer"]) == ("s1", None)
    assert "s1 negotiates no EVPN on 3 of 3 BGP sessions" in incident["summary"]


def test_a_neighbour_nobody_knows_is_not_missed() -> None:
    scene = says(fabric(), "l1", "192.0.2.77", active=False)

    assert play(scene.passes(60)).of("V16") == []


@pytest.mark.parametrize("version", [4, 6])
def test_no_prefix_for_60_s_where_another_spine_sends_some(version: int) -> None:
    scene = says(fabric(version), "l1", link(1, 1, version)[1], prefixes=0)

    assert play(scene.passes(59.9)).of("V16") == []
    [incident] = play(scene.passes(1)).of("V16")
    assert (incident["device"], incident["peer"]) == ("l1", link(1, 1, version)[1])
    assert incident["detected_at"] == 80
    assert "no prefix comes, where others get some" in incident["summary"]
    assert "family not negotiated: it is active" in incident["evidence"]


def test_a_prefix_within_60_s_is_in_time() -> None:
    scene = says(fabric(), "l1", link(1, 1)[1], prefixes=0).passes(55)
    says(scene, "l1", link(1, 1)[1], prefixes=1).passes(60)

    assert play(scene).of("V16") == []


def test_a_spine_that_sends_nobody_anything_is_one_incident() -> None:
    scene = fabric()
    for leaf in LEAVES:
        says(scene, f"l{leaf}", link(leaf, 1)[1], prefixes=0)

    # the other direction still brings something
    assert told(play(scene.passes(61))) == [("s1", None, 80)]


def test_a_leaf_that_sends_one_spine_nothing() -> None:
    scene = says(fabric(), "s2", link(3, 2)[0], prefixes=0).passes(61)

    assert told(play(scene)) == [("l3", link(3, 2)[1], 80)]


def test_a_monitor_that_only_listens_owes_nothing() -> None:
    scene = says(fabric(), "s1", "192.0.2.9", prefixes=0)
    says(scene, "l1", "192.0.2.10", prefixes=0)

    assert play(scene.passes(120)).of("V16") == []


def test_a_leaf_with_nothing_to_say_owes_nothing() -> None:
    scene = fabric()
    for spine in SPINES:
        says(scene, f"s{spine}", link(3, spine)[0], prefixes=0)

    assert play(scene.passes(120)).of("V16") == []


def test_the_only_leaf_with_routes_gets_none() -> None:
    # what it announced itself a spine doesn't send back
    scene = fabric()
    for spine in SPINES:
        says(scene, "l1", link(1, spine)[1], prefixes=0)
        for leaf in (2, 3):
            says(scene, f"s{spine}", link(leaf, spine)[0], prefixes=0)

    assert play(scene.passes(120)).of("V16") == []


def test_counters_that_are_not_told_are_not_zero() -> None:
    scene = Scene()
    for leaf in LEAVES:
        with scene.dump(f"l{leaf}"):
            for spine in SPINES:
                scene.has_address(f"l{leaf}", f"up{spine}", link(leaf, spine)[0], 31)
                says(scene, f"l{leaf}", link(leaf, spine)[1], prefixes=None)

    assert play(scene.passes(120)).of("V16") == []


def test_without_counters_routes_tell_that_none_come() -> None:
    scene = Scene()
    for leaf in LEAVES:
        with scene.dump(f"l{leaf}"):
            scene.serves(f"l{leaf}").imet(f"l{leaf}", address(leaf), neighbor=None)
            for spine in SPINES:
                scene.has_address(f"l{leaf}", f"up{spine}", link(leaf, spine)[0], 31)
                says(scene, f"l{leaf}", link(leaf, spine)[1], prefixes=None)
                if (leaf, spine) != (1, 2):
                    scene.imet(f"l{leaf}", address(leaf % 3 + 1), neighbor=link(leaf, spine)[1])
    for spine in SPINES:
        with scene.dump(f"s{spine}"):
            for leaf in LEAVES:
                scene.has_address(f"s{spine}", f"down{leaf}", link(leaf, spine)[1], 31)
                says(scene, f"s{spine}", link(leaf, spine)[0], prefixes=None)
                scene.imet(f"s{spine}", address(leaf), neighbor=link(leaf, spine)[0])

    assert play(scene.passes(59.9)).of("V16") == []
    assert told(play(scene.passes(1))) == [("l1", link(1, 2)[1], 60)]


def test_a_session_that_came_up_has_60_s() -> None:
    scene = fabric()
    key = {"network_instance": "default", "neighbor": link(1, 1)[1]}
    scene.row("l1", "bgp", "bgp_session", **key, session_state="IDLE")
    says(scene, "l1", link(1, 2)[1])
    scene.row("l1", "bgp", "bgp_session", **key, afi_safi="L2VPN_EVPN", prefixes_received=0).passes(100)
    scene.row("l1", "bgp", "bgp_session", **key, session_state="ESTABLISHED")

    assert play(scene.passes(59.9)).of("V16") == []
    assert len(play(scene.passes(1)).of("V16")) == 1


def test_it_clears_5_s_after_prefixes_come_and_not_while_nobody_sees() -> None:
    scene = says(fabric(), "l1", link(1, 1)[1], prefixes=0).passes(65)
    blind = play(says(fabric(), "l1", link(1, 1)[1], prefixes=0).passes(65).ends("l1").ends("s1").passes(60))
    assert [one["state"] for one in blind.of("V16")] == ["open"]

    says(scene, "l1", link(1, 1)[1], prefixes=5).passes(6)
    assert play(scene).spans("V16") == [(80, 90)]


@pytest.mark.parametrize("prefixes", [20, 0])
def test_while_the_end_that_complained_is_blind_nobody_can_tell(prefixes: int) -> None:
    scene = says(fabric(), "l1", link(1, 1)[1], active=prefixes == 0, prefixes=prefixes).passes(65)
    outcome = play(scene.ends("l1").passes(60))

    [incident] = outcome.of("V16")
    assert (incident["state"], incident["coverage"]) == ("open", 0)
    assert outcome.found("V16", active=None)

    with scene.dump("l1"):
        says(scene, "l1", link(1, 1)[1])
        says(scene, "l1", link(1, 2)[1])
    assert play(scene.passes(6)).of("V16")[0]["state"] == "resolved"


def test_a_spine_s_refusals_are_not_over_when_one_leaf_is_blind() -> None:
    scene = fabric()
    for leaf in LEAVES:
        says(scene, f"l{leaf}", link(leaf, 1)[1], active=False)
    scene.passes(20).ends("l1").passes(60)

    [incident] = play(scene).of("V16")
    assert (incident["device"], incident["state"]) == ("s1", "open")
    assert incident["coverage"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("wait", "opened"), [(30, 80), (5, 80), (90, 110)])
def test_the_wait_of_the_settings_is_part_of_the_patience(wait: int, opened: int) -> None:
    scene = says(fabric(), "l1", link(1, 1)[1], prefixes=0).passes(120)
    settings = Settings(fabric={("V16", "wait_s"): wait})

    assert [one["detected_at"] for one in play(scene, settings=settings).of("V16")] == [opened]


@given(cuts=st.sets(st.integers(1, 400), max_size=5), restarts=st.sets(st.integers(1, 400), max_size=3))
@settings(max_examples=10, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    scene = says(fabric(), "l1", link(1, 1)[1], prefixes=0)
    says(scene.passes(3), "l2", link(2, 1)[1], active=False).passes(70)
    says(scene, "l1", link(1, 1)[1]).passes(20)

    whole, parts = alone(scene), alone(scene, cuts, restarts=restarts)

    assert whole.findings == parts.findings
    assert whole.incidents == parts.incidents
    assert len(whole.of("V16")) == 2
