"""What an Alertmanager is told next."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.alert import Alert, Labels, Links, firing
from pipeline.alerts.plan import MOST_ALERTS, MOST_BYTES, after, due, ended, packed
from pipeline.alerts.standing import Standing, told
from tests.pipeline.alerts.incidents import MINUTE, NOW, incident, known

R15 = {"rule": "R15", "name": "UPLINK_LOSS", "severity": "critical"}


def alerts(incidents: Mapping[str, Standing], now: datetime = NOW) -> dict[Labels, Alert]:
    found = [firing(one, Links(), now) for one in told(incidents).values()]
    return {one.labels: one for one in found}


def post(
    incidents: Mapping[str, Standing],
    before: Mapping[Labels, Alert],
    now: datetime = NOW,
    *,
    everything: bool = False,
) -> list[Alert]:
    wanted = alerts(incidents, now)
    ids = {one.incident_id or "" for one in wanted.values()}
    return due(wanted, before, lambda one: ended(one, incidents, ids, now), everything=everything)


def test_what_opened_is_news() -> None:
    (one,) = post(known(incident()), {})
    assert one.incident_id == "a"
    assert one.ends_at > NOW


def test_what_was_told_is_not_told_again_before_it_is_due() -> None:
    before = alerts(known(incident()))
    assert post(known(incident()), before) == []
    (again,) = post(known(incident()), before, NOW + MINUTE, everything=True)
    assert again.ends_at == NOW + MINUTE + timedelta(days=7)


def test_another_summary_waits_for_the_next_resend() -> None:
    before = alerts(known(incident()))
    assert post(known(incident(summary="17 moves")), before) == []


def test_an_acknowledgement_is_told_at_once() -> None:
    (one,) = post(known(incident(acknowledged_by="maria")), alerts(known(incident())))
    assert dict(one.annotations)["acknowledged_by"] == "maria"


def test_a_raised_incident_ends_its_old_alert_in_the_same_post() -> None:
    raised = known(incident(**R15))
    both = post(raised, alerts(known(incident())))
    assert {(dict(one.labels)["severity"], one.ends_at > NOW) for one in both} == {
        ("warning", False),
        ("critical", True),
    }
    (old,) = (one for one in both if one.ends_at <= NOW)
    assert dict(old.annotations)["ended"] == "goes on as R15 UPLINK_LOSS, critical"
    assert [one.alerts for one in packed(both)] == [both]


def test_a_resolved_incident_ends_when_it_did() -> None:
    (one,) = post(known(incident(resolved_at=NOW - MINUTE)), alerts(known(incident())))
    assert one.ends_at == NOW - MINUTE
    assert dict(one.annotations)["ended"] == "resolved"


def test_one_that_a_fast_clock_resolved_in_the_future_ends_now() -> None:
    (one,) = post(known(incident(resolved_at=NOW + MINUTE)), alerts(known(incident())))
    assert one.ends_at == NOW


@pytest.mark.parametrize(
    ("incidents", "why"),
    [
        (known(incident(root="r"), incident("r")), "incident r explains it: Leaf r runs on what is left"),
        (known(incident(in_maintenance=True)), "its subject is in maintenance"),
        ({}, "never to have been"),
    ],
)
def test_an_alert_that_ends_while_its_incident_does_not_says_why(
    incidents: dict[str, Standing], why: str
) -> None:
    (over,) = (one for one in post(incidents, alerts(known(incident()))) if one.incident_id == "a")
    assert over.ends_at == NOW
    assert why in dict(over.annotations)["ended"]


def test_no_alert_ends_before_it_starts() -> None:
    odd = incident(resolved_at=NOW - 30 * MINUTE)
    (one,) = post(known(odd), alerts(known(incident())))
    assert one.ends_at == one.starts_at


def test_an_alert_that_fires_again_under_another_incident_is_not_ended() -> None:
    before = alerts(known(incident()))
    again = known(incident(resolved_at=NOW), incident("b", subject=incident().subject))
    assert post(again, before) == []


def test_a_storm_is_posted_in_bounded_pieces() -> None:
    many = [firing(incident(str(number)), Links(), NOW) for number in range(MOST_ALERTS + 1)]
    posts = list(packed(sorted(many, key=lambda one: one.key)))
    assert [len(one.alerts) for one in posts] == [MOST_ALERTS, 1]


def test_large_alerts_make_smaller_posts() -> None:
    many = [firing(incident(str(number), summary="x" * 4_000), Links(), NOW) for number in range(200)]
    posts = list(packed(many))
    assert len(posts) > 1
    assert max(len(one.body) for one in posts) <= MOST_BYTES


@given(st.lists(st.integers(0, 400), max_size=600), st.booleans())
def test_posts_hold_all_alerts_and_never_tear_an_incident_apart(sizes: list[int], large: bool) -> None:
    one = firing(incident(summary="x" * 3_900 if large else "x"), Links(), NOW)
    given_alerts = sorted(
        (
            replace(one, incident_id=f"{key:05}", labels=(("n", str(number)),))
            for number, key in enumerate(sizes)
        ),
        key=lambda alert: alert.key,
    )
    posts = list(packed(given_alerts))
    assert [alert for some in posts for alert in some.alerts] == given_alerts
    homes: dict[str, set[int]] = {}
    for number, some in enumerate(posts):
        for alert in some.alerts:
            homes.setdefault(alert.key, set()).add(number)
    assert all(len(home) == 1 for home in homes.values())


STATES = st.fixed_dictionaries(
    {},
    optional={
        name: st.fixed_dictionaries(
            {},
            optional={
                "severity": st.sampled_from(["info", "warning", "critical"]),
                "resolved_at": st.just(NOW - MINUTE),
                "root": st.sampled_from("abcd"),
                "in_maintenance": st.booleans(),
                "acknowledged_by": st.just("maria"),
            },
        )
        for name in "abcd"
    },
)


@given(st.lists(STATES, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_whatever_happens_and_is_missed_the_last_post_brings_the_truth(
    states: list[dict[str, dict[str, object]]], heard: list[bool]
) -> None:
    there: Mapping[Labels, Alert] = {}
    incidents: dict[str, Standing] = {}
    for state, arrives in zip(
        [*states, states[-1] if states else {}], [*heard[: len(states)], True], strict=True
    ):
        incidents = known(*(incident(name, **more) for name, more in state.items()))
        if arrives:
            there = after(there, post(incidents, there), NOW)
    assert set(there) == set(alerts(incidents))
