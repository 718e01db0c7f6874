"""Which entities lie below a deleted branch: a row with some keys stands for all entities that have them."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipeline.apply.columns import Array, Column, ColumnStore, Mask, Rows
from pipeline.apply.keytable import key_hashes


def below(
    keys: ColumnStore, candidates: Rows, branches: Mapping[str, Column], unset: Array
) -> tuple[Rows, Rows]:
    """Return (entity row, branch number) of each candidate below each branch.

    Branches of one pattern, the same keys known, are matched together: what a batch costs follows its
    patterns.

    Args:
        keys: the keys of all entities, device included.
        candidates: entity rows.
        branches: the keys of each branch; what is unknown matches anything.
        unset: bit i: the i-th key, the device not counted, must be unknown.
    """
    names = list(branches)
    known = np.stack([branches[name].known for name in names])
    patterns, which = np.unique(
        np.vstack([known.astype(np.uint64), unset[None, :]]), axis=1, return_inverse=True
    )
    found: list[pl.DataFrame] = []
    for number, pattern in enumerate(patterns.T):
        mine = np.flatnonzero(which.ravel() == number)
        given = [name for name, is_known in zip(names, pattern[:-1], strict=True) if is_known]
        rows = candidates[_unset(keys, names, candidates, int(pattern[-1]))]
        found.append(
            _hashed("row", rows, {name: keys.take(name, rows) for name in given}).join(
                _hashed("branch", mine, {name: branches[name].take(mine) for name in given}),
                on=["high", "low"],
            )
        )
    pairs = pl.concat(found).sort("branch", "row")
    return pairs["row"].to_numpy(), pairs["branch"].to_numpy()


def _unset(keys: ColumnStore, names: list[str], rows: Rows, bits: int) -> Mask:
    fitting = np.ones(len(rows), dtype=bool)
    for bit, name in enumerate(names[1:]):
        if bits >> bit & 1:
            fitting &= ~keys.take(name, rows).known
    return fitting


def _hashed(name: str, rows: Rows, given: Mapping[str, Column]) -> pl.DataFrame:
    """Return the rows with the hashes of their given keys, all of which a branch knows."""
    fitting = np.ones(len(rows), dtype=bool)
    for column in given.values():
        fitting &= column.known
    at = np.flatnonzero(fitting)
    frame = pl.DataFrame({key: column.values[at] for key, column in given.items()})
    if not given:
        same = np.zeros(len(at), dtype=np.uint64)
        return pl.DataFrame({name: rows[at], "high": same, "low": same})
    high, low = key_hashes(frame, list(given))
    return pl.DataFrame({name: rows[at], "high": high, "low": low})
