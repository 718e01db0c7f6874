"""How far a device's clock is behind its collector's: the estimate, the flag, and which time orders a row."""

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

from collectors.records import Kind, session_id
from pipeline.apply.clocks import WINDOW, Clock, Clocks
from pipeline.apply.sessions import SessionBatch, Sessions
from pipeline.schema import NAME
from tests.pipeline.driver import Outcome, frames_of, play
from tests.pipeline.scene import T0, Said, Scene, address

Pair = tuple[float, float]


def received(*pairs: Pair, device: str = "l1", synced: bool = True) -> list[Said]:
    """A session's records with (device time, time of receipt), behind its sync."""
    session = session_id(1, "c1")
    begin = [
        Said(0, device, Kind.START, "routes", session, 0, content={"paths": ["/a"]}),
        Said(0, device, Kind.RESPONSE, "routes", session, 1, sync=True),
    ][: 1 + synced]
    return begin + [
        Said(event, device, Kind.RESPONSE, "routes", session, len(begin) + at, recv=recv)
        for at, (event, recv) in enumerate(pairs)
    ]


def behind(seconds: float, *times: float) -> list[Pair]:
    return [(time - seconds, time) for time in times]


def process(records: Sequence[Said], sessions: Sessions | None = None, offset: int = 0) -> SessionBatch:
    return (sessions or Sessions()).process(frames_of(records, offset)[0])


def skews(batch: SessionBatch) -> list[str]:
    return batch.events.filter(kind="skew")["detail"].to_list()


def ordered(batch: SessionBatch) -> list[float]:
    """When the records are ordered, in seconds; without start and sync."""
    return [float(time - T0) / 1e6 for time in batch.records.order_time[2:]]


# The flag.


@pytest.mark.parametrize(
    ("off", "told"),
    [
        (5, ["device clock is 5.0 s behind the collector's"]),
        (4.9, []),
        (-5, ["device clock is 5.0 s ahead of the collector's"]),
        (-4.9, []),
    ],
)
def test_a_clock_5_s_off_is_flagged_once(off: float, told: list[str]) -> None:
    assert skews(process(received(*behind(off, *range(100, 140))))) == told


def test_three_seconds_with_a_sign_of_the_device_are_enough_and_two_are_not() -> None:
    pairs = behind(20, 100, 100.5, 101, 102, 103)

    assert skews(process(received(*pairs[:4]))) == []
    assert len(skews(process(received(*pairs)))) == 1


@pytest.mark.parametrize("first", [0, 5])
def test_one_delayed_record_of_a_good_device_flags_nothing(first: int) -> None:
    pairs = behind(0.1, *range(100, 120))
    pairs[first] = 60.0, pairs[first][1]

    assert skews(process(received(*pairs))) == []


def test_a_backlog_of_a_good_device_flags_nothing() -> None:
    backlog = [(120 + at / 10, 150 + at / 100) for at in range(300)]

    assert skews(process(received(*behind(0.1, *range(100, 120)), *backlog))) == []


def test_a_clock_that_was_set_back_is_flagged_when_the_window_has_passed_and_not_before() -> None:
    good = behind(0, *range(100, 105))
    bad = behind(30, *range(105, 105 + WINDOW + 1))

    assert skews(process(received(*good, *bad[:-1]))) == []
    assert len(skews(process(received(*good, *bad)))) == 1


def test_a_flag_is_taken_back_below_4_s_and_not_before() -> None:
    bad, better = behind(5, *range(100, 105)), behind(4, *range(110, 120))
    assert len(skews(process(received(*bad, *better)))) == 1

    good = behind(3.9, *range(110, 120))
    assert skews(process(received(*bad, *good))) == [
        "device clock is 5.0 s behind the collector's",
        "device clock is 3.9 s behind the collector's: good enough again",
    ]


def test_dump_rows_flag_no_clock() -> None:
    assert skews(process(received(*behind(50, *range(100, 140)), synced=False))) == []


def test_records_without_a_time_of_their_own_say_nothing_of_the_clock() -> None:
    records = received(*behind(20, 100, 101))
    session, seq = records[0].session, len(records)
    syncs = [Said(102 + at, "l1", Kind.RESPONSE, "routes", session, seq + at, sync=True) for at in range(10)]

    assert skews(process([*records, *syncs])) == []


def test_each_device_has_a_clock_of_its_own() -> None:
    one = received(*behind(30, *range(100, 110)))
    other = received(*behind(0, *range(100, 110)), device="l2")
    batch = process(sorted([*one, *other], key=lambda said: said.at if said.recv is None else said.recv))

    assert batch.events.filter(kind="skew")["device"].to_list() == ["l1"]


# The order.


def test_rows_of_a_clock_that_is_behind_are_ordered_by_what_it_is_behind() -> None:
    pairs = behind(30, *range(100, 110))
    pairs[7] = pairs[7][0], pairs[7][1] + 0.5  # half a second on the way
    batch = process(received(*pairs))

    assert ordered(batch)[3:] == list(range(103, 110))
    assert not batch.records.late[5:].any()


def test_rows_of_a_clock_that_is_ahead_are_ordered_by_what_it_is_ahead() -> None:
    batch = process(received(*behind(-8, *range(100, 115))))

    # what it said before the estimate was known lies ahead: nothing is ordered before it
    assert ordered(batch) == [108, 109, *[110] * 9, 111, 112, 113, 114]


