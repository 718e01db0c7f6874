"""``mac_location``: from the routes of all observers to one location per MAC, and what changed it.

What leaves learn at their own ports is folded with the routes: it can contest a sticky MAC, and wins nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

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
from pipeline.apply.learned import OwnVteps, concern_learns, learn_keys, learns_of, learnt, vtep_at
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
        "divided": pl.Boolean,
        "old_known": pl.Boolean,
        "old_found": pl.Boolean,
        "old_location": pl.UInt32,
        "old_seq": pl.UInt32,
        "old_top": pl.UInt32,
        "old_sticky": pl.Boolean,
        "old_contested": pl.Boolean,
        "old_divided": pl.Boolean,
        "claim_location": pl.UInt32,
        "claim_learner": pl.UInt32,
    }
)
"""One row per step of ``pipeline.apply.location``; locations as codes, times in microseconds."""
_KEYS: Final[Columns] = {name: MAC_LOCATION.keys[name] for name in ("vni", "evi", "mac")}


class _Part(NamedTuple):
    """Changes of one kind of entity as claims that end (before) and begin (after), one of each per change."""

    record: Rows
    before: Mask
    after: Mask
    before_keys: Mapping[str, Column]
    after_keys: Mapping[str, Column]
    ended: Claims
    began: Claims


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
        self._vteps = OwnVteps()
        self._hashes = np.zeros(0, dtype=np.uint32)
        self._told = np.zeros(0, dtype=STEP)

    def apply(self, routes: Changes, macs: Changes, records: Records, now: int) -> Located:
        """Fold a batch's changes of EVPN routes and of MAC entries."""
        claims = self._claims(routes, macs, records)
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
        keys = {name: self.keys.take(name, rows) for name in _KEYS}
        return frame_of(keys | _values(found, ""), MAC_LOCATION.stored).with_columns(
            _time("valid_from", found["since"]),
            _time("seen_from", found["seen_since"]),
            pl.Series("opened_offset", found["opened_offset"]),
            pl.Series("opened_index", found["opened_index"]),
        )

    def at(self, time: int) -> tuple[Rows, Array, Array]:
        """Return the MACs that somebody claimed at a time: rows, locations and VTEPs, as codes.

        ``time``: microseconds, no further back than steps may still be taken back.
        """
        state = self.locations.state[: len(self.table)]
        found, location, vtep = (state[name].copy() for name in ("found", "location", "vtep"))
        since = self._told[self._told["time"] > time]
        since = since[np.lexsort([since[name] for name in ("index", "offset", "observer", "time", "key")])]
        first = since[np.diff(since["key"], prepend=-1) != 0]
        key = first["key"]
        found[key], location[key], vtep[key] = first["old_found"], first["old_location"], first["old_vtep"]
        rows = np.flatnonzero(found)
        return rows, location[rows], vtep[rows]

    def dump(self, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        rows = np.arange(len(self.table))
        told = self._told[self._told["time"] >= now - us(LATENESS)]
        told = told[np.lexsort([told[name] for name in ("index", "offset", "key")])]
        locations = self.locations.dump(len(self.table), now)
        frames = {"keys": self.keys.frame(rows), "told": to_frame(told, NAMES), "vteps": self._vteps.dump()}
        return {**frames, **locations}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._row_of(columns_of(frames["keys"], _KEYS))
        self._told = from_frame(frames["told"], STEP, NAMES)
        self._vteps.load(frames["vteps"])
        self.locations.load(frames)

    def _claims(self, routes: Changes, macs: Changes, records: Records) -> Claims:
        self._hash_devices(routes)
        self._hash_devices(macs)
        vteps = self._vteps.apply(routes)
        routes, macs = routes.take(concern_claims(routes)), macs.take(concern_learns(macs))
        vtep = vtep_at(vteps, macs)
        parts = (
            _Part(
                record=routes.record,
                before=holds(routes, "before"),
                after=holds(routes, "after"),
                before_keys=key_columns(routes, "before"),
                after_keys=key_columns(routes, "after"),
                ended=claims_of(routes, "before", records, self._hashes),
                began=claims_of(routes, "after", records, self._hashes),
            ),
            _Part(
                record=macs.record,
                before=learnt(macs, "before"),
                after=learnt(macs, "after") & vtep.known,
                before_keys=learn_keys(macs, "before"),
                after_keys=learn_keys(macs, "after"),
                ended=learns_of(macs, "before", records, self._hashes, vtep),
                began=learns_of(macs, "after", records, self._hashes, vtep),
            ),
        )
        claims = [_joined(part, *keys) for part, keys in zip(parts, self._key_rows(parts), strict=True)]
        return np.concatenate(claims).astype(CLAIM)

    def _key_rows(self, parts: Sequence["_Part"]) -> list[tuple[Rows, Rows]]:
        """Return the row of each change's key before and after it, -1 where nothing is claimed.

        Keys are numbered in stream order, whatever the batches: a change's old key, then its new one.
        """
        picked = [np.flatnonzero(held) for part in parts for held in (part.before, part.after)]
        found = [np.full(len(part.record), -1, dtype=np.int64) for part in parts for _ in ("before", "after")]
        if sum(map(len, picked)):
            record = np.concatenate([parts[n // 2].record[at] for n, at in enumerate(picked)])
            place = np.concatenate([2 * at + n % 2 for n, at in enumerate(picked)])
            order = np.lexsort((place, record))
            keys = [keys for part in parts for keys in (part.before_keys, part.after_keys)]
            both = {
                name: [side[name].take(at) for side, at in zip(keys, picked, strict=True)] for name in _KEYS
            }
            rows = np.empty(len(order), dtype=np.int64)
            rows[order] = self._row_of(
                {
                    name: Column(
                        np.concatenate([column.values for column in sides])[order],
                        np.concatenate([column.known for column in sides])[order],
                    )
                    for name, sides in both.items()
                }
            )
            for out, at, values in zip(
                found, picked, np.split(rows, np.cumsum([len(at) for at in picked])[:-1]), strict=True
            ):
                out[at] = values
        return list(zip(found[0::2], found[1::2], strict=True))

    def _row_of(self, keys: Mapping[str, Column]) -> Rows:
        rows = self.table.find_or_add(*key_hashes(frame_of(keys, _KEYS), list(_KEYS)))
        self.keys.grow(len(self.table))
        self.keys.put(rows, keys)
        return rows

    def _hash_devices(self, changes: Changes) -> None:
        top = int(changes.keys["device"].values.max(initial=0)) + 1
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
        reason = pl.Series(
            "closed_reason", np.where(ended["found"], "moved", "withdrawn").astype(object), pl.String
        )
        keys = {name: self.keys.take(name, rows) for name in _KEYS}
        return frame_of(keys | _values(ended, "old_"), MAC_LOCATION.stored).with_columns(
            _time("valid_from", ended["since"]),
            _time("valid_to", np.maximum(ended["time"], ended["since"])),
            _time("seen_from", ended["seen_since"]),
            _time("seen_to", ended["record_time"]),
            pl.Series("opened_offset", ended["opened_offset"]),
            pl.Series("opened_index", ended["opened_index"]),
            reason,
        )


def _joined(part: _Part, old_key: Rows, new_key: Rows) -> Claims:
    """Return the claims of a part: what ends and begins in one change of one key is one."""
    part.ended["key"], part.began["key"] = old_key, new_key
    both = part.before & part.after & (old_key == new_key)
    together = merge(part.ended[both], part.began[both])
    joined: Claims = np.concatenate(
        [together[~unchanged(together)], part.ended[part.before & ~both], part.began[part.after & ~both]]
    )
    return joined


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
