"""What devices tell of their cables, LAGs and adjacencies, and what goes wrong with them."""

from pathlib import Path

import pytest

from collectors.errors import InputError
from targets.simulated.agenda import SECOND
from targets.simulated.design import Design, Routing
from targets.simulated.fabric import Fabric
from targets.simulated.news import News, Said
from targets.simulated.scenarios import Scenario, Step
from targets.simulated.verbs import do
from targets.tree import Tree, patched
from tests.targets.simulated.judged import played


def built(routing: Routing = "ebgp", underlay: int = 4) -> Fabric:
    return Fabric.build(Design(routing=routing, underlay=6 if underlay == 6 else 4), 1)


def after(fabric: Fabric, verb: str, *words: str, seconds: float = 10) -> list[News]:
    """Do something and let time pass; what was said must be what is shown then."""
    before = {name: fabric.trees(device) for name, device in fabric.devices.items()}
    do(fabric, verb, words, 0)
    news = list(fabric.advance(round(seconds * SECOND)))
    for one in news:
        if isinstance(one, Said):
            before[one.device][one.family] = patched(before[one.device][one.family], one.delta)
    assert before == {name: fabric.trees(device) for name, device in fabric.devices.items()}
    return news


def leaf_values(tree: Tree, ending: str) -> list[object]:
    return [value for path, value in sorted(tree.items()) if path.endswith(ending)]


def shown(fabric: Fabric, device: str, family: str, ending: str) -> list[object]:
    return leaf_values(fabric.tree(fabric.devices[device], family), ending)


def test_both_ends_of_a_link_hear_each_other() -> None:
    fabric = built()
    assert shown(fabric, "leaf-2", "lldp", "/system-name") == ["spine-1", "spine-2"]
    assert shown(fabric, "leaf-2", "lldp", "/port-id") == ["eth2", "eth2"]
    assert shown(fabric, "spine-2", "lldp", "/system-name") == ["leaf-1", "leaf-2", "leaf-3", "leaf-4"]
    assert shown(fabric, "spine-2", "lldp", "/chassis-id")[0] == fabric.devices["leaf-1"].node.router_mac


@pytest.mark.parametrize("underlay", [4, 6])
def test_bfd_and_the_igp_name_the_other_end_s_address(underlay: int) -> None:
    fabric = built("ibgp", underlay)
    link = fabric.plan.links[0]
    assert shown(fabric, "leaf-1", "bfd", "/remote-address")[0] == link.spine_address
    assert shown(fabric, "leaf-1", "isis", f"/neighbor-ipv{underlay}-address")[0] == link.spine_address
    paths = fabric.tree(fabric.devices["leaf-1"], "isis")
    assert any("[system-id=0100.0000.0001]" in path for path in paths)


def test_only_the_ibgp_design_has_an_igp() -> None:
    assert built().tree(built().devices["leaf-1"], "isis") == {}
    assert shown(built("ibgp"), "spine-1", "isis", "/adjacency-state") == ["UP"] * 4


def test_all_leaves_of_a_segment_are_one_system_to_one_server() -> None:
    fabric = built()
    ends = [leaf.name for leaf in fabric.leaves if 0 in leaf.legs]
    lag = fabric.plan.segments[0].name
    for leaf in ("system-id", "partner-id"):
        values = {
            value
            for name in ends
            for path, value in fabric.tree(fabric.devices[name], "lacp").items()
            if f"[name={lag}]" in path and path.endswith(leaf)
        }
        assert len(values) == 1


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("link-down", ("leaf-1", "eth1")),
        ("linecards-down", ("spine-1",)),
        ("spine-down", ("spine-1",)),
    ],
)
def test_who_loses_a_link_loses_what_runs_over_it(verb: str, words: tuple[str, ...]) -> None:
    fabric = built("ibgp")
    after(fabric, verb, *words, seconds=5)
    assert shown(fabric, "leaf-1", "lldp", "/system-name") == ["spine-2"]
    assert shown(fabric, "leaf-1", "bfd", "/session-state") == ["DOWN", "UP"]
    assert shown(fabric, "leaf-1", "isis", "/adjacency-state") == ["DOWN", "UP"]


def test_a_mute_link_is_noticed_by_bfd_then_the_igp_then_lldp() -> None:
    fabric = built("ibgp")
    do(fabric, "link-mute", ("leaf-1", "eth1"), 0)
    seen: dict[str, float] = {}
    for news in fabric.advance(200 * SECOND):
        if isinstance(news, Said) and news.device == "leaf-1" and news.family in ("bfd", "isis", "lldp"):
            seen.setdefault(news.family, news.time_ns / SECOND)
    assert seen["bfd"] == pytest.approx(0.9)
    assert 6 <= seen["isis"] <= 9
    assert seen["lldp"] == pytest.approx(120)


