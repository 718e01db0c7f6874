"""The command ``backtest``, over played scenarios."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fabricscope import command_line

Played = Callable[[str], Path]


SIX = ["--rule", "M2", "--set", "moves=6"]


def told(store: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        command_line(["backtest"]), ["backtest", "--store", str(store), "--json", *arguments]
    )
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refused(store: Path, *arguments: str) -> str:
    result = CliRunner().invoke(command_line(["backtest"]), ["backtest", "--store", str(store), *arguments])
    assert result.exception is not None
    return str(result.exception)


def verdicts(answer: dict[str, Any]) -> list[str]:
    return [row["verdict"] for row in answer["incidents"]]


@pytest.mark.parametrize(("moves", "found"), [(5, ["same"]), (6, ["only now"])])
def test_what_is_at_the_limit_is_told_and_what_is_just_below_is_not(
    played: Played, moves: int, found: list[str]
) -> None:
    answer = told(played("moves-at-the-limit"), "--rule", "M2", "--set", f"moves={moves}")
    assert verdicts(answer) == found
    assert answer["per_day"] == [
        {"fabric": "scenario", "day": "2026-01-01", "now": 1, "then": int(found == ["same"])}
    ]


@pytest.mark.parametrize(("moves", "found"), [(4, ["only then"]), (5, [])])
def test_what_was_just_below_the_limit_would_have_been_told_by_a_lower_one(
    played: Played, moves: int, found: list[str]
) -> None:
    answer = told(played("silent-moves-below-the-limit"), "--rule", "M2", "--set", f"moves={moves}")
    assert verdicts(answer) == found


def test_a_shorter_clear_lets_an_incident_be_over_earlier(played: Played) -> None:
    answer = told(played("duplicate-host-resolved"), "--rule", "M2", "--set", "clear=60")
    (row,) = answer["incidents"]
    assert row["verdict"] == "shorter"
    assert row["lasted_then_s"] < row["lasted_now_s"]


def test_a_threshold_of_another_vni_changes_nothing(played: Played) -> None:
    answer = told(played("moves-at-the-limit"), "--rule", "M2", "--set", "moves=6", "--vni", "1")
    assert answer["incidents"] == []
    assert "M2 would have told 0 incidents, and it told 0 incidents" in answer["answer"][1]


def test_the_answer_says_that_it_was_checked_against_the_store(played: Played) -> None:
    answer = told(played("moves-at-the-limit"), "--rule", "M2", "--set", "moves=6")
    assert any(line.startswith("Checked: ") and "own 1 incident " in line for line in answer["answer"])


def test_other_thresholds_than_held_are_noticed(played: Played, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("rules: {M2: {moves: 6}, M3: {moves: 6}}\n")
    answer = told(
        played("moves-at-the-limit"), "--rule", "M2", "--set", "moves=5", "--settings", str(settings)
    )
    assert verdicts(answer) == ["only then"]
    assert any(line.startswith("Not the whole truth: ") for line in answer["answer"])


def test_the_table_is_there_as_csv(played: Played) -> None:
    result = CliRunner().invoke(
        command_line(["backtest"]),
        [
            "backtest",
            "--store",
            str(played("moves-at-the-limit")),
            "--csv",
            "--rule",
            "M2",
            "--set",
            "moves=6",
        ],
    )
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["verdict"], row["rule_now"]) == ("only now", "M2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", "M22", "--set", "moves=6"], "there is no rule 'M22' (did you mean M2?)"),
        (["--rule", "X4", "--set", "wait=6"], "X4 can't be tried on the past: it is made of the incidents"),
        (
            ["--rule", "M2", "--set", "mooves=6"],
            "M2 has no threshold 'mooves' (did you mean moves?)",
        ),
        (["--rule", "M2", "--set", "moves=1"], "M2 moves must be 2 to 1000 moves, not '1'"),
        (["--rule", "M2", "--set", "window=4.9s"], "M2 window_s must be 5 to 3600 s, also written 90s or 3m"),
        (["--rule", "M2", "--set", "moves"], "is no NAME=VALUE"),
        (["--rule", "M2", "--set", "moves=6", "--set", "moves=7"], "gives M2 moves twice"),
        (["--rule", "M2", "--set", "L1.window=9"], "L1 has nothing to do with M2"),
        (["--rule", "L1", "--set", "window=9", "--vni", "10"], "L1 window_s can't be set for a VNI"),
        (["--rule", "M2", "--set", "moves=6", "--vni", "0"], "a VNI is a number of 1 to 16777215"),
        (
            ["--rule", "M2", "--set", "moves=6", "--from", "-90d"],
            "before the first data: the earliest that is",
        ),
        (
            ["--rule", "M2", "--set", "moves=6", "--fabric", "scenaro"],
            "never heard of fabric scenaro: there are",
        ),
    ],
)
def test_bad_input_is_said_with_what_was_perhaps_meant(
    played: Played, arguments: list[str], said: str
) -> None:
    assert said in refused(played("moves-at-the-limit"), *arguments)


def test_a_window_may_be_written_as_people_do(played: Played) -> None:
    answer = told(played("moves-at-the-limit"), "--rule", "M2", "--set", "moves=20", "--set", "window=1m30s")
    assert "M2 window_s 90 instead of 180 s" in answer["answer"][0]


@pytest.mark.parametrize("command", ["backtest", "advise"])
def test_an_archive_without_sessions_is_refused(tmp_path: Path, command: str) -> None:
    arguments = [command, "--archive", str(tmp_path), *(SIX if command == "backtest" else [])]
    result = CliRunner().invoke(command_line([command]), arguments)
    assert "give the store that the archive is of, too" in str(result.exception)
