"""The command ``preview drain``: what it says is what follows when it happens."""

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fabricscope import command_line
from pipeline.actions.scope import Scope
from pipeline.forensics.source import source
from pipeline.whatif.drain import Target
from pipeline.whatif.windows import uncovered, windows_for
from targets.simulated.play import LEAD_NS, START_NS

Played = Callable[[str], Path]
RULES = ("L2", "R4", "R5", "R15", "R16", "R19", "V1")
"""Rules on what is there and what is lost; others tell of the same once more, or for a moment."""
BEFORE = datetime.fromtimestamp((START_NS + LEAD_NS) / 1e9 + 4, UTC).isoformat()
"""A second before anything is done."""


def preview(store: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        command_line(["preview"]), ["preview", "drain", *arguments, "--store", str(store), "--json"]
    )
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refused(store: Path, *arguments: str) -> str:
    result = CliRunner().invoke(
        command_line(["preview"]), ["preview", "drain", *arguments, "--store", str(store)]
    )
    assert result.exception is not None
    return str(result.exception)


def followed(store: Path) -> set[tuple[str, str]]:
    """Return rule and subject of what was told in fact."""
    with source(store) as opened:
        rows = opened.rows("SELECT rule, device, interface, esi, vni, vtep FROM store.incident").to_dicts()
    return {
        (row["rule"], " ".join(str(one) for name, one in row.items() if name != "rule" and one is not None))
        for row in rows
        if row["rule"] in RULES
    }


def foreseen(answer: dict[str, Any]) -> set[tuple[str, str]]:
    words = str.maketrans({",": ""})
    named = ("interface ", "Ethernet segment ", "VNI ", "VTEP ")
    told = set()
    for row in answer["incidents"]:
        subject = row["subject"].translate(words)
        for name in named:
            subject = subject.replace(name, "")
        if row["rule"] in RULES:
            told.add((row["rule"], " ".join(sorted(subject.split()))))
    return told


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ebgp-leaf", ["leaf-1"]),
        ("ebgp-spine", ["spine-2"]),
        ("lag-loses-all-members", ["leaf-1", "--interface", "eth4", "--interface", "eth5"]),
    ],
)
def test_what_is_foreseen_is_what_followed(played: Played, name: str, arguments: list[str]) -> None:
    answer = preview(played(name), *arguments, "--at", BEFORE)
    expected = {(rule, " ".join(sorted(subject.split()))) for rule, subject in followed(played(name))}
    assert expected
    assert foreseen(answer) == expected


def test_one_of_two_members_takes_no_leg_with_it(played: Played) -> None:
    answer = preview(played("lag-loses-all-members"), "leaf-1", "--interface", "eth4", "--at", BEFORE)
    assert [(fall["kind"], fall["name"], fall["left"]) for fall in answer["falls"]] == [
        ("aggregate", "leaf-1 po1", 1)
    ]


def test_each_leaf_of_a_spine_is_told_to_have_one_left(played: Played) -> None:
    answer = preview(played("ebgp-spine"), "spine-2", "--at", BEFORE)
    falls = {(fall["kind"], fall["name"], fall["left"], fall["survivor"]) for fall in answer["falls"]}
    assert falls == {("uplinks", f"leaf-{leaf}", 1, "spine-1") for leaf in range(1, 5)}


def test_a_vni_that_is_left_on_one_leaf_comes_with_the_macs_that_the_next_failure_takes(
    played: Played,
) -> None:
    store = played("vni-survives-on-one-leaf")
    answer = preview(store, "leaf-2", "--at", BEFORE)
    (vni,) = [fall for fall in answer["falls"] if fall["kind"] == "VNI"]
    with source(store) as opened:
        (told,) = opened.rows("SELECT evidence FROM store.incident WHERE rule = 'R19'")["evidence"]
    assert (vni["name"], vni["left"], vni["survivor"]) == ("10010", 1, "leaf-1")
    assert vni["macs"] == json.loads(told)["macs"]


def test_the_windows_cover_what_would_be_told(played: Played) -> None:
    answer = preview(played("ebgp-leaf"), "leaf-1", "--at", BEFORE, "--for", "2h")
    assert answer["not_covered"] == []
    assert answer["windows"][0]["scope"] == {"device": ["leaf-1"]}
    assert all("esi" in one["scope"] for one in answer["windows"][1:])
    words = shlex.split(answer["windows"][1]["command"])
    assert words[:3] == ["fabricscope", "maintenance", "add"]
    assert words[-2:] == ["--for", "2h"]
    assert words.count("--esi") == len(answer["windows"][1]["scope"]["esi"])


def test_a_window_of_an_interface_doesnt_cover_the_rest_of_its_device() -> None:
    caused: list[dict[str, Any]] = [
        {"device": "leaf-1", "interface": "po1", "esi": None, "vni": None},
        {"device": None, "interface": None, "esi": None, "vni": 10010},
        {"device": None, "interface": None, "esi": None, "vni": None},
    ]
    windows = windows_for(Target("leaf-1", frozenset({"eth4"})), caused)
    assert [one.scope for one in windows] == [
        Scope(device=frozenset({"leaf-1"}), interface=frozenset({"eth4"})),
        Scope(vni=frozenset({10010})),
        Scope(device=frozenset({"leaf-1"}), interface=frozenset({"po1"})),
    ]
    assert uncovered(windows, caused) == caused[2:]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["leaf-11"], "there was no device 'leaf-11' (did you mean leaf-1"),
        (["leaf-1", "--interface", "eth44"], "leaf-1 had no interface 'eth44' (did you mean eth4"),
        (["leaf-1", "--at", "2020-01-01"], "before the first data"),
        (["leaf-1", "--for", "soon"], "--for 'soon' is no duration"),
        (["leaf-1", "--from", "tomorrow"], "--from 'tomorrow' is no time"),
        (["leaf-1", "--fabric", "dc1"], "never heard of fabric dc1: there are scenario"),
    ],
)
def test_bad_input_is_said_with_what_was_perhaps_meant(
    played: Played, arguments: list[str], said: str
) -> None:
    assert said in refused(played("ebgp-spine"), *arguments)
