"""What a device's tables say of each of its MACs, side by side, and since when they don't agree.

A MAC is a device's own for BGP where it originates a MAC/IP route (type 2) for it, and another's where it
holds one of a neighbour; for the L2RIB where its producers are LOCAL or STATIC, and BGP
(openconfig-network-instance-l2, ``l2rib``). Only devices that tell both tables count. A MAC with an Ethernet
segment, one that is sticky and one that the device has frozen may be at both places.

The fold takes changes as they come. Those of two tables may be heard in either order, but a pair that stays
as it is for longer than the lateness is the same in both.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.claims import MAC_IP_ROUTE, holds, key_columns, of_a_host
from pipeline.apply.columns import Array, Column, Mask, Rows, column_of, frame_of
from pipeline.apply.entity import EntityState
from pipeline.apply.fabric import Applied, FabricState
from pipeline.apply.records import Records
from pipeline.detectors.groups import Groups
from pipeline.detectors.observed import equals
from pipeline.schema import NAME, Columns

KEYS: Final[Columns] = {"device": NAME, "vni": pl.UInt32, "mac": pl.UInt64}
SOURCES: Final = ("evpn_route", "mac")
FAMILIES: Final = ("routes", "mac")
"""Subscription families that tell the two."""
OWN, OTHERS, LEARNED, FROM_BGP, ODD = range(5)
"""What is counted: own routes and others'; entries learned and from BGP; what may be at two places."""
AGREE, NOT_LEARNED, NOT_ANNOUNCED, NO_ROUTE = range(4)
SPAN: Final = pl.Schema(
    {
        "device": pl.String,
        "vni": pl.UInt32,
        "mac": pl.UInt64,
        "says": pl.Int64,
        "since": pl.Int64,
        "offset": pl.Int64,
        "index": pl.UInt32,
        "now": pl.Int64,
        "ended": pl.Int64,
        "end_offset": pl.Int64,
        "end_index": pl.UInt32,
        "end_now": pl.Int64,
    }
)
"""One row per time in which a device's tables didn't agree on a MAC and nothing changed; ended: null: yet."""
_STEP: Final = np.dtype(
    [("group", np.int64), ("record", np.int64), ("index", np.uint32), ("delta", np.int32, 5)]
)
_LEAVES: Final = (
    (
        "esi", "next_hop", "label", "encapsulation", "route_targets", "valid", "default_gateway",
        "router_mac", "sticky",
    ),
    ("vni", "esi", "sticky", "mobility_state"),
)  # fmt: skip
_KEYS: Final = (("device", "route_type", "mac", "neighbor"), ("device", "mac", "producer"))


