"""The walk-through of docs/forensics.md, as it is printed; and what can't be answered."""

import os
import re
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from tests.recordings.variants import Recordings, succeeded

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "forensics.md"
STEP = re.compile(
    r"```sh\n(fabricscope (?:forensics|state|diff|blast-radius) [^\n]*frr\.duckdb)\n```\n\n```text\n(.*?)```",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def folder(recordings: Recordings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("walk")
    # as the document does it: ids of incidents follow from the fabric's name
    succeeded("replay", recordings.capture("verdicts"), "--fabric", "frr", "--store", made / "frr.duckdb")
    return made


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fabricscope", *arguments, "--store", "frr.duckdb"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def told(process: subprocess.CompletedProcess[str]) -> str:
    """Return what is printed before the table."""
    assert process.returncode in {0, 2}, process.stderr
    return (
        process.stderr if process.returncode else process.stdout.partition("\n\n")[0].rstrip() + "\n"
    ).replace("\n\n", "\n")


def test_the_walk_through_is_what_is_printed(folder: Path, request: pytest.FixtureRequest) -> None:
    text = DOCUMENT.read_text()
    steps = STEP.findall(text)
    assert len(steps) == 14
    said = {line: told(run(folder, *shlex.split(line)[1:-2])) for line, _ in steps}
    if request.config.getoption("--update-golden"):
        text = STEP.sub(lambda step: f"```sh\n{step[1]}\n```\n\n```text\n{said[step[1]]}```", text)
        DOCUMENT.write_text(text)
        return
    assert said == dict(steps)


HOST_5 = "02:aa:00:00:20:05"
LATE_S = 0.2
"""So much later than the host moved the fabric told of it."""


def test_where_h5_was_at_each_second_is_the_truth(folder: Path) -> None:
    lines = (ROOT / "tests/recordings/frr-main/truth.jsonl").read_text().splitlines()
    told = [orjson.loads(line) for line in lines]
    truth = [(row["ts"], row.get("to") or row["leaf"]) for row in told if row.get("mac") == HOST_5]
    assert len(truth) == 10
    rows = orjson.loads(run(folder, "forensics", "mac", HOST_5, "--json").stdout)["rows"]
    stays = [(datetime.fromisoformat(row["valid_from"]).timestamp(), row["device"]) for row in rows]

    def place(of: list[tuple[float, str]], when: float) -> str:
        return [where for since, where in of if since <= when][-1]

    begin = int(truth[0][0]) + 1
    for second in range(begin, begin + 300):
        assert place(stays, second + LATE_S) == place(truth, second)


@pytest.mark.parametrize(
    ("subject", "effect", "seconds"),
    [
        # both uplinks are gone from 405 to 425 s: sessions end later, and come back later
        (("R15", "l2"), "unreachable", (19, 23)),
        # hangs for 25 s and is dropped after the hold time of 9 s; the other spine is there
        (("R16", "s1"), "one path", (16, 25)),
    ],
)
def test_who_was_hit_is_the_truth(
    folder: Path, subject: tuple[str, str], effect: str, seconds: tuple[int, int]
) -> None:
    listed = run(folder, "incident", "list", "--all", "--json").stdout
    (incident,) = [row for row in orjson.loads(listed) if (row["rule"], row["device"]) == subject]
    rows = orjson.loads(run(folder, "forensics", "hit", incident["incident_id"], "--json").stdout)["rows"]
    assert {row["effect"] for row in rows} == {"one path", effect}
    of_vnis = [row for row in rows if row["kind"] == "vni" and row["effect"] == effect]
    assert {(row["subject"], row["device"]) for row in of_vnis} == {
        (vni, leaf) for vni in ("1010", "1020") for leaf in ("l1", "l2", "l3")
    }
    assert all(seconds[0] < row["seconds"] < seconds[1] for row in of_vnis)
    if effect == "unreachable":
        assert all("l2" in (row["device"], row["located"]) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("mac 02:aa:00:00:20", "is no MAC address: write 02:aa:00:00:20:05"),
        ("mac 02aa.0000.2006", "the nearest are 02:aa:00:00:10:06, 02:aa:00:00:20:02, 02:aa:00:00:20:05"),
        ("ip 192.168.10", "is no IP address"),
        ("ip 192.168.10.77", "the nearest are 192.168.10.7"),
        ("vtep 10.255.1.9", "the nearest are 10.255.1.1, 10.255.1.2, 10.255.1.3"),
        ("es 00:11:22:33:44:55:66:77:88:99", "it knows of none at all"),
        ("device l4", "the nearest are l1, l2, l3"),
        ("vni 1011", "the nearest are 1010, 1020"),
        ("vni 16777216", "is no VNI: write a number below 16777216"),
        ("host l1", "is nothing to ask about: name one of mac, ip, vtep, es, device, vni"),
        (
            "device l1 --at 'today 23:59'",
            "which is in the future: the latest that is known is 2026-11-22T10:47:47.407Z",
        ),
        ("device l1 --from 2026-11-22T10:37Z", "the earliest that is known is 2026-11-22T10:37:37"),
        ("device l1 --from 10:45Z --to 10:44Z", "give the earlier one first"),
        ("device l1 --at 10:45Z --to 10:46Z", "give either --at, or --from and --to"),
        ("device l1 --at teatime", "is no time: write 03:12"),
        ("device l1 --zone Mars/Olympus", "there is no time zone 'Mars/Olympus'"),
        ("device l1 --fabric dc1", "never heard of fabric dc1: there are frr"),
        ("hit 5508544b", "never heard of incident 5508544b: the nearest are 5508544a"),
        ("incident 5", "never heard of incident 5: the nearest are"),
        ("incident 5508544a --at 10:45Z", "there is one time only, the incident's own"),
        ("propagation 02:aa:00:00:20", "is no MAC address"),
        ("propagation 02:aa:00:00:20:06", "the nearest are 02:aa:00:00:10:06"),
        ("propagation 02:aa:00:00:20:05 --at 10:45Z", "give --from and --to instead of --at"),
        ("propagation 02:aa:00:00:20:05 --from 10:30Z", "before the first data"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(folder: Path, arguments: str, sentence: str) -> None:
    process = run(folder, "forensics", *shlex.split(arguments))
    assert process.returncode == 2
    assert sentence in process.stderr
    assert process.stderr.startswith("error: ")
    assert process.stdout == ""


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "state --at 'today 23:59'",
            "which is in the future: the latest that is known is 2026-11-22T10:47:47",
        ),
        ("state --at 10:30Z", "before the first data: the earliest that is known is 2026-11-22T10:37:37"),
        ("state --at teatime", "is no time: write 03:12"),
        ("state --at 10:45Z --device l4", "the nearest are l1, l2, l3"),
        ("state --at 10:45Z --kind ports", "is no kind of thing: name one of mac, host"),
        ("state --at 10:45Z --fabric dc1", "never heard of fabric dc1: there are frr"),
        ("diff 10:45Z 'today 23:59'", "which is in the future"),
        ("diff 10:30Z 10:45Z", "before the first data"),
        ("diff 10:45Z 10:44Z", "give the earlier one first"),
        ("diff 10:44Z 10:45Z --fabric dc1", "never heard of fabric dc1: there are frr"),
        ("blast-radius l4", "never heard of device l4: the nearest are l1, l2, l3"),
        ("blast-radius l1:up9", "never heard of interface l1:up9: the nearest are l1:up1, l1:up2"),
        ("blast-radius 00:11:22:33:44:55:66:77:88:99", "never heard of es 00:11"),
        ("blast-radius ''", "name what fails: a device"),
        ("blast-radius s1 --at 10:30Z", "before the first data"),
        ("blast-radius s1 --at 'today 23:59'", "which is in the future"),
    ],
)
def test_what_other_commands_cannot_answer_is_said_in_a_sentence(
    folder: Path, line: str, sentence: str
) -> None:
    process = run(folder, *shlex.split(line))
    assert process.returncode == 2
    assert sentence in process.stderr
    assert process.stderr.startswith("error: ")
    assert process.stdout == ""


def test_the_query_that_is_printed_gives_the_rows_that_are_printed(folder: Path) -> None:
    asked = ("forensics", "device", "l1", "--from", "10:42:30", "--to", "10:43:00")
    answer = orjson.loads(run(folder, *asked, "--json").stdout)
    assert [row["change"] for row in answer["rows"]] == ["changed", "changed"]
    assert len(answer["answer"]) == 2
    assert {row["family"] for row in answer["coverage"]} >= {"link", "bgp"}
    query = run(folder, *asked, "--sql").stdout
    assert query.startswith("FROM changes(TIMESTAMPTZ '2026-11-22 10:42:30")
    lines = run(folder, *asked, "--csv").stdout.splitlines()
    assert len(lines) == 1 + len(answer["rows"])


def test_nothing_is_no_empty_table(folder: Path) -> None:
    process = run(folder, "diff", "10:44:00Z", "10:44:00.1Z")
    assert process.returncode == 0
    assert process.stdout.startswith("nothing differs between 2026-11-22T10:44:00Z and")
    process = run(folder, "forensics", "device", "l1", "--from", "10:44:00Z", "--to", "10:44:00.1Z", "--csv")
    assert "device l1: nothing changed from" in process.stderr
