"""Lines of truth.jsonl: actions, and deeds made of them."""

import pytest

from demo.truth import TruthError, deeds_of, truth_of
from tests.demo.made import MAC, action, line, move


def test_seconds_count_from_the_line_start() -> None:
    truth = truth_of([line(90, "host-attach", host="H1", mac=MAC), line(100, "start"), line(700, "end")])
    assert (truth.start, truth.end) == (100, 700)


def test_without_a_line_start_seconds_count_from_the_first_action() -> None:
    assert truth_of([line(120, "link-down", node="s1"), line(110, "link-down", node="s2")]).start == 110


def test_an_empty_truth_has_no_beginning_and_no_end() -> None:
    truth = truth_of([b"", b"\n"])
    assert (truth.start, truth.end, truth.until(1e12)) == (None, None, [])


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (b"{", "line 2 is no JSON"),
        (b"[1]", "line 2 is no JSON object"),
        (b'{"ts": 1}', "line 2 has no ts"),
        (b'{"ts": true, "action": "start"}', "line 2 has no ts"),
        (b'{"ts": "now", "action": "start"}', "line 2 has no ts"),
    ],
)
def test_a_line_that_is_no_action_is_named(bad: bytes, sentence: str) -> None:
    with pytest.raises(TruthError, match=sentence):
        truth_of([line(1, "start"), bad])


def test_only_what_was_done_by_then_is_told() -> None:
    truth = truth_of([line(0, "start"), line(10, "link-down", node="s1", ifname="swp1")])
    assert [len(truth.until(now)) for now in (9.9, 10)] == [0, 1]


def test_start_and_end_are_no_deeds() -> None:
    assert deeds_of([action(0, "start"), action(9, "end")]) == []


def test_hosts_that_are_attached_are_one_deed() -> None:
    (attached,) = deeds_of([action(0, "host-attach", host=f"H{n}", mac=f"02::{n}") for n in range(13)])
    assert len(attached.steps) == 13


@pytest.mark.parametrize(("pause", "deeds"), [(180, 1), (180.1, 2)])
def test_a_mac_left_alone_for_longer_than_the_window_starts_another_deed(pause: float, deeds: int) -> None:
    assert len(deeds_of([move(10), move(10 + pause)])) == deeds


def test_two_macs_are_two_deeds_however_interleaved() -> None:
    found = deeds_of([move(1), move(2, "02:aa:00:00:10:05"), move(3), move(4, "02:aa:00:00:10:05")])
    assert [[step.time for step in deed.steps] for deed in found] == [[1, 3], [2, 4]]


def test_a_mac_in_other_letters_is_the_same_mac() -> None:
    assert len(deeds_of([move(1, MAC), move(2, MAC.upper())])) == 1


@pytest.mark.parametrize(
    ("down", "up"),
    [
        (
            action(5, "link-down", node="s1", ifname="swp1"),
            action(9, "link-up", node="s1", ifname="swp1"),
        ),
        (
            action(5, "es-link-down", node="l1", ifname="bond1"),
            action(9, "es-link-up", node="l1", ifname="bond1"),
        ),
        (
            action(5, "signal", node="s2", daemon="bgpd", sig="SIGTERM"),
            action(9, "bgpd-start", node="s2"),
        ),
        (
            action(5, "signal", node="s2", daemon="zebra", sig="SIGSTOP"),
            action(9, "signal", node="s2", daemon="zebra", sig="SIGCONT"),
        ),
    ],
)
def test_what_is_undone_is_one_deed_with_an_end(down: object, up: object) -> None:
    (whole,) = deeds_of([down, up])  # type: ignore[list-item]  # parametrize hides the type
    (unfinished,) = deeds_of([down])  # type: ignore[list-item]  # as above
    assert (whole.start, whole.end, whole.restored) == (5, 9, True)
    assert (unfinished.end, unfinished.restored) == (None, False)


def test_another_interface_of_the_node_is_another_deed() -> None:
    found = deeds_of(
        [
            action(1, "link-down", node="l2", ifname="up1"),
            action(2, "link-down", node="l2", ifname="up2"),
            action(3, "link-up", node="l2", ifname="up2"),
        ]
    )
    assert [(deed.start, deed.end) for deed in found] == [(1, None), (2, 3)]


def test_after_its_end_the_same_thing_is_a_new_deed() -> None:
    steps = [
        action(time, kind, node="l1", ifname="up1")
        for time, kind in enumerate(["link-down", "link-up", "link-down", "link-up"])
    ]
    assert [(deed.start, deed.end) for deed in deeds_of(steps)] == [(0, 1), (2, 3)]


def test_a_process_that_is_stopped_and_then_killed_is_one_deed() -> None:
    steps = [
        action(1, "signal", node="s1", daemon="bgpd", sig="SIGSTOP"),
        action(2, "signal", node="s1", daemon="bgpd", sig="SIGKILL"),
        action(3, "bgpd-start", node="s1"),
    ]
    (deed,) = deeds_of(steps)
    assert deed.end == 3


def test_labels_are_told_once_and_without_that_of_the_undoing() -> None:
    (deed,) = deeds_of(
        [
            action(1, "link-down", node="l2", ifname="up1", label="leaf l2 loses an uplink"),
            action(2, "link-up", node="l2", ifname="up1", label="restored"),
        ]
    )
    (moves,) = deeds_of([move(time, label="fast flap") for time in (1, 2, 3)])
    assert (deed.labels, moves.labels) == (["leaf l2 loses an uplink"], ["fast flap"])


def test_a_link_that_comes_up_without_having_gone_down_is_over_at_once() -> None:
    (deed,) = deeds_of([action(7, "link-up", node="l2", ifname="up1", label="cabled")])
    assert (deed.start, deed.end, deed.labels) == (7, 7, ["cabled"])
