from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from collectors.errors import InputError
from pipeline.store import Commit, Position, Snapshot, Store
from pipeline.store.equality import contents, differences

Facts = Callable[[int, int], pl.DataFrame]
At = Callable[[int], Position]


def stored(path: Path, *commits: Commit, state: pl.DataFrame | None = None) -> Path:
    store = Store.open(path)
    for commit in commits:
        store.commit(commit)
    if state is not None:
        position = store.position("dc1")
        assert position is not None
        store.snapshot(Snapshot({}, {"m2": state}, [position]))
    store.close()
    return path


def test_batching_and_order_make_no_difference(tmp_path: Path, facts: Facts, position: At) -> None:
    one = stored(tmp_path / "1", Commit({"mac_event": facts(0, 9).reverse()}, positions=[position(9)]))
    two = stored(
        tmp_path / "2",
        Commit({"mac_event": facts(0, 4)}, positions=[position(4)]),
        Commit({"mac_event": facts(4, 9)}, positions=[replace(position(9), cluster_id="kafka-a")]),
    )
    assert differences(one, two) == []


def test_differences_are_shown_by_view_and_side(tmp_path: Path, facts: Facts, position: At) -> None:
    one = stored(tmp_path / "1", Commit({"mac_event": facts(0, 3)}, positions=[position(9)]))
    two = stored(tmp_path / "2", Commit({"mac_event": facts(1, 10)}, positions=[position(9)]))
    lines = differences(one, two, rows=2)
    assert [line.split(": ")[0] for line in lines] == [f"main.mac_event, only in {one}"] + [
        f"main.mac_event, only in {two}"
    ] * 3
    assert "offset=0, index=0, device=leaf-0, mac=00:00:00:00:00:00, " in lines[0]
    assert lines[-1].endswith(": 5 more")


def test_a_repeated_row_is_a_difference(tmp_path: Path, facts: Facts) -> None:
    one = stored(tmp_path / "1", Commit({"mac_event": facts(0, 1)}))
    two = stored(tmp_path / "2", Commit({"mac_event": facts(0, 1)}), Commit({"mac_event": facts(0, 1)}))
    assert len(differences(one, two)) == 2


def test_detector_state_counts_its_types_too(tmp_path: Path, position: At) -> None:
    commit = Commit(positions=[position(1)])
    one = stored(tmp_path / "1", commit, state=pl.DataFrame({"moves": [1]}))
    two = stored(tmp_path / "2", commit, state=pl.DataFrame({"moves": [2]}))
    three = stored(tmp_path / "3", commit, state=pl.DataFrame({"moves": ["1"]}))
    assert [line.split(",")[0] for line in differences(one, two)] == ["state m2"] * 2
    assert [line.split(",")[0] for line in differences(one, three)] == ["state m2"] * 2
    assert differences(one, one) == []


def test_what_depends_on_the_wall_clock_is_left_out(tmp_path: Path) -> None:
    views = contents(stored(tmp_path / "1"))
    assert "known" not in views["main.mac_current"].columns
    assert "as_of" in views["main.mac_current"].columns


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.duckdb can't be opened"):
        differences(tmp_path / "no.duckdb", tmp_path / "no.duckdb")
