"""The four designs: who has sessions with whom, and what is left of them when a link or a device is gone."""

import pytest

from targets.simulated.agenda import SECOND
from targets.simulated.design import Design, Routing
from targets.simulated.fabric import Fabric
from targets.simulated.verbs import do

DESIGNS: tuple[Routing, ...] = ("ebgp", "ibgp", "ebgp-ebgp", "ibgp-ebgp")


def fabric_of(routing: Routing) -> Fabric:
    return Fabric.build(Design(spines=2, leaves=3, routing=routing, vnis=1, hosts=6), 7)


def let_pass(fabric: Fabric, until_s: float) -> None:
    for _ in fabric.advance(round(until_s * SECOND)):
        pass


def routes(fabric: Fabric) -> dict[str, dict[str, list[int]]]:
    return {
        name: {entry: [slot for slot, _ in paths] for entry, paths in device.table.paths.items()}
        for name, device in fabric.devices.items()
    }


@pytest.mark.parametrize(
    ("routing", "peer", "peer_as", "underlay"),
    [
        ("ebgp", "10.128.0.0", 65000, []),
        ("ibgp", "10.0.0.1", 65000, []),
        ("ebgp-ebgp", "10.0.0.1", 65000, [("10.128.0.0", 65000)]),
        ("ibgp-ebgp", "10.0.0.1", 65000, [("10.128.0.0", 65000)]),
    ],
)
def test_a_leaf_has_the_sessions_of_its_design(
    routing: Routing, peer: str, peer_as: int, underlay: list[tuple[str, int]]
) -> None:
    leaf = fabric_of(routing).leaves[0]
    assert (leaf.neighbors[0].address, leaf.neighbors[0].asn) == (peer, peer_as)
    assert leaf.neighbors[0].local_as == (65000 if "ibgp" in routing else 65001)
    assert [(it.address, it.asn) for it in leaf.underlays[:1]] == underlay
    assert all(it.carries == "IPV4_UNICAST" and it.local_as == 65001 for it in leaf.underlays)


@pytest.mark.parametrize(
    ("routing", "until_s"), [("ebgp", 0.1), ("ibgp-ebgp", 0.4), ("ebgp-ebgp", 31), ("ibgp", None)]
)
def test_a_session_ends_when_its_design_notices_that_the_link_is_gone(
    routing: Routing, until_s: float | None
) -> None:
    fabric = fabric_of(routing)
    do(fabric, "link-down", ["leaf-1", "eth1"], 0)
    if until_s is None:  # the IGP knows a way over another leaf
        let_pass(fabric, 60)
        assert fabric.leaves[0].neighbors[0].up
        return
    let_pass(fabric, until_s)
    assert not fabric.leaves[0].neighbors[0].up
    assert all(it.up for it in fabric.leaves[1].neighbors)


def test_ebgp_between_loopbacks_keeps_stale_routes_for_as_long_as_its_hold_timer_runs() -> None:
    fabric = fabric_of("ebgp-ebgp")
    at_rest = routes(fabric)
    do(fabric, "leaf-down", ["leaf-1"], 0)
    let_pass(fabric, 19.9)
    assert routes(fabric)["leaf-2"] == at_rest["leaf-2"]
    let_pass(fabric, 31)
    assert all(not entry_of_leaf_1(entry) for entry in fabric.leaves[1].table.paths)


def entry_of_leaf_1(entry: str) -> bool:
    return "route-distinguisher=10.1.0.1:" in entry


@pytest.mark.parametrize("routing", DESIGNS)
@pytest.mark.parametrize(
    ("down", "up"),
    [
        (("link-down", "leaf-1", "eth1"), ("link-up", "leaf-1", "eth1")),
        (("link-mute", "leaf-1", "eth1"), ("link-mute-up", "leaf-1", "eth1")),
        (("leaf-down", "leaf-1"), ("leaf-up", "leaf-1")),
        (("spine-down", "spine-2"), ("spine-up", "spine-2")),
        (("rr-down", "spine-1"), ("rr-up", "spine-1")),
        (("session-down", "leaf-2", "spine-1"), ("session-up", "leaf-2", "spine-1")),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("gone_s", [3, 40])
def test_what_is_mended_is_as_before_in_each_design(
    routing: Routing, down: tuple[str, ...], up: tuple[str, ...], gone_s: int
) -> None:
    fabric = fabric_of(routing)
    at_rest = routes(fabric)
    do(fabric, down[0], down[1:], 0)
    let_pass(fabric, gone_s)
    do(fabric, up[0], up[1:], gone_s * SECOND)
    let_pass(fabric, gone_s + 20)
    assert routes(fabric) == at_rest
    assert all(it.up for device in fabric.devices.values() for it in (*device.neighbors, *device.underlays))
