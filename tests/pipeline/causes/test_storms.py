"""A storm is more incidents of one family than anybody can read, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.causes.storms import LIMIT, WINDOW, Member, storms

SECOND = 1_000_000


def member(number: int, at: float, until: float | None = None, **given: Any) -> Member:
    return Member(
        incident_id=f"{number:03}",
        family=given.get("family", "mobility"),
        rule=given.get("rule", "M2"),
        severity=given.get("severity", "warning"),
        opened_at=round(at * SECOND),
        detected_at=round(at * SECOND) + SECOND,
        until=None if until is None else round(until * SECOND),
        subject=given.get("subject", {"vni": 10, "device": f"leaf-{number % 2}"}),
    )


@pytest.mark.parametrize(("count", "storm"), [(LIMIT, False), (LIMIT + 1, True)])
def test_it_takes_more_than_the_limit(count: int, *, storm: bool) -> None:
    assert bool(storms(member(number, number) for number in range(count))) is storm


@pytest.mark.parametrize(("over", "storm"), [(0.0, True), (0.1, False)])
def test_they_have_to_open_within_the_window(over: float, *, storm: bool) -> None:
    step = WINDOW.total_seconds() / LIMIT
    times = [number * step for number in range(LIMIT)] + [WINDOW.total_seconds() + over]
    assert bool(storms(member(number, at) for number, at in enumerate(times))) is storm


def test_families_are_counted_apart() -> None:
    half = LIMIT // 2 + 1
    mixed = [member(number, number, family="ab"[number % 2]) for number in range(2 * half)]
    assert storms(mixed) == []


def test_a_storm_goes_on_while_they_come_as_fast_and_ends_with_the_last() -> None:
    members = [member(number, number, until=100 + number) for number in range(LIMIT + 1)]
    late = member(900, 1 + WINDOW.total_seconds(), until=None, severity="critical")
    (storm,) = storms([*members, late])
    assert (len(storm.members), storm.until, storm.severity) == (LIMIT + 2, None, "critical")
    alone = member(901, 1.1 + WINDOW.total_seconds(), until=None)
    (storm,) = storms([*members, alone])
    assert (len(storm.members), storm.until) == (LIMIT + 1, (100 + LIMIT) * SECOND)
    assert (storm.opened_at, storm.detected_at) == (0, (LIMIT + 1) * SECOND)


def test_what_came_slowly_before_is_no_part_of_it() -> None:
    slow = [member(number, 50 * number) for number in range(20)]
    (storm,) = storms([*slow, *(member(100 + number, 2000 + number) for number in range(LIMIT + 1))])
    assert len(storm.members) == LIMIT + 1


def test_it_says_how_many_of_what_and_where() -> None:
    (storm,) = storms(member(number, number, rule="M3" if number < 3 else "M2") for number in range(12))
    assert storm.summary() == (
        "12 incidents within 11 s that nothing explains: 9 x M2, 3 x M3;"
        " hit most: device leaf-0 (6), vni 10 (12)"
    )
    assert storm.evidence()["hit_most"] == {"device": {"leaf-0": 6, "leaf-1": 6}, "vni": {"10": 12}}


def test_a_storm_keeps_its_name_when_one_is_found_late_that_began_before_all_others() -> None:
    members = [member(number, 10 + number) for number in range(LIMIT + 1)]
    (before,) = storms(members)
    waited = replace(member(900, 5), detected_at=60 * SECOND)  # its rule waits before it tells
    (after,) = storms([*members, waited])
    assert after.opened_at < before.opened_at
    assert (after.first.incident_id, after.detected_at) == (before.first.incident_id, before.detected_at)


def test_its_evidence_names_the_family() -> None:
    (storm,) = storms(member(number, number) for number in range(LIMIT + 1))
    assert storm.evidence()["family"] == "mobility"
