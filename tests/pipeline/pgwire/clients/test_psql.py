"""psql, of whatever release is installed: its catalog commands are queries it writes for the server's."""

import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.pipeline.pgwire.clients.programs import program
from tests.pipeline.pgwire.clients.served import ENDLESS, Served

pytestmark = pytest.mark.services
Psql = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def psql(served: Served) -> Psql:
    """Give what runs commands, one ``-c`` each, and returns what psql printed."""
    executable = program("psql", "postgresql-client")

    def run(*commands: str) -> "subprocess.CompletedProcess[str]":
        given = [word for command in commands for word in ("-c", command)]
        return subprocess.run(
            [executable, "-X", "-At", served.address, *given],
            env=served.environment, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (r"\d", "main|incident|view|fabricscope"),
        (r"\d incident", "opened_at|timestamp with time zone|||"),
        (r"\d+ incident", "rule|text||||extended|"),
        (r"\dv", "main|incident|view|fabricscope"),
        (r"\dv+ incident", "main|incident|view|fabricscope|permanent|0 bytes|Grain: one row per incident"),
        (r"\dv main.inc*", "main|incident|view|fabricscope"),
        (r"\dt pg_catalog.pg_class", "pg_catalog|pg_class|table|fabricscope"),
        (r"\d pg_catalog.pg_class", "relname|text|||"),
        (r"\df fabric_at", 'main|fabric_at|SETOF record|t "any"|func'),
        (r"\df+ mac_text", "A MAC address as aa:bb:cc:dd:ee:ff"),
        (r"\l", "fabricscope|fabricscope|UTF8|C|C"),
        (r"\dn", "main|fabricscope"),
        (r"\dn+", "what the store holds, for reading"),
        (r"\du", "fabricscope|Cannot login|{}"),
        (r"\sv incident", "CREATE OR REPLACE VIEW main.incident AS"),
        (r"\sf mac_text", "CREATE MACRO mac_text(mac) AS"),
        (r"\dp incident", "main|incident|view|"),
        (r"\db", "pg_default|fabricscope|"),
        (r"\encoding", "UTF8"),
    ],
)
def test_its_catalog_commands_are_answered(psql: Psql, command: str, line: str) -> None:
    done = psql(command)
    assert (done.returncode, done.stderr) == (0, "")
    assert any(line in printed for printed in done.stdout.splitlines()), done.stdout


@pytest.mark.parametrize(
    "command",
    [
        r"\dt", r"\di", r"\ds", r"\dT", r"\dx", r"\dm", r"\do", r"\da", r"\dO", r"\dy", r"\dL", r"\dC",
        r"\ddp", r"\drds", r"\dRp", r"\dRs", r"\dew", r"\des", r"\det", r"\dF", r"\dD", r"\dc",
    ],
)  # fmt: skip
def test_what_there_is_none_of_is_said_to_be_none(psql: Psql, command: str) -> None:
    done = psql(command)
    assert done.returncode == 0
    assert not done.stdout.strip()
    assert done.stderr == "" or done.stderr.startswith("Did not find any ")


def test_it_says_how_it_is_connected(psql: Psql) -> None:
    done = psql(r"\conninfo")
    assert done.returncode == 0
    assert "TLS" in done.stdout


def test_an_unknown_view_is_not_found(psql: Psql) -> None:
    assert 'Did not find any relation named "nope".' in psql(r"\d nope").stderr


def test_statements_and_settings_are_answered(psql: Psql) -> None:
    done = psql(
        "begin", "select 1; select 2", "commit", "show server_version_num",
        "show transaction isolation level", "set statement_timeout = 1000", "select current_user",
        "values (1, null, 'é')",
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "BEGIN", "1", "2", "COMMIT", "150000", "read committed", "SET", "noc", "1||é"
    ]  # fmt: skip
    assert done.stderr == ""


def test_an_error_points_at_its_place(psql: Psql) -> None:
    done = psql("select 1, nope from incident", "select 3")
    assert "LINE 1: select 1, nope from incident" in done.stderr
    assert done.stderr.splitlines()[-1].index("^") == len("LINE 1: select 1, ")
    assert done.stdout == "3\n"


def test_a_copy_of_its_own_is_refused(psql: Psql) -> None:
    done = psql(r"\copy incident to '/dev/null'")
    assert done.returncode != 0
    assert "read-only" in done.stderr


def test_interrupted_it_cancels_the_query(served: Served) -> None:
    process = subprocess.Popen(
        [program("psql", "postgresql-client"), "-X", "-At", served.address],
        env=served.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"select 'asked';\n{ENDLESS};\n")
    process.stdin.flush()
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    served.wait_until_running()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert "canceling" in said
