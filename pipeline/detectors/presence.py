"""Which observer holds routes of which kind: counts, and when they leave zero or reach it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask, Rows, frame_of
from pipeline.apply.keytable import KeyTable, key_hashes
from pipeline.apply.records import Records
from pipeline.detectors.timeline import PLACE
from pipeline.schema import NAME, Columns

PER_ES_TAG: Final = 0xFFFFFFFF
"""Ethernet tag of the Ethernet A-D route of a whole segment, RFC 7432, section 8.2.1."""
Sides = tuple[tuple[dict[str, Column], Mask], tuple[dict[str, Column], Mask]]
"""Of changes, before and after them: key columns, and which changes count."""


class Presence:
    """Routes held, per key of interned text; the cost of a batch follows its changes."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)
        self._schema: Columns = dict.fromkeys(self.keys, NAME)
        self._table = KeyTable()
        self._names = pl.DataFrame(schema=dict.fromkeys(self.keys, pl.String))
        self.counts = np.zeros(0, dtype=np.int64)

    def dump(self) -> pl.DataFrame:
        """Return the state: a row per key ever seen, with its count."""
        counts = self.counts[: len(self._table)].copy()  # a series only borrows an array
        return self._names.with_columns(count=pl.Series(counts))

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        self._rows(frame.select(self.keys).cast(dict.fromkeys(self.keys, NAME)))
        self.counts[: len(frame)] = frame["count"].to_numpy()

    def _rows(self, keys: pl.DataFrame) -> Rows:
        known = len(self._table)
        rows = self._table.find_or_add(*key_hashes(keys, self.keys))
        if len(self._table) > known:
            new = keys.with_columns(row=pl.Series(rows)).filter(pl.col("row") >= known)
            named = new.unique("row", keep="first").sort("row").drop("row").cast(pl.String)
            self._names = pl.concat([self._names, named])
            grown = np.zeros(len(self._table), dtype=np.int64)
            grown[: len(self.counts)] = self.counts
            self.counts = grown
        return rows

    def apply(
        self,
        changes: Changes,
        records: Records,
        sides: Sides,
    ) -> pl.DataFrame:
        """Return transitions: keys, PLACE, ``value`` (held from then on).

        ``sides``: of each change the key columns and whether it counts, before and after.
        """
        picked = [np.flatnonzero(counts) for _, counts in sides]
        if not sum(map(len, picked)):
            return pl.DataFrame(schema={**dict.fromkeys(self.keys, pl.String), **PLACE, "value": pl.Boolean})
        keys = pl.concat(
            [
                frame_of({name: columns[name].take(at) for name in self.keys}, self._schema)
                for (columns, _), at in zip(sides, picked, strict=True)
            ]
        )
        rows = self._rows(keys)
        change = np.concatenate(picked)
        delta = np.repeat([-1, 1], [len(at) for at in picked])
        record = changes.record[change]
        order = np.lexsort((changes.index[change], record, rows))
        rows, change, delta, record = rows[order], change[order], delta[order], record[order]
        first = np.diff(rows, prepend=-1) != 0
        total = np.cumsum(delta)
        starts = np.flatnonzero(first)
        offset = np.repeat(total[starts] - delta[starts], np.diff(np.append(starts, len(rows))))
        after = total - offset + self.counts[rows]
        # what a record withdraws and announces again was never gone: its last row counts
        ends = np.append((np.diff(rows) != 0) | (np.diff(record) != 0), values=True)
        ended, holds = np.flatnonzero(ends), after[ends] > 0
        begins = np.append(True, np.diff(rows[ended]) != 0)
        was = np.where(begins, self.counts[rows[ended]] > 0, np.append(False, holds[:-1]))
        told = ended[holds != was]
        self.counts[rows[ended]] = after[ended]
        held: pl.DataFrame = keys[order[told]]
        return held.cast(pl.String).with_columns(
            time=pl.Series(records.take("order_time", record[told])),
            offset=pl.Series(records.take("offset", record[told])),
            index=pl.Series(changes.index[change[told]]),
            now=pl.Series(records.take("now", record[told])),
            value=pl.Series(after[told] > 0),
        )


def route_sides(changes: Changes, *, kind: str) -> Sides:
    """Return keys of route changes and which of them count, before and after.

    ``kind``: ``imet`` (observer, vtep) for type-3 routes, not the observer's own; ``segment`` (observer, esi,
    pe) for type-4 routes; ``ad_per_es`` the same for type-1 routes of whole segments.
    """
    route_type = changes.keys["route_type"].values
    wanted = {
        "imet": (route_type == 3) & changes.keys["neighbor"].known,
        "segment": route_type == 4,
        "ad_per_es": (route_type == 1) & (changes.keys["eth_tag"].values == PER_ES_TAG),
    }[kind]

    def side(columns: dict[str, Column], there: Mask) -> tuple[dict[str, Column], Mask]:
        pe = columns["next_hop"] if kind == "ad_per_es" else changes.keys["originator"]
        valid = columns["valid"]
        counts = wanted & there & pe.known & ~(valid.known & ~valid.values)
        thing = {"vtep": pe} if kind == "imet" else {"esi": changes.keys["route_esi"], "pe": pe}
        return {"device": changes.keys["device"], **thing}, counts

    return side(dict(changes.before), changes.existed), side(dict(changes.after), changes.exists)
