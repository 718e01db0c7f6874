"""Following a file: each line once, when it is whole."""

from pathlib import Path

import pytest

from collectors.errors import FabricscopeError
from demo.follow import Follower


def test_a_line_is_told_once_and_only_when_its_end_is_written(tmp_path: Path) -> None:
    file = tmp_path / "log"
    follower = Follower(file)
    assert follower.new() == []  # not there yet
    file.write_bytes(b'{"a": 1}\n{"a"')
    assert follower.new() == [{"a": 1}]
    assert follower.new() == []
    with file.open("ab") as more:
        more.write(b': 2}\n\n{"a": 3}\n')
    assert follower.new() == [{"a": 2}, {"a": 3}]


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n"])
def test_a_line_that_is_no_object_is_said(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(line)
    with pytest.raises(FabricscopeError, match="log has a line that is no JSON"):
        Follower(tmp_path / "log").new()
