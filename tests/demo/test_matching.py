"""Which finding follows from which deed, and where finding nothing is right."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.findings import Found
from demo.matching import GRACE_S, most_within, outcomes, verdict, waits
from demo.truth import Action, deeds_of
from tests.demo.made import MAC, action, deed, finding, found, move


def link(node: str = "s1", start: float = 0.0, end: float | None = 25.0, **fields: object) -> list[Action]:
    steps = [action(start, "link-down", node=node, ifname="swp1", **fields)]
    return steps if end is None else [*steps, action(end, "link-up", node=node, ifname="swp1")]


def causes(actions: list[Action], *findings: object) -> list[list[tuple[str, float, bool]]]:
    """Return rule, seconds after and by-time of what follows from each deed."""
    ordered = sorted(actions, key=lambda one: one.time)
    results, _ = outcomes(deeds_of(ordered), found(*findings))  # type: ignore[arg-type]  # only findings
    return [
        [(one.finding.rule, round(one.after_s, 3), one.by_time) for one in result.consequences]
        for result in results
    ]


def test_a_finding_follows_from_the_deed_on_its_node() -> None:
    assert causes(link("s2", 10), finding(device="s2", found=17.5)) == [[("R16", 7.5, False)]]


def test_a_label_names_the_other_end_of_a_link() -> None:
    labelled = link("s1", 10, label="leaf l1 loses uplink to s1")
    assert causes(labelled, finding(device="l1", found=17)) == [[("R16", 7, False)]]


def test_a_name_within_a_longer_one_is_no_mention() -> None:
    labelled = [action(10, "signal", node="s2", daemon="bgpd", sig="SIGTERM", label="spine l11 down")]
    assert causes(labelled, finding(device="l1", found=17)) == [[]]


def test_names_may_hold_anything() -> None:
    labelled = link("a", 10, label="leaf rack12 left/a[2] loses its uplink")
    assert causes(labelled, finding(device="rack12 left/a[2]", found=17)) == [[("R16", 7, False)]]


def test_the_unnamed_end_of_a_link_is_matched_by_time_and_says_so() -> None:
    assert causes(link("s1", 10), finding(device="l1", found=17)) == [[("R16", 7, True)]]


def test_a_deed_that_names_the_subject_wins_over_a_later_one_that_does_not() -> None:
    named = link("l1", 10, 60)
    other = [action(20, "link-down", node="s9", ifname="swp9")]
    assert causes([*named, *other], finding(device="l1", found=22)) == [[("R16", 12, False)], []]


def test_of_two_deeds_on_a_node_the_later_one_under_way_is_the_cause() -> None:
    first = [action(0, "link-down", node="l2", ifname="up1"), action(45, "link-up", node="l2", ifname="up1")]
    second = [
        action(10, "link-down", node="l2", ifname="up2"),
        action(30, "link-up", node="l2", ifname="up2"),
    ]
    told = (finding("R16", 5, device="l2"), finding("R15", 15, device="l2"), finding("R16", 40, device="l2"))
    assert causes([*first, *second], *told) == [
        [("R16", 5, False), ("R16", 40, False)],
        [("R15", 5, False)],
    ]


@pytest.mark.parametrize(("late", "matched"), [(GRACE_S, 1), (GRACE_S + 0.1, 0)])
def test_a_finding_may_come_late_but_not_later_than_the_grace(late: float, matched: int) -> None:
    assert sum(map(len, causes(link("s1", 0, 25), finding(device="s1", found=25 + late)))) == matched


def test_nothing_follows_from_a_deed_that_is_yet_to_come() -> None:
    assert causes(link("s1", 10), finding(device="s1", found=9.9)) == [[]]


def test_what_was_never_undone_may_be_found_at_any_time() -> None:
    assert causes(link("s1", 0, None), finding(device="s1", found=5000)) == [[("R16", 5000, False)]]


def test_a_mac_is_matched_with_its_own_deed_alone() -> None:
    other = "02:aa:00:00:10:05"
    told = finding("M2", 21, mac=other, vni=1010)
    assert causes([move(10), move(20, other)], told) == [[], [("M2", 1, False)]]


def test_the_same_mac_in_another_vni_is_another_mac() -> None:
    assert causes([move(10)], finding("M2", 11, mac=MAC, vni=1020)) == [[]]


def test_a_move_is_no_cause_of_what_befalls_a_leaf() -> None:
    assert causes([move(10)], finding(device="l3", found=11)) == [[]]


def test_how_long_after_counts_from_the_step_before() -> None:
    moves = [move(float(time)) for time in (100, 104, 108, 112, 116, 120)]
    assert causes(moves, finding("M2", 116.1, mac=MAC, vni=1010)) == [[("M2", 0.1, False)]]


def test_how_long_after_does_not_count_from_the_undoing() -> None:
    assert causes(link("s1", 10, 11), finding(device="s1", found=16)) == [[("R16", 6, False)]]


def test_a_segment_is_matched_by_its_identifier() -> None:
    legs = [
        action(1, "es-link-down", node="l1", ifname="bond1", esi="03:01"),
        action(9, "es-link-down", node="l2", ifname="bond1", esi="03:02"),
    ]
    assert causes(legs, finding("R4", 12, esi="03:01", device=None)) == [[("R4", 11, False)], []]


def test_a_finding_without_a_deed_is_listed_as_such() -> None:
    stray = finding("X1", 50, device="l1")
    results, unexplained = outcomes(deeds_of([move(10)]), found(stray))
    assert (results[0].consequences, unexplained) == ([], [stray])


@given(st.lists(st.floats(0, 400), max_size=8), st.lists(st.floats(0, 600), max_size=8))
def test_every_finding_is_told_exactly_once(starts: list[float], times: list[float]) -> None:
    deeds = deeds_of(
        [action(start, "link-down", node="l1", ifname=f"up{n}") for n, start in enumerate(sorted(starts))]
    )
    told = found(*(finding(device="l1", found=time) for time in times))
    results, unexplained = outcomes(deeds, told)
    explained = [one.finding for result in results for one in result.consequences]
    assert sorted([*explained, *unexplained], key=id) == sorted(told.findings, key=id)


def reason(*steps: Action, seen: int | None = None) -> str | None:
    moves = sum(step.kind == "mac-move" for step in steps)
    return verdict(deed(*steps), Found(moves={MAC: moves if seen is None else seen}))


def test_four_moves_in_the_window_are_right_to_open_nothing_and_five_are_not() -> None:
    four = [move(float(time)) for time in (0, 50, 100, 150)]
    assert reason(*four) == "4 moves within 180 s, 5 make a duplicate"
    assert reason(*four, move(179.9)) is None
    assert reason(*four, move(180)) is not None


def test_three_moves_in_a_minute_are_a_flap_and_two_are_not() -> None:
    assert reason(move(0), move(30), move(59.9)) is None
    assert reason(move(0), move(30), move(60)) is not None


def test_moves_that_the_fabric_never_announced_are_told_of() -> None:
    sticky = action(0, "sticky-mac", host="H13", mac=MAC, vni=1010, leaf="l3")
    assert reason(sticky, move(60), seen=0) == (
        "1 move within 180 s, 5 make a duplicate; the fabric announced 0 of 1"
    )


def test_a_withdrawal_and_its_return_are_no_move() -> None:
    steps = [
        action(float(n), kind, host="H9", mac=MAC) for n, kind in enumerate(("fdb-del", "relearn", "fdb-del"))
    ]
    assert reason(*steps) == "it moved nowhere"


def test_nobody_vouches_for_silence_on_a_duplicate_or_on_what_is_unheard_of() -> None:
    assert reason(action(0, "dup-start", host="H6", mac=MAC)) is None
    assert reason(action(0, "teleport", host="H6", mac=MAC)) is None
    assert reason(action(0, "signal", node="s1", daemon="bgpd", sig="SIGTERM")) is None


def test_first_appearances_are_right_to_open_nothing() -> None:
    assert reason(action(0, "host-attach", host="H1", mac=MAC)) == "a first appearance is no move"


@pytest.mark.parametrize(("lasted", "excused"), [(2.9, True), (3.0, False)])
def test_a_blip_is_excused_below_the_shortest_wait_of_the_rules_on_links(
    lasted: float, *, excused: bool
) -> None:
    assert (reason(*link("s1", 0, lasted)) is not None) is excused


def test_a_link_that_stays_down_is_never_excused() -> None:
    assert reason(*link("s1", 0, None)) is None


@pytest.mark.parametrize(
    ("times", "most"), [([], 0), ([1], 1), ([0, 180], 1), ([0, 179.9], 2), ([0, 100, 200, 270], 3)]
)
def test_windows_are_open_on_the_left(times: list[float], most: int) -> None:
    assert most_within(times, timedelta(seconds=180)) == most


def test_the_waits_of_the_rules_found_are_those_of_the_catalogue() -> None:
    assert waits([finding("R16"), finding("M2"), finding("Q99")]) == {"R16": 5.0}
