"""Loops (M6): many MACs that flap at once are one incident, one duplicate host is none."""

import json
from collections.abc import Iterable, Sequence

import pytest

from pipeline.detectors.loops import PARAMETERS
from pipeline.detectors.settings import Settings
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import VNI, Scene, address, mac

alone = judged_by("macs")

MACS, WINDOW = (parameter.key for parameter in PARAMETERS)


def flapping(
    macs: Iterable[int],
    *,
    scene: Scene | None = None,
    spread: float = 0.0,
    rounds: int = 3,
    step: float = 15,
    vnis: Sequence[int] = (VNI,),
    places: Sequence[str] = (address(1), address(2)),
) -> Scene:
    """MACs that go around places, ``spread`` seconds after each other: after three moves each flaps."""
    scene = scene or Scene().joins("s1").passes(1)
    numbers = list(macs)
    start = scene.now
    for turn in range(rounds + 1):
        for order, number in enumerate(numbers):
            vni = vnis[order % len(vnis)]
            scene.until(max(scene.now, start + turn * step + order * spread))
            scene.mac_route("s1", number, places[turn % len(places)], turn, vni=vni)
            if turn:
                scene.mac_route("s1", number, places[(turn - 1) % len(places)], op="delete", vni=vni)
    return scene.passes(2)


@pytest.mark.parametrize(("macs", "found"), [(10, True), (9, False)])
@pytest.mark.parametrize("version", [4, 6])
def test_ten_macs_that_flap_at_once_are_a_loop(macs: int, version: int, *, found: bool) -> None:
    places = (address(1, version), address(2, version))

    outcome = play(flapping(range(macs), places=places))

    assert len(outcome.of("M3")) == macs
    if not found:
        assert outcome.of("M6") == []
        return
    [incident] = outcome.of("M6")
    assert (incident["severity"], incident["vni"], incident["detected_at"]) == ("critical", VNI, 46)
    assert incident["summary"].startswith(
        f"Loop suspected: 10 MACs flap within 30 s between {places[0]} and {places[1]}, in VNI 1010; "
        "most moves: 00:11:c0:08:00:00, "
    )
    evidence = json.loads(incident["evidence"])
    assert (evidence["cause"], evidence["macs"], len(evidence["top_macs"])) == ("loop", 10, 5)
    assert [one["macs"] for one in evidence["pairs"]] == [10]
    assert any(text.startswith("duplicate host: 10 MACs") for text in evidence["ruled_out"])


@pytest.mark.parametrize(("late", "found"), [(29.9, True), (30.0, False)])
def test_ten_macs_count_within_30_s_and_the_window_is_half_open(late: float, *, found: bool) -> None:
    # nine flap at 31 s, the tenth at its third move
    scene = Scene().joins("s1").passes(1)
    for turn in range(3):
        for number in range(10):
            scene.mac_route("s1", number, address(1 + turn % 2), turn)
        scene.passes(10)
    for number in range(9):
        scene.mac_route("s1", number, address(2), 3)
    scene.until(31 + late).mac_route("s1", 9, address(2), 3)

    assert bool(play(scene).of("M6")) is found


def test_a_duplicate_host_that_flaps_for_long_is_no_loop() -> None:
    assert play(flapping([1], rounds=30)).rules() == ["M2"]


def test_moves_of_many_macs_that_do_not_flap_are_no_loop() -> None:
    # a host with many machines is emptied, and filled again
    assert play(flapping(range(40), rounds=2)).incidents == []


@pytest.mark.parametrize(("moves", "found"), [(7, True), (6, False)])
def test_bursts_with_more_moves_than_a_migration_are_a_loop_before_they_are_long(
    moves: int, *, found: bool
) -> None:
    # devices freeze the MACs of a fast loop within seconds: no burst lasts for 10 s
    outcome = play(flapping(range(12), rounds=moves, step=1).until(120))

    assert bool(outcome.of("M6")) is found
    assert outcome.of("M2", "M3") == []
    for incident in outcome.of("M6"):
        assert "12 MACs flap" in incident["summary"] or "10 MACs flap" in incident["summary"]
        assert json.loads(incident["evidence"])["top_macs"][0]["moves"] == 7


def test_many_machines_that_migrate_at_once_are_no_loop() -> None:
    # a host is emptied: each MAC shows the six moves of a migration
    assert play(flapping(range(50), rounds=6, step=1.5).until(120)).incidents == []


def test_a_loop_over_a_trunk_is_one_incident_though_no_vni_has_ten_macs() -> None:
    outcome = play(flapping(range(12), vnis=range(100, 106)))

    [incident] = outcome.of("M6")
    assert (incident["vni"], incident["vtep"], incident["peer"]) == (None, address(1), address(2))
    assert "in 6 VNIs, most in VNI 100" in incident["summary"]


