"""Who binds which address to which MAC: remembered in detail only of addresses with more than one MAC.

Nearly all addresses have one MAC for life: of those only that MAC is kept. When another one turns up, what
holds the address is looked up, and from then on every change of it is written to the log.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array, Rows
from pipeline.apply.fabric import Applied, FabricState
from pipeline.detectors.binding_log import LOG, Part, log_rows, rows_before, rows_of
from pipeline.detectors.binding_sides import SOURCES, differ, of_addresses, side_of, standing, taken
from pipeline.detectors.groups import Groups
from pipeline.schema import Columns

KEYS: Final[Columns] = {"vni": pl.UInt32, "evi": pl.UInt32, "ip_hi": pl.UInt64, "ip_lo": pl.UInt64}
_SINCE: Final = ("valid_from", "opened_offset", "opened_index")
_NEIGHBOR: Final = {"evpn_route": ("neighbor",), "host_binding": ()}


class Bindings:
    """The MAC of each address of one fabric, and the log of those with several."""

    def __init__(self) -> None:
        self.groups = Groups(KEYS, len(SOURCES))
        self.log = pl.DataFrame(schema=LOG)
        self._owner = np.zeros(1, dtype=np.uint64)
        """Of each address the MAC of a host that was bound to it first, or 0."""
        self._routed = np.zeros(1, dtype=bool)
        """A gateway was bound to it."""
        self._watched = np.zeros(1, dtype=bool)
        self._loaded = False

    def owners(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Return ``groups`` (column group) with the MAC that each had before it was watched; null: none."""
        owner = pl.Series("owner", self._owner[groups["group"].to_numpy()])
        return groups.with_columns(owner=pl.select(pl.when(owner != 0).then(owner)).to_series())

    def take(self, applied: Applied, state: FabricState) -> bool:
        """Take a batch's changes; return whether anything was logged."""
        if self._loaded:
            self._find_members(state)
        parts = [
            part
            for source, name in enumerate(SOURCES)
            if (part := self._part(source, applied.changes[name])) is not None
        ]
        if not parts:
            return False
        self._claim(parts)
        concerned = self._watched.copy()
        for part in parts:
            concerned[self._suspects(part)] = True
        if not concerned.any():
            return False
        frames = [rows_of(part, applied.records, concerned) for part in parts]
        told = pl.concat(frames)
        begun = self._meet(told.filter("held"))
        watched = pl.Series(self._watched)
        told = told.filter(watched.gather(told["group"]))
        if len(begun):
            before = [rows_before(part, applied.records, watched.to_numpy()) for part in parts]
            known = told.join(begun, on="group", how="anti")
            told = pl.concat([known, self._first(pl.concat([told, *before]), begun, state)])
        self.log = pl.concat([self.log, told.select(LOG.names())])
        return len(told) > 0

    def settle(self, edge: int) -> None:
        """Forget all but the last of each member up to a time; what is left of it is as of that time."""
        old = pl.col("time") <= edge
        last = (
            self.log.filter(old)
            .sort("time", "offset", "index")
            .group_by("group", "member", maintain_order=True)
            .last()
            .with_columns(time=pl.lit(edge), live=pl.lit(value=False))
        )
        self.log = pl.concat([last.select(LOG.names()), self.log.filter(~old)])

    def unwatch(self, groups: pl.DataFrame) -> None:
        """Forget what was logged of groups (column group) that are quiet, but for whose they are now."""
        mine = self.log.join(groups, on="group", how="semi")
        now = mine.filter("held").sort("held", "time", "offset", "index").group_by("group")
        last = now.agg(pl.col("mac").filter(~pl.col("gateway")).last().fill_null(0), pl.col("gateway").any())
        at = groups["group"].to_numpy()
        self._watched[at] = self._routed[at] = False
        rows = last["group"].to_numpy()
        hosts = rows[last["mac"].to_numpy() != 0]
        self._owner[hosts] = last.filter(pl.col("mac") != 0)["mac"].to_numpy()
        self._routed[rows] = last["gateway"].to_numpy()
        self.log = self.log.join(groups, on="group", how="anti")

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        size = len(self.groups)
        return {
            "addresses": self.groups.frame().with_columns(
                owner=pl.Series(self._owner[:size].copy()),
                routed=pl.Series(self._routed[:size].copy()),
                watched=pl.Series(self._watched[:size].copy()),
            ),
            "log": self.log.sort("group", "member", "time", "offset", "index"),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        frame = frames["addresses"]
        self.groups.load(frame.select(list(KEYS)))
        self._grow()
        size = len(frame)
        for part, array in (("owner", self._owner), ("routed", self._routed), ("watched", self._watched)):
            array[:size] = frame[part].to_numpy()
        self.log = frames["log"]
        self._loaded = True

    def _find_members(self, state: FabricState) -> None:
        """Learn anew which routes belong to which address: snapshots do without."""
        self._loaded = False
        for source, name in enumerate(SOURCES):
            entity = state.entities[name]
            rows = entity.living()
            keys, side = standing(source, entity, rows)
            self.groups.find(source, rows, {**side.keys, **keys}, side.held, join=True)
        self._grow()

    def _part(self, source: int, changes: Changes) -> Part | None:
        """Return what changes say of addresses: bindings that begin, end or change their place."""
        narrow = of_addresses(source, changes)
        if not len(narrow):
            return None
        before, after = side_of(source, narrow, "before"), side_of(source, narrow, "after")
        tells = (before.held != after.held) | (after.held & differ(before, after))
        at = np.flatnonzero(tells)
        if not at.size:
            return None
        narrow, before, after = narrow.take(at), taken(before, at), taken(after, at)
        ip = {name: narrow.keys[name] for name in ("ip_hi", "ip_lo")}
        # what leaves a group has joined it before
        new = self.groups.find(source, narrow.row, {**after.keys, **ip}, after.held, join=True)
        old = self.groups.find(source, narrow.row, {**before.keys, **ip}, before.held, join=False)
        self._grow()
        return Part(source, narrow, old, new, before, after)

    def _claim(self, parts: Sequence[Part]) -> None:
        """Give addresses that nobody had to the first host that is bound to them."""
        group, mac, record, index, gateway = (
            np.concatenate(columns)
            for columns in zip(
                *(
                    (
                        part.new[part.after.held],
                        part.changes.keys["mac"].values[part.after.held],
                        part.changes.record[part.after.held],
                        part.changes.index[part.after.held],
                        part.after.gateway[part.after.held],
                    )
                    for part in parts
                ),
                strict=True,
            )
        )
        routed = self._routed.copy()
        routed[group[gateway]] = True
        free = np.flatnonzero(~gateway & (self._owner[group] == 0) & ~routed[group] & ~self._watched[group])
        free = free[np.lexsort((index[free], record[free]))]
        claimed, first = np.unique(group[free], return_index=True)
        self._owner[claimed] = mac[free[first]]

    def _suspects(self, part: Part) -> Rows:
        """Return the addresses that may have got a second MAC: nearly all only ever have one."""
        new, gateway = part.new, part.after.gateway
        same = ~gateway & (self._owner[new] == part.changes.keys["mac"].values) & ~self._routed[new]
        known = gateway & self._routed[new] & (self._owner[new] == 0)
        suspects: Rows = new[part.after.held & ~same & ~known]
        return suspects

    def _meet(self, joined: pl.DataFrame) -> pl.DataFrame:
        """Note whose addresses are; return the groups (and since which offset) that now have several MACs."""
        nothing = pl.DataFrame(schema={"group": pl.Int64, "since": pl.Int64})
        groups = joined["group"].to_numpy()
        joined = joined.filter(pl.Series(~self._watched[groups]))
        if joined.is_empty():
            return nothing
        groups = joined["group"].to_numpy()
        host = ~pl.col("gateway")
        known = pl.Series(self._owner[groups])
        met = (
            joined.with_columns(owner=known, routed=pl.Series(self._routed[groups]))
            .sort("offset", "index", maintain_order=True)
            .group_by("group", maintain_order=True)
            .agg(
                pl.col("owner").first(), pl.col("routed").first(),
                first_host=pl.col("mac").filter(host).first(),
                host_at=pl.col("offset").filter(host).first(),
                gateway_at=pl.col("offset").filter(~host).first(),
                rows=pl.struct("mac", "offset", "gateway"),
            )
            .with_columns(
                host_at=pl.when(pl.col("owner") != 0).then(-1).otherwise("host_at"),
                gateway_at=pl.when("routed").then(-1).otherwise("gateway_at"),
                owner=pl.when(pl.col("owner") != 0)
                .then("owner")
                .otherwise(pl.col("first_host").fill_null(0)),
            )
        )  # fmt: skip
        at = met["group"].to_numpy()
        self._owner[at] = met["owner"].to_numpy()
        self._routed[at] = met["gateway_at"].is_not_null().to_numpy()
        other = (
            met.select("group", "owner", "rows")
            .explode("rows", empty_as_null=True)
            .unnest("rows")
            .filter(~pl.col("gateway") & (pl.col("mac") != pl.col("owner")))
            .group_by("group")
            .agg(other_at=pl.col("offset").min())
        )
        known_both = pl.col("host_at").is_not_null() & pl.col("gateway_at").is_not_null()
        both = pl.when(known_both).then(pl.max_horizontal("host_at", "gateway_at"))
        begun = (
            met.join(other, on="group", how="left")
            .select("group", since=pl.min_horizontal("other_at", both))
            .filter(pl.col("since").is_not_null())
        )
        self._watched[begun["group"].to_numpy()] = True
        return begun.cast(nothing.schema).sort("group")

    def _first(self, told: pl.DataFrame, begun: pl.DataFrame, state: FabricState) -> pl.DataFrame:
        """Return the first log of groups: who held them when the second MAC came, and what came since.

        The rows of the entities say how things are after the batch. Of what the batch changed ``told`` has
        the changes, and how it was before.
        """
        mine = told.join(begun, on="group")
        group, source, row = self.groups.members(begun["group"].to_numpy())
        frames = [pl.DataFrame(schema=LOG)]
        for number, name in enumerate(SOURCES):
            at, entity = np.flatnonzero(source == number), state.entities[name]
            _, side = standing(number, entity, row[at])
            picked = np.flatnonzero(side.held)
            at = at[picked]
            meta = {name: entity.meta.take(name, row[at]).values for name in _SINCE}
            keys = {key: entity.keys.take(key, row[at]) for key in ("device", "mac", *_NEIGHBOR[name])}
            frames.append(
                log_rows(
                    {
                        "group": group[at],
                        "member": row[at] * len(SOURCES) + number,
                        "live": np.zeros(len(at), dtype=bool),
                        "time": meta["valid_from"],
                        "now": meta["valid_from"],
                        "offset": meta["opened_offset"],
                        "index": meta["opened_index"].astype(np.uint32),
                    },
                    keys,
                    taken(side, picked),
                    held=True,
                )
            )
        untouched = pl.concat(frames).join(mine, on=["group", "member"], how="anti")
        before = pl.col("offset") < pl.col("since")
        earlier = (
            mine.filter(before)
            .sort("offset", "index", maintain_order=True)
            .group_by("group", "member", maintain_order=True)
            .last()
            .filter("held")
            # as if the batch had begun with the second MAC: then it would have been looked up
            .with_columns(live=pl.lit(value=False), now="time")
        )
        names = LOG.names()
        return pl.concat([untouched.select(names), earlier.select(names), mine.filter(~before).select(names)])

    def _grow(self) -> None:
        size = len(self.groups)
        if size > len(self._owner):
            room = max(1024, 2 * len(self._owner), size)
            for name in ("_owner", "_routed", "_watched"):
                old: Array = getattr(self, name)
                grown = np.zeros(room, dtype=old.dtype)
                grown[: len(old)] = old
                setattr(self, name, grown)
