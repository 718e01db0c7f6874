"""Rows that share a key of their own."""

import numpy as np
import polars as pl

from pipeline.apply.columns import Column, Rows
from pipeline.detectors.groups import Groups
from pipeline.schema import Columns

KEYS: Columns = {"vni": pl.UInt32, "mac": pl.UInt64}


def keys(*pairs: tuple[int, int]) -> dict[str, Column]:
    known = np.ones(len(pairs), dtype=bool)
    vnis, macs = zip(*pairs, strict=True)
    return {
        "vni": Column(np.array(vnis, dtype=np.uint32), known),
        "mac": Column(np.array(macs, dtype=np.uint64), known),
    }


def find(
    groups: Groups, source: int, rows: list[int], *pairs: tuple[int, int], join: bool = True
) -> list[int]:
    wanted = np.ones(len(rows), dtype=bool)
    found: Rows = groups.find(source, np.array(rows), keys(*pairs), wanted, join=join)
    numbers: list[int] = found.tolist()
    return numbers


def members(groups: Groups, *of: int) -> set[tuple[int, int, int]]:
    found = groups.members(np.array(of, dtype=np.int64))
    return set(zip(*(part.tolist() for part in found), strict=True))


def test_rows_with_one_key_are_one_group() -> None:
    groups = Groups(KEYS, 2)

    assert find(groups, 0, [4, 5, 9], (1, 7), (1, 8), (1, 7)) == [0, 1, 0]
    assert find(groups, 1, [4], (1, 7)) == [0]
    assert members(groups, 0) == {(0, 0, 4), (0, 0, 9), (0, 1, 4)}
    assert members(groups, 0, 1) == {(0, 0, 4), (0, 0, 9), (0, 1, 4), (1, 0, 5)}


def test_a_row_that_changes_its_key_changes_its_group() -> None:
    groups = Groups(KEYS, 1)
    find(groups, 0, [0, 1], (1, 7), (1, 7))

    assert find(groups, 0, [1], (2, 7)) == [1]
    assert (members(groups, 0), members(groups, 1)) == ({(0, 0, 0)}, {(1, 0, 1)})


def test_a_row_that_only_asks_stays_where_it_is() -> None:
    groups = Groups(KEYS, 1)
    find(groups, 0, [0, 1], (1, 7), (2, 7))

    assert find(groups, 0, [1], (1, 7), join=False) == [0]
    assert members(groups, 1) == {(1, 0, 1)}


def test_groups_keep_their_numbers_through_a_snapshot() -> None:
    groups, again = Groups(KEYS, 1), Groups(KEYS, 1)
    find(groups, 0, [0, 1, 2], (5, 7), (1, 8), (3, 9))
    again.load(groups.frame())

    assert find(again, 0, [7], (1, 8)) == [1]
    assert members(again, 1) == {(1, 0, 7)}
