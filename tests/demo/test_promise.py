"""What the story has to show is known before it is played live."""

from dataclasses import replace

from demo.promise import missing, promised


def test_the_story_promises_each_of_its_faults_once() -> None:
    rules = sorted(one.rule for one in promised("story", 7))
    assert rules == ["L2", "M13", "M2", "R16", "R16", "R4", "X1"]


def test_a_calm_fabric_promises_nothing() -> None:
    assert promised("calm", 7) == []


def test_what_was_told_is_compared_in_both_directions_whatever_its_times() -> None:
    promise = promised("story", 7)
    later = [replace(one, decidable=one.decidable + 5) for one in promise]
    assert missing(promise, later) == []
    (absent,) = missing(promise, later[1:])
    assert absent == "L2 (device leaf-1 interface po1) was to be caused and was not"
    (more,) = missing(promise[1:], later)
    assert more.endswith("was caused and was not planned")
