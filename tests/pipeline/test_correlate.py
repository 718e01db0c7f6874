"""Findings in, incidents out: what is unsaid was never said, and batches change nothing."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.correlate import Correlator
from pipeline.detect import RULES
from pipeline.detectors import FINDING, findings
from tests.pipeline.scene import T0

SECOND = 1_000_000
SEVERITY = {"M3": "warning", "M2": "critical", "R16": "warning", "R15": "critical", "V1": "critical"}


def said(
    seconds: float, rule: str, *, active: bool | None = True, number: int | None = None, **more: Any
) -> dict[str, Any]:
    """A finding; ``number``: the offset of its evidence."""
    time = T0 + round(seconds * SECOND)
    subject = {"vni": 1010, "mac": 7} if rule.startswith("M") else {"device": "l1"}
    return {
        "rule": rule, "severity": SEVERITY.get(rule, "info"), "active": active, **subject, "time": time,
        "offset": round(seconds * 10) if number is None else number, "index": 0, "now": time,
        "coverage": 1.0 if active is not None else 0.0, "summary": f"{rule} at {seconds}", "evidence": "{}",
    } | more  # fmt: skip


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    frames = [findings(pl.DataFrame([row], schema={name: FINDING[name] for name in row})) for row in rows]
    return pl.concat([pl.DataFrame(schema=FINDING), *frames])


class Tables:
    """A correlator and what the store would hold of it."""

    def __init__(self) -> None:
        self.correlator = Correlator("dc1", RULES)
        self.now = 0.0
        self.incidents: dict[str, dict[str, Any]] = {}
        self.events: list[tuple[Any, ...]] = []

    def tell(
        self, now: float, added: Sequence[dict[str, Any]] = (), removed: Sequence[dict[str, Any]] = ()
    ) -> "Tables":
        self.now = max(self.now, now)
        time = T0 + round(self.now * SECOND)
        revision = self.correlator.revise(frame(added), frame(removed), time)
        for event in revision.void_events.rows():
            self.events.remove(event)  # fails for what was never told
        self.events += revision.events.rows()
        for gone in revision.void_incidents["incident_id"]:
            self.incidents.pop(gone, None)
        for row in revision.incidents.to_dicts():
            assert row["incident_id"] not in self.incidents, "told twice"
            self.incidents[row["incident_id"]] = row
        return self

    def plain(self) -> Any:
        return sorted(map(repr, self.incidents.values())), sorted(map(repr, self.events))

    def kinds(self) -> list[str]:
        return [event[2] for event in sorted(self.events, key=lambda event: event[1])]


def test_subjects_and_families_are_lives_of_their_own() -> None:
    tables = Tables().tell(1, [said(1, "M3"), said(1, "M3", mac=8), said(1, "M13", severity="critical")])

    assert sorted((row["rule"], row["mac"]) for row in tables.incidents.values()) == [
        ("M13", 7),
        ("M3", 7),
        ("M3", 8),
    ]


def test_a_row_of_an_incident_says_who_and_what_and_since_when() -> None:
    [row] = Tables().tell(3, [said(3, "M2")]).incidents.values()

    assert (row["rule"], row["name"], row["family"], row["state"]) == (
        "M2",
        "MAC_DUPLICATE",
        "mobility",
        "open",
    )
    assert (row["vni"], row["mac"], row["device"], row["resolved_at"]) == (1010, 7, None, None)
    assert row["opened_at"] == row["detected_at"]


def test_time_alone_opens_and_resolves() -> None:
    tables = Tables().tell(1, [said(1, "R16")])
    assert not tables.incidents

    assert tables.tell(6).kinds() == ["opened"]
    assert tables.tell(20, [said(20, "R16", active=False)]).tell(25).kinds() == ["opened", "resolved"]


def test_an_incident_whose_evidence_is_unsaid_was_never_there() -> None:
    tables = Tables().tell(1, [said(1, "M3")]).tell(2, removed=[said(1, "M3")])

    assert tables.plain() == ([], [])


def test_an_incident_stays_when_only_the_sentence_of_its_first_evidence_changes() -> None:
    tables = Tables().tell(1, [said(1, "M2")]).tell(2, [said(2, "M2")])
    tables.tell(3, [said(1, "M2", summary="as it was")], [said(1, "M2")])

    [row] = tables.incidents.values()
    assert row["state"] == "open"
    assert len(tables.events) == 1


def test_a_statement_that_comes_late_takes_its_place_in_time() -> None:
    late = Tables().tell(1, [said(1, "R16")]).tell(7).tell(8, [said(4, "R16", active=False)])

    assert late.plain() == ([], [])


def test_what_is_older_than_the_lateness_is_settled() -> None:
    tables = Tables().tell(1, [said(1, "M3")]).tell(12, [said(12, "M3")])

    assert tables.tell(13, removed=[said(1, "M3")]).kinds() == ["opened"]


def test_information_about_a_mac_without_an_incident_leaves_no_life_behind() -> None:
    tables = Tables().tell(1, [said(1, "M1", severity="info")])

    assert tables.correlator.dump(T0 + SECOND)["lives"].is_empty()


def test_nothing_said_is_nothing_told() -> None:
    assert Tables().tell(100).plain() == ([], [])


# Laws.

steps = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 2.0, 4.0, 30.0, 200.0]),  # since the one before
        st.sampled_from(
            [
                ("M3", True),
                ("M2", True),
                ("R16", True),
                ("R16", False),
                ("R16", None),
                ("R15", True),
                ("V1", True),
                ("V1", False),
            ]
        ),
        st.sampled_from([0.0, 0.0, 1.0, 5.0, 9.5]),  # how late it is said
        st.sampled_from([None, None, 0.0, 0.5, 4.0, 9.0]),  # when it is unsaid, after it was said
    ),
    max_size=10,
)
Steps = list[tuple[float, tuple[str, bool | None], float, float | None]]


def script(choices: Steps, *, with_unsaid: bool) -> tuple[list[tuple[float, str, dict[str, Any]]], float]:
    """(when, add or remove, finding) in the order of arrival; and the end."""
    at, out = 0.0, []
    for number, (gap, (rule, active), late, unsaid) in enumerate(choices):
        at += gap
        one = said(at, rule, active=active, number=number)
        if unsaid is None or with_unsaid:
            out.append((at + late, "add", one))
        if unsaid is not None and with_unsaid:
            out.append((min(at + late + unsaid, at + 9.9), "remove", one))
    return sorted(out, key=lambda step: step[0]), at + 30


def run(choices: Steps, *, with_unsaid: bool, ticks: Sequence[float] = ()) -> Tables:
    told, end = script(choices, with_unsaid=with_unsaid)
    tables = Tables()
    times = sorted({when for when, _, _ in told} | {tick for tick in ticks if tick < end})
    for now in times:
        added = [one for when, what, one in told if when == now and what == "add"]
        removed = [one for when, what, one in told if when == now and what == "remove"]
        both = [one for one in added if one in removed]
        tables.tell(
            now, [one for one in added if one not in both], [one for one in removed if one not in both]
        )
    return tables.tell(end)


@settings(max_examples=60)
@given(steps, st.lists(st.sampled_from([1.0, 5.5, 11.0, 33.0, 60.0, 230.0]), max_size=4))
@example([(0.0, ("M2", True), 0.0, 0.5), (0.0, ("M2", True), 0.5, None)], [])
def test_what_is_unsaid_in_time_was_never_said(choices: Steps, ticks: list[float]) -> None:
    assert run(choices, with_unsaid=True, ticks=ticks).plain() == run(choices, with_unsaid=False).plain()


@settings(max_examples=60)
@given(steps)
def test_who_is_late_within_the_lateness_changes_nothing(choices: Steps) -> None:
    in_time: Steps = [(gap, what, 0.0, None) for gap, what, _, _ in choices]
    late: Steps = [(gap, what, wait, None) for gap, what, wait, _ in choices]

    assert run(late, with_unsaid=False).plain() == run(in_time, with_unsaid=False).plain()


@settings(max_examples=40)
@given(steps, st.integers(0, 10))
def test_a_snapshot_in_between_changes_nothing(choices: Steps, cut: int) -> None:
    told, end = script(choices, with_unsaid=True)
    going, restarted = Tables(), Tables()
    for number, (now, what, one) in enumerate(told):
        step = (now, [one], []) if what == "add" else (now, [], [one])
        going.tell(*step)
        restarted.tell(*step)
        if number == cut:
            time = T0 + round(restarted.now * SECOND)
            frames = restarted.correlator.dump(time)
            restarted.correlator = Correlator("dc1", RULES)
            restarted.correlator.load(frames)
            assert restarted.correlator.dump(time)["lives"].equals(frames["lives"])

    assert restarted.tell(end).plain() == going.tell(end).plain()
    assert restarted.correlator.open_incidents() == going.correlator.open_incidents()


lost = st.lists(
    st.tuples(st.sampled_from([True, True, False, None]), st.sampled_from([None, "l1", "l2"])),
    min_size=2,
    max_size=6,
).flatmap(lambda told: st.tuples(st.just(told), st.permutations(range(len(told)))))


@settings(max_examples=60)
@given(lost, st.integers(0, 6))
def test_an_incident_is_labelled_by_what_is_latest_in_time_whatever_comes_last(
    told: tuple[list[tuple[bool | None, str | None]], list[int]], cut: int
) -> None:
    statements = [
        said(at, "V1", active=active, vtep="10.0.0.1", device=device)
        for at, (active, device) in enumerate(told[0])
    ]
    # all of it within the lateness
    in_order = Tables().tell(len(statements), statements).tell(9).tell(60)
    shuffled = Tables()
    for number, at in enumerate(told[1]):
        shuffled.tell(len(statements), [statements[at]])
        if number == cut:
            frames = shuffled.correlator.dump(T0 + len(statements) * SECOND)
            shuffled.correlator = Correlator("dc1", RULES)
            shuffled.correlator.load(frames)
    assert shuffled.tell(9).tell(60).plain() == in_order.plain()


def test_the_label_of_an_incident_is_that_of_its_sentence() -> None:
    tables = Tables().tell(0, [said(0, "V1", vtep="10.0.0.1", device=None)]).tell(6)
    assert [row["device"] for row in tables.incidents.values()] == [None]
    tables.tell(7, [said(7, "V1", vtep="10.0.0.1", device="l1")])
    assert [row["device"] for row in tables.incidents.values()] == ["l1"]
    tables.tell(20, [said(20, "V1", vtep="10.0.0.1", device=None, active=False)]).tell(60)
    ((row,), kinds) = (tables.incidents.values(), tables.kinds())
    assert (row["device"], row["state"], kinds) == ("l1", "resolved", ["opened", "resolved"])
