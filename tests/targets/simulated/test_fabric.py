"""Laws of the simulated fabric: what devices say adds up to what they show, and time alone decides."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import InputError
from targets.openconfig import rib
from targets.simulated.agenda import SECOND
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from targets.simulated.news import AdjacencyNote, MoveNote, Said, VerdictNote
from targets.simulated.play import schedule
from targets.simulated.scenarios import SCENARIOS, steps_of
from targets.simulated.verbs import do
from targets.tree import Value, patched

DESIGNS = st.builds(
    Design,
    spines=st.integers(1, 3),
    leaves=st.integers(2, 5),
    routing=st.sampled_from(["ebgp", "ibgp", "ebgp-ebgp", "ibgp-ebgp"]),
    underlay=st.sampled_from([4, 6]),
    vnis=st.integers(1, 3),
    hosts=st.integers(1, 12),
)
Shown = dict[tuple[str, str], dict[str, Value]]


def shown(fabric: Fabric) -> Shown:
    return {
        (name, family): dict(tree)
        for name, device in fabric.devices.items()
        for family, tree in fabric.trees(device).items()
    }


def let_pass(fabric: Fabric, until_s: float, state: Shown | None = None) -> list[object]:
    """Let time pass; keep what devices said in ``state``, and return the notes."""
    notes: list[object] = []
    for news in fabric.advance(round(until_s * SECOND)):
        if not isinstance(news, Said):
            notes.append(news)
        elif state is not None:
            state[news.device, news.family] = patched(state[news.device, news.family], news.delta)
    return notes


def verbs_for(fabric: Fabric, draw: random.Random) -> tuple[str, list[str]]:
    """Return something that may be done, sensible or not."""
    leaf, other = (draw.choice(fabric.leaves).name for _ in "12")
    spine, host = draw.choice(fabric.spines).name, draw.choice(list(fabric.hosts))
    device, lag = draw.choice(list(fabric.devices)), f"po{draw.randint(1, 4)}"
    return draw.choice(
        [
            ("link-down", [leaf, "eth1"]),
            ("link-up", [leaf, "eth1"]),
            ("link-mute", [leaf, "eth1"]),
            ("link-mute-up", [leaf, "eth1"]),
            ("es-link-down", [leaf, lag]),
            ("es-link-up", [leaf, lag]),
            ("leaf-down", [leaf]),
            ("leaf-up", [leaf]),
            ("spine-down", [spine]),
            ("spine-up", [spine]),
            ("linecards-down", [spine]),
            ("linecards-up", [spine]),
            ("reboot", [device, "3"]),
            ("session-down", [leaf, spine]),
            ("session-up", [leaf, spine]),
            ("rr-down", [spine]),
            ("rr-up", [spine]),
            ("host-detach", [host]),
            ("chatter", ["4"]),
            ("host-attach", [host, leaf]),
            ("mac-move", [host, leaf]),
            ("vmotion", [host, leaf]),
            ("duplicate", [host, leaf, "0.4"]),
            ("duplicate-clear", [host, leaf]),
            ("loop", [leaf, other]),
            ("loop-clear", [leaf, other]),
            ("clock-skew", [device, "-7"]),
        ]
    )


def disturbed(design: Design, seed: int, steps: int) -> tuple[Fabric, Shown]:
    fabric = Fabric.build(design, seed)
    state, draw = shown(fabric), random.Random(seed)
    for at in range(steps):
        let_pass(fabric, at / 2, state)
        verb, words = verbs_for(fabric, draw)
        try:
            do(fabric, verb, words, at * SECOND // 2)
        except InputError:
            continue
    let_pass(fabric, steps / 2 + 10, state)
    return fabric, state


@settings(max_examples=25)
@given(DESIGNS, st.integers(0, 1000))
def test_what_devices_say_makes_what_they_show(design: Design, seed: int) -> None:
    fabric, said = disturbed(design, seed, 14)
    assert said == shown(fabric)


def mend(fabric: Fabric, now: int) -> None:
    for spine in fabric.spines:
        for verb in ("spine-up", "linecards-up", "rr-up"):
            do(fabric, verb, [spine.name], now)
    for leaf in fabric.leaves:
        do(fabric, "leaf-up", [leaf.name], now)
        for session in fabric.routing.of(leaf):
            do(fabric, "session-up", [leaf.name, fabric.spines[session.spine].name], now)
            for verb in ("link-up", "link-mute-up"):
                do(fabric, verb, [leaf.name, f"eth{session.spine + 1}"], now)
        for number in leaf.legs:
            do(fabric, "es-link-up", [leaf.name, fabric.plan.segments[number].name], now)


@settings(max_examples=15)
@given(DESIGNS, st.integers(0, 1000))
def test_whatever_was_done_a_mended_fabric_has_one_place_for_each_host(design: Design, seed: int) -> None:
    fabric, _ = disturbed(design, seed, 10)
    mend(fabric, 20 * SECOND)
    let_pass(fabric, 25)
    for host in fabric.hosts.values():
        if host.segment is None:
            home = min(fabric.places[host.name], default=0)
            do(fabric, "duplicate-clear", [host.name, fabric.leaves[home].name], 25 * SECOND)
    let_pass(fabric, 40)
    for host in fabric.hosts.values():
        mac = (host.vni, host.mac)
        assert {leaf.node.number for leaf in fabric.leaves if mac in leaf.learning.local} == (
            fabric.places[host.name] or {0}
        )
        for leaf in fabric.leaves:
            known = fabric.known(leaf, mac)
            assert known.local is not None or known.remote is not None


@settings(max_examples=10)
@given(DESIGNS, st.integers(0, 1000))
def test_the_same_seed_gives_the_same_news(design: Design, seed: int) -> None:
    assert disturbed(design, seed, 8)[1] == disturbed(design, seed, 8)[1]


@settings(max_examples=20)
@given(DESIGNS, st.integers(0, 1000), st.lists(st.floats(0.01, 20), max_size=20))
def test_it_does_not_matter_how_time_is_cut(design: Design, seed: int, cuts: list[float]) -> None:
    def news(times: list[float]) -> list[object]:
        fabric = Fabric.build(design, seed)
        schedule(fabric, steps_of(SCENARIOS["calm"], fabric.plan, seed), 0)
        return [one for time in [*times, 20.0] for one in fabric.advance(round(time * SECOND))]

    if design.hosts >= 8:
        assert news(sorted(cuts)) == news([])


def told(fabric: Fabric, device: str, family: str, ending: str) -> dict[str, Value]:
    tree = fabric.tree(fabric.devices[device], family)
    return {path: value for path, value in tree.items() if path.endswith(ending)}


@pytest.fixture
def fabric() -> Fabric:
    return Fabric.build(Design(), 1)


def moves(notes: list[object]) -> list[MoveNote]:
    return [note for note in notes if isinstance(note, MoveNote)]


def test_a_moved_host_is_announced_with_the_next_number_and_its_old_leaf_withdraws(fabric: Fabric) -> None:
    host = fabric.hosts["h1"]
    do(fabric, "mac-move", ["h1", "leaf-3"], 0)
    let_pass(fabric, 1)
    known = [fabric.known(leaf, (host.vni, host.mac)) for leaf in fabric.leaves]
    assert [it.local and it.local[0] for it in known] == [None, None, 1, None]
    assert [it.remote and it.remote[0] for it in known] == [1, 1, None, 1]


def test_a_migration_is_six_moves_and_ends_where_it_was_to_go(fabric: Fabric) -> None:
    do(fabric, "vmotion", ["h1", "leaf-3"], 0)
    assert len(moves(let_pass(fabric, 10))) == 6
    host = fabric.hosts["h1"]
    assert fabric.known(fabric.leaves[2], (host.vni, host.mac)).local is not None
    assert fabric.known(fabric.leaves[0], (host.vni, host.mac)).remote == (6, "0" * 20, host.ips, False)


def test_a_leaf_freezes_a_mac_at_the_fifth_move_to_it_and_says_so(fabric: Fabric) -> None:
    do(fabric, "duplicate", ["h1", "leaf-2", "1"], 0)
    before = let_pass(fabric, 7.9)
    notes = let_pass(fabric, 8.1)
    assert len(moves(before)) == 8  # four to each
    assert [it.frozen for it in notes if isinstance(it, VerdictNote)] == [True]
    assert moves(notes) == []
    states = told(fabric, "leaf-2", "mac", "[producer=LOCAL]/state/mobility-state")
    assert set(states.values()) == {"FROZEN"}
    do(fabric, "duplicate-clear", ["h1", "leaf-1"], 10 * SECOND)
    let_pass(fabric, 20)
    assert told(fabric, "leaf-2", "mac", "/mobility-state") == {}


def test_a_lost_leg_withdraws_the_segment_first_and_its_macs_later(fabric: Fabric) -> None:
    do(fabric, "es-link-down", ["leaf-1", "po1"], 0)
    gone: list[tuple[str, int]] = []
    for news in fabric.advance(SECOND):
        if isinstance(news, Said) and news.device == "leaf-4" and news.family == "routes":
            gone += [(path, news.time_ns) for path in news.delta.deletes]
    times = {
        kind: [at for path, at in gone if kind in path] for kind in ("type-one", "type-four", "type-two")
    }
    assert all(times.values())
    assert max(times["type-one"] + times["type-four"]) < min(times["type-two"])
    esi = fabric.plan.segments[0].esi
    left = told(fabric, "leaf-4", "routes", "/state/esi")
    assert esi in left.values()  # by the other leg


def test_the_hosts_of_a_segment_do_not_move_with_a_leg(fabric: Fabric) -> None:
    do(fabric, "es-link-down", ["leaf-1", "po1"], 0)
    do(fabric, "es-link-up", ["leaf-1", "po1"], 5 * SECOND)
    assert moves(let_pass(fabric, 15)) == []


def test_a_session_that_returns_brings_the_whole_table_back(fabric: Fabric) -> None:
    before = shown(fabric)["leaf-1", "routes"]
    do(fabric, "link-down", ["leaf-1", "eth1"], 0)
    let_pass(fabric, 1)
    peer = fabric.leaves[0].neighbors[0].address
    assert not any(f"[peer-ip={peer}]" in path for path in shown(fabric)["leaf-1", "routes"])
    do(fabric, "link-up", ["leaf-1", "eth1"], 2 * SECOND)
    let_pass(fabric, 6)
    assert shown(fabric)["leaf-1", "routes"] == before


def test_a_link_that_passes_nothing_ends_the_session_with_its_hold_timer(fabric: Fabric) -> None:
    do(fabric, "link-mute", ["leaf-1", "eth1"], 0)
    do(fabric, "mac-move", ["h1", "leaf-2"], 0)
    notes = let_pass(fabric, 10)
    assert [(it.kind, it.up) for it in notes if isinstance(it, AdjacencyNote)] == [("session", False)]
    assert told(fabric, "leaf-1", "link", "[name=eth1]/state/oper-status") == {
        "/interfaces/interface[name=eth1]/state/oper-status": "UP"
    }
    do(fabric, "link-mute-up", ["leaf-1", "eth1"], 10 * SECOND)
    notes = let_pass(fabric, 13)
    assert [(it.kind, it.up) for it in notes if isinstance(it, AdjacencyNote)] == [("session", True)]


def test_what_was_sent_over_a_mute_link_comes_when_it_passes_again_in_time(fabric: Fabric) -> None:
    do(fabric, "link-mute", ["leaf-1", "eth1"], 0)
    do(fabric, "host-detach", ["h1"], 0)
    let_pass(fabric, 3)
    do(fabric, "link-mute-up", ["leaf-1", "eth1"], 3 * SECOND)
    assert [it for it in let_pass(fabric, 20) if isinstance(it, AdjacencyNote)] == []
    assert not any(fabric.hosts["h1"].mac in path for path in shown(fabric)["spine-1", "routes"])


def test_reflected_routes_name_their_originator_and_cluster() -> None:
    fabric = Fabric.build(Design(routing="ibgp"), 1)
    assert set(told(fabric, "leaf-1", "routes", "/originator-id").values()) == {
        "10.1.0.2",
        "10.1.0.3",
        "10.1.0.4",
    }
    assert set(told(fabric, "leaf-1", "routes", "/cluster-list").values()) == {("10.0.0.1",), ("10.0.0.2",)}
    assert told(fabric, "spine-1", "routes", "/cluster-list") == {}


def test_as_paths_grow_by_each_hop() -> None:
    fabric = Fabric.build(Design(), 1)
    members = set(told(fabric, "leaf-1", "routes", "/member").values())
    assert members == {(65000, 65002), (65000, 65003), (65000, 65004)}


def test_an_ibgp_session_outlives_a_link_but_not_all_of_them() -> None:
    fabric = Fabric.build(Design(routing="ibgp"), 1)

    def ups() -> list[bool]:
        return [it.up for it in fabric.routing.of(fabric.leaves[0])]

    do(fabric, "link-down", ["leaf-1", "eth1"], 0)
    let_pass(fabric, 5)
    assert ups() == [True, True]
    do(fabric, "link-down", ["leaf-1", "eth2"], 5 * SECOND)
    let_pass(fabric, 6)
    assert ups() == [False, False]


def test_every_route_has_a_type_and_every_reference_a_row(fabric: Fabric) -> None:
    tree = shown(fabric)["leaf-1", "routes"]
    rows = {path.partition("[index=")[2].partition("]")[0] for path in tree if rib.ATTR_SETS in path}
    assert {str(value) for path, value in tree.items() if path.endswith("/attr-index")} == rows
    for kind in ("type-one", "type-two", "type-three", "type-four", "type-five"):
        assert any(f"/{kind}-" in path for path in tree)


def test_a_leg_mended_while_its_leaf_is_off_comes_up_with_the_leaf(fabric: Fabric) -> None:
    do(fabric, "leaf-down", ["leaf-1"], 0)
    do(fabric, "es-link-down", ["leaf-1", "po1"], 0)
    do(fabric, "es-link-up", ["leaf-1", "po1"], 0)
    do(fabric, "es-link-down", ["leaf-1", "po3"], 0)
    let_pass(fabric, 2)
    assert not any(fabric.leaves[0].legs.values())
    do(fabric, "leaf-up", ["leaf-1"], 2 * SECOND)
    let_pass(fabric, 12)
    assert fabric.leaves[0].legs == {0: True, 2: False}
    behind = [host for host in fabric.plan.hosts if host.segment == 0]
    assert behind
    assert all((host.vni, host.mac) in fabric.leaves[0].learning.local for host in behind)