def test_a_loop_over_a_trunk_with_many_macs_in_each_vni_is_one_incident() -> None:
    assert len(play(flapping(range(60), vnis=(1010, 1020, 1030))).of("M6")) == 1


def test_a_loop_around_three_places_is_one_incident() -> None:
    places = (address(1), address(2), address(3))

    [incident] = play(flapping(range(30), places=places, spread=0.5, rounds=5)).of("M6")

    assert incident["vni"] == VNI
    assert set(json.loads(incident["evidence"])["locations"]) == set(places)


def test_the_headline_grows_with_the_loop() -> None:
    # ten MACs flap at 46 s, one more each 0.1 s; then devices freeze them, and nothing moves any more
    scene = flapping(range(40), spread=0.1)
    [incident] = play(scene).of("M6")
    # 40 are less than a quarter more than 36
    assert incident["summary"].startswith("Loop suspected: 36 MACs flap within 30 s between")


def test_what_is_left_of_a_loop_is_told_beside_the_most_it_was() -> None:
    scene = flapping(range(40))
    flapping(range(100, 112), scene=scene.passes(60), rounds=5)
    [incident] = play(scene).of("M6")
    assert "12 MACs flap within 30 s (40 at most) between" in incident["summary"]
    assert json.loads(incident["evidence"])["most_macs"] == 40


@pytest.mark.parametrize(("clear", "loops"), [(60, 2), (180, 1)])
def test_what_flaps_after_its_incident_is_over_is_another_loop(clear: int, loops: int) -> None:
    # at other VNIs first: the second time the pair of places has no name of its own
    scene = flapping(range(10), vnis=(1010,))
    flapping(range(20, 30), scene=scene.passes(60), vnis=(1020,))
    settings = Settings(fabric={("M6", "clear_s"): clear})
    assert len({one["vni"] for one in play(scene, settings=settings).found("M6")}) == loops


def test_loops_that_have_nothing_in_common_are_two() -> None:
    scene = flapping(range(10), vnis=(1010,))
    flapping(range(20, 30), scene=scene, vnis=(1020,), places=(address(7), address(8)))

    assert [one["vni"] for one in play(scene).of("M6")] == [1010, 1020]


def test_its_macs_say_that_it_is_a_loop() -> None:
    incidents = play(flapping(range(12))).of("M3")

    causes = {json.loads(one["evidence"])["cause"] for one in incidents}
    assert causes == {"loop"}
    assert all("Probably a loop: 12 MACs flap here within 30 s" in one["summary"] for one in incidents)


def test_it_goes_on_while_macs_flap_and_clears_180_s_after() -> None:
    scene = flapping(range(10), rounds=12).until(600)

    [(detected, resolved)] = play(scene).spans("M6")

    last = 1 + 12 * 15
    assert detected == 46
    assert resolved is not None
    assert last + 170 <= resolved <= last + 180


def test_while_nobody_sees_routes_it_stays_open() -> None:
    scene = flapping(range(10)).ends("s1").until(400)

    assert play(scene).spans("M6") == [(46, None)]


def test_a_loop_that_a_dump_shows_is_no_news() -> None:
    scene = Scene()
    for turn in range(6):
        with scene.dump("s1"):
            for number in range(20):
                scene.mac_route("s1", number, address(1 + turn % 2), turn)
        scene.passes(10)

    assert play(scene).of("M6") == []


def test_thresholds_are_those_of_the_vni() -> None:
    scene = flapping(range(5))

    assert play(scene, settings=Settings(vnis={VNI: {MACS: 5}})).rules().count("M6") == 1
    assert play(scene, settings=Settings(vnis={1020: {MACS: 5}})).of("M6") == []
    assert play(scene, settings=Settings(vnis={VNI: {MACS: 6}})).of("M6") == []
    assert play(flapping(range(10)), settings=Settings(fabric={MACS: 11})).of("M6") == []


@pytest.mark.parametrize("size", [7, 50])
def test_neither_cuts_nor_restarts_change_a_loop(size: int) -> None:
    scene = flapping(range(14), spread=0.3, rounds=6)
    flapping(range(20, 32), scene=scene, vnis=(1020, 1030), places=(address(2), address(9)))
    cuts = range(0, len(scene.records), size)

    whole, pieces = alone(scene), alone(scene, cuts, restarts=list(cuts)[::5])

    assert pieces.findings == whole.findings
    assert pieces.incidents == whole.incidents
    assert whole.of("M6")


def test_the_macs_of_a_loop_are_told_by_their_numbers() -> None:
    [incident] = play(flapping(range(10))).of("M6")

    assert incident["mac"] is None
    assert json.loads(incident["evidence"])["top_macs"][0] == {
        "mac": "00:11:c0:08:00:00",
        "moves": 3,
        "in": "VNI 1010",
    }
    assert mac(0) == 0x0011C0080000
