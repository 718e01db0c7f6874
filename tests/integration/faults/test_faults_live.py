"""What goes wrong on the way: afterwards a store says what is, and when it did not know."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.broker import EmbeddedBroker
from tests.integration.faults.rig import FABRIC, Collector, Rig, blind, covered, differences, stopped, until

pytestmark = [pytest.mark.services, pytest.mark.slow]
OFF_S = 4


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with EmbeddedBroker() as broker, Rig(tmp_path, broker.address) as made:
        yield made


def states_of(collector: Collector, target: str) -> set[str]:
    return {state for (name, _), state in collector.states().items() if name == target}


def test_a_rebooted_device_is_known_as_it_is_afterwards_and_was_blind_meanwhile(rig: Rig) -> None:
    fabric = rig.simulate()
    collector = rig.collect("c1")
    until(collector.in_step, "the first sync")
    families = set(collector.states())
    fabric.say(f"reboot leaf-2 {OFF_S}")
    until(lambda: "UP" not in states_of(collector, "leaf-2"), "the loss of leaf-2")
    lost = time.time()
    fabric.say("mac-move h1 leaf-3")
    until(collector.in_step, "the sync after the reboot")
    collector.settle()
    assert differences(rig.store(), rig.reference()) == []
    intervals = blind(rig.folder / f"{FABRIC}.duckdb")
    assert {device for device, _ in intervals} == {"leaf-2"}
    assert {family for _, family in intervals} == {family for _, family in families}
    # it was off for OFF_S seconds, which began somewhere between the word and the first loss that was seen
    assert all(covered(found, lost, lost + OFF_S - 1) for found in intervals.values())


def test_devices_that_hang_are_known_as_they_are_afterwards_and_were_blind_meanwhile(rig: Rig) -> None:
    fabric = rig.simulate()
    collector = rig.collect("c1")
    until(collector.in_step, "the first sync")
    families = set(collector.states())
    begin = time.time()
    with stopped(fabric):
        until(lambda: set(collector.states().values()) == {"STALE"}, "silence is noticed", 30)
        noticed = time.time() - begin
        end = time.time()
    fabric.say("mac-move h1 leaf-3")
    until(collector.in_step, "the sync after the silence", 90)
    collector.settle()
    assert 10 <= noticed <= 20
    assert differences(rig.store(), rig.reference()) == []
    intervals = blind(rig.folder / f"{FABRIC}.duckdb")
    assert set(intervals) == families
    not_covered = {key for key, found in intervals.items() if not covered(found, begin + 5, end)}
    assert not_covered == set()


def test_a_killed_collector_leaves_a_blind_interval_and_nothing_wrong(rig: Rig) -> None:
    fabric = rig.simulate()
    first = rig.collect("c1")
    until(first.in_step, "the first sync")
    families = set(first.states())
    first.process.end(signal.SIGKILL)
    begin = time.time()
    fabric.say("mac-move h1 leaf-3")
    fabric.say("host-detach h2")
    fabric.say("link-down leaf-1 eth1")
    again = rig.collect("c1")
    until(again.in_step, "the sync after the restart")
    end = time.time()
    again.settle()
    assert differences(rig.store(), rig.reference()) == []
    intervals = blind(rig.folder / f"{FABRIC}.duckdb")
    assert set(intervals) == families
    assert all(found[0][0] <= begin < found[0][1] <= end for found in intervals.values())


def test_two_collectors_do_no_harm_and_the_newer_goes_on(rig: Rig) -> None:
    fabric = rig.simulate()
    first = rig.collect("c1")
    until(first.in_step, "the first sync")
    second = rig.collect("c2")
    until(second.in_step, "the second collector's sync")
    fabric.say("mac-move h1 leaf-3")
    first.process.end(signal.SIGKILL)
    fabric.say("mac-move h3 leaf-1")
    second.settle()
    assert differences(rig.store(), rig.reference()) == []
