"""Routes that vanish, or multiply, all at once: V11."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detectors.route_counts import RouteCounts
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Scene, address

alone = judged_by("counts")

OBSERVERS = ("s1", "s2", "l9")
VTEPS = (1, 2, 3, 4)


def hosts(vtep: int) -> range:
    return range(vtep * 1000, vtep * 1000 + 30)


class Fabric:
    """Three observers hold 30 MACs of each of four VTEPs."""

    def __init__(self, version: int = 4, observers: tuple[str, ...] = OBSERVERS, each: int = 30) -> None:
        self.scene, self.version, self.observers = Scene(), version, observers
        for device in observers:
            with self.scene.dump(device):
                if device.startswith("l"):
                    self.scene.serves(device)
                for vtep in VTEPS:
                    self.scene.imet(device, address(vtep, version))
                    self.says(device, vtep, list(hosts(vtep))[:each])
        self.scene.passes(40)

    def says(self, device: str, vtep: int, macs: list[int], op: str = "update", **more: Any) -> "Fabric":
        for number in macs:
            self.scene.mac_route(device, number, address(vtep, self.version), op=op, **more)
        return self

    def loses(self, vtep: int, count: int, devices: tuple[str, ...] = ()) -> "Fabric":
        for device in devices or self.observers:
            self.says(device, vtep, list(hosts(vtep))[:count], "delete")
        return self


def told(outcome: Outcome) -> list[tuple[str | None, str | None, float]]:
    return [(one["device"], one["vtep"], one["detected_at"]) for one in outcome.of("V11")]


def test_a_whole_fabric_is_silent() -> None:
    assert play(Fabric().scene.passes(30)).of("V11") == []


@pytest.mark.parametrize("version", [4, 6])
def test_a_fifth_of_all_routes_gone_from_several_vteps_is_one_incident(version: int) -> None:
    fabric = Fabric(version)
    for vtep in (1, 2):
        fabric.loses(vtep, 20)

    outcome = play(fabric.scene.passes(10))

    # the second in which they fell is over at 41, and the rule waits for 5 s
    assert told(outcome) == [("s1", None, 46)]
    [incident] = outcome.of("V11")
    assert incident["severity"] == "critical"
    assert incident["summary"] == (
        "Routes fell from 124 to 84 within 30 s, counted on s1, as 3 of 3 fresh observers see: 2 VTEPs lost"
        f" theirs at once ({address(1, version)}, {address(2, version)})"
    )


def test_a_fifth_exactly_is_no_cliff() -> None:
    # 124 routes, 24 lost: 19 %; 25 lost: more than a fifth
    fabric = Fabric().loses(1, 12).loses(2, 12)
    assert play(fabric.scene.passes(20)).of("V11") == []

    assert len(play(Fabric().loses(1, 12).loses(2, 13).scene.passes(20)).of("V11")) == 1


def test_what_comes_back_within_5_s_was_no_cliff() -> None:
    fabric = Fabric().loses(1, 20).loses(2, 20)
    fabric.scene.passes(4)
    for device in fabric.observers:
        for vtep in (1, 2):
            fabric.says(device, vtep, list(hosts(vtep)))

    assert play(fabric.scene.passes(30)).of("V11") == []


def test_a_slow_decline_is_no_cliff() -> None:
    fabric = Fabric()
    for number in range(12):
        for device in fabric.observers:
            for vtep in (1, 2):
                fabric.says(device, vtep, list(hosts(vtep))[2 * number : 2 * number + 2], "delete")
        fabric.scene.passes(10)

    assert play(fabric.scene).of("V11") == []


def test_one_vtep_that_loses_most_is_named_and_one_that_loses_all_is_v1_s() -> None:
    part = Fabric().loses(1, 25)
    assert told(play(part.scene.passes(10))) == [(None, address(1), 46)]

    whole = Fabric().loses(1, 30)
    for device in whole.observers:
        whole.scene.imet(device, address(1), op="delete")
    outcome = play(whole.scene.passes(10))
    assert outcome.of("V11") == []
    assert len(outcome.of("V1")) == 1


def test_fewer_than_20_routes_are_a_few_hosts() -> None:
    assert play(Fabric().loses(1, 19).scene.passes(20)).of("V11") == []
    assert len(play(Fabric().loses(1, 20).scene.passes(20)).of("V11")) == 1


def test_hosts_that_move_are_not_lost() -> None:
    fabric = Fabric()
    for device in fabric.observers:
        fabric.says(device, 1, list(hosts(1))[:25], "delete")
        for number in list(hosts(1))[:25]:
            fabric.scene.mac_route(device, number, address(2), seq=1)

    assert play(fabric.scene.passes(20)).of("V11") == []


def test_another_path_that_takes_over_is_no_loss() -> None:
    fabric = Fabric()
    for device in fabric.observers:
        for vtep in VTEPS:
            macs = list(hosts(vtep))
            fabric.says(device, vtep, macs, neighbor="192.0.2.9", best=False)
    fabric.scene.passes(40)
    for device in fabric.observers:
        for vtep in VTEPS:
            macs = list(hosts(vtep))
            fabric.says(device, vtep, macs, "delete")
            fabric.says(device, vtep, macs, neighbor="192.0.2.9", best=True)

    assert play(fabric.scene.passes(20)).of("V11") == []


def test_segments_are_not_counted() -> None:
    esi = "03:44:38:39:ff:ff:01:00:00:01"
    fabric = Fabric()
    for device in fabric.observers:
        for vtep in (1, 2):
            fabric.says(device, vtep, [each + 100 for each in hosts(vtep)], esi=esi)
    fabric.scene.passes(40)
    for device in fabric.observers:
        for vtep in (1, 2):
            fabric.says(device, vtep, [each + 100 for each in hosts(vtep)], "delete")

    assert play(fabric.scene.passes(20)).of("V11") == []


def test_one_observer_of_three_is_its_own_matter() -> None:
    fabric = Fabric()
    for vtep in VTEPS:
        fabric.loses(vtep, 30, ("l9",))

    assert play(fabric.scene.passes(20)).of("V11") == []


def test_blind_observers_have_no_vote() -> None:
    fabric = Fabric()
    fabric.scene.ends("l9").passes(20)
    for vtep in (1, 2):
        fabric.loses(vtep, 25, ("s1", "s2"))

    [incident] = play(fabric.scene.passes(10)).of("V11")

    assert incident["coverage"] == pytest.approx(2 / 3)
    assert "as 2 of 2 fresh observers see" in incident["summary"]


def test_what_a_dump_shows_is_no_cliff() -> None:
    fabric = Fabric()
    for device in fabric.observers:
        fabric.scene.ends(device)
    fabric.scene.passes(30)
    for device in fabric.observers:
        with fabric.scene.dump(device):
            for vtep in VTEPS:
                fabric.scene.imet(device, address(vtep))

    assert play(fabric.scene.passes(30)).of("V11") == []


def test_it_is_over_5_minutes_after_the_last_fall() -> None:
    fabric = Fabric().loses(1, 20).loses(2, 20)

    # within 30 s of 71 nothing falls any more, and that is so for 5 minutes
    assert play(fabric.scene.passes(329)).spans("V11") == [(46, None)]
    assert play(fabric.scene.passes(3)).spans("V11") == [(46, 371)]


def test_what_nobody_fresh_can_count_is_in_doubt() -> None:
    fabric = Fabric().loses(1, 20).loses(2, 20)
    fabric.scene.passes(10)
    for device in fabric.observers:
        fabric.scene.ends(device)

    [incident] = play(fabric.scene.passes(600)).of("V11")

    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


@pytest.mark.parametrize(("each", "found"), [(9, True), (8, False)])
def test_ten_times_as_many_routes_is_a_flood(each: int, *, found: bool) -> None:
    # 124 routes; 9 times as many more make ten times
    fabric = Fabric(observers=("s1", "s2"))
    for device in fabric.observers:
        fabric.says(device, 2, list(range(100_000, 100_000 + 124 * each)))

    outcome = play(fabric.scene.passes(7))

    assert bool(outcome.of("V11")) is found
    if found:
        assert (
            "Routes rose from 124 to 1240 within 300 s, counted on s1, as 2 of 2 fresh observers see"
            in (outcome.of("V11")[0]["summary"])
        )
        assert outcome.of("V11")[0]["summary"].endswith(f"most are of VTEP {address(2)}")


@pytest.mark.parametrize(("each", "more", "found"), [(4, 480, True), (4, 479, False), (3, 600, False)])
def test_a_small_fabric_is_flooded_by_500_routes(each: int, more: int, *, found: bool) -> None:
    # four VTEPs with their type-3 routes and some MACs each: 20 routes, or 16
    fabric = Fabric(observers=("s1", "s2"), each=each)
    for device in fabric.observers:
        fabric.says(device, 2, list(range(100_000, 100_000 + more)))

    assert bool(play(fabric.scene.passes(7)).of("V11")) is found


def test_a_flood_that_ebbs_is_no_second_incident() -> None:
    fabric = Fabric(observers=("s1", "s2"))
    more = list(range(100_000, 101_200))
    for op in ("update", "delete"):
        for device in fabric.observers:
            fabric.says(device, 2, more, op)
        fabric.scene.passes(20)

    assert len(play(fabric.scene).of("V11")) == 1


def test_a_fabric_that_comes_up_rises_from_nothing() -> None:
    scene = Scene().joins("s1", "s2").passes(5)
    for device in ("s1", "s2"):
        for number in range(900):
            scene.mac_route(device, number, address(1))

    assert play(scene.passes(5)).of("V11") == []


@given(cuts=st.sets(st.integers(1, 900), max_size=4), restarts=st.sets(st.integers(1, 900), max_size=3))
@settings(max_examples=6, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    fabric = Fabric().loses(1, 20)
    fabric.scene.passes(3)
    fabric.loses(2, 20).scene.passes(20)
    fabric.loses(3, 25).scene.passes(20)

    whole, parts = alone(fabric.scene), alone(fabric.scene, cuts, restarts=restarts)

    assert whole.findings == parts.findings
    assert whole.incidents == parts.incidents
    assert whole.of("V11")


def test_seconds_in_which_nothing_can_change_are_left_out_and_that_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fabric = Fabric().loses(1, 20).loses(2, 20)
    fabric.scene.passes(700)
    fabric.scene.ends("s1").passes(400)
    fabric.loses(1, 15, ("s2", "l9")).loses(3, 30, ("s2", "l9"))
    fabric.scene.passes(900)
    cuts = range(400, len(fabric.scene.records), 150)
    whole, parts = alone(fabric.scene), alone(fabric.scene, cuts)

    monkeypatch.setattr(RouteCounts, "_worth", lambda _self, seconds, _scene: list(seconds))
    assert alone(fabric.scene).findings == whole.findings == parts.findings
    assert len(whole.found("V11")) > 1
