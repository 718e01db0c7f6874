"""Duplicates that no PE sees: M14."""

from tests.pipeline.detectors.test_mobility import every, moving, rising
from tests.pipeline.detectors.test_patterns import evidence
from tests.pipeline.driver import play
from tests.pipeline.scene import address


def test_around_three_places_no_pe_sees_the_five_moves_and_the_duplicate_says_so() -> None:
    outcome = play(moving(every(31, 5), places=3))

    [found] = outcome.found("M14")
    assert found["time"] == 129
    assert (evidence(found)["most_seen_by_one_pe"], evidence(found)["seen_at"]) == (4, address(2))
    [incident] = outcome.incidents
    assert incident["rule"] == "M2"
    assert incident["summary"].endswith(
        "No PE sees 5 moves itself (the most is 4, at 10.0.0.2): none will act on its own"
    )


def test_between_two_places_each_pe_sees_all_from_its_first_learn_on() -> None:
    outcome = play(moving(every(31, 5)))

    assert outcome.found("M14") == []
    assert evidence(outcome.incidents[0])["most_seen_by_one_pe"] == 5


def test_it_ends_when_a_pe_has_seen_enough() -> None:
    # around three places the most seen by one are 4 of 5, 4 of 6, 5 of 7
    assert [one["time"] for one in play(moving(every(20, 8), places=3)).found("M14")] == [85, 105]


def test_moves_that_nobody_saw_may_have_been_seen_by_a_pe() -> None:
    outcome = play(rising([(5, 2), (11, 2), (16, 1)], places=(1, 2, 3)))

    assert outcome.rules() == ["M2"]
    assert outcome.found("M14") == []
    assert evidence(outcome.incidents[0])["most_seen_by_one_pe"] is None
