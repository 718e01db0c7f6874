"""PostgreSQL's JDBC driver, with what DBeaver and other tools of Java ask through it."""

import subprocess
from typing import Final

import pytest

from tests.pipeline.pgwire.clients.programs import HERE, pgjdbc, program
from tests.pipeline.pgwire.clients.served import ENDLESS, Served
from tests.pipeline.pgwire.clients.values import NAMES, TYPED

pytestmark = pytest.mark.services

TYPES: Final = (
    "int4 bool int2 int4 int8 numeric float8 float4 text date timestamp timestamptz uuid json _int4"
    " text text text text"
)
SAID: Final = {
    "types": f"[{', '.join(f'{name} {kind}' for name, kind in zip(NAMES, TYPES.split(), strict=True))}]",
    "objects": "[true, 2, 9223372036854775807, 1.50, 0.1, 2026-01-02, 2026-01-02T03:04:05.006,"
    " 2026-01-02T03:04:05Z, a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11, [1, null, 2]]",
    "parameters": "[[it's, 9223372036854775807, 1.5, t, t, 1.50, null]]",
    "many times": "[1, 1, 1, 1, 1, 1, 1, 1]",
    "fetch size": "1050",
    "syntax error": "42601 10",
    "after the error": "[[1]]",
    "multiple": "[[1], [2]]",
    "read only": "[[1]]",
    "isolation": "true",
    "valid": "true",
    "schema": "main fabricscope",
    "timeout": "57014",
    "product": "PostgreSQL 15",
    "schemas": "[[information_schema], [main], [pg_catalog]]",
    "catalogs": "[[fabricscope]]",
    "table types": "true",
    "columns": "[[incident_id, text], [rule, text], [name, text], [severity, text], [state, text],"
    " [opened_at, timestamptz]]",
    "primary keys": "[]",
    "imported keys": "[]",
    "indexes": "[]",
    "functions": "[[mac_text]]",
    "procedures": "[]",
    "function columns": "2",
    "type info": "true",
    "privileges": "true",
    "best row": "[]",
    "functions of strings": "true",
    "longest name": "63",
}


@pytest.fixture(scope="module")
def said(served: Served) -> dict[str, str]:
    """Return what each step of Client.java printed."""
    java = program("java", "default-jre-headless")
    tls = f"sslmode=verify-full&sslrootcert={served.authority}"
    address = f"jdbc:postgresql://localhost:{served.port}/fabricscope?{tls}"
    done = subprocess.run(
        [java, "-XX:TieredStopAtLevel=1", "-cp", f"{pgjdbc()}/*", HERE / "java" / "Client.java", address,
         served.user, served.password, TYPED, ENDLESS],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split("\t", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize("step", SAID)
def test_what_programs_ask_is_answered(said: dict[str, str], step: str) -> None:
    assert said[step] == SAID[step]


def test_text_and_binary_results_say_the_same(said: dict[str, str]) -> None:
    # the driver itself writes arrays it got as binary with quotes, and minus zero with its point
    assert said["binary"].replace('{"1",NULL,"2"}', "{1,NULL,2}").replace("-0.0", "-0") == said["text"]


def test_views_are_listed_with_what_is_said_of_them(said: dict[str, str]) -> None:
    assert said["tables"].startswith("[[main, incident, VIEW, Grain: one row per incident")


@pytest.mark.parametrize(("step", "sqlstate"), [("error", "42703"), ("write", "25006")])
def test_errors_have_their_sqlstate(said: dict[str, str], step: str, sqlstate: str) -> None:
    assert said[step].startswith(f"SQLException {sqlstate} ERROR: ")
