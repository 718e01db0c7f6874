from pathlib import Path
from typing import Any

import orjson
import pytest

from collectors.records import Kind, StoredRecord
from targets.frr.emissions import HUNG_NS, Poll, host, ticks
from targets.frr.report import Report
from targets.sessions import Sessions
from tests.targets.frr.readback import Said, read

SPINE: dict[str, Any] = orjson.loads((Path(__file__).parent / "golden/spine/documents.json").read_bytes())
SECOND = 1_000_000_000


def said(polls: list[Poll], report: Report | None = None) -> list[Said]:
    emissions = host("s1", 0, polls, Sessions("agent", "1.2"), report or Report())
    return [read(StoredRecord(0, it.time_ns // 1_000_000, it.key, it.value)) for it in emissions]


def beats(records: list[Said]) -> list[int]:
    return [it.recv_ns for it in records if it.family == "liveness" and it.updates]


@pytest.mark.parametrize(("took_ns", "alive"), [(HUNG_NS, True), (HUNG_NS + 1, False)])
def test_a_poll_that_hung_brings_its_answers_but_is_no_sign_of_life(took_ns: int, *, alive: bool) -> None:
    records = said([Poll(20 * SECOND, took_ns, SPINE)])
    assert beats(records) == ([20 * SECOND] if alive else [])
    assert {it.family for it in records} == {"liveness", "routes", "link", "bgp"}


def test_a_poll_without_answers_is_silence() -> None:
    report = Report()
    records = said([Poll(SECOND, 0, SPINE), Poll(2 * SECOND, 0, {}), Poll(3 * SECOND, 0, SPINE)], report)
    assert beats(records) == [SECOND, 3 * SECOND]
    assert (report.good["s1"], report.partial["s1"], report.failed["s1"]) == (2, 0, 1)


def test_a_poll_with_fewer_answers_is_partial_and_a_sign_of_life() -> None:
    report = Report()
    some = {"ip -j -s link": SPINE["ip -j -s link"]}
    records = said([Poll(SECOND, 0, SPINE), Poll(2 * SECOND, 0, some)], report)
    assert beats(records) == [SECOND, 2 * SECOND]
    assert (report.good["s1"], report.partial["s1"]) == (2, 1)


def test_a_family_begins_with_its_first_answer() -> None:
    some = {"ip -j -s link": SPINE["ip -j -s link"]}
    records = said([Poll(SECOND, 0, some), Poll(2 * SECOND, 0, SPINE)])
    starts = {it.family: it.recv_ns for it in records if it.kind is Kind.START}
    assert starts == {"liveness": 0, "link": SECOND, "routes": 2 * SECOND, "bgp": 2 * SECOND}


def test_the_clock_of_a_host_never_runs_backwards() -> None:
    records = said([Poll(5 * SECOND, 0, SPINE), Poll(4 * SECOND, 0, {"ip -j -s link": []})])
    assert [it.recv_ns for it in records] == sorted(it.recv_ns for it in records)
    assert records[-1].recv_ns == 5 * SECOND


@pytest.mark.parametrize(("end_ns", "last"), [(0, 0), (2 * SECOND, 2), (2 * SECOND + 1, 3)])
def test_ticks_go_on_until_the_end_is_reached(end_ns: int, last: int) -> None:
    assert [it.time_ns for it in ticks("agent", 0, end_ns)] == [at * SECOND for at in range(last + 1)]
