"""The MAC rules as the stream goes on: late claims revise what was found, each MAC is judged for itself."""

import pytest

from tests.pipeline.driver import play
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

    moves = {number: [one for one in outcome.findings if one["mac"] == mac(number)] for number in range(1, 7)}
    assert {number: len(found) for number, found in moves.items()} == {
        number: number for number in range(1, 7)
    }
    assert {incident["mac"] for incident in outcome.of("M2")} == {mac(5), mac(6)}
    assert {incident["mac"] for incident in outcome.of("M3")} == {mac(3), mac(4)}
