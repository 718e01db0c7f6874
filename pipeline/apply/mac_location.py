"""``mac_location``: from the routes of all observers to one location per MAC, and what changed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.claims import (
    CLAIM,
    Claims,
    claims_of,
    concern_claims,
    holds,
    key_columns,
    merge,
    unchanged,
)
from pipeline.apply.columns import Array, Column, ColumnStore, Mask, Rows, columns_of, frame_of
from pipeline.apply.keytable import KeyTable, key_hashes
from pipeline.apply.location import NAMES, STEP, Locations, Steps, device_hashes
from pipeline.apply.records import LATENESS, Records, us
from pipeline.apply.structs import from_frame, to_frame
from pipeline.schema import MAC_LOCATION, NAME, TIME, Columns

STEP_FRAME: Final = pl.Schema(
    {
        "key": pl.Int64,
        "time": pl.Int64,
        "observer": pl.UInt32,
        "offset": pl.Int64,
        "index": pl.UInt32,
        "now": pl.Int64,
        "record_time": pl.Int64,
        "dump": pl.Boolean,
        "late": pl.Boolean,
        "known_until": pl.Int64,
        "moved": pl.Boolean,
        "found": pl.Boolean,
        "location": pl.UInt32,
        "seq": pl.UInt32,
        "sticky": pl.Boolean,
        "contested": pl.Boolean,
        "old_known": pl.Boolean,
        "old_found": pl.Boolean,
        "old_location": pl.UInt32,
        "old_seq": pl.UInt32,
        "old_top": pl.UInt32,
        "old_sticky": pl.Boolean,
        "old_contested": pl.Boolean,
        "claim_location": pl.UInt32,
    }
)
"""One row per step of ``pipeline.apply.location``; locations as codes, times in microseconds."""
_KEYS: Final[Columns] = {name: MAC_LOCATION.keys[name] for name in ("vni", "evi", "mac")}


@dataclass(frozen=True)
class Located:
    """What a batch did to the locations of MACs."""

    steps: pl.DataFrame
    """STEP_FRAME."""
    closed: pl.DataFrame
    """Rows of ``mac_location_history``: one per interval that ended."""
    void_steps: pl.DataFrame
    """key, offset, index of steps told before that didn't happen, as later claims show."""
    void_closed: pl.DataFrame
    """Rows of ``mac_location_history`` told before that don't hold: vni, evi, mac, valid_from, opened_*."""

    @classmethod
    def concat(cls, parts: Sequence["Located"]) -> "Located":
        """Return parts that follow each other as one; what a later part takes back was never told."""
        if len(parts) == 1:
            return parts[0]
        steps, closed = parts[0].steps, parts[0].closed
        for part in parts[1:]:
            steps = pl.concat(
                [steps.join(part.void_steps, on=part.void_steps.columns, how="anti"), part.steps]
            )
            identity = part.void_closed.columns
            closed = pl.concat(
                [closed.join(part.void_closed, on=identity, how="anti", nulls_equal=True), part.closed]
            )
        return cls(
            steps,
            closed,
            pl.concat([part.void_steps for part in parts]),
            pl.concat([part.void_closed for part in parts]),
        )