def test_no_row_is_ordered_after_its_receipt() -> None:
    pairs = [*behind(30, *range(100, 110)), (90.0, 110.0)]

    assert ordered(process(received(*pairs)))[-1] == 110


@pytest.mark.parametrize(("off", "by_receipt"), [(59.9, False), (60, True), (-60, True)])
def test_a_clock_60_s_off_orders_nothing(off: float, *, by_receipt: bool) -> None:
    # a row that took two seconds longer than the others
    pairs = [*behind(off, *range(100, 110)), (110 - off, 112)]

    assert ordered(process(received(*pairs)))[-1] == pytest.approx(112 if by_receipt else 110)


@pytest.mark.parametrize("delay", [11, 59, 61, 3600])
def test_a_row_of_a_good_clock_that_comes_late_is_late(delay: float) -> None:
    batch = process(received(*behind(0.1, *range(4000, 4010)), (4010, 4010 + delay)))

    assert batch.records.late.tolist()[-1]


def test_a_backlog_of_the_collector_is_late_though_the_device_s_clock_is_behind() -> None:
    told = received(*behind(30, *range(100, 110)))
    ticks = [Said(at, "c2", Kind.TICK) for at in (110, 121)]
    batch = process([*told, *ticks, *[replace(one, seq=12) for one in received((80, 110.5))[2:]]])

    assert batch.records.late.tolist() == [False] * 2 + [True] * 3 + [False] * 7 + [False] * 2 + [True]


def test_facts_keep_the_device_s_own_time() -> None:
    batch = process(received(*behind(30, *range(100, 110))))

    assert [(time - T0) / 1e6 for time in batch.records.event_time[2:]] == list(range(70, 80))


def moved(clock: float, times: int = 8, every: float = 4) -> Outcome:
    """A MAC that moves between two leaves, told by a device whose clock is behind."""
    scene = Scene().joins("l1").passes(20)
    for number in range(times):
        scene.mac_route("l1", 1, address(1 + number % 2), number).passes(every)
    scene.passes(30)
    return play(
        [
            one if one.kind is Kind.TICK else replace(one, at=one.at - clock, recv=one.at)
            for one in scene.records
        ]
    )


@pytest.mark.parametrize("clock", [0, 11, 30, 59, 70, -30])
def test_a_mac_that_flaps_is_found_whatever_the_clock_of_who_tells_it(clock: float) -> None:
    assert "M2" in moved(clock).rules()


# Laws.

offsets = st.sampled_from([0.0, 0.2, 3.0, 4.0, 4.5, 5.0, 7.0, 30.0, 61.0, -6.0])
streams = st.lists(
    st.tuples(st.sampled_from(["l1", "l2"]), st.sampled_from([0.0, 0.4, 1.0, 5.0]), offsets), max_size=60
)
Stream = list[tuple[str, float, float]]
NAMES = ("l1", "l2")
CODES = dict(zip(NAMES, pl.Series(NAMES).cast(NAME).to_physical(), strict=True))


def arrays(stream: Stream) -> tuple[Any, Any, Any, Any]:
    """Codes of devices, event time, time of receipt (which may go back a little), whether live."""
    at = np.cumsum([gap for _, gap, _ in stream]) if stream else np.zeros(0)
    recv = ((at - np.arange(len(stream)) % 3) * 1e6).astype(np.int64)
    off = (np.array([off for _, _, off in stream]) * 1e6).astype(np.int64)
    codes = np.array([CODES[device] for device, _, _ in stream], dtype=np.uint32)
    return codes, recv - off, recv, np.arange(len(stream)) % 7 != 6


def told(clock: Clock, offset: int = 0) -> list[Any]:
    columns = (clock.known.tolist(), clock.flagged.tolist(), clock.estimate.tolist())
    return [
        list(zip(*columns, strict=True)),
        [turn._replace(record=turn.record + offset) for turn in clock.turns],
    ]


@settings(max_examples=100)
@given(stream=streams, cuts=st.lists(st.integers(0, 60), max_size=6), restarts=st.booleans())
def test_neither_batches_nor_restarts_change_an_estimate(
    stream: Stream, cuts: list[int], *, restarts: bool
) -> None:
    columns = arrays(stream)
    whole, pieces = Clocks(), Clocks()
    at_once = told(whole.judge(*columns))
    rows: list[Any] = []
    turns: list[Any] = []
    for begin, end in pairwise(sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})):
        if restarts:
            state = pieces.dump()
            pieces = Clocks()
            pieces.load(state)
        part = told(pieces.judge(*(column[begin:end] for column in columns)), begin)
        rows, turns = rows + part[0], turns + part[1]

    assert [rows, turns] == at_once
    assert_frame_equal(pieces.dump(), whole.dump())


@given(streams)
def test_an_estimate_is_the_least_of_the_seconds_before(stream: Stream) -> None:
    codes, event, recv, live = arrays(stream)
    clock = Clocks().judge(codes, event, recv, live)

    for code in CODES.values():
        least: dict[int, int] = {}
        second = -10
        for row in np.flatnonzero(live & (codes == code)).tolist():
            second = max(second, int(recv[row] // 1_000_000))
            past = [least[one] for one in sorted(least) if one < second][-WINDOW:]
            assert bool(clock.known[row]) is (len(past) >= 3)
            if len(past) >= 3:
                assert clock.estimate[row] == min(past)
            value = int(recv[row] - event[row])
            least[second] = min(least.get(second, value), value)
