"""What devices hold of MACs that are claimed for two places at once, or whose number fell.

Most MACs are so for a moment only, while they move: a withdraw comes behind the new route. Those that stay so
are looked at closely: of them the routes and table entries of each device are kept as intervals. A device's
own records come in order, so what it held at which time does not depend on who was heard first.

Cost: MACs in dispute for 3 s are searched for among all routes and MAC entries once; then it follows the
batch.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.claims import holds, key_columns
from pipeline.apply.columns import Array, Column, Mask, Rows, column_of, frame_of
from pipeline.apply.entity import EntityState
from pipeline.apply.fabric import Applied
from pipeline.apply.learned import learn_keys
from pipeline.apply.records import LATENESS, Records, us
from pipeline.detectors.family import Scene
from pipeline.schema import NAME, Columns

PASSING: Final = timedelta(seconds=3)
"""A MAC in dispute for less is one that moves."""
_KEPT: Final = us(LATENESS) + 40_000_000
ROUTE, TABLE = "route", "table"
_CLAIM: Final[Columns] = {
    "device": NAME, "vni": pl.UInt32, "evi": pl.UInt32, "mac": pl.UInt64, "location": NAME, "vtep": NAME,
    "seq": pl.UInt32, "sticky": pl.Boolean,
}  # fmt: skip
_IDENTITY: Final = ["vni", "evi", "mac"]
PIECE: Final[Columns] = {
    "key": pl.Int64,
    "device": pl.String,
    "vni": pl.UInt32,
    "evi": pl.UInt32,
    "mac": pl.UInt64,
    "source": pl.String,  # ROUTE or TABLE (what the device learned by BGP and forwards by)
    "row": pl.Int64,  # of the entity
    "location": pl.String,
    "vtep": pl.String,
    "seq": pl.Int64,
    "sticky": pl.Boolean,
    "since": pl.Int64,
    "until": pl.Int64,  # null: still
    "offset": pl.Int64,
    "index": pl.UInt32,
    "end_offset": pl.Int64,
    "end_index": pl.UInt32,
}
"""One row per interval in which a device held a route or entry that says the same; microseconds."""
_MARK: Final[Columns] = {
    "key": pl.Int64, "time": pl.Int64, "offset": pl.Int64, "index": pl.UInt32, "kind": pl.String,
}  # fmt: skip
_BEGAN, _ENDED, _FELL = "began", "ended", "fell"
RUN: Final[Columns] = {
    "key": pl.Int64, "start": pl.Int64, "end": pl.Int64, "start_offset": pl.Int64, "start_index": pl.UInt32,
    "over_offset": pl.Int64, "over_index": pl.UInt32,
}  # fmt: skip
"""One row per time a MAC was in dispute, with the places of what began and ended it; null while it is."""


class Contests:
    """The MACs in dispute, and what devices hold of them."""

    def __init__(self) -> None:
        self._marks = pl.DataFrame(schema=_MARK)
        self._pieces = pl.DataFrame(schema=PIECE)
        self._watched = pl.DataFrame(schema={"key": pl.Int64})

    def take(self, applied: Applied, scene: Scene) -> bool:
        """Take a batch; return whether any MAC is looked at closely."""
        self._mark(applied)
        if self._marks.is_empty() and self._watched.is_empty():
            return False
        # what a long batch ends has still to be judged
        self._marks = _kept_marks(self._marks, self._pieces, scene.horizon + us(LATENESS))
        wanted = self.runs(scene.now).select("key").unique().sort("key")
        new = wanted.join(self._watched, on="key", how="anti")
        self._pieces = self._pieces.join(wanted, on="key", how="semi")
        self._watched = wanted
        if len(wanted):
            self._look(applied, scene, wanted, new)
        return len(wanted) > 0

    def runs(self, now: int) -> pl.DataFrame:
        """Return RUN: the disputes that have lasted for longer than a move, and numbers that fell."""
        mark = self._marks.filter(pl.col("kind") != _FELL).sort("key", "time", "offset", "index")
        last = mark.with_columns(
            following=_following("time"), over_offset=_following("offset"), over_index=_following("index")
        )
        begun = last.filter(pl.col("kind") == _BEGAN)
        place = {"start_offset": "offset", "start_index": "index"}
        begins = begun.select("key", "over_offset", "over_index", start="time", end="following", **place)
        divided = begins.select(*RUN).filter(pl.col("end").fill_null(now) - pl.col("start") >= us(PASSING))
        fallen_last = self._marks.filter(pl.col("kind") == _FELL).sort("time", "offset", "index")
        fell = fallen_last.group_by("key").agg(
            start=pl.col("time").last(),
            start_offset=pl.col("offset").last(),
            start_index=pl.col("index").last(),
        )
        # what fell is in dispute for as long as a table is ahead of it
        fallen = fell.with_columns(
            end=pl.lit(None, dtype=pl.Int64),
            over_offset=pl.lit(None, dtype=pl.Int64),
            over_index=pl.lit(None, dtype=pl.UInt32),
        )
        return pl.concat([divided, fallen.select(*RUN)]).sort("key", "start")

    def pieces(self) -> pl.DataFrame:
        """Return PIECE of all MACs looked at."""
        return self._pieces

    def dump(self, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self._marks = _kept_marks(self._marks, self._pieces, now)
        runs = self.runs(now).sort("start", "start_offset", "start_index")
        starts = runs.group_by("key").agg(pl.col("start", "start_offset", "start_index").first())
        of_use = pl.col("until").is_null() | (
            (pl.col("until") >= now - _KEPT) & (pl.col("until") >= pl.col("start") + us(PASSING))
        )
        # when a claim began before a dispute was one is not known of those that were looked up later
        before = pl.col("since") <= pl.col("start") + us(PASSING)
        pieces = (
            self._pieces.join(starts, on="key")
            .filter(of_use)
            .with_columns(
                since=pl.when(before).then("start").otherwise("since"),
                offset=pl.when(before).then("start_offset").otherwise("offset"),
                index=pl.when(before).then("start_index").otherwise("index"),
            )
            .select(*PIECE)
        )
        order = ["key", "source", "row", "since", "offset", "index"]
        return {
            "marks": self._marks.sort("key", "time", "offset", "index", "kind"),
            "pieces": pieces.sort(order),
            "watched": starts.select("key").sort("key"),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._marks, self._pieces, self._watched = frames["marks"], frames["pieces"], frames["watched"]

    def _mark(self, applied: Applied) -> None:
        located = applied.located
        place = ["key", "offset", "index"]
        if len(located.void_steps) and len(self._marks):
            self._marks = self._marks.join(located.void_steps, on=place, how="anti")
        fallen = (pl.col("old_top").cast(pl.Int64) - pl.col("seq")) % 2**32
        numbered = pl.col("old_known") & pl.col("found") & ~pl.col("sticky") & ~pl.col("old_sticky")
        real = ~pl.col("dump") & ~pl.col("late")
        told = located.steps.filter(
            (pl.col("divided") != pl.col("old_divided")) | (numbered & real & fallen.is_between(1, 2**31 - 1))
        )
        if told.is_empty():
            return
        divided = pl.col("divided") != pl.col("old_divided")
        marks = [
            told.filter(divided).with_columns(
                kind=pl.when("divided").then(pl.lit(_BEGAN)).otherwise(pl.lit(_ENDED))
            ),
            told.filter(numbered & real & fallen.is_between(1, 2**31 - 1)).with_columns(kind=pl.lit(_FELL)),
        ]
        self._marks = pl.concat(
            [self._marks, *(mark.select(*_MARK).cast(pl.Schema(_MARK)) for mark in marks)]
        )

    def _look(self, applied: Applied, scene: Scene, wanted: pl.DataFrame, new: pl.DataFrame) -> None:
        """Bring the pieces of MACs wanted up to date; those of new ones are searched for."""
        keys = scene.state.locations.keys
        named = wanted.hstack(keys.frame(wanted["key"].to_numpy()).select(_IDENTITY).get_columns())
        macs = named["mac"].unique().to_numpy()
        fresh = keys.frame(new["key"].to_numpy())["mac"].unique().to_numpy()
        parts = [self._pieces]
        for source, entity in ((ROUTE, "evpn_route"), (TABLE, "mac")):
            state, changes = scene.state.entities[entity], applied.changes[entity]
            told = changes.take(np.flatnonzero(np.isin(changes.keys["mac"].values, macs)))
            rows = np.unique(np.concatenate([told.row, _rows_of(state, fresh)]))
            # what goes on of a row that changed is over with its first change: the rest follows
            changed = pl.DataFrame(
                {
                    "row": told.row,
                    "until": told.time,
                    "end_offset": applied.records.take("offset", told.record),
                    "end_index": told.index,
                }
            )
            first = changed.sort("until", "end_offset", "end_index").group_by("row").first()
            parts[0] = (
                parts[0]
                .join(
                    first.with_columns(source=pl.lit(source)), on=["source", "row"], how="left", suffix=" new"
                )
                .with_columns(
                    pl.when(pl.col("until").is_null()).then(f"{name} new").otherwise(name).alias(name)
                    for name in ("until", "end_offset", "end_index")
                )
                .select(*PIECE)
            )
            found = (
                _ended(told, applied.records, source),
                _pieces(_standing(state, rows), "after", source),
            )
            parts += [piece.join(named, on=_IDENTITY, nulls_equal=True).select(*PIECE) for piece in found]
        merged = _merged(pl.concat([part.cast(pl.Schema(PIECE)) for part in parts]))
        self._pieces = merged.filter(
            pl.col("until").is_null() | (pl.col("until") >= scene.horizon + us(LATENESS) - _KEPT)
        )


def _kept_marks(marks: pl.DataFrame, pieces: pl.DataFrame, now: int) -> pl.DataFrame:
    """Forget what is over: disputes that ended, and fallen numbers that no table is ahead of."""
    since = now - _KEPT
    standing = pieces.filter(pl.col("until").is_null() | (pl.col("until") >= since))
    side = ["key", "device", "seq"]
    ahead = (
        standing.filter(pl.col("source") == TABLE)
        .select(side)
        .join(standing.filter(pl.col("source") == ROUTE).select(side), on=["key", "device"])
        .filter(newer(pl.col("seq"), pl.col("seq_right")))
    )
    fell = marks.filter(pl.col("kind") == _FELL).filter(
        (pl.col("time") >= since) | pl.col("key").is_in(ahead["key"].unique().implode())
    )
    mark = marks.filter(pl.col("kind") != _FELL).sort("key", "time", "offset", "index")
    following = _following("time")
    live = (pl.col("time") >= since) | (
        (pl.col("kind") == _BEGAN) & (following.is_null() | (following >= since))
    )
    return pl.concat([mark.filter(live), fell])


def _following(column: str) -> pl.Expr:
    """Return a column of the key's next row, in rows that are in order: over all keys at once."""
    return pl.when(pl.col("key").shift(-1) == pl.col("key")).then(pl.col(column).shift(-1))


