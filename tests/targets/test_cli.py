import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.captures import read_capture
from targets.cli import app
from tests.recordings import derive

SEGMENTS = Path(derive.__file__).parent / "frr-segments"


def test_a_recording_becomes_a_capture_and_the_summary_says_of_what(tmp_path: Path) -> None:
    capture = tmp_path / "capture.parquet"
    done = CliRunner().invoke(app, ["frr-agent", "--recording", str(SEGMENTS), "--capture", str(capture)])
    assert done.exit_code == 0
    records = sum(len(batch) for batch in read_capture(capture))
    assert f"{records} records" in done.stderr
    assert done.stdout == ""  # results go to the file
    for target in ("s1", "s2", "l1", "l2", "l3", "gobgp"):
        assert target in done.stderr
    assert "liveness routes mac vtep es link bgp" in done.stderr


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ((), "no poll-NODE.jsonl.gz in it"),
        (("poll-l1.jsonl.gz", "poll-twin.jsonl.gz"), "more than one file of l1"),
    ],
)
def test_a_recording_that_can_not_be_used_is_named_with_the_reason(
    files: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    directory, capture = tmp_path / "recording", tmp_path / "capture.parquet"
    directory.mkdir()
    for name in files:
        (directory / name).write_bytes((SEGMENTS / "poll-l1.jsonl.gz").read_bytes())
    done = CliRunner().invoke(app, ["frr-agent", "--recording", str(directory), "--capture", str(capture)])
    assert done.exit_code == 2
    assert str(directory) in done.stderr
    assert sentence in done.stderr
    assert not capture.exists()


def test_the_gnmi_client_with_its_log_handler_is_not_loaded() -> None:
    code = "import sys, targets.frr.recording; sys.exit('pygnmi.client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_capture_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    capture = tmp_path / "missing" / "capture.parquet"
    done = CliRunner().invoke(app, ["frr-agent", "--recording", str(SEGMENTS), "--capture", str(capture)])
    assert done.exit_code == 1
    assert "can't be written" in done.stderr