def test_a_link_that_is_mended_brings_all_back() -> None:
    fabric = built("ibgp")
    whole = {family: fabric.tree(fabric.devices["leaf-1"], family) for family in ("lldp", "isis")}
    after(fabric, "link-down", "leaf-1", "eth1", seconds=5)
    do(fabric, "link-up", ("leaf-1", "eth1"), 5 * SECOND)
    list(fabric.advance(10 * SECOND))
    assert shown(fabric, "leaf-1", "lldp", "/system-name") == leaf_values(whole["lldp"], "/system-name")
    assert shown(fabric, "leaf-1", "isis", "/adjacency-state") == ["UP", "UP"]
    assert shown(fabric, "leaf-1", "bfd", "/failure-transitions") == [1, 0]


def test_a_leg_s_members_go_with_it() -> None:
    fabric = built()
    after(fabric, "es-link-down", "leaf-1", "po1")
    assert shown(fabric, "leaf-1", "lacp", "/synchronization")[:2] == ["OUT_SYNC"] * 2
    assert shown(fabric, "leaf-1", "lacp", "/partner-id")[:2] == ["00:00:00:00:00:00"] * 2


def test_a_leg_is_up_while_a_member_is() -> None:
    fabric = built()
    first, second = (port for port, it in fabric.leaves[0].members.items() if it.segment.name == "po1")
    after(fabric, "member-down", "leaf-1", first, seconds=1)
    assert fabric.leaves[0].legs[0]
    do(fabric, "member-down", ("leaf-1", second), 2 * SECOND)
    assert not fabric.leaves[0].legs[0]
    do(fabric, "member-up", ("leaf-1", first), 3 * SECOND)
    list(fabric.advance(10 * SECOND))
    assert fabric.leaves[0].legs[0]
    assert fabric.leaves[0].members[first].up
    assert not fabric.leaves[0].members[second].up


def test_a_member_that_leads_to_another_server_is_up_and_kept_out() -> None:
    fabric = built()
    whole = fabric.tree(fabric.devices["leaf-1"], "lacp")
    after(fabric, "member-stray", "leaf-1", "eth4", seconds=1)
    assert shown(fabric, "leaf-1", "lacp", "/synchronization")[:2] == ["OUT_SYNC", "IN_SYNC"]
    first, second = shown(fabric, "leaf-1", "lacp", "/partner-id")[:2]
    assert first not in {second, "00:00:00:00:00:00"}
    assert fabric.leaves[0].legs[0]
    after(fabric, "member-stray-clear", "leaf-1", "eth4")
    assert fabric.tree(fabric.devices["leaf-1"], "lacp") == whole


def test_miscabled_uplinks_come_up_and_lead_elsewhere_without_sessions() -> None:
    fabric = built()
    after(fabric, "miscable", "leaf-1", "eth1", "eth2")
    assert shown(fabric, "leaf-1", "lldp", "/system-name") == ["spine-2", "spine-1"]
    assert shown(fabric, "spine-1", "lldp", "/port-id")[0] == "eth2"
    assert shown(fabric, "leaf-1", "link", "/oper-status")[:3] == ["UP"] * 3
    assert shown(fabric, "leaf-1", "bgp", "/session-state") == ["ACTIVE"] * 2
    do(fabric, "miscable-clear", ("leaf-1", "eth1", "eth2"), 20 * SECOND)
    list(fabric.advance(40 * SECOND))
    assert shown(fabric, "leaf-1", "lldp", "/system-name") == ["spine-1", "spine-2"]
    assert shown(fabric, "leaf-1", "bgp", "/session-state") == ["ESTABLISHED"] * 2


@pytest.mark.parametrize(
    ("verb", "words", "said"),
    [
        ("miscable", ("leaf-1", "eth1", "eth1"), "one port"),
        ("miscable-clear", ("leaf-1", "eth1", "eth2"), "cabled like that already"),
        ("member-down", ("leaf-1", "eth1"), "no port eth1 in a LAG; members are eth4"),
        ("member-stray", ("leaf-1", "eth1"), "no port eth1 in a LAG; members are eth4"),
        ("member-stray-clear", ("leaf-1", "eth4"), "eth4 of leaf-1 leads to its server already"),
        ("link-flap", ("leaf-1", "po1"), "no link po1 to the fabric"),
    ],
)
def test_what_makes_no_sense_is_refused(verb: str, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        do(built(), verb, words, 0)


def test_faults_of_ports_are_found_in_time_and_nothing_else_is(tmp_path: Path) -> None:
    steps = (
        Step(10, "link-flap", ("leaf-1", "eth1", "2")),
        Step(30, "bfd-flap", ("leaf-3", "eth2", "3")),
        Step(50, "member-down", ("leaf-2", "eth4")),
        Step(65, "member-up", ("leaf-2", "eth4")),
        Step(70, "miscable", ("leaf-4", "eth1", "eth2")),
        Step(100, "miscable-clear", ("leaf-4", "eth1", "eth2")),
    )
    scenario = Scenario("ports", "faults of ports", 270, lambda _plan, _random: steps)
    found = played(scenario, Design(), 3, tmp_path)
    assert found.deviations() == []
    assert {"L1", "L2", "L4", "L6"} <= {one["rule"] for one in found.incidents}
