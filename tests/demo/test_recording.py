"""Recordings to play: found, opened, or refused with a sentence."""

import shutil
from pathlib import Path

import pytest

from collectors.errors import InputError
from demo.recording import DEFAULT, open_recording

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of a recording, to be damaged."""
    return Path(shutil.copytree(RECORDINGS / "frr-segments", tmp_path / "copy"))


def test_the_recording_of_the_checkout_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_recording(DEFAULT).folder.samefile(RECORDINGS / "frr-main")


def test_a_recording_here_comes_before_that_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(RECORDINGS / "frr-segments", tmp_path / DEFAULT)
    monkeypatch.chdir(tmp_path)
    opened = open_recording(DEFAULT)
    assert opened.folder.resolve() == (tmp_path / DEFAULT).resolve()
    assert opened.siblings() == []


def test_a_package_without_the_recording_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demo.recording.__file__", str(tmp_path / "demo" / "recording.py"))
    with pytest.raises(InputError, match="comes with the sources, not with the package"):
        open_recording(DEFAULT)


def test_a_folder_that_does_not_exist_or_holds_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no recording"):
        open_recording(tmp_path / "none")
    with pytest.raises(InputError, match="no recording"):
        open_recording(tmp_path)


def test_second_0_is_what_the_truth_says_else_the_first_record(copy: Path) -> None:
    told = open_recording(copy)
    assert told.truth is not None
    assert told.zero == told.truth.start
    assert told.start < told.zero
    (copy / "truth.jsonl").unlink()
    silent = open_recording(copy)
    assert (silent.truth, silent.zero) == (None, silent.start)


def test_a_truth_that_cannot_be_read_is_refused_with_the_line(copy: Path) -> None:
    with (copy / "truth.jsonl").open("a") as truth:
        truth.write("{broken\n")
    lines = len((copy / "truth.jsonl").read_text().splitlines())
    with pytest.raises(InputError, match=rf"truth.jsonl can't be read: line {lines} is no JSON"):
        open_recording(copy)


def test_all_records_are_played_the_first_included(copy: Path) -> None:
    opened = open_recording(copy)
    offsets = [record.offset for record in opened.records]
    assert offsets == list(range(len(offsets)))
    assert opened.mapping.records == len(offsets)


def test_other_recordings_beside_it_are_known() -> None:
    assert [path.name for path in open_recording(RECORDINGS / "frr-main").siblings()] == ["frr-segments"]
