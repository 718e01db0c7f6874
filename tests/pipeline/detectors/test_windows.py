"""Sums over windows of many units at once, against plain Python."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detectors.windows import Windows

WINDOW = timedelta(microseconds=5)
STILL = 3
"""Rows of a unit that are so far apart belong to different bursts."""

rows = st.lists(st.tuples(st.sampled_from([7, 8, 40]), st.integers(0, 20), st.integers(-3, 3)), max_size=20)


def frame(said: list[tuple[int, int, int]]) -> pl.DataFrame:
    ordered, bursts = sorted(said), 0
    numbered = []
    for at, (key, time, value) in enumerate(ordered):
        if at == 0 or ordered[at - 1][0] != key or time - ordered[at - 1][1] >= STILL:
            bursts += 1
        numbered.append((key, bursts, time, value))
    schema = {"key": pl.Int64, "burst": pl.UInt32, "time": pl.Int64, "value": pl.Int64}
    return pl.DataFrame(numbered, schema=schema, orient="row")


@given(rows)
def test_a_window_holds_its_unit_s_rows_of_the_time_before_it_ends(said: list[tuple[int, int, int]]) -> None:
    moves = frame(said)
    windows = Windows(moves, WINDOW)
    found = moves.select(
        whole=windows.sum("value"),
        burst=windows.sum("value", in_burst=True),
        first=windows.first("time"),
    )

    whole, burst, first = [], [], []
    for key, number, time, _ in moves.rows():
        inside = [row for row in moves.rows() if row[0] == key and time - 5 < row[2] <= time]
        whole.append(sum(row[3] for row in inside))
        burst.append(sum(row[3] for row in inside if row[1] == number))
        first.append(min(row[2] for row in inside))
    assert found["whole"].to_list() == whole
    assert found["burst"].to_list() == burst
    assert found["first"].to_list() == first
