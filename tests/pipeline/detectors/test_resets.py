"""BGP sessions that don't stay up, or whose routes outlive them: V17."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import Scene, address

alone = judged_by("resets")

LEAF, SPINE = "10.1.1.0", "10.1.1.1"


def fabric(version: int = 4, *, counted: bool = False) -> Scene:
    """A leaf and a spine with a session between them, and a second leaf that makes the spine one."""
    scene = Scene()
    mine, theirs = ends(version)
    length = 31 if version == 4 else 64
    with scene.dump("l1"):
        scene.serves("l1").has_address("l1", "up1", mine, length).session("l1", theirs, "ESTABLISHED")
        if counted:
            count(scene, "l1", theirs, 7)
    with scene.dump("s1"):
        scene.has_address("s1", "down1", theirs, length).session("s1", mine, "ESTABLISHED")
    return scene.passes(20)


def ends(version: int = 4) -> tuple[str, str]:
    return (LEAF, SPINE) if version == 4 else ("2001:db8:1::a", "2001:db8:1::b")


def count(scene: Scene, device: str, neighbor: str, transitions: int) -> Scene:
    return scene.row(
        device, "bgp", "bgp_session",
        network_instance="default", neighbor=neighbor, established_transitions=transitions,
    )  # fmt: skip


def reset(scene: Scene, times: int, every: float, *, device: str = "l1", version: int = 4) -> Scene:
    """The session goes down and comes back a second later, ``every`` so many seconds."""
    neighbor = ends(version)[1 if device == "l1" else 0]
    for _ in range(times):
        scene.session(device, neighbor, "IDLE").passes(1)
        scene.session(device, neighbor, "ESTABLISHED").passes(every - 1)
    return scene


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("device", ["l1", "s1"])
def test_the_third_reset_within_2_minutes_is_told(version: int, device: str) -> None:
    scene = reset(fabric(version), 3, 50, device=device, version=version)

    [incident] = play(scene).of("V17")

    assert (incident["device"], incident["peer"]) == ("l1", ends(version)[1])
    assert (incident["detected_at"], incident["severity"]) == (20 + 100, "warning")
    assert "The BGP session of l1 with s1 doesn't stay up: 3 resets" in incident["summary"]


def test_two_are_not() -> None:
    assert play(reset(fabric(), 2, 30).passes(60)).of("V17") == []


def test_three_in_more_than_2_minutes_are_not() -> None:
    # the window is half open: at 120 s after it the first no longer counts
    assert play(reset(fabric(), 3, 60).passes(60)).of("V17") == []
    assert len(play(reset(fabric(), 3, 59).passes(60)).of("V17")) == 1


def test_both_ends_see_the_same_resets() -> None:
    scene = fabric()
    for _ in range(2):
        for device, neighbor in (("l1", SPINE), ("s1", LEAF)):
            scene.session(device, neighbor, "IDLE")
        scene.passes(2)
        for device, neighbor in (("l1", SPINE), ("s1", LEAF)):
            scene.session(device, neighbor, "ESTABLISHED")
        scene.passes(20)

    assert play(scene).of("V17") == []


def test_what_happened_between_two_samples_counts() -> None:
    scene = count(fabric(counted=True), "l1", SPINE, 9).passes(20)
    assert play(scene).of("V17") == []

    assert len(play(count(scene, "l1", SPINE, 10).passes(1)).of("V17")) == 1


def test_a_counter_adds_nothing_to_what_was_seen() -> None:
    scene = fabric(counted=True)
    for number in (8, 9):
        reset(scene, 1, 10)
        count(scene, "l1", SPINE, number).passes(5)
    assert play(scene).of("V17") == []

    # a drop after the counter's last step is one more
    scene.session("l1", SPINE, "IDLE").passes(1)
    assert len(play(scene).of("V17")) == 1


def test_a_counter_that_began_anew_is_one_reset() -> None:
    scene = count(fabric(counted=True), "l1", SPINE, 1).passes(10)

    assert play(scene).of("V17") == []


def test_what_a_dump_shows_is_no_reset() -> None:
    scene = fabric(counted=True).ends("l1").passes(30)
    with scene.dump("l1"):
        scene.session("l1", SPINE, "ESTABLISHED")
        count(scene, "l1", SPINE, 20)

    assert play(scene.passes(10)).of("V17") == []


def test_it_clears_when_fewer_than_three_are_left_in_the_window() -> None:
    scene = reset(fabric(), 3, 10).passes(84.9)
    assert play(scene).spans("V17") == [(40, None)]

    # at 20 + 120 s the first leaves the window
    assert play(scene.passes(20)).spans("V17") == [(40, 145)]


def test_it_does_not_clear_while_nobody_sees_the_session() -> None:
    scene = reset(fabric(), 3, 10).ends("l1").ends("s1").passes(200)
    [incident] = play(scene).of("V17")
    assert incident["state"] == "open"

    with scene.dump("l1"):
        scene.session("l1", SPINE, "ESTABLISHED")
    assert play(scene.passes(6)).of("V17")[0]["state"] == "resolved"


def test_a_neighbour_nobody_knows_flaps_too() -> None:
    scene = fabric().session("s1", "192.0.2.9", "ESTABLISHED")
    for _ in range(3):
        scene.passes(5).session("s1", "192.0.2.9", "IDLE").passes(5).session("s1", "192.0.2.9", "ESTABLISHED")

    [incident] = play(scene.passes(1)).of("V17")

    assert (incident["device"], incident["peer"]) == ("s1", "192.0.2.9")


def test_routes_that_outlive_their_session_by_60_s_are_stale() -> None:
    scene = fabric().imet("l1", address(2), neighbor=SPINE).passes(10).session("l1", SPINE, "IDLE")

    assert play(scene.passes(59.9)).of("V17") == []
    [incident] = play(scene.passes(1)).of("V17")
    assert (incident["device"], incident["peer"], incident["detected_at"]) == ("l1", SPINE, 90)
    assert "is down, and routes of it are still in force" in incident["summary"]

    scene.imet("l1", address(2), neighbor=SPINE, op="delete").passes(6)
    assert play(scene).of("V17")[0]["state"] == "resolved"


def test_routes_of_another_neighbour_are_not_stale() -> None:
    scene = fabric().imet("l1", address(2), neighbor="10.9.9.9").passes(10).session("l1", SPINE, "IDLE")

    assert play(scene.passes(100)).of("V17") == []


def test_a_session_that_comes_back_within_60_s_leaves_nothing_stale() -> None:
    scene = fabric().imet("l1", address(2), neighbor=SPINE).passes(10).session("l1", SPINE, "IDLE")
    scene.passes(55).session("l1", SPINE, "ESTABLISHED").passes(60)

    assert play(scene).of("V17") == []


def test_while_the_holder_of_stale_routes_is_blind_nobody_can_tell_that_they_are_gone() -> None:
    scene = fabric().imet("l1", address(2), neighbor=SPINE).passes(10)
    scene.session("l1", SPINE, "IDLE").session("s1", LEAF, "IDLE").passes(70).ends("l1")
    outcome = play(scene.passes(60))

    [incident] = outcome.of("V17")
    assert (incident["state"], incident["coverage"]) == ("open", 0)
    assert outcome.found("V17", active=None)

    with scene.dump("l1"):
        scene.session("l1", SPINE, "IDLE")
    assert play(scene.passes(6)).of("V17")[0]["state"] == "resolved"


def test_who_alone_counted_the_resets_and_is_blind_is_missed() -> None:
    scene = reset(fabric(), 3, 10).ends("l1").passes(200)
    outcome = play(scene)

    [incident] = outcome.of("V17")
    assert (incident["state"], incident["coverage"]) == ("open", 0)
    assert outcome.found("V17", active=None)


def test_an_end_that_saw_them_all_is_witness_enough() -> None:
    scene = fabric()
    for _ in range(3):
        for device, neighbor in (("l1", SPINE), ("s1", LEAF)):
            scene.session(device, neighbor, "IDLE")
        scene.passes(1)
        for device, neighbor in (("l1", SPINE), ("s1", LEAF)):
            scene.session(device, neighbor, "ESTABLISHED")
        scene.passes(9)

    assert play(scene.ends("l1").passes(200)).spans("V17") == [(40, 145)]


def test_an_end_that_is_known_later_is_judged_whatever_the_batches_were() -> None:
    scene = Scene().joins("s1", "l1")
    scene.has_address("s1", "down1", SPINE, 31).session("s1", LEAF, "ESTABLISHED").passes(20)
    reset(scene, 2, 10, device="s1").session("s1", LEAF, "IDLE").passes(1)
    scene.serves("l1").has_address("l1", "up1", LEAF, 31).passes(3)
    whole, parts = alone(scene), alone(scene, range(20, len(scene.records), 2))

    assert [one["device"] for one in whole.of("V17")] == ["l1"]
    assert whole.of("V17") == parts.of("V17")


@given(cuts=st.sets(st.integers(1, 600), max_size=5), restarts=st.sets(st.integers(1, 600), max_size=3))
@settings(max_examples=10, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    scene = reset(fabric(counted=True), 2, 10)
    reset(count(scene, "l1", SPINE, 9), 2, 15).imet("l1", address(2), neighbor=SPINE)
    scene.session("l1", SPINE, "IDLE").passes(200)

    whole, parts = alone(scene), alone(scene, cuts, restarts=restarts)

    assert whole.findings == parts.findings
    assert whole.incidents == parts.incidents
    assert whole.of("V17")
