"""Addresses that two hosts have at once: I1, I2, I5."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import VNI, Scene, address, delayed, mac

alone = judged_by("addresses")

OBSERVERS = ("s1", "s2")
IP = {4: "10.1.0.7", 6: "fd00:1::7"}
VRRP = 0x00005E000101
ANYCAST = 0x02005E001000


def fabric(*observers: str) -> Scene:
    """Two leaves, and who hears their routes."""
    scene = Scene().joins(*(observers or OBSERVERS)).passes(1)
    for device in observers or OBSERVERS:
        for leaf in (1, 2):
            scene.imet(device, address(leaf))
    return scene.passes(4)


def bind(scene: Scene, number: int, leaf: int, *devices: str, ip: str = IP[4], **more: Any) -> Scene:
    """A host is bound to an address behind a leaf, or no longer."""
    for device in devices or OBSERVERS:
        scene.mac_route(device, number, address(leaf), ip=ip, **more)
    return scene


def unbind(scene: Scene, number: int, leaf: int, *devices: str, ip: str = IP[4], **more: Any) -> Scene:
    return bind(scene, number, leaf, *devices, ip=ip, op="delete", **more)


def duplicate(version: int = 4, **more: Any) -> Scene:
    """From second 10 on a host behind leaf 2 has the address of one behind leaf 1."""
    scene = bind(fabric(), 1, 1, ip=IP[version], **more).passes(5)
    return bind(scene, 2, 2, ip=IP[version], **more)


# I1


@pytest.mark.parametrize("version", [4, 6])
def test_an_address_with_two_macs_at_two_places_for_10_s_is_a_duplicate(version: int) -> None:
    scene = duplicate(version)

    assert play(scene.passes(9.9)).incidents == []
    outcome = play(scene.passes(1))
    [incident] = outcome.incidents
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("I1", "critical", 20)
    assert (incident["vni"], incident["mac"], incident["device"]) == (VNI, None, None)
    assert incident["ip_hi"] is not None
    assert incident["summary"] == (
        f"IP {IP[version]} in VNI 1010 has 2 MACs at once, for longer than 10 s: "
        "00:11:c0:08:00:01 at 10.0.0.1 and 00:11:c0:08:00:02 at 10.0.0.2"
    )
    evidence = json.loads(incident["evidence"])
    assert (evidence["first"], evidence["last"], evidence["macs"]) == (address(1), address(2), 2)
    assert evidence["ruled_out"]


def test_an_address_that_moves_to_another_mac_is_no_duplicate_while_both_are_bound_for_10_s() -> None:
    scene = unbind(duplicate().passes(10), 1, 1).passes(30)

    assert play(scene).findings == []


@pytest.mark.parametrize("more", [{}, {"esi": "00:11:22:33:44:55:66:77:88:99"}])
def test_two_macs_at_one_place_are_one_host_with_two_cards(more: dict[str, Any]) -> None:
    scene = bind(bind(fabric(), 1, 1, **more).passes(5), 2, 1, **more).passes(30)

    assert play(scene).findings == []


def test_a_multihomed_host_has_one_mac_behind_two_leaves() -> None:
    esi = "00:11:22:33:44:55:66:77:88:99"
    scene = bind(bind(fabric(), 1, 1, esi=esi).passes(5), 1, 2, esi=esi).passes(30)

    assert play(scene).findings == []


def test_one_address_in_two_vnis_is_two_addresses() -> None:
    scene = bind(bind(fabric(), 1, 1).passes(5), 2, 2, vni=1020).passes(30)

    assert play(scene).findings == []


def test_what_the_first_dump_shows_is_no_news() -> None:
    scene = Scene()
    for device in OBSERVERS:
        with scene.dump(device):
            bind(bind(scene, 1, 1, device), 2, 2, device)

    assert play(scene.passes(60)).findings == []


def test_an_address_that_a_probe_asks_for_is_nobody_s() -> None:
    scene = bind(bind(fabric(), 1, 1, ip="0.0.0.0").passes(5), 2, 2, ip="0.0.0.0").passes(30)

    assert play(scene).findings == []


def test_a_leaf_that_is_cut_off_and_goes_on_alone_makes_no_duplicate() -> None:
    scene = fabric("s1", "l1")
    scene.mac_route("s1", 1, address(1), ip=IP[4]).mac_route("l1", 1, address(1), ip=IP[4], neighbor=None)
    scene.passes(5)
    # the fabric loses leaf 1, its address fails over to another host; the leaf keeps its own route
    unbind(scene, 1, 1, "s1").passes(1)
    bind(scene, 2, 2, "s1").passes(60)

    assert play(scene).findings == []


def test_a_leaf_that_learned_an_address_and_hears_another_mac_for_it_makes_one() -> None:
    scene = fabric("s1", "l1")
    scene.row(
        "l1", "mac", "host_binding", network_instance="bd-1010", mac=mac(1), ip_hi=0,
        ip_lo=0xFFFF_0A01_0007, producer="LOCAL", vni=VNI,
    ).passes(5)  # fmt: skip
    bind(scene, 2, 2, "s1", "l1").passes(11)

    [incident] = play(scene).incidents
    assert "00:11:c0:08:00:01 at l1 and 00:11:c0:08:00:02 at 10.0.0.2" in incident["summary"]


def test_it_clears_when_one_mac_is_left_for_5_s_and_not_before() -> None:
    scene = unbind(duplicate().passes(20), 1, 1).passes(4.9)
    assert play(scene).spans() == [(20, None)]
    assert play(scene.passes(1)).spans() == [(20, 35)]


def test_one_observer_that_still_hears_it_keeps_it_open() -> None:
    scene = unbind(duplicate().passes(20), 1, 1, "s1").passes(30)

    assert play(scene).spans() == [(20, None)]


def test_nobody_can_tell_while_all_are_blind_and_nothing_resolves() -> None:
    scene = duplicate().passes(20).ends("s1").ends("s2").passes(60)

    outcome = play(scene)
    [incident] = outcome.of("I1")
    assert (incident["state"], incident["coverage"]) == ("open", 0)
    assert outcome.found("I1", active=None)


def test_an_address_taken_over_long_ago_can_be_a_duplicate_again() -> None:
    scene = unbind(duplicate().passes(2), 1, 1).passes(600)
    bind(scene, 3, 1).passes(11)

    assert play(scene, cuts=range(0, 700, 50)).spans() == [(622, None)]


@pytest.mark.parametrize(("count", "found"), [(9, 9), (10, 1), (60, 1)])
def test_ten_duplicates_between_two_places_within_30_s_are_one_finding(count: int, found: int) -> None:
    scene = fabric()
    for number in range(count):
        bind(scene, number, 1, ip=f"10.1.0.{number + 1}")
    scene.passes(5)
    for number in range(count):
        bind(scene, 100 + number, 2, ip=f"10.1.0.{number + 1}")
    outcome = play(scene.passes(15))

    assert len(outcome.incidents) == found
    if found == 1:
        [incident] = outcome.incidents
        assert (incident["vtep"], incident["peer"], incident["vni"]) == (address(1), address(2), None)
        assert incident["summary"].startswith(f"{count} IP addresses in 1 VNI have a MAC at both of 10.0.0.1")
        assert json.loads(incident["evidence"])["addresses"] == count


def test_many_duplicates_clear_together_when_the_last_is_over() -> None:
    scene = fabric()
    for number in range(12):
        bind(bind(scene, number, 1, ip=f"10.1.0.{number + 1}"), 100 + number, 2, ip=f"10.1.0.{number + 1}")
    scene.passes(400)
    for number in range(11):
        unbind(scene, number, 1, ip=f"10.1.0.{number + 1}")
    scene.passes(400)
    assert play(scene, cuts=range(0, 1000, 90)).spans() == [(15, None)]

    outcome = play(unbind(scene, 11, 1, ip="10.1.0.12").passes(10), cuts=range(0, 1000, 90))
    assert outcome.spans() == [(15, 810)]
    assert (
        outcome.findings[-1]["summary"] == "No IP address has a MAC at both of 10.0.0.1 and 10.0.0.2 any more"
    )


# I2


def flapping(changes: int, gap: float = 30, version: int = 4) -> Scene:
    """The address changes its MAC; the first of them is there from second 5 on."""
    scene = bind(fabric(), 1, 1, ip=IP[version])
    for number in range(changes):
        scene.passes(gap)
        old, new = (1, 2) if number % 2 == 0 else (2, 1)
        unbind(bind(scene, new, new, ip=IP[version]), old, old, ip=IP[version])
    return scene.passes(1)


@pytest.mark.parametrize("version", [4, 6])
def test_five_changes_of_the_mac_within_180_s_are_a_flap_and_four_are_none(version: int) -> None:
    assert play(flapping(4, version=version)).incidents == []

    [incident] = play(flapping(5, version=version)).incidents
    assert (incident["vni"], incident["mac"]) == (VNI, None)
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("I2", "warning", 155)
    assert incident["summary"] == (
        f"IP {IP[version]} in VNI 1010 changed its MAC 5 times within 180 s, "
        "now from 00:11:c0:08:00:01 to 00:11:c0:08:00:02 at 10.0.0.2"
    )


@pytest.mark.parametrize(("gap", "found"), [(44.9, 1), (45, 0)])
def test_the_window_is_half_open(gap: float, found: int) -> None:
    assert len(play(flapping(6, gap=gap)).of("I2")) == found


def test_the_same_mac_that_comes_and_goes_is_no_change() -> None:
    scene = bind(fabric(), 1, 1)
    for _ in range(8):
        unbind(scene.passes(5), 1, 1)
        bind(scene.passes(5), 1, 1)

    assert play(scene.passes(5)).findings == []


def test_a_flap_clears_180_s_after_the_last_change() -> None:
    scene = flapping(5)

    assert play(scene.passes(178)).spans() == [(155, None)]
    assert play(scene.passes(2)).spans() == [(155, 155 + 180)]


# I5


def gateway(scene: Scene, *devices: str, number: int = ANYCAST, leaf: int = 1, **more: Any) -> Scene:
    for device in devices or OBSERVERS:
        scene.mac_route(
            device, 0, address(leaf), ip=IP[4], **{"mac": number, "default_gateway": True, **more}
        )
    return scene


@pytest.mark.parametrize(
    "more",
    [{}, {"number": VRRP, "default_gateway": None}, {"default_gateway": None, "router_mac": ANYCAST}],
    ids=["community", "vrrp", "router"],
)
@pytest.mark.parametrize("host_first", [True, False])
def test_a_host_with_a_gateway_s_address_is_a_conflict(more: dict[str, Any], *, host_first: bool) -> None:
    scene = fabric()
    if host_first:
        gateway(bind(scene, 5, 2).passes(5), **more)
    else:
        bind(gateway(scene, **more).passes(5), 5, 2)

    assert play(scene.passes(0.9)).incidents == []
    [incident] = play(scene.passes(1)).incidents
    assert (incident["rule"], incident["severity"], incident["detected_at"]) == ("I5", "critical", 11)
    assert incident["summary"].startswith("IP 10.1.0.7 in VNI 1010 is a gateway's, ")
    assert incident["summary"].endswith("and a host has it, too: 00:11:c0:08:00:05 at 10.0.0.2")


def test_an_anycast_gateway_on_two_leaves_is_no_conflict() -> None:
    scene = gateway(gateway(fabric(), leaf=1).passes(3), leaf=2).passes(60)

    assert play(scene).findings == []


def test_gateways_with_macs_of_their_own_are_no_duplicate() -> None:
    scene = gateway(gateway(fabric(), leaf=1).passes(3), leaf=2, number=ANYCAST + 1).passes(60)

    assert play(scene).findings == []


def test_an_address_of_an_interface_of_the_leaf_that_announces_it_is_no_host_s() -> None:
    scene = fabric("s1", "l1", "l2")
    for leaf in ("l1", "l2"):
        scene.has_address(leaf, "lo0", address(int(leaf[1])), 32).has_address(leaf, "irb10", IP[4], 24)
    scene.passes(5)
    bind(bind(scene, 1, 1, "s1").passes(3), 2, 2, "s1").passes(60)

    assert play(scene).findings == []


def test_a_gateway_s_own_route_whose_communities_come_a_moment_later_is_none() -> None:
    scene = gateway(fabric(), default_gateway=None).passes(0.5)
    gateway(gateway(scene, leaf=2), leaf=1)

    assert play(scene.passes(30)).findings == []


def test_the_conflict_is_over_when_the_host_is_gone_for_5_s() -> None:
    scene = unbind(bind(gateway(fabric()).passes(5), 5, 2).passes(10), 5, 2).passes(6)

    assert play(scene).spans("I5") == [(11, 25)]


# Laws


def story() -> Scene:
    """Duplicates, flaps and a conflict, of which some last longer than anything is remembered."""
    scene = Scene().joins("s1", "s2", "l1").passes(1)
    bind(scene, 9, 1, ip="10.1.0.9")
    gateway(bind(scene, 1, 1)).passes(5)
    bind(scene, 2, 2, ip="10.1.0.8").passes(1)
    bind(scene, 8, 2, ip="10.1.0.9").passes(14)
    for turn in range(7):
        old, new = (2, 3) if turn % 2 == 0 else (3, 2)
        unbind(bind(scene, new, new, ip="10.1.0.8"), old, old, ip="10.1.0.8").passes(7)
    for number in range(20, 32):
        bind(bind(scene, number, 1, ip=f"10.2.0.{number}"), number + 50, 2, ip=f"10.2.0.{number}")
    scene.passes(20)
    unbind(scene, 1, 1).passes(3)
    scene.ends("s1").passes(8)
    with scene.dump("s1"):
        bind(bind(scene, 8, 2, "s1", ip="10.1.0.9"), 9, 1, "s1", ip="10.1.0.9")
    scene.passes(340)
    unbind(scene, 9, 1, ip="10.1.0.9").passes(8)
    for number in range(20, 32):
        unbind(scene, number, 1, ip=f"10.2.0.{number}")
    return scene.passes(20)


STORY = story()


def told(outcome: Outcome) -> tuple[Any, Any, Any]:
    return outcome.findings, outcome.incidents, outcome.events


WHOLE = told(play(STORY))


def test_the_story_has_all_the_rules_in_it() -> None:
    assert {one["rule"] for one in WHOLE[1]} == {"I1", "I2", "I5"}


@given(
    st.lists(st.integers(1, len(STORY.records) - 1), max_size=4),
    st.lists(st.integers(1, len(STORY.records) - 1), max_size=3),
)
@settings(max_examples=10, deadline=None)
def test_neither_cuts_nor_restarts_change_anything(cuts: Sequence[int], restarts: Sequence[int]) -> None:
    assert told(alone(STORY, cuts, restarts=restarts)) == WHOLE


@given(st.lists(st.sampled_from([0.0, 0.4, 3.0, 9.0]), min_size=1, max_size=6))
@settings(max_examples=10, deadline=None)
def test_who_is_heard_first_changes_nothing_within_the_lateness(delays: list[float]) -> None:
    def plain(findings: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted(
            (one["rule"], one["active"], one["time"], str(one["ip_lo"]), str(one["vtep"]), one["summary"])
            for one in findings
            if one["rule"] in ("I1", "I2", "I5")
        )

    records = delayed(STORY.records, delays)
    assert plain(alone(records, range(0, len(records), 150)).findings) == plain(WHOLE[0])
