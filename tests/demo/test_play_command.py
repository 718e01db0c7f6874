"""The command ``play`` as a process: with and without a terminal, to the end and interrupted."""

import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.recording import open_recording
from pipeline.store.equality import contents

pytestmark = pytest.mark.services

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests" / "recordings"
SEGMENTS = RECORDINGS / "frr-segments"
DUPLICATES = {f"02:aa:00:00:{last}" for last in ("10:04", "20:05", "10:06", "10:07")}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "fabricscope", "play", *map(str, arguments)]


def environment(temporary: Path, **variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), **variables}


def played(temporary: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=environment(temporary),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    return [int(child) for child, parent in map(str.split, listed.splitlines()) if int(parent) == pid]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_the_recorded_fabric_is_played_and_all_that_was_found_is_told(tmp_path: Path) -> None:
    store, pictures = tmp_path / "store.duckdb", tmp_path / "pictures"
    done = played(tmp_path, "--speed", 40, "--store", store, "--svg", pictures)
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"M2 MAC_DUPLICATE (\S+)", done.stdout)) == DUPLICATES
    assert set(re.findall(r"M13 DEVICE_DUP_FLAG (\S+)", done.stdout)) == DUPLICATES
    found = re.findall(r"((?:R15|R16|V1|X1) [A-Z_0-9]+ [sl]\d)", done.stdout)
    assert found == [
        "R16 N_MINUS_1_FABRIC l1",
        "R16 N_MINUS_1_FABRIC s2",
        "R16 N_MINUS_1_FABRIC l2",
        "R15 UPLINK_LOSS l2",
        "V1 VTEP_LOSS l2",
        "R16 N_MINUS_1_FABRIC s1",
        "X1 COLLECTOR_BLIND s1",
        "R15 UPLINK_LOSS l3",
        "V1 VTEP_LOSS l3",
        "R16 N_MINUS_1_FABRIC l3",
    ]
    assert "that follow from one, 0 that don't" in done.stdout
    assert "-: nothing was found" not in done.stdout
    assert sorted(path.name for path in pictures.iterdir()) == ["play-live.svg", "play-table.svg"]
    assert "finding" not in done.stderr.lower()  # no logs among the lines
    (position,) = contents(store)["main.stream_position"].to_dicts()
    assert position["next_offset"] == sum(1 for _ in open_recording(RECORDINGS / "frr-main").records)
    (look,) = re.findall(r"^  (.* -c .*)$", done.stdout, re.MULTILINE)
    looked = subprocess.run(look, shell=True, capture_output=True, text=True, check=True)
    assert "M2" in looked.stdout


def test_in_a_terminal_the_view_comes_and_goes_and_the_table_stays(tmp_path: Path) -> None:
    output = in_terminal(command(SEGMENTS, "--speed", 60), environment(tmp_path, TERM="xterm-256color"))
    before, entered, rest = output.partition("\x1b[?1049h")
    view, left, after = rest.partition("\x1b[?1049l")
    assert (before.strip(), bool(entered), bool(left)) == ("", True, True)
    assert "open incidents" in view
    assert "R5 ES_DOWN" in view
    assert "what was done and what was found" in after
    assert "R5 ES_DOWN" in after
    assert "open incidents" not in after


def in_terminal(arguments: list[str], variables: dict[str, str]) -> str:
    """Run a command in a terminal of its own and return all that it wrote there."""
    pid, terminal = pty.fork()
    if not pid:
        os.execve(arguments[0], arguments, {**variables, "LINES": "40", "COLUMNS": "120"})
    written = b""
    with contextlib.suppress(OSError):  # Linux says so that the other side is gone
        while chunk := os.read(terminal, 65536):
            written += chunk
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, written.decode(errors="replace")
    return written.decode()


def wait_until_it_plays(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert any("hosts attached" in line for line in iter(process.stderr.readline, "")), "it ended early"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_leaves_no_broker_and_no_file(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        command(SEGMENTS, "--speed", 1),
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until_it_plays(process)
        started = children(process.pid)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert output == ""
    assert re.search(r"interrupted at second \d+ of the recording\n$", errors)
    assert started
    assert not any(map(lives, started))
    assert list(tmp_path.iterdir()) == []


def test_interrupted_it_leaves_the_store_that_was_asked_for(tmp_path: Path) -> None:
    store = tmp_path / "kept.duckdb"
    with subprocess.Popen(
        command(SEGMENTS, "--speed", 1, "--store", store),
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until_it_plays(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"what was found until then is in {store}" in errors
    assert "main.incident" in contents(store)


def test_a_recording_that_tells_not_what_was_done_is_played_all_the_same(tmp_path: Path) -> None:
    silent = Path(shutil.copytree(SEGMENTS, tmp_path / "silent"))
    (silent / "truth.jsonl").unlink()
    done = played(tmp_path, silent, "--speed", 100)
    assert done.returncode == 0, done.stderr
    assert "what was done to the fabric is not known" in done.stderr
    assert done.stdout.count("ES_D") == 3
    # the segment's legs, and the port that flaps by it
    assert done.stdout.count("nothing that is told of") == 3 + done.stdout.count("LINK_FLAP")


@pytest.mark.parametrize("wrong", ["no recording", "store exists", "no speed"])
def test_what_can_not_be_used_ends_with_2_and_a_sentence(tmp_path: Path, wrong: str) -> None:
    there = tmp_path / "there.duckdb"
    there.write_text("mine")
    arguments, sentence = {
        "no recording": ((tmp_path / "none",), "there is no recording"),
        "store exists": (("--store", there), "exists already: play fills a store of its own"),
        "no speed": (("--speed", 0), "--speed"),
    }[wrong]
    done = played(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert there.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [there]
