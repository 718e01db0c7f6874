"""Programs that hang, flood, fail or can't be started."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from targets.frr.commands import Command
from targets.frr.processes import Outcome, Processes
from tests.targets.frr.programs import MakeProgram

LIMIT_S = 0.5
OUTPUT = 100_000


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes(LIMIT_S, OUTPUT)
    yield made
    made.close()


def run(processes: Processes, *paths: str) -> dict[str, Outcome]:
    for path in paths:
        processes.start(Command(path, (path,), ("document",)))
    outcomes = {}
    while (outcome := processes.wait()) is not None:
        outcomes[outcome.command.name] = outcome
    return outcomes


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_a_program_says_is_kept_with_how_it_ended(processes: Processes, program: MakeProgram) -> None:
    good, bad = program("echo '{}'"), program("echo half; echo why >&2; exit 3")
    outcomes = run(processes, good, bad)
    assert outcomes[good] == Outcome(outcomes[good].command, b"{}\n", b"", None, hung=False)
    assert outcomes[bad] == Outcome(outcomes[bad].command, b"half\n", b"why\n", "it ended with 3", hung=False)


def test_a_program_that_hangs_is_ended_with_all_it_started(
    processes: Processes, program: MakeProgram, tmp_path: Path
) -> None:
    hanging = program(f"echo so far; sleep 600 & echo $! > {tmp_path}/pid; wait")
    outcome = run(processes, hanging)[hanging]
    assert outcome.hung
    assert outcome.trouble == "it took longer than 0.5 s"
    assert outcome.output == b"so far\n", "what it said before is kept"
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while not gone(pid):
        assert time.monotonic() < deadline


def test_a_program_that_says_all_and_stays_is_ended_too(processes: Processes, program: MakeProgram) -> None:
    staying = program("exec >&- 2>&-; sleep 600")
    assert run(processes, staying)[staying].hung


def test_others_do_not_wait_for_one_that_hangs(processes: Processes, program: MakeProgram) -> None:
    hanging, quick = program("sleep 600"), program("echo '{}'")
    assert list(run(processes, hanging, quick)) == [quick, hanging]


def test_a_flood_is_cut_at_the_bound(processes: Processes, program: MakeProgram) -> None:
    endless, just_fits = program("yes"), program(f"head -c {OUTPUT} /dev/zero")
    outcomes = run(processes, endless, just_fits)
    assert outcomes[endless].trouble == f"it says more than {OUTPUT} bytes"
    assert len(outcomes[endless].output) <= OUTPUT
    assert not outcomes[endless].hung
    assert outcomes[just_fits].trouble is None
    assert len(outcomes[just_fits].output) == OUTPUT


def test_a_flood_of_errors_is_read_and_forgotten(processes: Processes, program: MakeProgram) -> None:
    complaining = program("head -c 1000000 /dev/zero >&2; echo '{}'")
    outcome = run(processes, complaining)[complaining]
    assert outcome.output == b"{}\n"
    assert 0 < len(outcome.error) < OUTPUT


def test_a_program_that_cannot_be_started_is_an_outcome(processes: Processes) -> None:
    outcome = run(processes, "/nowhere/vtysh")["/nowhere/vtysh"]
    assert outcome.trouble is not None
    assert outcome.trouble.startswith("it can't be started: ")


def test_programs_get_no_environment_no_input_and_no_folder_of_the_caller(
    processes: Processes, program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_PRELOAD_NOT", "x")
    curious = program("env | cut -d= -f1 | sort | tr '\\n' ' '; pwd; cat; ls /proc/self/fd | wc -l")
    said = run(processes, curious)[curious].output.decode()
    names, descriptors = said.splitlines()
    assert set(names.split()) == {"HOME", "LC_ALL", "PATH", "PWD", "/"}
    assert int(descriptors) == 4, "its three, and the one with which ls reads"


def test_an_interrupt_ends_what_runs_and_lets_nothing_start(program: MakeProgram) -> None:
    processes = Processes(600.0)
    hanging = program("sleep 600")
    processes.start(Command("one", (hanging,), ("document",)))
    threading.Timer(0.1, processes.interrupt).start()
    outcome = processes.wait()
    assert outcome is not None
    assert outcome.trouble == "the agent stops"
    processes.start(Command("two", (hanging,), ("document",)))
    assert processes.wait() is None
    processes.close()
