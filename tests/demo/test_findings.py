"""Findings from the views of a store."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from demo.findings import Finding, Found, found_in
from tests.demo.made import finding

T0 = datetime(2026, 11, 22, tzinfo=UTC)
SUBJECT = {
    "root_incident_id": None,
    "device": "l3",
    "vni": None,
    "mac": None,
    "esi": None,
    "vtep": None,
    "interface": None,
}


def told(*events: tuple[float, str, str], quiet: Sequence[tuple[str, str | None]] = ()) -> Found:
    """Return what is found of one incident with events of (second, kind, rule)."""
    incidents = pl.DataFrame({"incident_id": ["a"], **{name: [value] for name, value in SUBJECT.items()}})
    rows: list[dict[str, Any]] = [
        {
            "incident_id": "a",
            "offset": number,
            "index": 0,
            "event_time": T0 + timedelta(seconds=second),
            "kind": kind,
            "rule": rule,
            "severity": "warning",
            "summary": f"{rule} {kind}",
        }
        for number, (second, kind, rule) in enumerate(events)
    ]
    schema = {"rule": pl.String, "mac": pl.String}
    return found_in(incidents, pl.DataFrame(rows), pl.DataFrame(quiet, schema=schema, orient="row"))


def spans(found: Found) -> list[tuple[str, float, float | None]]:
    zero = T0.timestamp()
    return [
        (one.rule, one.found - zero, None if one.until is None else one.until - zero)
        for one in found.findings
    ]


def test_an_incident_holds_until_it_is_resolved() -> None:
    assert spans(told((5, "opened", "R16"))) == [("R16", 5, None)]
    assert spans(told((5, "opened", "R16"), (9, "resolved", "R16"))) == [("R16", 5, 9)]


def test_raised_it_holds_at_both_rules_and_lowering_ends_the_stronger() -> None:
    found = told((5, "opened", "R16"), (8, "raised", "R15"), (20, "lowered", "R16"), (30, "resolved", "R15"))
    assert spans(found) == [("R16", 5, 30), ("R15", 8, 20)]


def test_opened_at_the_stronger_rule_it_holds_to_the_end_and_says_what_is_left() -> None:
    lowered = told((5, "opened", "R15"), (8, "lowered", "R16"))
    assert spans(lowered) == [("R15", 5, None)]
    assert (lowered.now[0].lowered_to, lowered.now[0].summary) == ("R16", "R16 lowered")
    assert spans(told((5, "opened", "R15"), (8, "lowered", "R16"), (9, "resolved", "R15"))) == [("R15", 5, 9)]


def test_an_incident_that_comes_back_is_found_again() -> None:
    found = told((5, "opened", "R15"), (9, "resolved", "R15"), (40, "continued", "R16"))
    assert spans(found) == [("R15", 5, 9), ("R16", 40, None)]


def test_a_change_of_coverage_is_no_finding() -> None:
    assert spans(told((5, "opened", "R16"), (6, "coverage", "R16"))) == [("R16", 5, None)]


def test_an_open_incident_is_shown_at_the_rule_it_stands_at() -> None:
    found = told((5, "opened", "R16"), (8, "raised", "R15"))
    assert [one.rule for one in found.now] == ["R15"]


def test_what_is_over_is_shown_once_per_incident_and_end() -> None:
    both = told((5, "opened", "M3"), (8, "raised", "M2"), (90, "resolved", "M2"))
    assert [one.rule for one in both.over] == ["M2"]


def test_moves_that_opened_nothing_are_counted_by_mac() -> None:
    found = told(
        (5, "opened", "R16"), quiet=[("M1", "a"), ("M1", "a"), ("M1", "b"), ("M3", "b"), ("M1", None)]
    )
    assert found.moves == {"a": 2, "b": 1}


def test_a_subject_reads_as_people_say_it() -> None:
    subjects: list[Finding] = [
        finding(mac="02:aa:00:00:10:04", vni=1010),
        finding(mac="02:aa:00:00:10:04"),
        finding(device="l2", vtep="10.255.1.2"),
        finding(esi="03:44:38:39:ff:ff:01:00:00:01"),
    ]
    assert [one.subject for one in subjects] == [
        "02:aa:00:00:10:04 VNI 1010",
        "02:aa:00:00:10:04",
        "l2 10.255.1.2",
        "03:44:38:39:ff:ff:01:00:00:01",
    ]


def test_a_rule_of_a_later_version_has_no_name_but_is_shown() -> None:
    assert finding("Q99").name == ""
