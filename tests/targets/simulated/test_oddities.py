"""Policies gone wrong and MACs told otherwise than they are: what others hear, and that all can be undone."""

from dataclasses import replace

import pytest

from collectors.errors import InputError
from targets.openconfig.communities import mac_mobility
from targets.simulated.agenda import SECOND
from targets.simulated.announcements import VXLAN_ENCAPSULATION, Route
from targets.simulated.design import Design
from targets.simulated.expected import Expectations
from targets.simulated.fabric import Fabric
from targets.simulated.news import MoveNote, Said
from targets.simulated.verbs import do
from targets.tree import Value, patched

Shown = dict[tuple[str, str], dict[str, Value]]


@pytest.fixture
def fabric() -> Fabric:
    return Fabric.build(Design(spines=2, leaves=4, vnis=1, hosts=8), 7)


def shown(fabric: Fabric) -> Shown:
    return {
        (name, family): dict(tree)
        for name, device in fabric.devices.items()
        for family, tree in fabric.trees(device).items()
    }


def play(fabric: Fabric, *steps: str, start_s: int = 0) -> list[object]:
    """Do one thing after the other, 5 s apart, and return the notes of what happened."""
    notes: list[object] = []
    for number, step in enumerate(steps):
        verb, *words = step.split()
        now = start_s + 5 * number
        do(fabric, verb, words, now * SECOND)
        notes += [it for it in fabric.advance((now + 5) * SECOND) if not isinstance(it, Said)]
    return notes


def heard(fabric: Fabric, leaf: str, host: str) -> list[Route]:
    device = fabric.devices[leaf]
    mac = (fabric.hosts[host].vni, fabric.hosts[host].mac)
    best = (device.table.best(entry) for entry in device.table.paths)
    return [route for route in best if route is not None and route.mac == mac]


def test_a_mac_in_another_vni_is_another_mac() -> None:
    fabric = Fabric.build(Design(spines=2, leaves=4, vnis=2, hosts=8), 7)
    before, host = shown(fabric), fabric.hosts["h1"]

    notes = play(fabric, "mac-in-vni h1 leaf-2 10020")

    assert not [it for it in notes if isinstance(it, MoveNote)]
    assert {route.origin for route in heard(fabric, "leaf-3", "h1")} == {host.leaf}
    table = fabric.devices["leaf-3"].table
    routes = [table.best(entry) for entry in table.paths]
    assert {it.origin for it in routes if it is not None and it.mac == (10020, host.mac)} == {1}
    play(fabric, "mac-in-vni-clear h1 leaf-2 10020", start_s=10)
    assert shown(fabric) == before
    with pytest.raises(InputError, match="h1 is in VNI 10010; others are 10020"):
        do(fabric, "mac-in-vni", ("h1", "leaf-2", "10010"), 0)


UNDONE = [
    ("next-hop-self spine-1", "next-hop-self-clear spine-1"),
    ("strip spine-1", "strip-clear spine-1"),
    ("strip-encapsulation spine-1", "strip-clear spine-1"),
    ("evpn-silent spine-1", "evpn-silent-clear spine-1"),
    ("auto-rt leaf-3", "auto-rt-clear leaf-3"),
    ("withdraw-all leaf-1", "withdraw-all-clear leaf-1"),
    ("leak leaf-1 50", "leak leaf-1 0"),
    ("es-withhold leaf-1 po1 ad", "es-withhold leaf-1 po1 none"),
    ("es-withhold leaf-1 po1 es", "es-withhold leaf-1 po1 none"),
    ("es-withhold leaf-1 po1 evi", "es-withhold leaf-1 po1 none"),
    ("ip-duplicate h2 h1", "ip-duplicate-clear h2 h1"),
    ("gateway-conflict h1", "gateway-conflict-clear h1"),
    ("site-copy leaf-4 leaf-1", "site-copy-clear leaf-4 leaf-1"),
    ("mac-age h9 leaf-1", "mac-talk h9 leaf-1"),
    ("mac-tie h1 leaf-3", "mac-release h1"),
    ("mac-proxy h9 leaf-1", "mac-proxy-clear h9 leaf-1"),
]


@pytest.mark.parametrize(("wrong", "right"), UNDONE)
def test_what_is_undone_is_as_before_and_what_was_said_adds_up(
    fabric: Fabric, wrong: str, right: str
) -> None:
    before = shown(fabric)
    said = {key: dict(tree) for key, tree in before.items()}
    for number, step in enumerate((wrong, right)):
        verb, *words = step.split()
        do(fabric, verb, words, number * 5 * SECOND)
        for news in fabric.advance((number + 1) * 5 * SECOND):
            if isinstance(news, Said):
                said[news.device, news.family] = patched(said[news.device, news.family], news.delta)
        assert said == shown(fabric)
        assert (shown(fabric) == before) == (step == right)


def test_a_spine_that_makes_itself_the_next_hop_changes_that_alone(fabric: Fabric) -> None:
    play(fabric, "next-hop-self spine-1")
    (route, *_) = heard(fabric, "leaf-2", "h1")
    assert route.next_hop == "10.0.0.1"
    assert VXLAN_ENCAPSULATION in route.communities


def test_who_hears_no_route_target_imports_nothing(fabric: Fabric) -> None:
    play(fabric, "strip spine-1")
    host = fabric.hosts["h1"]
    assert heard(fabric, "leaf-2", "h1")
    assert fabric.known(fabric.leaves[1], (host.vni, host.mac)).remote is None
    assert not any(fabric.leaves[1].floods.values())