class TableFold:
    """The tables of all devices of one fabric that are asked for both."""

    def __init__(self) -> None:
        self._groups = Groups(KEYS, len(SOURCES))
        self._counts = np.zeros((1, 5), dtype=np.int32)
        self._last = np.zeros(1, dtype=np.int64)
        self._stale = np.zeros(1, dtype=bool)
        self._known: Array = np.zeros(0, dtype=np.uint32)
        """Codes of devices that are asked for both tables."""
        self.open = pl.DataFrame(schema=SPAN)
        """What they don't agree on as it is."""

    def take(self, applied: Applied, state: FabricState, least: int) -> pl.DataFrame:
        """Take a batch; return the spans of at least ``least`` microseconds that it ended."""
        new = self._new_devices(state)
        parts = [self._steps(source, applied.changes[name]) for source, name in enumerate(SOURCES)]
        steps = np.concatenate(parts)
        if new.size:
            self._count(state, new)
            self._grow()
            mine = steps[np.isin(self._groups.keys.take("device", steps["group"]).values, new)]
            np.subtract.at(self._counts, mine["group"], mine["delta"])
        if not len(steps):
            return self.open.clear()
        return self._fold(steps, applied.records, least)

    def load(self, open_spans: pl.DataFrame) -> None:
        """Take what was open; the tables themselves are counted again."""
        self.open = open_spans

    def _new_devices(self, state: FabricState) -> Array:
        """Return codes of devices that are asked for both tables since the last batch."""
        asked = [
            {device for device, family in state.sessions.observers if family == each} for each in FAMILIES
        ]
        both = column_of(pl.Series(sorted(asked[0] & asked[1]), dtype=pl.String).cast(NAME)).values
        new: Array = np.setdiff1d(both, self._known)
        self._known = both
        return new

    def _steps(self, source: int, changes: Changes) -> Array:
        """Return what changes add to the counts of MACs, in their order."""
        nothing = np.zeros(0, dtype=_STEP)
        narrow = self._narrow(source, changes)
        if not len(narrow):
            return nothing
        before, after = (_counted(source, narrow, side) for side in ("before", "after"))
        sides = []
        tells = np.flatnonzero((before[0] != after[0]).any(axis=1) | (before[1].values != after[1].values))
        narrow = narrow.take(tells)
        for (counts, vni), sign, join in ((after, 1, True), (before, -1, False)):
            keys = {"vni": vni.take(tells), "device": narrow.keys["device"], "mac": narrow.keys["mac"]}
            counted: Mask = np.any(counts[tells], axis=1)
            group = self._groups.find(source, narrow.row, keys, counted, join=join)
            at = np.flatnonzero(counted)
            steps = np.zeros(len(at), dtype=_STEP)
            steps["group"], steps["record"] = group[at], narrow.record[at]
            steps["index"], steps["delta"] = narrow.index[at], sign * counts[tells][at]
            sides.append(steps)
        self._grow()
        return np.concatenate(sides)

    def _narrow(self, source: int, changes: Changes) -> Changes:
        mine: Mask = np.isin(changes.keys["device"].values, self._known)
        if source == 0:
            mine &= changes.keys["route_type"].values == MAC_IP_ROUTE
        at = np.flatnonzero(mine)
        return replace(
            changes,
            keys={name: changes.keys[name] for name in _KEYS[source]},
            before={name: changes.before[name] for name in _LEAVES[source]},
            after={name: changes.after[name] for name in _LEAVES[source]},
        ).take(at)

    def _count(self, state: FabricState, devices: Array) -> None:
        """Count what the tables of devices hold after the batch."""
        for source, name in enumerate(SOURCES):
            entity = state.entities[name]
            rows = entity.living()
            rows = rows[np.isin(entity.keys.take("device", rows).values, devices)]
            told = _standing(source, entity, rows)
            counts, vni = _counted(source, told, "after")
            at = np.flatnonzero(counts.any(axis=1))
            keys = {"vni": vni, "device": told.keys["device"], "mac": told.keys["mac"]}
            keys = {key: column.take(at) for key, column in keys.items()}
            group = self._groups.find(source, rows[at], keys, np.ones(len(at), dtype=bool), join=True)
            self._grow()
            np.add.at(self._counts, group, counts[at])
        old = self.open.filter(pl.col("says") == NO_ROUTE)
        self._stale[self._rows_of(old)] = True

    def _rows_of(self, spans: pl.DataFrame) -> Rows:
        frame = spans.select(pl.col("device").cast(NAME), "vni", "mac")
        columns = {name: column_of(frame[name]) for name in KEYS}
        everything = np.ones(len(frame), dtype=bool)
        rows = np.full(len(frame), 0, dtype=np.int64)
        return self._groups.find(0, rows, columns, everything, join=False) if len(frame) else rows

    def _fold(self, steps: Array, records: Records, least: int) -> pl.DataFrame:
        steps = steps[np.lexsort((steps["index"], steps["record"], steps["group"]))]
        group, record = steps["group"], steps["record"]
        first = np.diff(group, prepend=-1) != 0
        start = np.flatnonzero(first)[np.cumsum(first) - 1]
        total = np.cumsum(steps["delta"], axis=0)
        after = total - (total - steps["delta"])[start] + self._counts[group]
        before = after - steps["delta"]
        time = _running_max(np.maximum(records.take("order_time", record), self._last[group]), start)
        says = self._judge(group, before, after, first)
        last = np.append(first[1:], values=True)
        until = np.where(last, np.iinfo(np.int64).max, np.append(time[1:], 0))
        self._counts[group[last]], self._last[group[last]] = after[last], time[last]
        self._stale[group[last]] = says[last] == NO_ROUTE
        shown = np.flatnonzero((says != AGREE) & (last | (until - time >= least)))
        ends = shown[~last[shown]] + 1
        spans = self._spans(group[shown], says[shown], _place(steps[shown], time[shown], records))
        open_now = pl.Series(last[shown])
        closed = spans.filter(~open_now).with_columns(
            pl.Series(name, values) for name, values in _ends(steps[ends], time[ends], records).items()
        )
        over = np.flatnonzero(first)
        touched = self._spans(group[over], says[over], _place(steps[over], time[over], records)).select(
            *KEYS, ended="since", end_offset="offset", end_index="index", end_now="now"
        )
        before_spans = self.open.drop("ended", "end_offset", "end_index", "end_now").join(
            touched, on=list(KEYS)
        )
        self.open = pl.concat([self.open.join(touched, on=list(KEYS), how="anti"), spans.filter(open_now)])
        long = before_spans.filter(pl.col("ended") - pl.col("since") >= least)
        return pl.concat([long.select(SPAN.names()), closed.select(SPAN.names())])

    def _judge(self, group: Rows, before: Array, after: Array, first: Mask) -> Array:
        """Return what each step leaves to say of its MAC."""
        orphan = _orphan(after)
        # an entry whose route was never seen says nothing: its VNI may be another's number
        begun = ~_orphan(before) & (before[:, OWN] + before[:, OTHERS] > 0)
        begun = np.where(first & _orphan(before), self._stale[group], begun)
        anchor = first | (orphan & ~_orphan(before)) | ~orphan
        at = np.maximum.accumulate(np.where(anchor, np.arange(len(group)), 0))
        single = after[:, ODD] == 0
        not_learned = (after[:, OWN] > 0) & (after[:, LEARNED] == 0) & (after[:, FROM_BGP] > 0)
        not_announced = (
            (after[:, OWN] == 0)
            & (after[:, OTHERS] > 0)
            & (after[:, LEARNED] > 0)
            & (after[:, FROM_BGP] == 0)
        )
        says: Array = np.select(
            [single & not_learned, single & not_announced, single & orphan & begun[at]],
            [NOT_LEARNED, NOT_ANNOUNCED, NO_ROUTE],
            AGREE,
        )
        return says

    def _spans(self, group: Rows, says: Array, place: Mapping[str, Array]) -> pl.DataFrame:
        """Return open spans of groups."""
        keys = frame_of({name: self._groups.keys.take(name, group) for name in KEYS}, KEYS)
        return keys.with_columns(
            pl.col("device").cast(pl.String),
            pl.Series("says", says, dtype=pl.Int64),
            *(pl.Series(name, values, dtype=SPAN[name]) for name, values in place.items()),
            *(pl.lit(None, dtype=SPAN[name]).alias(name) for name in SPAN if name.startswith("end")),
        ).select(SPAN.names())

    def _grow(self) -> None:
        size = len(self._groups)
        if size > len(self._last):
            room = max(1024, 2 * len(self._last), size)
            for name in ("_counts", "_last", "_stale"):
                old: Array = getattr(self, name)
                grown = np.zeros((room, *old.shape[1:]), dtype=old.dtype)
                grown[: len(old)] = old
                setattr(self, name, grown)