class MacLocations:
    """Locations of all MACs of one fabric, with their keys."""

    def __init__(self) -> None:
        self.table = KeyTable()
        self.keys = ColumnStore(_KEYS)
        self.locations = Locations()
        self._hashes = np.zeros(0, dtype=np.uint32)
        self._told = np.zeros(0, dtype=STEP)

    def apply(self, routes: Changes, records: Records, now: int) -> Located:
        """Fold a batch's changes of EVPN routes."""
        claims = self._claims(routes, records)
        steps, void = self.locations.fold(claims, len(self.table), now)
        voided = self._void(void)
        horizon = now - 2 * us(LATENESS)
        self._told = np.concatenate([self._told[self._told["time"] >= horizon], steps])
        return Located(
            steps=pl.DataFrame({name: steps[name] for name in STEP_FRAME}, schema=STEP_FRAME),
            closed=self._closed(steps),
            void_steps=pl.DataFrame({name: voided[name] for name in ("key", "offset", "index")}),
            void_closed=self._closed(voided).select(*_KEYS, "valid_from", "opened_offset", "opened_index"),
        )

    def current(self) -> pl.DataFrame:
        """Return the rows of ``mac_location_current``: one per MAC that somebody claims."""
        state = self.locations.state[: len(self.table)]
        rows = np.flatnonzero(state["found"])
        found = state[rows]
        at_winner = (found["slot_holders"] > 0) & (found["slot_location"] == found["location"][:, None])
        values = _values(found, "")
        holders = (found["slot_holders"] * at_winner).sum(axis=1).astype(np.uint32)
        values["observers"] = Column(holders, np.ones(len(rows), dtype=bool))
        return frame_of(
            {name: self.keys.take(name, rows) for name in _KEYS} | values, {**_KEYS, **MAC_LOCATION.leaves}
        ).with_columns(
            _time("valid_from", found["since"]),
            _time("seen_from", found["seen_since"]),
            pl.Series("opened_offset", found["opened_offset"]),
            pl.Series("opened_index", found["opened_index"]),
        )

    def dump(self, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        rows = np.arange(len(self.table))
        told = self._told[self._told["time"] >= now - us(LATENESS)]
        told = told[np.lexsort([told[name] for name in ("index", "offset", "key")])]
        locations = self.locations.dump(len(self.table), now)
        return {"keys": self.keys.frame(rows), "told": to_frame(told, NAMES), **locations}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._row_of(columns_of(frames["keys"], _KEYS))
        self._told = from_frame(frames["told"], STEP, NAMES)
        self.locations.load(frames)

    def _claims(self, routes: Changes, records: Records) -> Claims:
        self._hash_devices(routes)
        routes = routes.take(concern_claims(routes))
        before, after = holds(routes, "before"), holds(routes, "after")
        old_key, new_key = self._key_rows(routes, before, after)
        ended, began = (claims_of(routes, side, records, self._hashes) for side in ("before", "after"))
        ended["key"], began["key"] = old_key, new_key
        both = before & after & (old_key == new_key)
        together = merge(ended[both], began[both])
        return np.concatenate(
            [together[~unchanged(together)], ended[before & ~both], began[after & ~both]]
        ).astype(CLAIM)

    def _key_rows(self, routes: Changes, before: Mask, after: Mask) -> tuple[Rows, Rows]:
        """Return the row of each change's key before and after it, -1 where nothing is claimed.

        Keys are numbered in stream order, whatever the batches: a change's old key, then its new one.
        """
        old, new = np.flatnonzero(before), np.flatnonzero(after)
        place = np.concatenate([2 * old, 2 * new + 1])
        order = np.argsort(place, kind="stable")
        rows = np.full(2 * len(routes), -1, dtype=np.int64)
        if place.size:
            keys = [key_columns(routes, side) for side in ("before", "after")]
            both = {name: [keys[0][name].take(old), keys[1][name].take(new)] for name in _KEYS}
            rows[place[order]] = self._row_of(
                {
                    name: Column(
                        np.concatenate([column.values for column in sides])[order],
                        np.concatenate([column.known for column in sides])[order],
                    )
                    for name, sides in both.items()
                }
            )
        return rows[0::2], rows[1::2]

    def _row_of(self, keys: Mapping[str, Column]) -> Rows:
        rows = self.table.find_or_add(*key_hashes(frame_of(keys, _KEYS), list(_KEYS)))
        self.keys.grow(len(self.table))
        self.keys.put(rows, keys)
        return rows

    def _hash_devices(self, routes: Changes) -> None:
        top = int(routes.keys["device"].values.max(initial=0)) + 1
        if top > len(self._hashes):
            codes = pl.DataFrame({"code": np.arange(top, dtype=np.uint32)})
            names = codes.select(pl.col("code").cat.to(NAME).cast(pl.String)).to_series()
            self._hashes = device_hashes(names.to_list())

    def _void(self, undone: Claims) -> Steps:
        """Take back what was told of claims that are folded again."""
        if not len(undone):
            return self._told[:0]
        gone = pl.DataFrame({name: undone[name] for name in ("key", "offset", "index")})
        told = pl.DataFrame({name: self._told[name] for name in ("key", "offset", "index")})
        at = told.with_row_index("at").join(gone, on=["key", "offset", "index"], how="semi")["at"].to_numpy()
        void: Steps = self._told[at]
        self._told = np.delete(self._told, at)
        return void

    def _closed(self, steps: Steps) -> pl.DataFrame:
        ended = steps[steps["moved"] & steps["old_found"]]
        rows = ended["key"]
        values = _values(ended, "old_")
        values["observers"] = Column(np.zeros(len(rows), dtype=np.uint32), np.zeros(len(rows), dtype=bool))
        reason = pl.Series(
            "closed_reason", np.where(ended["found"], "moved", "withdrawn").astype(object), pl.String
        )
        return frame_of(
            {name: self.keys.take(name, rows) for name in _KEYS} | values, {**_KEYS, **MAC_LOCATION.leaves}
        ).with_columns(
            _time("valid_from", ended["since"]),
            _time("valid_to", np.maximum(ended["time"], ended["since"])),
            _time("seen_from", ended["seen_since"]),
            _time("seen_to", ended["record_time"]),
            pl.Series("opened_offset", ended["opened_offset"]),
            pl.Series("opened_index", ended["opened_index"]),
            reason,
        )


def _values(state: Array, prefix: str) -> dict[str, Column]:
    known = np.ones(len(state), dtype=bool)
    location, vtep = state[prefix + "location"], state[prefix + "vtep"]
    return {
        "location": Column(location, known),
        "esi": Column(location, location != vtep),
        "vtep": Column(vtep, known),
        "mobility_seq": Column(state[prefix + "seq"], known),
        "sticky": Column(state[prefix + "sticky"], known),
    }


def _time(name: str, values: Array) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Int64).cast(TIME)