def test_only_who_insists_on_the_encapsulation_misses_it(fabric: Fabric) -> None:
    play(fabric, "refuse-bare leaf-4", "strip-encapsulation spine-1")
    assert [any(leaf.floods.values()) for leaf in fabric.leaves] == [True, True, True, False]


def test_a_leaf_with_route_targets_of_its_own_is_alone(fabric: Fabric) -> None:
    play(fabric, "auto-rt leaf-3")
    flooded = [{to for to, vnis in leaf.floods.items() if vnis} for leaf in fabric.leaves]
    assert flooded == [{1, 3}, {0, 3}, set(), {0, 1}]


def test_who_honours_a_static_mac_announces_nothing(fabric: Fabric) -> None:
    notes = play(fabric, "mac-sticky h1", "intrude h1 leaf-3")
    host = fabric.hosts["h1"]
    assert {route.origin for route in heard(fabric, "leaf-2", "h1")} == {0}
    assert all(mac_mobility(0, sticky=True) in route.communities for route in heard(fabric, "leaf-2", "h1"))
    assert fabric.known(fabric.leaves[2], (host.vni, host.mac)).local is not None
    assert not [it for it in notes if isinstance(it, MoveNote)]


def test_behind_the_last_number_comes_0_which_is_newer_and_spelled_out(fabric: Fabric) -> None:
    play(fabric, "host-detach h1", "mac-number h1 leaf-1 4294967295", "mac-move h1 leaf-2")
    found = heard(fabric, "leaf-4", "h1")
    assert {(route.origin, route.seq) for route in found} == {(1, 0)}
    assert all(mac_mobility(0, sticky=False) in route.communities for route in found)


def test_a_host_with_a_number_is_never_announced_with_another(fabric: Fabric) -> None:
    play(fabric, "host-detach h1")
    do(fabric, "mac-number", ["h1", "leaf-1", "4294967294"], 5 * SECOND)
    said = [it for it in fabric.advance(10 * SECOND) if isinstance(it, Said) and it.family == "mac"]
    numbers = {
        value
        for it in said
        for path, value in it.delta.updates.items()
        if path.endswith("seq-number") and fabric.hosts["h1"].mac in path
    }
    assert {it.device for it in said} == {"leaf-1", "leaf-2", "leaf-3", "leaf-4"}
    assert numbers == {4294967294}


def test_a_stale_route_stays_beside_the_newer_one(fabric: Fabric) -> None:
    play(fabric, "mac-stale h1 leaf-3")
    assert {(route.origin, route.seq) for route in heard(fabric, "leaf-4", "h1")} == {(0, 0), (2, 1)}
    play(fabric, "mac-release h1", start_s=10)
    assert {route.origin for route in heard(fabric, "leaf-4", "h1")} == {2}


def test_who_ignores_a_reset_shows_the_older_number(fabric: Fabric) -> None:
    play(fabric, "mac-move h1 leaf-2", "mac-reset h1")
    host = fabric.hosts["h1"]
    remote = fabric.known(fabric.leaves[3], (host.vni, host.mac)).remote
    assert remote is not None
    assert (remote[0], {route.seq for route in heard(fabric, "leaf-4", "h1")}) == (1, {0})
    play(fabric, "mac-take h1", start_s=20)
    remote = fabric.known(fabric.leaves[3], (host.vni, host.mac)).remote
    assert remote is not None
    assert remote[0] == 0


def test_a_pair_announces_one_address_and_an_orphan_that_of_its_leaf(fabric: Fabric) -> None:
    notes = play(fabric, "mlag leaf-1 leaf-2", "mlag-member-down h1 leaf-1")
    assert {(it.origin, it.next_hop, it.seq) for it in heard(fabric, "leaf-4", "h2")} == {
        (0, "10.2.0.1", 0),
        (1, "10.2.0.1", 0),
    }
    assert {(it.origin, it.next_hop, it.seq) for it in heard(fabric, "leaf-4", "h1")} == {(1, "", 1)}
    assert not [it for it in notes if isinstance(it, MoveNote)]
    play(fabric, "mlag-member-up h1 leaf-1", start_s=20)
    assert {(it.origin, it.seq) for it in heard(fabric, "leaf-4", "h1")} == {(0, 2), (1, 2)}


@pytest.mark.parametrize(
    "step",
    [
        "mac-sticky h9",
        "mlag-member-down h1 leaf-1",
        "mlag-member-up h1 leaf-1",
        "mac-number h1 leaf-2 7",
        "es-withhold leaf-1 po1 all",
        "es-withhold leaf-1 po9 ad",
    ],
)
def test_what_makes_no_sense_is_told(fabric: Fabric, step: str) -> None:
    verb, *words = step.split()
    with pytest.raises(InputError):
        do(fabric, verb, words, 0)


def test_a_gateways_mac_moves_as_any_other_and_is_expected_to_be_nobodys_duplicate() -> None:
    scenario = "host-new vrrp 00:00:5e:00:01:0a leaf-1"
    fabric = Fabric.build(Design(spines=1, leaves=2, vnis=1, hosts=2), 7)
    notes = play(fabric, scenario, *["mac-move vrrp leaf-2", "mac-move vrrp leaf-1"] * 3)
    moves = [it for it in notes if isinstance(it, MoveNote)]
    assert [(it.frm, it.to) for it in moves] == [(0, 1), (1, 0)] * 3
    expected = Expectations(fabric.plan)
    assert [turn for note in moves for turn in expected.take(note)] == []
    as_a_host = Expectations(fabric.plan)
    hosts = [replace(note, mac="00:50:56:00:00:0a") for note in moves]
    assert [turn.rule.id for note in hosts for turn in as_a_host.take(note)] == ["M3", "M2"]
