"""The command ``demo`` as a process: the whole story, and interrupted at any time."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectors.captures import read_capture
from pipeline.store.equality import contents

pytestmark = pytest.mark.services

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "fabricscope", "demo"]
PATIENCE_S = 30.0
MEDIAN_S, P99_S = 1.0, 2.0
"""Twice the goal for half of them, 0.5 s: other tests run beside this one."""


def environment(temporary: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = {pid}
    while more := {child for child, parent in pairs if parent in found} - found:
        found |= more
    return found - {pid}


def gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.slow
def test_all_of_the_story_is_found_and_nothing_else_and_what_is_kept_up_can_be_asked(tmp_path: Path) -> None:
    folder, pictures = tmp_path / "left", tmp_path / "pictures"
    with subprocess.Popen(
        [*COMMAND, "--keep", "--folder", str(folder), "--svg", str(pictures)],
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = list(itertools.takewhile(lambda line: "tail -f" not in line, process.stdout))
        try:
            (ask,) = (line.split() for line in told if " targets --collector " in line)
            asked = subprocess.run(
                [*COMMAND[:-1], *ask[-3:], "--json"],
                env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=True,
            )  # fmt: skip
        finally:  # it is kept up until somebody ends it
            started = descendants(process.pid)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
    table = "".join(told)
    assert "7 of 7 as they must be, 0 that nobody expected" in table, table
    assert process.returncode == 0, errors
    assert gone(started)
    assert {one["state"] for one in json.loads(asked.stdout)["targets"]} == {"UP"}
    rules = re.findall(r" ([LMRX]\d+) [A-Z_0-9]+ ", table)
    assert sorted(rules) == ["L2", "M13", "M2", "R16", "R16", "R4", "X1"]
    (half, most) = map(float, re.findall(r"p50 (\d+\.\d\d) s, p99 (\d+\.\d\d) s, of 7", table)[0])
    assert half < MEDIAN_S
    assert most < P99_S
    assert {path.name for path in pictures.iterdir()} == {"demo-live.svg", "demo-table.svg"}
    assert str(folder) in output
    found = contents(folder / "store.duckdb")
    assert found["main.incident"].height == 7
    assert found["main.dead_letter"].is_empty()
    (position,) = found["main.stream_position"].to_dicts()
    assert sum(len(batch) for batch in read_capture(folder / "capture.parquet")) >= position["next_offset"]


@pytest.mark.parametrize("heard", ["", " done "], ids=["while it starts", "while it plays"])
def test_interrupted_it_leaves_nothing_running(heard: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        COMMAND, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        if heard:
            assert any(heard in line for line in iter(process.stderr.readline, "")), "it ended early"
        else:
            deadline = time.monotonic() + PATIENCE_S
            while not descendants(process.pid) and time.monotonic() < deadline:
                time.sleep(0.05)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert started
    assert process.returncode == 130, errors
    assert output == ""
    assert gone(started)


def test_killed_it_takes_its_processes_with_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        COMMAND, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert any(" done " in line for line in iter(process.stderr.readline, "")), "it ended early"
        started = descendants(process.pid)
        process.kill()
    assert len(started) >= 4
    assert gone(started)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = subprocess.run(
        [*COMMAND, "--folder", str(tmp_path)],
        env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not empty: the demo fills a folder of its own" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
