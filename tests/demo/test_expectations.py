"""What must be found and whether it was: at the moment, just before it, not at all, and too much."""

from datetime import UTC, datetime
from typing import Any

import pytest

from demo.expectations import Checked, Expectation, Heard, check, expectations_of, is_good, percentile
from tests.demo.made import action

MAC = {"vni": 1010, "mac": "02:aa:00:00:10:04"}
END = 100.0


def line(seconds: float, rule: str, *, incident: str = "a", **fields: Any) -> dict[str, Any]:
    """Return a line of the log of incidents, committed at a second."""
    times = {"committed_at": _text(seconds), "opened_at": _text(seconds), "resolved_at": None}
    return {
        "incident_id": incident, "rule": rule, "severity": "warning", "state": "open", "summary": "it moved",
        "device": None, **times, **MAC, **fields,
    }  # fmt: skip


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def expected(rule: str = "M2", decidable: float = 20.0, **fields: Any) -> Expectation:
    given = {"number": 1, "subject": MAC, "caused": 15.0, "earliest": decidable, **fields}
    return Expectation(rule=rule, decidable=decidable, **given)


def trouble(expectation: Expectation, *lines: dict[str, Any]) -> str | None:
    heard = Heard()
    heard.take(lines)
    ((checked,), unexpected) = check([expectation], heard.incidents.values(), END)
    assert unexpected == []
    return checked.trouble


def test_expectations_are_read_with_their_ends_and_what_they_are_raised_to() -> None:
    times = {"caused_at": 1.0, "earliest_at": 2.0, "decidable_at": 3.0}
    first, second = expectations_of(
        [
            action(3, "expect", id=1, rule="M3", **MAC, **times),
            action(4, "link-down", node="l1"),
            action(5, "expect-raise", id=1, rule="M2", **MAC, **times),
            action(6, "expect-clear", id=1, rule="M2", clears_at=200.0),
        ]
    )
    assert (first.rule, second.rule) == ("M3", "M2")
    assert (first.clears, second.clears) == (200.0, 200.0)
    assert first.subject == MAC


def test_the_time_counts_from_the_moment_the_rule_could_decide_to_its_first_line() -> None:
    heard = Heard()
    heard.take([line(19.9, "M3"), line(20.25, "M2"), line(60, "M2")])
    ((checked,), _) = check([expected()], heard.incidents.values(), END)
    assert checked.trouble is None
    assert checked.after_s == pytest.approx(0.25)


def test_what_is_not_found_is_said_and_what_nobody_expected_too() -> None:
    heard = Heard()
    heard.take([line(20.25, "M2", mac="02:aa:00:00:10:05")])
    ((checked,), (unexpected,)) = check([expected()], heard.incidents.values(), END)
    assert checked.trouble == "not found"
    assert unexpected.subject["mac"] == "02:aa:00:00:10:05"


def test_an_incident_that_never_reached_the_rule_is_not_it() -> None:
    heard = Heard()
    heard.take([line(20.0, "M3")])
    ((checked,), unexpected) = check([expected()], heard.incidents.values(), END)
    assert checked.trouble == "not found"
    assert [one.last["rule"] for one in unexpected] == ["M3"]


@pytest.mark.parametrize(("at", "said"), [(19.0, None), (18.9, "found 1.1 s before it could be true")])
def test_what_is_found_before_it_can_be_true_is_invented(at: float, said: str | None) -> None:
    assert trouble(expected(), line(at, "M2")) == said


@pytest.mark.parametrize(
    ("clears", "resolved", "said"),
    [
        (90.0, True, None),
        (90.0, False, "still open"),
        (110.0, False, None),
        (110.0, True, "resolved too early"),
        (None, True, "resolved too early"),
    ],
)
def test_an_incident_is_over_when_it_must_be(clears: float | None, resolved: bool, said: str | None) -> None:
    lines = [line(20.0, "M2")]
    if resolved:
        lines.append(line(90.0, "M2", state="resolved", resolved_at=_text(90.0)))
    assert trouble(expected(clears=clears), *lines) == said


def test_an_incident_that_is_over_long_before_its_cause_is_was_resolved_too_early() -> None:
    lines = [line(20.0, "M2"), line(90.0, "M2", state="resolved", resolved_at=_text(88.9))]
    assert trouble(expected(clears=90.0), *lines) == "resolved too early"
    lines[-1]["resolved_at"] = _text(89.0)
    assert trouble(expected(clears=90.0), *lines) is None


@pytest.mark.parametrize(("at", "said"), [(30.0, None), (30.1, "found 10.1 s late")])
def test_what_is_found_long_after_it_could_be_is_not_found(at: float, said: str | None) -> None:
    assert trouble(expected(), line(at, "M2")) == said


@pytest.mark.parametrize(("reached", "explained"), [(("M3", "M2"), True), (("M2", "M13"), False)])
def test_a_rule_on_the_way_is_expected_too_and_any_other_is_not(
    reached: tuple[str, ...], explained: bool
) -> None:
    heard = Heard()
    heard.take([line(20.0, rule) for rule in reached])
    _, unexpected = check([expected()], heard.incidents.values(), END)
    assert (unexpected == []) is explained


@pytest.mark.parametrize("what", ["nothing expected", "trouble", "unexpected", "a sentence"])
def test_only_all_and_nothing_else_is_good(what: str) -> None:
    heard = Heard()
    heard.take([line(20.0, "M2")])
    (incident,) = heard.incidents.values()
    found = Checked(expected(), incident, 0.1)
    assert is_good([found], [], [])
    assert not {
        "nothing expected": is_good([], [], []),
        "trouble": is_good([found, Checked(expected(), trouble="not found")], [], []),
        "unexpected": is_good([found], [incident], []),
        "a sentence": is_good([found], [], ["the replica did not read to the end"]),
    }[what]


def test_a_withdrawn_incident_was_wrong() -> None:
    gone = {"incident_id": "a", "fabric": "demo", "state": "withdrawn", "committed_at": _text(21.0)}
    assert trouble(expected(), line(20.0, "M2"), gone) == "found, then withdrawn"


def test_findings_show_an_incident_at_the_rule_it_stands_at_now() -> None:
    heard = Heard()
    heard.take(
        [line(20, "M3"), line(30, "M2", opened_at=_text(20)), line(40, "R16", incident="b", device="l1")]
    )
    assert [(one.rule, one.found, one.until) for one in heard.findings()] == [
        ("M2", 20.0, None),
        ("R16", 40.0, None),
    ]


@pytest.mark.parametrize(("share", "value"), [(0.5, 2.0), (0.75, 3.0), (0.76, 4.0), (0.99, 4.0), (0.0, 1.0)])
def test_percentiles_are_values_that_were_measured(share: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == value
