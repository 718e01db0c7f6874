"""What ``fabricscope report`` refuses, and where it writes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.errors import FabricscopeError, InputError
from pipeline.report.cli import app
from tests.pipeline.report.conftest import incident
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(recordings: Recordings) -> str:
    return str(recordings.store("verdicts"))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], r"no incident 'nothing' in .*; the nearest are \w{7} \(\w+, .*\), "),
        (["r15"], r"no incident 'r15' .*the nearest are \w{7} \(R15, l2\)"),
        (["abcdef1", "--from", "-5m"], "either an incident, or --from and --to"),
        ([], "say what: the id of an incident"),
        (["--to", "now"], "say what: the id of an incident"),
        (["--from", "2099-01-01"], "which is in the future: the latest that is known is 2026-11-22T10:47:4"),
        (
            ["--from", "2026-11-22T10:00Z"],
            "before the first data: the earliest that is known is 2026-11-22T10:37",
        ),
        (["--from", "half past"], "is no time"),
        (["--from", "10:45Z", "--to", "10:41Z"], "give the earlier one first"),
        (["--from", "10:45Z", "--to", "10:45Z"], "needs some time between"),
        (["--from", "10:41Z", "--fabric", "dc9"], "knows no fabric 'dc9': it has verdicts"),
        (["abcdef1", "--format", "pdf"], "'pdf' is none of html, markdown, json"),
        (["abcdef1", "--zone", "Mars/Olympus"], "there is no time zone"),
    ],
)
def test_what_can_not_be_told_is_said_with_what_was_perhaps_meant(
    store: str, arguments: list[str], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        run(*arguments, "--store", store)


def test_an_incident_of_another_fabric_is_not_told(store: str) -> None:
    with pytest.raises(InputError, match="is of fabric verdicts, not dc9"):
        run(incident(Path(store), "R15", "l2"), "--fabric", "dc9", "--store", store)


def test_a_file_that_can_not_be_written_is_an_error(store: str, tmp_path: Path) -> None:
    with pytest.raises(FabricscopeError, match="can't be written: No such file"):
        run(
            incident(Path(store), "R15", "l2"),
            "--store",
            store,
            "--format",
            "json",
            "--output",
            str(tmp_path / "no" / "such"),
        )


def test_a_follower_is_told_within_the_story_of_its_root(store: str) -> None:
    silence = incident(Path(store), "X1", "s1")
    whole = json.loads(run(silence[:9], "--store", store, "--format", "json"))
    assert whole["title"] == f"Incident {silence[:7]} of verdicts"
    assert whole["headline"].startswith("Spine s1 of 2 is lost")
    assert [one["rule"] for one in whole["incidents"]] == ["R16", "X1"]


def test_times_are_told_in_the_zone_that_is_asked_for(store: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    hang = incident(Path(store), "R16", "s1")
    told = run(hang, "--store", store, "--zone", "Asia/Kolkata", "--output", str(page))
    assert told == f"Incident {hang[:7]} of verdicts: {page}\n"
    assert "from 16:15:28 to 16:15:54 IST" in page.read_text("utf-8")


def test_a_time_without_incidents_is_told_all_the_same(store: str) -> None:
    text = run("--from", "10:38:00Z", "--to", "10:38:30Z", "--store", store, "--format", "markdown")
    assert text.startswith("# No incidents in verdicts on 2026-11-22 from 10:38:00 to 10:38:30 UTC")
    assert "The rules tell of nobody" in text
