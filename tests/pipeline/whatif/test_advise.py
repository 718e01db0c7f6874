"""The command ``advise``: what nobody has to be told of becomes quiet, and nothing else."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fabricscope import command_line
from pipeline import settings_file
from pipeline.whatif.advice import Kind, Limits, Proposal, Spell, proposed
from pipeline.whatif.fragment import text_of
from scenarios import playing
from scenarios.reading import read_scenario

FIVE = ["--rule", "M2", "--vni", "10010", "--set", "moves=5"]
NOW = Limits(5, 180, 3)
MOVED = """
meaning: A host is moved by plan, one of another VNI is at two places.
source: test
seconds: 100
maintenance:
  - {at: 2, until: 90, scope: {vni: [10010]}}
timeline:
  - {at: 5, every: 16, times: 3, do: mac-move h1 leaf-3}
  - {at: 13, every: 16, times: 3, do: mac-move h1 leaf-4}
  - {at: 5, every: 8, times: 6, do: mac-move h5 leaf-3}
  - {at: 9, every: 8, times: 6, do: mac-move h5 leaf-4}
expect: []
"""


def spell(kind: Kind, moves: int, *, window: float = 180, flaps: int = 0, short: int | None = None) -> Spell:
    counts = {window: moves} | ({} if short is None else {10.0: short})
    return Spell(10, "02:00:00:00:00:01", "1", datetime(2026, 1, 1, tzinfo=UTC), kind, counts, flaps)


def then(*spells: Spell) -> Limits | None:
    return proposed(10, spells, NOW).then


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("advise")
    file = folder / "moved.yaml"
    file.write_text(MOVED)
    playing.store(read_scenario(file), folder / "moved.duckdb")
    return folder / "moved.duckdb"


def advised(store: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        command_line(["advise"]), ["advise", "--store", str(store), "--json", *arguments]
    )
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize(("told", "limits"), [(9, Limits(9, 180, 3)), (8, None)])
def test_a_proposal_is_above_what_is_unwanted_and_not_above_what_has_to_be_told(
    told: int, limits: Limits | None
) -> None:
    assert then(spell("planned", 8), spell("duplicate", told)) == limits


def test_another_window_is_proposed_where_only_that_tells_them_apart() -> None:
    slow, fast = spell("migrations", 12, short=1), spell("loop", 8, short=7)
    assert then(slow, fast) == Limits(2, 10, 3)


def test_what_is_unclear_is_not_made_quiet() -> None:
    assert then(spell("marked as false", 9), spell("unclear", 9)) is None


def test_where_nothing_is_known_to_be_unwanted_nothing_is_proposed() -> None:
    proposal = proposed(10, [spell("unclear", 9)], NOW)
    assert proposal.then is None
    assert "nothing that was told is known to be no duplicate" in proposal.why


@pytest.mark.parametrize(("told", "flap_moves"), [(5, 5), (4, 3)])
def test_flaps_are_raised_as_far_as_nothing_is_missed(told: int, flap_moves: float) -> None:
    limits = then(spell("planned", 8, flaps=4), spell("duplicate", 20, flaps=told))
    assert limits == Limits(9, 180, flap_moves)


def test_the_fragment_is_what_the_reader_of_settings_takes(tmp_path: Path) -> None:
    text = text_of(
        {'dc "1"': [Proposal(10, NOW, Limits(9, 60, 4), "")], "dc2": [Proposal(11, NOW, None, "")]}
    )
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    read = settings_file.read(file, ['dc "1"', "dc2"])
    assert read['dc "1"'].vnis == {10: {("M2", "moves"): 9, ("M2", "window_s"): 60, ("M3", "moves"): 4}}
    assert read["dc2"].vnis == {}


def test_planned_moves_become_quiet_and_a_duplicate_is_still_told(store: Path) -> None:
    answer = advised(store)
    kinds = {row["vni"]: (row["kind"], row["told_then"]) for row in answer["evidence"]}
    assert kinds == {10010: ("planned", False), 10020: ("duplicate", True)}
    (quiet,) = [one for one in answer["proposals"] if one["vni"] == 10010]
    (told,) = [one for one in answer["proposals"] if one["vni"] == 10020]
    assert quiet["then"]["moves"] == 7  # it moved six times
    assert told["then"] is None


def test_what_is_advised_can_be_given_to_settings_and_silences_just_that(store: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(advised(store)["settings"])
    result = CliRunner().invoke(
        command_line(["backtest"]),
        ["backtest", "--store", str(store), "--settings", str(settings), "--json", *FIVE],
    )
    (row,) = json.loads(result.stdout)["incidents"]
    assert row["verdict"] == "only then"


def test_a_vni_that_never_moved_has_nothing_to_propose(store: Path) -> None:
    answer = advised(store, "--vni", "77")
    assert "M2 told of nothing in VNI 77" in answer["answer"][1]
    assert answer["settings"] == ""
