"""The MAC rules as the stream goes on: late claims revise what was found, each MAC is judged for itself."""

import pytest

from tests.pipeline.driver import Outcome, play
from tests.pipeline.scene import Scene, address, mac


def test_a_late_sticky_claim_takes_back_the_move_that_it_forbids() -> None:
    scene = Scene().joins("s1", "l1").passes(1).mac_route("s1", 1, address(1)).passes(9)
    scene.mac_route("s1", 1, address(2), 1).passes(1)
    told = len(scene.records)
    scene.now = 8.0
    with scene.received(11.5):
        # the owner's own word, from before the move
        scene.mac_route("l1", 1, address(1), sticky=True, neighbor=None)
    scene.now = 12.0

    assert [one["rule"] for one in play(scene.records[:told]).findings] == ["M1"]
    outcome = play(scene, [told])
    assert outcome.findings == []
    assert outcome.locations[0]["location"] == address(1)


def test_a_late_move_makes_a_flap_of_the_moves_after_it() -> None:
    scene = Scene().joins("s1", "s2").passes(1).mac_route("s1", 1, address(1), 0)
    for seq, at in ((1, 5.0), (3, 21.0)):
        scene.until(at).mac_route("s1", 1, address(1 + seq), seq)
    told = len(scene.records)
    scene.now = 20.0
    with scene.received(22.0):
        scene.mac_route("s2", 1, address(3), 2)
    scene.now = 22.0

    [incident] = play(scene, [told]).incidents

    assert (incident["rule"], incident["opened_at"]) == ("M3", 21)


def test_what_is_older_than_the_lateness_is_not_taken_back() -> None:
    scene = Scene().joins("s1", "l1").passes(1).mac_route("s1", 1, address(1)).passes(9)
    scene.mac_route("s1", 1, address(2), 1).passes(15)
    told = len(scene.records)
    scene.now = 8.0
    with scene.received(25.5):
        scene.mac_route("l1", 1, address(1), sticky=True, neighbor=None)
    scene.now = 26.0

    assert [one["rule"] for one in play(scene, [told]).findings] == ["M1"]


@pytest.mark.parametrize("size", [1000, 5])
def test_each_mac_is_judged_by_its_own_moves(size: int) -> None:
    scene = Scene().joins("s1").passes(1)
    for number in range(1, 7):
        scene.mac_route("s1", number, address(1), 0)
    for move in range(1, 7):
        scene.passes(20)
        # MAC n moves n times
        for number in range(move, 7):
            scene.mac_route("s1", number, address(1 + move % 2), move)

    outcome = play(scene, range(0, len(scene.records), size))

    counted = outcome.found("M1", "M2", "M3")
    moves = {number: [one for one in counted if one["mac"] == mac(number)] for number in range(1, 7)}
    assert {number: len(found) for number, found in moves.items()} == {
        number: number for number in range(1, 7)
    }
    assert {incident["mac"] for incident in outcome.of("M2")} == {mac(5), mac(6)}
    assert {incident["mac"] for incident in outcome.of("M3")} == {mac(3), mac(4)}


# Steps that are no moves of a host.

SHARED = address(100)


def pair(moves: list[str], *, shared: bool = True, step: float = 20) -> Scene:
    """Leaves 1 and 2 share a VTEP, each has its own as well; a MAC's next hop goes along ``moves``."""
    scene = Scene().joins("s1", "l1", "l2").passes(1)
    for number in (1, 2) if shared else ():
        scene.imet(f"l{number}", SHARED, neighbor=None).imet(f"l{number}", address(number), neighbor=None)
    return along(scene.passes(20), moves, step)


def moves_of(outcome: Outcome) -> list[tuple[str, float]]:
    """What is said of moves; that a pair lost a link is told beside it, see test_redundancy."""
    return [(one["rule"], one["time"]) for one in outcome.findings if one["rule"].startswith("M")]


def opened(outcome: Outcome) -> list[str]:
    """The rules on MACs that opened incidents."""
    return [rule for rule in outcome.rules() if rule.startswith("M")]


def along(scene: Scene, moves: list[str], step: float = 20) -> Scene:
    for seq, place in enumerate(moves):
        scene.mac_route("s1", 1, place, seq)
        if seq:
            scene.mac_route("s1", 1, moves[seq - 1], op="delete")
        scene.passes(step)
    return scene


