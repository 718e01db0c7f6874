"""Frames of the live view, drawn on terminals of several sizes."""

import io
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.console import Console

from demo.findings import Finding
from demo.truth import deeds_of
from demo.view import Health, Scene, frame
from tests.demo.made import MAC, action, finding, found, move, scene

SIZES = [(120, 40), (80, 24), (200, 60), (100, 12), (40, 14), (60, 8)]
LONG = "Leaf l1 runs on what is left: 1 of 2 EVPN sessions and 1 of 2 uplinks are down, and more of it"


def drawn(shown: Scene, width: int = 120, height: int = 40) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(frame(shown, width, height))
    return captured.get().rstrip("\n").split("\n")


def many(incidents: int, **fields: object) -> list[Finding]:
    return [finding("R16", float(n), device=f"leaf-{n}", summary=LONG, **fields) for n in range(incidents)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("incidents", [0, 3, 30])
def test_a_frame_fills_the_terminal_and_no_more(width: int, height: int, incidents: int) -> None:
    deeds = deeds_of([move(float(n), f"02:aa:00:00:10:{n:02x}", label="single move") for n in range(60)])
    lines = drawn(scene(deeds=deeds, found=found(*many(incidents))), width, height)
    assert (len(lines), {cell_len(line) for line in lines}) == (height, {width})


def test_before_anything_happened_it_says_so() -> None:
    text = "\n".join(drawn(scene(now=-3.0)))
    assert "nothing yet" in text
    assert "none so far" in text
    assert "that has read nothing yet" in text
    assert " 0 of 600 s" in text


def test_an_incident_is_shown_with_second_rule_subject_and_sentence() -> None:
    text = "\n".join(
        drawn(scene(found=found(finding("R15", 7.25, device="l1", summary="Leaf l1 is cut off"))))
    )
    assert "7.2 ● R15 UPLINK_LOSS l1" in text
    assert "Leaf l1 is cut off" in text


def test_as_much_of_the_sentences_is_shown_as_fits() -> None:
    def told(incidents: int) -> list[str]:
        return drawn(scene(found=found(*many(incidents))), 80, 24)

    assert any("more of it" in line for line in told(3))
    assert any("Leaf l1 runs on what is left" in line for line in told(5))
    assert not any("more of it" in line for line in told(5))
    assert not any("Leaf l1 runs" in line for line in told(6))


def test_incidents_that_do_not_fit_are_counted() -> None:
    lines = drawn(scene(found=found(*many(30))), 80, 24)
    shown = sum("N_MINUS_1_FABRIC" in line for line in lines)
    assert any(f"and {30 - shown} more" in line for line in lines)
    assert any("open incidents (30)" in line for line in lines)


def test_exactly_as_many_as_fit_are_all_shown() -> None:
    lines = drawn(scene(found=found(*many(10))), 80, 24)
    assert sum("N_MINUS_1_FABRIC" in line for line in lines) == 10
    assert not any("more" in line for line in lines)


def test_what_is_resolved_stands_below_what_is_open() -> None:
    both = found(finding("V1", 5.0, vtep="10.0.0.1", until=30.0), finding("R16", 1.0, device="l1"))
    lines = drawn(scene(found=both))
    opened = next(n for n, line in enumerate(lines) if "● R16" in line)
    over = next(n for n, line in enumerate(lines) if "30.0 ✓ V1 VTEP_LOSS 10.0.0.1 resolved" in line)
    assert opened < over


def test_an_incident_lowered_shows_the_rule_that_is_left() -> None:
    text = "\n".join(drawn(scene(found=found(finding("R15", 7.0, device="l1", lowered_to="R16")))))
    assert "● R16 l1" in text
    assert "R15" not in text


def test_the_deed_of_the_last_step_is_on_top_and_told_in_full_while_it_goes_on() -> None:
    deeds = deeds_of(
        [
            action(10, "link-down", node="s1", ifname="swp1", label="leaf l1 loses uplink to s1"),
            move(20, label="fast flap"),
            move(24, label="fast flap"),
        ]
    )
    lines = drawn(scene(now=30, deeds=deeds))
    texts = [line for line in lines if "mac move" in line or "link down" in line]
    assert f"24.0 H4 {MAC}: mac move x2" in texts[0]
    assert "mac move from l1 to l3; fast flap" in texts[1]
    assert "10.0 s1 swp1: link down" in texts[2]
    assert any("leaf l1 loses uplink to s1" in line for line in lines)
    later = "\n".join(drawn(scene(now=40, deeds=deeds)))
    assert "fast flap" not in later  # ten seconds after its last step
    assert "leaf l1 loses uplink to s1" in later  # still down


def test_health_says_how_the_replica_is_doing() -> None:
    health = Health(
        records=100,
        records_per_s=117.6,
        updates=12345,
        lag=3,
        stream_time=datetime(2026, 11, 22, 10, 44, 20, tzinfo=UTC),
        fresh=5,
        observers=6,
    )
    lines = drawn(scene(health=health, found=found(*many(2))), 80, 24)
    assert "replica at 10:44:20 UTC, stream time" in lines[-3]
    assert lines[-2].strip("│ ") == "118 records/s · 12345 updates · lag 3 · 2 open · 5 of 6 observers fresh"


def test_dead_letters_are_told_of() -> None:
    assert "4 dead letters" in "\n".join(drawn(scene(health=Health(dead_letters=4))))


def test_without_a_known_end_it_counts_seconds() -> None:
    assert drawn(scene(now=42.0, end=None))[0].endswith("42 s")


def test_nothing_from_outside_reaches_the_terminal_as_a_command() -> None:
    evil = "\x1b[2J\x07l1\r\n[red]"
    deeds = deeds_of([action(1, "link-down", node=evil, ifname=evil, label=evil)])
    told = found(finding("R16", 2.0, device=evil, summary=evil))
    text = "".join(drawn(scene(recording=evil, deeds=deeds, found=told)))
    assert not any(char in text for char in "\x1b\x07\r")
    assert "[red]" in text
