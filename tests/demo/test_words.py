"""Deeds in words, made of the actions' fields alone."""

import pytest

from demo.truth import Action
from demo.words import deed_words, plain, span, step_words
from tests.demo.made import MAC, action, deed, move


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([action(0, "host-attach", host="H1", mac=MAC)], "H1 attached"),
        ([action(0, "host-attach", mac=MAC), action(0, "host-attach", mac="02:bb")], "2 hosts attached"),
        ([move(1), move(2)], f"H4 {MAC}: mac move x2"),
        ([action(1, "sticky-mac", mac=MAC), move(2)], f"H4 {MAC}: sticky mac, mac move"),
        ([action(1, "link-down", node="s1", ifname="swp1")], "s1 swp1: link down"),
        ([action(1, "signal", node="s1", daemon="bgpd", sig="SIGSTOP")], "s1 bgpd: SIGSTOP"),
        ([action(1, "bgpd-start", node="s1")], "s1 bgpd: bgpd start"),
        ([action(1, "reboot", node="s1")], "s1: reboot"),
        ([action(1, "drill", esi="03:01")], "03:01: drill"),
        ([action(1, "drill")], "drill"),
    ],
)
def test_a_deed_says_what_was_done_to_what(steps: list[Action], words: str) -> None:
    assert deed_words(deed(*steps)) == words


def test_a_step_says_from_where_to_where() -> None:
    assert step_words(move(1)) == "mac move from l1 to l3"
    assert step_words(action(1, "mac-move", frm=["l1", "l2"], to="l3")) == "mac move from l1+l2 to l3"
    assert step_words(action(1, "mac-move", to="l3")) == "mac move from ? to l3"
    assert step_words(action(1, "signal", sig="SIGTERM")) == "SIGTERM"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(10, 25.3, "10-25"), (10, 10.2, "10"), (10, None, "10-"), (580.0, 581.0, "580-581")],
)
def test_a_span_is_short(start: float, end: float | None, words: str) -> None:
    assert span(start, end) == words


def test_what_a_terminal_would_obey_is_replaced() -> None:
    assert plain(
        "a\x1b[31mb\u202ec\td"
    ) == "a\N{REPLACEMENT CHARACTER}[31mb" + "\N{REPLACEMENT CHARACTER}c" + ("\N{REPLACEMENT CHARACTER}d")
