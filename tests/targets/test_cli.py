import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.captures import read_capture
from collectors.errors import FabricscopeError, InputError
from targets.cli import app
from targets.gnmi.access import Users
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
    assert isinstance(done.exception, InputError)
    assert str(directory) in str(done.exception)
    assert sentence in str(done.exception)
    assert not capture.exists()


def test_the_gnmi_client_with_its_log_handler_is_not_loaded() -> None:
    code = "import sys, targets.frr.recording; sys.exit('pygnmi.client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_capture_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    capture = tmp_path / "missing" / "capture.parquet"
    done = CliRunner().invoke(app, ["frr-agent", "--recording", str(SEGMENTS), "--capture", str(capture)])
    assert isinstance(done.exception, FabricscopeError)
    assert "can't be written" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "give --listen HOST:PORT, or --recording DIR and --capture FILE"),
        ("--recording x", "give --listen HOST:PORT, or --recording DIR and --capture FILE"),
        ("--listen 127.0.0.1:0 --capture x", "give --listen HOST:PORT, or --recording DIR"),
        ("--listen 127.0.0.1:0 --tls-cert x", "--tls-cert and --tls-key go together"),
        ("--listen 127.0.0.1:0 --client-ca x", "certificates come with TLS only"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(arguments: str, sentence: str) -> None:
    done = CliRunner().invoke(app, ["frr-agent", *arguments.split()])
    assert isinstance(done.exception, InputError)
    assert sentence in str(done.exception)


def test_a_users_line_is_made_of_a_password_and_taken_by_the_server(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["hash-password", "noc"], input="secret\n")
    assert done.exit_code == 0
    assert "secret" not in done.stdout
    file = tmp_path / "users"
    file.write_text(done.stdout)
    file.chmod(0o600)
    users = Users.load(file)
    assert asyncio.run(users.check("noc", "secret"))
    assert not asyncio.run(users.check("noc", "Secret"))


@pytest.mark.parametrize(("name", "password"), [("a:b", "x"), ("#a", "x"), ("", "x"), (" a", "x"), ("a", "")])
def test_a_name_or_password_that_a_users_file_can_not_hold_is_refused(name: str, password: str) -> None:
    done = CliRunner().invoke(app, ["hash-password", name], input=f"{password}\n")
    assert isinstance(done.exception, InputError)


@pytest.mark.parametrize(("option", "name"), [("--folder", "folder"), ("--capture", "capture.parquet")])
def test_a_simulation_that_can_not_write_says_where(option: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    place = tmp_path / "file" / name
    done = CliRunner().invoke(app, ["simulate", "--scenario", "idle", option, str(place)])
    assert isinstance(done.exception, FabricscopeError)
    assert str(place) in str(done.exception)
    assert "can't be written" in str(done.exception)
