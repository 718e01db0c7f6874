"""Which records count, which are dump, what a sync sweeps, who is blind and since when; and clocks."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from collectors.records import RETIRED, Kind, session_id
from pipeline.apply.records import Records
from pipeline.apply.sessions import SessionBatch, Sessions
from tests.pipeline.driver import frames_of
from tests.pipeline.scene import T0, Said, Scene, micros

FIRST, SECOND, THIRD = (session_id(start, "c1") for start in (1, 2, 10))


def said(
    at: float,
    seq: int,
    session: str = FIRST,
    kind: Kind = Kind.RESPONSE,
    *,
    sync: bool = False,
    device: str = "l1",
    family: str = "routes",
    **content: Any,
) -> Said:
    return Said(at, device, kind, family, session, seq, sync=sync, content=content or None)


def start(at: float, session: str = FIRST, **more: Any) -> Said:
    return said(at, 0, session, Kind.START, paths=["/a"], **more)


def process(records: Sequence[Said], sessions: Sessions | None = None, offset: int = 0) -> SessionBatch:
    return (sessions or Sessions()).process(frames_of(records, offset)[0])


def kinds(batch: SessionBatch) -> list[str]:
    return batch.events["kind"].to_list()


def state_of(records: Sequence[Said]) -> str:
    sessions = Sessions()
    process(records, sessions)
    return str(sessions.observer_frame()["state"][0])


def test_what_comes_before_the_sync_is_dump_and_what_comes_after_is_not() -> None:
    batch = process([start(1), said(2, 1), said(3, 2, sync=True), said(4, 3)])

    assert batch.records.accepted.all()
    assert batch.records.dump[1]
    assert not batch.records.dump[3]


def test_a_session_is_syncing_then_fresh_then_ended() -> None:
    told = [start(1), said(2, 1, sync=True), said(3, 2, kind=Kind.END, reason="bye")]

    assert [state_of(told[:many]) for many in (1, 2, 3)] == ["syncing", "fresh", "ended"]


def test_a_newer_session_ends_the_older_whose_later_records_are_counted_and_ignored() -> None:
    batch = process(
        [start(1), said(2, 1, sync=True), start(3, SECOND), said(4, 2), said(5, 1, SECOND, sync=True)]
    )

    assert kinds(batch).count("superseded") == 1
    assert kinds(batch).count("ignored") == 1
    assert batch.records.accepted.tolist() == [True, True, True, False, True]


def test_sessions_sort_by_their_start_and_not_by_their_digits() -> None:
    batch = process([start(1, SECOND), start(2, THIRD), said(3, 1, SECOND)])

    assert batch.records.accepted.tolist() == [True, True, False]


def test_records_after_the_end_are_ignored() -> None:
    batch = process([start(1), said(2, 1, kind=Kind.END, reason="x"), said(3, 2)])

    assert batch.records.accepted.tolist() == [True, True, False]


def test_a_record_seen_before_is_ignored() -> None:
    batch = process([start(1), said(2, 1, sync=True), said(3, 2), said(4, 2), said(5, 3)])

    assert batch.records.accepted.tolist() == [True, True, True, False, True]
    assert "record 2 was seen before" in batch.events["detail"].to_list()


def test_a_hole_makes_blind_and_says_how_many_records_are_missing() -> None:
    records = [start(1), said(2, 1, sync=True), said(3, 5), said(4, 6)]
    batch = process(records)

    assert state_of(records) == "blind"
    assert "3 records of session" in batch.events.filter(kind="hole")["detail"][0]
    assert batch.records.dump.tolist()[2:] == [True, True]
    assert [event.fresh for event in batch.freshness] == [False, True, False]


def test_a_sync_after_a_hole_neither_sweeps_nor_ends_the_blindness() -> None:
    # what was lost may be what the sweep would take for gone
    records = [
        start(1), said(2, 1, sync=True), said(3, 2, kind=Kind.END, reason="renewed"),
        start(4, SECOND), said(5, 3, SECOND), said(6, 4, SECOND, sync=True),
    ]  # fmt: skip
    batch = process(records)

    assert batch.sweeps == []
    assert state_of(records) == "blind"

    whole = process([*records, start(7, THIRD), said(8, 1, THIRD, sync=True)])

    assert [sweep.record for sweep in whole.sweeps] == [7]


def test_a_first_sync_sweeps_nothing_and_a_later_session_s_does() -> None:
    records = [start(1), said(2, 1, sync=True), start(3, SECOND), said(4, 1, SECOND, sync=True)]

    [sweep] = process(records).sweeps

    assert (sweep.record, sweep.device, sweep.family, sweep.paths) == (3, "l1", "routes", ["/a"])


def test_a_session_whose_start_nobody_read_sweeps_nothing() -> None:
    records = [start(1), said(2, 1, sync=True), said(3, 0, SECOND), said(4, 1, SECOND, sync=True)]

    assert process(records).sweeps == []


def test_the_dump_of_a_new_session_knows_until_when_the_device_was_heard() -> None:
    batch = process([start(1), said(2, 1, sync=True), said(7, 2), start(30, SECOND), said(31, 1, SECOND)])

    assert batch.records.known_until[4] == micros(7)


def test_an_end_is_the_last_that_was_heard_of_a_session() -> None:
    batch = process(
        [start(1), said(2, 1, sync=True), said(20, 2, kind=Kind.END, reason="x"), start(30, SECOND)]
    )

    assert batch.records.known_until[3] == micros(20)


def test_a_first_dump_has_heard_nothing_before() -> None:
    assert process([start(1), said(2, 1)]).records.known_until.tolist() == [0, 0]


def test_live_records_carry_no_blind_interval() -> None:
    batch = process(
        [start(1), said(2, 1, sync=True), start(3, SECOND), said(4, 1, SECOND, sync=True), said(5, 2, SECOND)]
    )

    assert batch.records.known_until[4] == 0


def test_a_target_out_of_service_is_retired_until_it_comes_back() -> None:
    sessions = Sessions()
    process([start(1), said(2, 1, kind=Kind.END, reason=RETIRED)], sessions)
    assert sessions.observers["l1", "routes"].retired

    process([start(9, SECOND)], sessions, 2)
    assert not sessions.observers["l1", "routes"].retired


def test_who_is_out_of_service_is_kept_for_the_store_and_left_out_where_reports_are_expected() -> None:
    sessions = Sessions()
    process(
        [
            start(1),
            start(1, device="l2"),
            said(2, 1, kind=Kind.END, reason=RETIRED),
            said(2, 1, kind=Kind.END, reason="collector stopped", device="l2"),
        ],
        sessions,
    )
    assert sessions.observer_frame()["device"].to_list() == ["l1", "l2"]
    assert sessions.observer_frame(in_service=True)["device"].to_list() == ["l2"]

    process([start(9, SECOND)], sessions, 4)
    assert sessions.observer_frame(in_service=True)["device"].to_list() == ["l1", "l2"]


def test_another_reason_to_end_retires_nothing() -> None:
    sessions = Sessions()
    process([start(1), said(2, 1, kind=Kind.END, reason="connection reset")], sessions)

    assert not sessions.observers["l1", "routes"].retired


def test_start_and_fabric_records_declare_in_stream_order() -> None:
    batch = process(
        [
            start(1, role="leaf"),
            Said(2, "c1", Kind.FABRIC, content={"spines": 2}),
            start(3, device="s1", role="spine"),
        ]
    )

    assert [(record, kind) for record, kind, _ in batch.declared] == [
        (0, "start"),
        (1, "fabric"),
        (2, "start"),
    ]
    assert (batch.declared[2][2]["device"], batch.declared[2][2]["role"]) == ("s1", "spine")


@pytest.mark.parametrize("content", [b"{", b"[1]", b"null", b'{"paths": 3}', None])
def test_a_start_without_readable_paths_still_begins_the_session(content: bytes | None) -> None:
    control, _ = frames_of([start(1), said(2, 1, sync=True)], 0)
    control = control.with_columns(json=pl.Series([content, None], dtype=pl.Binary))
    sessions = Sessions()

    sessions.process(control)

    assert sessions.observers["l1", "routes"].fresh
    assert sessions.observers["l1", "routes"].paths is None


# Clocks.


def timed(*pairs: tuple[float, float], synced: bool = True) -> Records:
    """Records with (device time, time of receipt), in the order of their receipt."""
    records = [start(0)] + ([said(0, 1, sync=True)] if synced else [])
    told = [replace(said(event, len(records) + at), recv=recv) for at, (event, recv) in enumerate(pairs)]
    return process([*records, *told]).records


def seconds(times: Any) -> list[float]:
    return [float(time - T0) / 1e6 for time in times]


def test_now_is_the_highest_record_time_and_never_goes_back() -> None:
    records = timed((1, 10), (2, 8), (3, 12))

    assert seconds(records.now)[2:] == [10, 10, 12]


def test_rows_are_ordered_by_the_device_s_clock() -> None:
    assert seconds(timed((10, 13), (11, 13.5)).order_time)[2:] == [10, 11]


@pytest.mark.parametrize(("behind", "ordered"), [(59.999, 40.001 + 50), (60, 100)])
def test_a_clock_60_s_off_is_not_believed(behind: float, ordered: float) -> None:
    records = timed((100 - behind, 100))

    # believed, the row is 10 s behind the stream at most
    assert seconds(records.order_time)[2] == pytest.approx(90 if behind < 60 else ordered)


@pytest.mark.parametrize(("behind", "late"), [(10, False), (10.001, True)])
def test_a_row_is_late_more_than_10_s_behind_the_stream(behind: float, *, late: bool) -> None:
    assert bool(timed((100 - behind, 100)).late[2]) is late


def test_a_clock_ahead_orders_no_row_further_than_the_lateness() -> None:
    assert seconds(timed((130, 100)).order_time)[2] == 110


def test_a_dump_is_ordered_by_its_receipt() -> None:
    assert seconds(timed((10, 13), synced=False).order_time)[1] == 13


def test_what_one_observer_says_keeps_its_order_when_its_clock_is_set_back() -> None:
    assert seconds(timed((10, 10), (8, 10.5), (9, 11), (10.2, 12)).order_time)[2:] == [10, 10, 10, 10.2]


def test_what_comes_after_a_dump_is_ordered_behind_it_though_the_clock_is_behind() -> None:
    records = process([start(1), said(20, 1, sync=True), replace(said(18, 2), recv=21)]).records

    assert seconds(records.order_time)[2] == 20


# Laws.

steps = st.lists(
    st.tuples(
        st.sampled_from(["l1", "s1"]),
        st.sampled_from(["routes", "link"]),
        st.sampled_from(
            ["start", "response", "response", "response", "sync", "end", "old", "again", "skip", "tick"]
        ),
        st.sampled_from([0.0, 0.5, 3.0, 20.0]),
        st.sampled_from([0.0, 0.0, -2.0, 7.0]),
    ),
    max_size=40,
)


def stream(choices: Sequence[tuple[str, str, str, float, float]]) -> list[Said]:
    """Records of sessions that start, end, supersede each other, lose records and repeat them."""
    at, sessions, records = 1.0, 0, []
    current: dict[tuple[str, str], tuple[str, int]] = {}
    for device, family, what, gap, skew in choices:
        at += gap
        key = device, family
        if what == "tick":
            records.append(Said(at, "c1", Kind.TICK))
            continue
        if what == "start" or key not in current:
            sessions += 1
            current[key] = session_id(sessions, "c1"), 1
            records.append(start(at, current[key][0], device=device, family=family))
            continue
        session, seq = current[key]
        seq += {"skip": 2, "again": -1}.get(what, 0)
        one = said(
            at, seq, session, Kind.END if what == "end" else Kind.RESPONSE,
            sync=what == "sync", device=device, family=family,
        )  # fmt: skip
        records.append(replace(one, at=at + skew, recv=at))
        if what == "old":
            records[-1] = replace(one, session=session_id(0, "c1"))
        elif what != "again":
            current[key] = session, seq + 1
    return records


def told_of(batches: Sequence[SessionBatch]) -> dict[str, Any]:
    records = {
        name: np.concatenate([getattr(batch.records, name) for batch in batches]).tolist()
        for name in ("now", "order_time", "late", "session", "accepted", "dump", "known_until")
    }
    return {
        **records,
        "events": pl.concat([batch.events for batch in batches]).to_dicts(),
        "fresh": [(one.device, one.family, one.fresh, one.time) for b in batches for one in b.freshness],
        "sweeps": [(one.device, one.family, one.number) for b in batches for one in b.sweeps],
    }


@settings(max_examples=60)
@given(steps, st.lists(st.integers(1, 40), max_size=6))
def test_batching_changes_nothing(choices: list[tuple[str, str, str, float, float]], cuts: list[int]) -> None:
    records = stream(choices)
    whole, pieces = Sessions(), Sessions()
    edges = sorted({0, *(cut for cut in cuts if cut < len(records)), len(records)})
    parts = []
    for begin, end in pairwise(edges):
        parts.append(process(records[begin:end], pieces, begin))
    if not parts:
        return
    at_once, in_parts = told_of([process(records, whole)]), told_of(parts)
    for name in ("fresh", "sweeps"):  # of one batch they come observer by observer
        at_once[name], in_parts[name] = sorted(at_once[name]), sorted(in_parts[name])

    assert in_parts == at_once
    for name, frame in whole.dump().items():
        assert_frame_equal(pieces.dump()[name], frame)


@settings(max_examples=30)
@given(steps, st.integers(0, 40))
def test_a_snapshot_in_between_changes_nothing(
    choices: list[tuple[str, str, str, float, float]], cut: int
) -> None:
    records = stream(choices)
    cut = min(cut, len(records))
    going, restarted = Sessions(), Sessions()
    process(records[:cut], going)
    restarted.load(going.dump())

    assert told_of([process(records[cut:], restarted, cut)]) == told_of([process(records[cut:], going, cut)])
    for name, frame in going.dump().items():
        assert_frame_equal(restarted.dump()[name], frame)


def test_an_empty_batch_says_nothing() -> None:
    batch = process([])

    assert batch.events.is_empty()
    assert len(batch.records) == 0


def test_a_scene_of_many_devices_has_one_observer_per_family() -> None:
    sessions = Sessions()
    process(Scene().joins("l1", "l2", "s1").passes(30).records, sessions)

    assert len(sessions.observers) == 3 * 7
    assert set(sessions.observer_frame()["state"]) == {"fresh"}


@pytest.mark.parametrize(
    ("heard", "blind_from"),
    [(micros(5) * 1000, 5), (None, 20), (micros(21) * 1000, 20), (True, 20)],
    ids=["told", "not told", "after the end", "nonsense"],
)
def test_a_session_that_ended_in_silence_was_blind_since_the_target_was_last_heard(
    heard: int | None, blind_from: int
) -> None:
    told: dict[str, Any] = {} if heard is None else {"heard_ns": heard}
    batch = process([start(1), said(2, 1, sync=True), said(20, 2, kind=Kind.END, reason="silent", **told)])
    (begin,) = batch.events.filter(pl.col("kind") == "blind_begin")["event_time"].dt.epoch("us")
    assert begin == micros(blind_from)
