"""The command: what it takes, what it prints, how it ends."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from collectors.doctor.cli import app
from collectors.errors import InputError


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(app, ["doctor", *arguments], catch_exceptions=False)


def findings(*arguments: str, **environment: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("--json", *arguments, **environment).stdout)["findings"]
    return found


@pytest.fixture
def closed_port() -> Iterator[int]:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def inventory(tmp_path: Path, closed_port: int) -> Path:
    file = tmp_path / "inventory.yaml"
    file.write_text(f"""\
defaults: {{profile: openconfig, fabric: dc1, port: {closed_port}}}
targets:
  leaf-1: {{address: 127.0.0.1}}
  leaf-2: {{address: 127.0.0.2}}
""")
    return file


def test_errors_are_found_and_end_it_with_1(inventory: Path) -> None:
    said = run("--inventory", str(inventory))
    assert said.exit_code == 1
    assert "nobody listens" in said.stdout
    assert "enable gNMI on the device" in said.stdout
    assert "2 error, 0 warning, 3 unknown" in said.stdout


def test_no_errors_end_it_with_0_and_what_was_not_looked_at_is_unknown() -> None:
    assert run().exit_code == 0
    assert [(one["level"], one["where"]) for one in findings()] == [
        ("ok", "this machine"),
        ("unknown", "targets"),
        ("unknown", "Kafka"),
    ]


def test_a_target_may_be_chosen(inventory: Path) -> None:
    found = findings("--inventory", str(inventory), "--target", "leaf-2")
    assert {one["where"] for one in found} == {"this machine", "leaf-2", "Kafka"}


def test_json_has_every_finding_and_their_number(inventory: Path) -> None:
    document = json.loads(run("--json", "--inventory", str(inventory)).stdout)
    assert sum(document["counts"].values()) == len(document["findings"])
    assert set(document["findings"][0]) == {"level", "where", "check", "what", "remedy"}


def test_mistakes_of_inventory_and_settings_are_told_in_one_message(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text("targets:\n  leaf-1: {address: x}\n")
    with pytest.raises(InputError) as raised:
        run(
            *("--inventory", str(file), "--fabric", "a b"),
            *("--kafka", "kafka-1:9092", "--kafka-user", "alice"),
        )
    told = str(raised.value).splitlines()
    assert told[0].startswith(f"{file}:2: target leaf-1: needs a fabric")
    assert told[1].startswith(f"{file}:2: target leaf-1: needs a profile")
    assert told[2:] == [
        "a Kafka user or password needs --kafka-sasl-mechanism",
        "fabric name 'a b' can't be part of a topic's name: use up to 200 of A-Z a-z 0-9 . _ -",
    ]


def test_a_target_that_is_not_there_is_told(inventory: Path) -> None:
    with pytest.raises(InputError, match="there is no target leaf-3 in"):
        run("--inventory", str(inventory), "--target", "leaf-3")


def test_a_variable_that_no_command_reads_is_told() -> None:
    (found,) = [one for one in findings(FABRICSCOPE_STOER="x") if one["check"] == "settings"]
    assert (found["where"], found["remedy"]) == ("FABRICSCOPE_STOER", "did you mean FABRICSCOPE_STORE?")
    assert not [one for one in findings(FABRICSCOPE_KAFKA_PASSWORD="x") if one["check"] == "settings"]


def test_what_goes_for_many_targets_is_one_row(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    targets = "".join(f"  leaf-{n}: {{address: leaf-{n}.invalid}}\n" for n in range(1, 8))
    file.write_text(
        "defaults: {profile: openconfig, fabric: dc1, credentials: {username: a, password: env:NONE}}\n"
        f"targets:\n{targets}"
    )
    (row,) = [line for line in run("--inventory", str(file)).stdout.splitlines() if "NONE" in line]
    assert "leaf-1, leaf-2, leaf-3, leaf-4, leaf-5 and 2 more" in row
    assert len([one for one in findings("--inventory", str(file)) if "NONE" in one["what"]]) == 7


def test_of_many_rows_those_that_are_fine_are_shown_when_asked_for(tmp_path: Path, closed_port: int) -> None:
    file = tmp_path / "inventory.yaml"
    targets = "".join(
        f"  leaf-{n}: {{address: 127.0.1.{n}, credentials: {{username: a, password: env:HOME}}}}\n"
        for n in range(1, 41)
    )
    file.write_text(
        f"defaults: {{profile: openconfig, fabric: dc1, port: {closed_port}}}\ntargets:\n{targets}"
    )
    short, long = run("--inventory", str(file)).stdout, run("--all", "--inventory", str(file)).stdout
    assert "nobody listens at 127.0.1.40" in short
    assert "user name and password are there" not in short
    assert "user name and password are there" in long
    assert short.splitlines()[-1] == long.splitlines()[-1]
