"""The routes of a leaf, as RFC 7432, 9135 and 9136 want them."""

import pytest

from targets.openconfig.rib import RouteType
from targets.simulated.announcements import Announcer, Route, attributes_at, designated_forwarder
from targets.simulated.bridging import Local
from targets.simulated.design import Design, plan_of

PLAN = plan_of(Design())
LEAF = PLAN.leaves[2]
ANNOUNCER = Announcer(PLAN, LEAF)
TARGET_10010 = bytes.fromhex("0002fde80000271a")  # 65000:10010
TARGET_L3 = bytes.fromhex("0002fde80000c351")  # 65000:50001
VXLAN = bytes.fromhex("030c000000000008")
ROUTER_MAC = bytes.fromhex("0603001c73bb0003")


def rd(route: Route) -> str:
    return route.entry.partition("[route-distinguisher=")[2].partition("]")[0]


def test_a_host_is_announced_with_and_without_its_addresses() -> None:
    only, bound = ANNOUNCER.mac(10010, "00:50:56:00:00:01", Local(("10.64.0.11",), "eth3", None))
    assert (rd(only), only.labels, set(only.communities)) == ("10.1.0.3:10", (10010,), {TARGET_10010, VXLAN})
    assert (rd(bound), bound.labels) == ("10.1.0.3:10", (10010, 50001))
    assert set(bound.communities) == {TARGET_10010, TARGET_L3, VXLAN, ROUTER_MAC}
    assert "[ip-prefix=10.64.0.11/32][ip-length=32]" in bound.entry
    assert "[ip-prefix=0.0.0.0/32][ip-length=0]" in only.entry


def test_only_a_moved_host_has_a_mobility_community() -> None:
    (moved,) = ANNOUNCER.mac(10010, "00:50:56:00:00:01", Local((), "eth3", None, seq=258))
    assert bytes.fromhex("0600000000000102") in moved.communities


def test_a_leg_is_announced_for_the_segment_its_election_and_each_vni() -> None:
    segment = PLAN.segments[1]
    whole, election, *each = ANNOUNCER.segment(segment)
    assert (whole.kind, rd(whole)) == (RouteType.ETHERNET_AD, "10.1.0.3:4002")
    assert f"[esi={segment.esi}][ethernet-tag=4294967295]" in whole.entry
    assert bytes.fromhex("0601000000000000") in whole.communities  # all-active; VXLAN has no label
    assert (election.kind, rd(election)) == (RouteType.SEGMENT, "10.1.0.3:4002")
    assert bytes.fromhex("0602443839ffff00") in election.communities  # six octets behind the type
    assert bytes.fromhex("0606004000000000") in election.communities  # default algorithm, AC-DF
    assert [(it.kind, it.labels, rd(it)) for it in each] == [
        (RouteType.ETHERNET_AD, (vni.number,), f"10.1.0.3:{vni.vlan}") for vni in PLAN.vnis
    ]


def test_floods_and_prefixes_are_those_of_the_vnis() -> None:
    flood = ANNOUNCER.flooding(PLAN.vnis[0])
    assert (flood.kind, flood.labels) == (RouteType.MULTICAST, (10010,))
    prefixes = list(ANNOUNCER.prefixes())
    assert [it.labels for it in prefixes] == [(50001,), (50002,), (50001,), (50002,)]
    assert all(ROUTER_MAC in it.communities for it in prefixes)


def test_the_next_hop_stays_the_vtep_on_the_way() -> None:
    for design in (Design(), Design(routing="ibgp"), Design(underlay=6)):
        plan = plan_of(design)
        hops = [(plan.leaves[2], -1), (plan.spines[1], 2), (plan.leaves[0], 1)]
        seen = {attributes_at(plan, node, 2, slot, "").next_hop for node, slot in hops}
        assert seen == {plan.leaves[2].address}


@pytest.mark.parametrize(
    ("tag", "elected"), [(10, "10.1.0.9"), (11, "10.1.0.10"), (12, "10.1.0.101"), (13, "10.1.0.9")]
)
def test_the_forwarder_is_the_vlan_modulo_the_leaves_in_numeric_order(tag: int, elected: str) -> None:
    addresses = ["10.1.0.101", "10.1.0.9", "10.1.0.10"]
    assert designated_forwarder(addresses, tag + 2) == elected
