"""The table at the end, as text."""

import io

from rich.console import Console

from demo.findings import Finding, Found
from demo.play_report import report
from demo.truth import Action, deeds_of
from tests.demo.made import MAC, action, finding, found, move


def drawn(actions: list[Action], told: Found, width: int = 120) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(report("made", 1000.0, deeds_of(actions), told))
    return [line.rstrip() for line in captured.get().split("\n")]


def row(lines: list[str], start: str) -> list[str]:
    """Return the cells of the row that starts so."""
    (only,) = [line for line in lines if line.strip().startswith(start)]
    return [cell.strip() for cell in only.split("  ") if cell.strip()]


def link(start: float, end: float | None = None) -> list[Action]:
    steps = [action(start, "link-down", node="s1", ifname="swp1", label="leaf l1 loses uplink to s1")]
    return steps if end is None else [*steps, action(end, "link-up", node="s1", ifname="swp1")]


def test_a_row_says_what_was_done_what_was_found_when_how_long_after_and_until_when() -> None:
    lines = drawn(link(1300, 1325), found(finding("R16", 1307.2, until=1331.3, device="l1")))
    assert row(lines, "300") == [
        "300-325",
        "s1 swp1: link down, link up",
        "R16 N_MINUS_1_FABRIC l1",
        "307.2",
        "7.2 s",
        "331.3",
    ]
    assert any(line.strip() == "leaf l1 loses uplink to s1" for line in lines)


def test_what_holds_at_the_end_is_open_and_what_was_not_undone_has_no_end() -> None:
    lines = drawn(link(1300), found(finding("R16", 1307.2, device="l1")))
    assert row(lines, "300")[0] == "300-"
    assert row(lines, "300")[-1] == "open"


def test_findings_of_one_deed_stand_below_each_other() -> None:
    moves = [move(1000.0 + 4 * n) for n in range(5)]
    told = (finding("M3", 1012.1, mac=MAC, vni=1010), finding("M2", 1016.1, mac=MAC, vni=1010))
    lines = drawn(moves, found(*told))
    first = next(n for n, line in enumerate(lines) if "M3 MAC_FLAP" in line)
    assert "0-16" in lines[first]
    assert "M2 MAC_DUPLICATE" in lines[first + 1]


def test_silence_that_is_right_says_why() -> None:
    lines = drawn([move(1010)], Found(moves={MAC: 1}))
    assert row(lines, "10")[-1] == "nothing, as it should be"
    assert any("1 move within 180 s, 5 make a duplicate" in line for line in lines)


def test_silence_that_nobody_can_judge_is_a_dash_and_is_explained() -> None:
    lines = drawn(link(1300, 1325), Found())
    assert row(lines, "300")[-1] == "-"
    assert any(line.startswith("-: nothing was found") for line in lines)


def test_a_finding_without_a_deed_is_listed_as_such() -> None:
    lines = drawn(link(1300, 1325), found(finding("X1", 1500.0, device="l9")))
    assert row(lines, "nothing that is told of") == [
        "nothing that is told of",
        "X1 COLLECTOR_BLIND l9",
        "500.0",
        "open",
    ]
    assert any("0 findings that follow from one, 1 that don't" in line for line in lines)


def test_a_match_by_time_alone_says_so() -> None:
    unlabelled = [action(1300, "link-down", node="s1", ifname="swp1")]
    assert any(
        "(by time alone)" in line for line in drawn(unlabelled, found(finding(found=1301, device="l1")))
    )


def test_the_waits_that_rules_prescribe_are_told() -> None:
    told: list[Finding] = [finding("R16", 1307, device="l1"), finding("R15", 1309, device="l1")]
    assert any(line.endswith("R15 3 s, R16 5 s.") for line in drawn(link(1300), found(*told)))


def test_a_narrow_terminal_still_gets_all_of_it() -> None:
    wide, narrow = (
        "".join("".join(drawn(link(1300, 1325), found(finding(found=1307, device="l1")), width)).split())
        for width in (120, 80)
    )
    assert "N_MINUS_1_FABRIC" in narrow
    assert "7.0s" in narrow
    assert len(narrow) > len(wide) / 2


def test_nothing_from_outside_reaches_the_terminal_as_a_command() -> None:
    actions = [action(1300, "link-down", node="\x1b[2Js1", ifname="[red]", label="\x1b]0;title\x07")]
    lines = drawn(actions, found(finding(found=1301, device="\x1b[2Js1")))
    assert "\x1b" not in "".join(lines)
    assert any("[red]" in line for line in lines)


def test_a_recording_that_tells_of_nothing_gives_a_table_of_findings_alone() -> None:
    lines = drawn([], found(finding("X1", 1500.0, device="l9")))
    assert any("0 deeds; 0 findings that follow from one, 1 that don't" in line for line in lines)
