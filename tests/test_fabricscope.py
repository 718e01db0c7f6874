"""The command as a whole: exit codes, and what goes to which stream."""

import json
import logging
import os
import subprocess
import sys

import pytest

import fabricscope
from collectors.errors import FabricscopeError, InputError, RefusedError


class DiskFullError(FabricscopeError):
    """An error of a class that the command line has never heard of."""


def ended_with(error: Exception | None, monkeypatch: pytest.MonkeyPatch) -> int:
    def app() -> None:
        if error is not None:
            raise error
        raise SystemExit(0)

    monkeypatch.setattr(fabricscope, "command_line", lambda _: app)
    monkeypatch.setattr(fabricscope, "configure_logs", lambda: None)
    with pytest.raises(SystemExit) as caught:
        fabricscope.main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (FabricscopeError("the broker is away"), 1),
        (DiskFullError("no space left"), 1),
        (InputError("no such file"), 2),
        (RefusedError("another cluster"), 3),
    ],
)
def test_the_exit_code_says_who_has_to_act(
    error: Exception | None, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_with(error, monkeypatch) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert (str(error) in shown.err) == (error is not None)


def fabricscope_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FABRICSCOPE_")}
    return subprocess.run(
        [sys.executable, "-m", "fabricscope", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def test_wrong_usage_ends_with_2() -> None:
    assert fabricscope_run("run", "--no-such-option").returncode == 2


def test_a_fabric_name_that_no_topic_can_have_is_wrong_usage() -> None:
    ended = fabricscope_run("capture", "--kafka", "127.0.0.1:1", "--fabric", "a b", "--output", "x")
    assert ended.returncode == 2
    assert "fabric name" in ended.stderr


def test_help_goes_to_stdout() -> None:
    ended = fabricscope_run("--help")
    assert ended.returncode == 0
    assert "Exit codes" in ended.stdout


def test_logs_go_to_stderr_as_json_where_nobody_looks() -> None:
    script = (
        "import fabricscope, logging, structlog; fabricscope.configure_logs();"
        "structlog.get_logger('pipeline.kafka').info('caught up', fabric='dc1');"
        "logging.getLogger('kafka.net').warning('lost %s', 'kafka-1');"
        "logging.getLogger('kafka.net').info('chatter')"
    )
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ended.stdout == ""
    ours, theirs = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (ours["event"], ours["fabric"], ours["level"]) == ("caught up", "dc1", "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("lost kafka-1", "kafka.net", "warning")


def record_of(logger: str, message: str | dict[str, str]) -> logging.LogRecord:
    return logging.LogRecord(logger, logging.WARNING, "", 0, message, ("kafka-1",), None)


def test_a_library_that_repeats_itself_is_heard_once_in_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1_000.0
    monkeypatch.setattr("fabricscope.time.monotonic", lambda: now_s)
    sampled = fabricscope.Sampled()
    lost, found = record_of("kafka.net", "lost %s"), record_of("kafka.net", "found %s")
    assert [sampled.filter(record) for record in (lost, lost, found)] == [True, False, True]
    now_s += 9.9
    assert not sampled.filter(lost)
    now_s += 0.1
    assert sampled.filter(lost)


def test_our_own_events_are_never_sampled() -> None:
    sampled = fabricscope.Sampled()
    ours = record_of("pipeline.run", {"event": "caught up"})
    assert [sampled.filter(ours) for _ in range(3)] == [True, True, True]


@pytest.mark.parametrize("people", [False, True])
def test_a_defect_is_logged_with_where_it_was_and_without_what_was_in_hand(*, people: bool) -> None:
    program = (
        "import fabricscope, structlog, sys\n"
        f"sys.stderr.isatty = lambda: {people}\n"
        "fabricscope.configure_logs()\n"
        "def login():\n"
        "    password = 'cor' + 'rect horse'\n"
        "    raise KeyError('x')\n"
        "try:\n"
        "    login()\n"
        "except KeyError:\n"
        "    structlog.get_logger('pipeline.pgwire').exception('session failed')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "in login" in ended.stderr
    assert "KeyError" in ended.stderr
    assert "correct horse" not in ended.stderr
