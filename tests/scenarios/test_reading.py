"""Scenarios from their files: what may stand there, and that all mistakes are told at once."""

from pathlib import Path

import pytest

from collectors.errors import InputError
from scenarios.library import library, read_all, recordings_in
from scenarios.reading import parse_scenario
from scenarios.scenario import Expected, Recorded, Scenario, Simulation

HEAD = "meaning: m\nsource: s\nseconds: 30\n"


def parse(text: str) -> Scenario:
    return parse_scenario(text, name="it", file="it.yaml", folder=Path("here"))


def expected(text: str) -> tuple[Expected, ...]:
    return parse(f"{HEAD}expect:\n  - {text}\n").expected


def mistakes(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def test_every_scenario_of_the_library_and_of_the_recordings_can_be_read() -> None:
    paths = [*library(), *recordings_in(Path(__file__).parent.parent / "recordings")]
    assert {it.name for it in read_all(paths)} >= {"duplicate-host", "frr-main", "frr-segments"}


def test_names_stand_for_what_they_are_in_the_fabric() -> None:
    (one,) = expected("{rule: M2, about: {host: h2, vtep: leaf-2, esi: po1}, opened: [5, 10]}")
    assert one.subject == {
        "vni": {"10010"},
        "mac": {"00:50:56:00:00:01"},
        "vtep": {"10.1.0.2"},
        "esi": {"03:44:38:39:ff:ff:00:00:00:01"},
    }
    (peer,) = expected("{rule: V17, about: {peer: spine-1}, opened: [5, 10]}")
    assert {"10.0.0.1", "10.128.0.0", "spine-1"} <= peer.subject["peer"]


def test_a_list_of_names_is_an_incident_each() -> None:
    assert [it.label for it in expected("{rule: R4, about: {esi: [po1, po2]}, opened: [5, 6]}")] == [
        "R4 po1",
        "R4 po2",
    ]


def test_a_step_is_repeated() -> None:
    scenario = parse(HEAD + "timeline:\n  - {at: 5, do: mac-move h1 leaf-2, every: 10, times: 3}\n")
    assert isinstance(scenario.played, Simulation)
    assert [step.at_s for step in scenario.played.steps] == [5, 15, 25]


def test_a_recording_is_beside_its_file() -> None:
    assert parse("meaning: m\nsource: s\nrecording: .\n").played == Recorded(Path("here"))


def test_an_incident_is_open_at_the_end_unless_it_says_otherwise() -> None:
    assert [
        it.resolved
        for text in ("", ", resolved: any", ", resolved: [20, 25]")
        for it in expected(f"{{rule: R4, opened: [5, 6]{text}}}")
    ] == [None, "any", (20, 25)]


@pytest.mark.parametrize(
    ("opened", "decidable", "good"),
    [
        ([5, 10], None, True),
        ([5, 10.5], None, False),
        ([5, 15], 10, True),
        ([5, 15], 9, False),
        ([5, 9], 10, False),
    ],
)
def test_an_incident_is_told_5_s_after_its_rule_can_decide_at_most(
    opened: list[float], decidable: float | None, good: bool
) -> None:
    told = f", decidable: {decidable}" if decidable else ""
    text = f"{HEAD}expect:\n  - {{rule: R4, opened: {opened}{told}}}\n"
    if good:
        assert parse(text).expected[0].opened == tuple(opened)
    else:
        assert "has to be told between" in mistakes(text)[0]


def test_all_mistakes_of_a_file_are_told_at_once_with_their_lines() -> None:
    text = """\
source: s
seconds: -1
colour: red
fabric: {design: rip, leaves: 4}
timeline:
  - {at: 5, do: link-dwn leaf-1 eth1}
  - {at: 6, do: mac-move h1}
  - {at: 7, do: mac-move h1 leaf-2, every: 3}
expect:
  - {rule: M2, about: {device: leaf-9}, opened: [5, 6]}
  - {rule: R4, about: {colour: red}, opened: [5], under: storm}
  - {rule: mobility, opened: [6, 5]}
"""
    told = mistakes(text)
    for line, words in (
        (2, "a number, 0 or above"),
        (3, "no 'colour'"),
        (4, "one of ebgp, ibgp"),
        (6, "no verb 'link-dwn'"),
        (7, "mac-move HOST LEAF"),
        (8, "how many times"),
        (10, "no device 'leaf-9'"),
        (11, "has no 'colour'"),
        (11, "two seconds"),
        (12, "'mobility' is no rule"),
        (12, "two seconds"),
        (10, "nothing expected is called 'storm'"),
        (1, "needs meaning"),
    ):
        assert any(it.startswith(f"it.yaml:{line}: ") and words in it for it in told), (line, words, told)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "meaning: m\nmeaning: n\n"])
def test_what_is_no_scenario_is_told(text: str) -> None:
    assert mistakes(text)[0].startswith("it.yaml")