@pytest.mark.parametrize("size", [1000, 9])
def test_a_pair_that_goes_between_its_shared_vtep_and_its_own_moves_no_host(size: int) -> None:
    scene = pair([SHARED, address(1)] * 4)

    outcome = play(scene, range(0, len(scene.records), size), restarts=[len(scene.records) // 2])

    assert (moves_of(outcome), opened(outcome)) == ([], [])
    assert [row["location"] for row in outcome.locations] == [address(1)]


def test_between_vteps_of_which_nobody_knows_whose_they_are_it_is_a_move() -> None:
    assert opened(play(pair([SHARED, address(1)] * 4, shared=False))) == ["M2"]


def test_from_one_leaf_of_a_pair_to_the_other_is_a_move() -> None:
    assert opened(play(pair([address(1), address(2)] * 4))) == ["M2"]


def test_a_move_from_a_pair_to_a_third_leaf_counts_beside_its_own_changes() -> None:
    outcome = play(pair([SHARED, address(1), address(3), SHARED, address(2), address(3)], step=15))

    assert moves_of(outcome) == [("M1", 51), ("M1", 66), ("M3", 96)]


def test_the_addresses_of_a_device_s_interfaces_are_one_device_s() -> None:
    scene = Scene().joins("s1", "l1").passes(1)
    scene.has_address("l1", "lo0", address(1), 32).has_address("l1", "lo1", SHARED, 32).passes(1)

    outcome = play(along(scene, [SHARED, address(1)] * 4))

    assert (moves_of(outcome), opened(outcome)) == ([], [])


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(("seen", "told"), [(10.0, ["M1"]), (9.9, [])])
def test_what_is_known_after_a_step_changes_nothing_of_it(seen: float, told: list[str], *, cut: bool) -> None:
    scene = Scene().joins("s1", "l1").passes(1).imet("l1", SHARED, neighbor=None)
    scene.mac_route("s1", 1, SHARED).until(9.9).mac_route("s1", 1, address(1), 1)
    at = len(scene.records)
    # heard after the step, and said after it or with it
    scene.now = seen
    with scene.received(12.0):
        scene.imet("l1", address(1), neighbor=None)
    scene.now = 12.0

    assert [rule for rule, _ in moves_of(play(scene.passes(3), [at] if cut else []))] == told


@pytest.mark.parametrize("cut", [False, True])
def test_a_router_s_own_mac_moves_nobody_once_it_is_known(*, cut: bool) -> None:
    scene = Scene().joins("s1", "l1").passes(1)
    for seq in range(8):
        scene.mac_route("s1", 1, address(1 + seq % 2), seq).passes(20)
    at = len(scene.records)
    known = Scene().joins("s1", "l1").passes(1)
    known.mac_route("s1", 7, address(1), router_mac=mac(1))
    for seq in range(8):
        known.mac_route("s1", 1, address(1 + seq % 2), seq).passes(20)

    assert play(scene, [at // 2] if cut else []).rules() == ["M2"]
    assert play(known, [at // 2] if cut else (), restarts=[at // 3] if cut else ()).findings == []


def test_the_mac_that_a_remote_vtep_is_told_by_is_a_router_s() -> None:
    scene = Scene().joins("s1", "l1").passes(1)
    scene.row("l1", "vtep", "vtep", network_instance="default", peer=address(2), router_mac=mac(1)).passes(1)

    assert play(along(scene, [address(1), address(2)] * 4)).findings == []
    assert play(along(Scene().joins("s1").passes(2), [address(1), address(2)] * 4)).rules() == ["M2"]


def test_a_sticky_mac_of_a_router_is_still_contested() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 7, address(1), router_mac=mac(1))
    scene.mac_route("s1", 1, address(1), sticky=True).passes(9).mac_route("s1", 1, address(2), 1).passes(2)

    assert play(scene).rules() == ["M7"]


def test_a_mac_that_ages_out_on_one_leg_of_its_segment_is_nobody_s_loss() -> None:
    esi = "00:11:22:33:44:55:66:77:88:99"
    scene = Scene().joins("s1", "l1", "l2").passes(1)
    for pe in (1, 2):
        scene.mac_route("s1", 1, address(pe), 2, esi=esi).learns(f"l{pe}", 1, esi=esi)
    # the peer goes on as a proxy, with the number it knows
    scene.passes(60).learns("l1", 1, op="delete").mac_route("s1", 1, address(1), op="delete").passes(60)

    outcome = play(scene)

    assert moves_of(outcome) == []
    assert opened(outcome) == []
    assert [row["location"] for row in outcome.locations] == [esi]