def _orphan(counts: Array) -> Mask:
    orphan: Mask = (counts[:, OWN] + counts[:, OTHERS] + counts[:, LEARNED] == 0) & (counts[:, FROM_BGP] > 0)
    return orphan


def _counted(source: int, changes: Changes, side: str) -> tuple[Array, Column]:
    """Return what each change counts for on one side, and the VNI."""
    columns = getattr(changes, side)
    counts = np.zeros((len(changes), 5), dtype=np.int32)
    esi, sticky = columns["esi"], columns["sticky"]
    odd = esi.known | (sticky.known & sticky.values)
    if source == 0:
        vni = key_columns(changes, side)["vni"]
        there: Mask = holds(changes, side) & vni.known
        other = changes.keys["neighbor"].known
        counts[:, OWN], counts[:, OTHERS] = there & ~other, there & other
    else:
        vni = columns["vni"]
        there = changes.existed if side == "before" else changes.exists
        there = there & vni.known & of_a_host(changes.keys["mac"].values)
        producer = changes.keys["producer"]
        learned = equals(producer, "LOCAL", "STATIC").fill_null(value=False).to_numpy()
        from_bgp = equals(producer, "BGP").fill_null(value=False).to_numpy()
        counts[:, LEARNED], counts[:, FROM_BGP] = there & learned, there & from_bgp
        odd = odd | columns["mobility_state"].known
    counts[:, ODD] = counts.any(axis=1) & odd
    return counts, vni


def _standing(source: int, entity: EntityState, rows: Rows) -> Changes:
    """Return rows of an entity as changes that led to how they stand."""
    there = np.ones(len(rows), dtype=bool)
    columns = {name: entity.values.take(name, rows) for name in _LEAVES[source]}
    return replace(
        Changes.none(entity.entity), row=rows, existed=there, exists=there, before=columns, after=columns,
        keys={name: entity.keys.take(name, rows) for name in _KEYS[source]},
    )  # fmt: skip


def _running_max(time: Array, start: Rows) -> Array:
    """Return the highest time of each group so far; groups follow each other from ``start`` on."""
    base = time.min(initial=0)
    span = np.int64(time.max(initial=0) - base + 1)
    number = np.cumsum(np.diff(start, prepend=-1) != 0)
    raised: Array = np.maximum.accumulate(time - base + number * span) - number * span + base
    return raised


def _place(steps: Array, time: Array, records: Records) -> dict[str, Array]:
    return {
        "since": time,
        "offset": records.take("offset", steps["record"]),
        "index": steps["index"],
        "now": records.take("now", steps["record"]),
    }


def _ends(steps: Array, time: Array, records: Records) -> dict[str, Array]:
    place = _place(steps, time, records)
    return {
        "ended": place["since"], "end_offset": place["offset"], "end_index": place["index"],
        "end_now": place["now"],
    }  # fmt: skip