def newer(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return whether a number is newer than another (RFC 7432, section 15)."""
    return ((one - other) % 2**32).is_between(1, 2**31 - 1)


def _rows_of(state: EntityState, macs: Array) -> Rows:
    if not len(macs):
        return np.zeros(0, dtype=np.int64)
    living = state.living()
    rows: Rows = living[np.isin(state.keys.take("mac", living).values, macs)]
    return rows


def _standing(state: EntityState, rows: Rows) -> Changes:
    """Return what the entities at rows say now, as changes that nothing was before."""
    rows = rows[state.alive_at(rows)]
    nothing = Changes.none(state.entity)
    meta = {
        name: state.meta_at(name, rows)
        for name in ("valid_from", "seen_from", "opened_offset", "opened_index")
    }
    flags = np.zeros(len(rows), dtype=bool)
    values = {name: state.values.take(name, rows) for name in state.entity.values}
    return Changes(
        entity=state.entity,
        row=rows,
        record=np.zeros(len(rows), dtype=np.int64),
        index=meta["opened_index"].astype(np.uint32),
        reason=np.zeros(len(rows), dtype=nothing.reason.dtype),
        existed=flags,
        exists=~flags,
        keys={name: state.keys.take(name, rows) for name in ("device", *state.entity.keys)},
        before=values,
        after=values,
        valid_from=meta["valid_from"],
        seen_from=meta["seen_from"],
        opened_offset=meta["opened_offset"],
        opened_index=meta["opened_index"].astype(np.uint32),
        time=meta["valid_from"],
    )


def _pieces(changes: Changes, side: str, source: str) -> pl.DataFrame:
    """Return what changes say on one side, as pieces that go on."""
    columns = getattr(changes, side)
    if source == ROUTE:
        keys, held = key_columns(changes, side), holds(changes, side)
        location = _either(columns["esi"], columns["next_hop"])
        seq = Column(np.where(columns["mobility_seq"].known, columns["mobility_seq"].values, 0), held)
    else:
        keys, held = learn_keys(changes, side), _remote(changes, side)
        location, seq = _either(columns["esi"], columns["next_hop"]), columns["mobility_seq"]
    at = np.flatnonzero(held)
    claim: dict[str, Column] = {
        "device": changes.keys["device"], **keys, "location": location, "vtep": columns["next_hop"],
        "seq": seq, "sticky": columns["sticky"],
    }  # fmt: skip
    frame = frame_of({name: claim[name].take(at) for name in _CLAIM}, _CLAIM)
    # what is said long after it began can't be judged from then
    since = np.maximum(changes.valid_from, changes.seen_from - us(LATENESS))[at]
    return frame.with_columns(
        pl.col("device", "location", "vtep").cast(pl.String),
        pl.col("sticky").fill_null(value=False),
        source=pl.lit(source),
        row=pl.Series(changes.row[at]),
        since=pl.Series(since),
        until=pl.lit(None, dtype=pl.Int64),
        offset=pl.Series(changes.opened_offset[at]),
        index=pl.Series(changes.opened_index[at]),
        end_offset=pl.lit(None, dtype=pl.Int64),
        end_index=pl.lit(None, dtype=pl.UInt32),
    )


def _ended(changes: Changes, records: Records, source: str) -> pl.DataFrame:
    """Return what changes ended, as pieces that are over."""
    ends = pl.DataFrame(
        {
            "row": changes.row,
            "offset": changes.opened_offset,
            "index": changes.opened_index,
            "until": changes.time,
            "end_offset": records.take("offset", changes.record),
            "end_index": changes.index,
        }
    )
    found = _pieces(changes, "before", source).drop("until", "end_offset", "end_index")
    return found.join(ends, on=["row", "offset", "index"])


def _remote(changes: Changes, side: str) -> Mask:
    """Return where a device's table has the MAC by BGP, with a number."""
    there = changes.existed if side == "before" else changes.exists
    columns = getattr(changes, side)
    producer = changes.keys["producer"]
    by_bgp = column_of(pl.Series(["BGP"]).cast(NAME)).values[0]
    held: Mask = (
        there
        & producer.known
        & (producer.values == by_bgp)
        & columns["vni"].known
        & columns["mobility_seq"].known
    )
    return held


def _either(first: Column, second: Column) -> Column:
    return Column(np.where(first.known, first.values, second.values), first.known | second.known)


def _merged(pieces: pl.DataFrame) -> pl.DataFrame:
    """Join pieces of a row that say the same and follow each other without a gap."""
    row = ["key", "source", "row"]
    says = ["location", "vtep", "seq", "sticky"]
    ordered = pieces.unique().sort(*row, "since", "until", nulls_last=True, maintain_order=True)
    goes_on = pl.all_horizontal(
        *(pl.col(name) == pl.col(name).shift(1) for name in row),
        pl.col("since") <= pl.col("until").shift(1),
        *(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in says),
    ).fill_null(value=False)
    marked = ordered.with_columns(goes_on=goes_on)
    ends = ["until", "end_offset", "end_index"]
    begun = marked.filter(~pl.col("goes_on")).drop(ends)
    over = marked.filter(~pl.col("goes_on").shift(-1, fill_value=False)).select(ends)
    return begun.hstack(over.get_columns()).select(*PIECE)
