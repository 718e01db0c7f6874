"""What identifies routers, and since when it is known."""

import polars as pl
import pytest

from pipeline.detectors.known import ADDRESSES, MACS, FirstSeen, of_router, one_device


def seen(*rows: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={**MACS, "seen": pl.Int64}, orient="row")


def test_the_first_sighting_counts_whenever_it_is_heard() -> None:
    known = FirstSeen(MACS)

    assert known.take(seen((1, 50), (1, 40), (2, 60))) == 40
    assert known.take(seen((1, 40), (2, 70))) is None
    assert known.take(seen((2, 55), (3, 90))) == 55
    assert known.take(seen()) is None
    assert known.rows.rows() == [(1, 40), (2, 55), (3, 90)]


@pytest.mark.parametrize(("time", "known"), [(40, True), (39, False)])
def test_a_step_is_of_a_router_from_the_first_sighting_of_its_mac_on(time: int, *, known: bool) -> None:
    steps = pl.DataFrame({"mac": [1, 2], "time": [time, time]}, schema={"mac": pl.UInt64, "time": pl.Int64})

    assert of_router(steps, seen((1, 40))).to_list() == [known, False]


@pytest.mark.parametrize(("time", "known"), [(40, True), (39, False)])
def test_two_addresses_are_one_device_s_once_both_are_known(time: int, *, known: bool) -> None:
    addresses = pl.DataFrame(
        [("l1", "a", 10), ("l1", "b", 40), ("l2", "b", 5), ("l2", "c", 5)],
        schema={**ADDRESSES, "seen": pl.Int64},
        orient="row",
    )
    pairs = [("a", "b"), ("b", "a"), ("a", "c"), ("b", "c"), ("a", "a"), ("x", "y"), ("x", None)]
    steps = pl.DataFrame(
        [(old, new, time) for old, new in pairs],
        schema={"old_name": pl.String, "name": pl.String, "time": pl.Int64},
        orient="row",
    )

    assert one_device(steps, addresses).to_list() == [known, known, False, True, False, False, False]


def test_of_addresses_that_two_devices_have_the_first_that_has_both_counts() -> None:
    addresses = pl.DataFrame(
        [("l1", "a", 30), ("l1", "b", 10), ("l2", "a", 20), ("l2", "b", 25)],
        schema={**ADDRESSES, "seen": pl.Int64},
        orient="row",
    )
    steps = pl.DataFrame({"old_name": ["a", "a"], "name": ["b", "b"], "time": [24, 25]})

    assert one_device(steps, addresses).to_list() == [False, True]
