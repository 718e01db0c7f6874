"""BGP attributes joined to routes: openconfig-rib-bgp keeps them in tables of their own, shared by index.

A route's attributes are those its index pointed to at its record. An index may be filled after the routes
that use it, and may be reused: then the routes are looked at again. A deleted attribute set keeps its last
content, since devices drop an unused set before or after the routes that used it, in either order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Rows, column_of
from pipeline.apply.entity import EntityState, Extra
from pipeline.apply.records import Records
from pipeline.schema import BGP_ATTR_SET, BGP_EXT_COMMUNITY, Entity

_OTHER: Final = "other"


@dataclass
class AttributeTable:
    """One attribute table and the routes that point into it."""

    entity: Entity
    pointer: str

    def __post_init__(self) -> None:
        """Begin without rows."""
        self.state = EntityState(self.entity, keep_values=True)
        self.points = np.full(0, -1, dtype=np.int64)
        """Row of this table that each route row points to; -1 for none."""
        self._changes = Changes.none(self.entity)
        self._size_before = 0

    def rows_of(self, device: Column, row: Mapping[str, Column]) -> Rows:
        """Return the row of this table that each route points to, -1 where it points nowhere."""
        rows = np.full(len(row[self.pointer].values), -1, dtype=np.int64)
        at = np.flatnonzero(row[self.pointer].known)
        rows[at] = self.state.reserve(
            {
                "device": device.take(at),
                "network_instance": row["network_instance"].take(at),
                self.pointer: row[self.pointer].take(at),
            }
        )
        return rows

    def apply(self, partial: pl.DataFrame | None, records: Records) -> None:
        """Take a batch's rows of this table."""
        self._size_before = len(self.state.table)
        self._changes = Changes.none(self.entity) if partial is None else self.state.apply(partial, records)

    def changed_pointers(self) -> Extra:
        """Return the routes that pointed to a row of this table before it changed, and its record."""
        changes = self._changes
        old = np.flatnonzero(changes.row < self._size_before)
        if not old.size:
            return Extra(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        wanted = np.zeros(len(self.state.table) + 1, dtype=bool)
        wanted[changes.row[old]] = True
        routes = np.flatnonzero(wanted[self.points])
        pairs = pl.DataFrame({"at": self.points[routes], "route": routes}).join(
            pl.DataFrame({"at": changes.row[old], "record": changes.record[old]}), on="at"
        )
        return Extra(pairs["route"].to_numpy(), pairs["record"].to_numpy())

    def as_of(self, rows: Rows, record: Rows) -> dict[str, Column]:
        """Return the content of ``rows`` as of each record of the batch."""
        names = [name for name in self.entity.leaves if name != _OTHER]
        changes = self._changes
        current = {name: self.state.values.take(name, rows) for name in names}
        if not len(changes):
            return current
        order = np.lexsort((changes.record, changes.row))
        step = np.int64(len_of(record, changes.record))
        keys = changes.row[order] * step + changes.record[order]
        at = np.searchsorted(keys, rows * step + record, side="right") - 1
        has = (at >= 0) & (changes.row[order].take(at, mode="clip") == rows)
        after = at + 1
        later = ~has & (after < len(keys)) & (changes.row[order].take(after, mode="clip") == rows)
        for name in names:
            gone = ~changes.exists
            new = Column(
                np.where(gone, changes.before[name].values, changes.after[name].values)[order],
                np.where(gone, changes.before[name].known, changes.after[name].known)[order],
            ).take(np.where(has, at, -1))
            old = Column(changes.before[name].values[order], changes.before[name].known[order]).take(
                np.where(later, after, -1)
            )
            values = np.where(has, new.values, np.where(later, old.values, current[name].values))
            known = np.where(has, new.known, np.where(later, old.known, current[name].known))
            current[name] = Column(values, known)
        return current


def len_of(*records: Rows) -> int:
    """Return a number above every record number."""
    return int(max((int(part.max()) for part in records if len(part)), default=0)) + 1


class Attributes:
    """The attribute tables of one fabric's routes."""

    def __init__(self) -> None:
        self.tables = (
            AttributeTable(BGP_ATTR_SET, "attr_index"),
            AttributeTable(BGP_EXT_COMMUNITY, "ext_community_index"),
        )

    def resolve(self, device: Column, row: Mapping[str, Column], record: Rows) -> dict[str, Column]:
        """Return the resolved leaves of routes (see ``pipeline.apply.entity.Resolver``)."""
        resolved: dict[str, Column] = {}
        for table in self.tables:
            resolved |= table.as_of(table.rows_of(device, row), record)
        return resolved

    def remember(self, routes: EntityState, changed: Rows) -> None:
        """Note where the routes at ``changed`` rows point now."""
        keys = {name: routes.keys.take(name, changed) for name in ("device", "network_instance")}
        for table in self.tables:
            if len(routes.table) > len(table.points):
                points = np.full(max(2 * len(table.points), len(routes.table), 1024), -1, dtype=np.int64)
                points[: len(table.points)] = table.points
                table.points = points
            row = {**keys, table.pointer: routes.values.take(table.pointer, changed)}
            table.points[changed] = table.rows_of(keys["device"], row)

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {table.entity.name: table.state.dump() for table in self.tables}

    def load(self, frames: Mapping[str, pl.DataFrame], routes: EntityState) -> None:
        """Take the state from frames that ``dump`` made; ``routes`` has been loaded."""
        for table in self.tables:
            table.state.load(frames[table.entity.name])
        self.remember(routes, np.arange(len(routes.table)))

    def extra(self) -> Extra:
        """Return the routes to look at again in this batch."""
        parts = [table.changed_pointers() for table in self.tables]
        pairs = np.unique(
            np.stack(
                [
                    np.concatenate([part.record for part in parts]),
                    np.concatenate([part.row for part in parts]),
                ]
            ),
            axis=1,
        )
        return Extra(pairs[1], pairs[0])


def first_conflict(routes: pl.DataFrame, tables: Mapping[str, pl.DataFrame], records: Records) -> int | None:
    """Return the first record that fills an index which a route of an earlier record of the batch points to.

    Such a batch is cut there: what an index meant to earlier rows is then in the state.
    """
    found: list[int] = []
    for entity, pointer in ((BGP_ATTR_SET, "attr_index"), (BGP_EXT_COMMUNITY, "ext_community_index")):
        table = tables.get(entity.name)
        if table is None or table.is_empty():
            continue
        uses = _pointed(routes, records).filter(pl.col(pointer).is_not_null())
        key = ["device", "network_instance", pointer]
        first = uses.group_by(key).agg(used=pl.col("record").min())
        fills = _new_content(_pointed(table, records), entity, key).join(first, on=key, nulls_equal=True)
        late = fills.filter(pl.col("record") > pl.col("used"))
        if len(late):
            found.append(int(late["record"].min()))  # type: ignore[arg-type]  # a column of UInt32
    return min(found, default=None)


def _new_content(fills: pl.DataFrame, entity: Entity, key: list[str]) -> pl.DataFrame:
    """Return the rows that don't just repeat what was said of their index before, as many agents do."""
    told = pl.struct("op", "cleared", *entity.leaves)
    ordered = fills.sort("record", "index", maintain_order=True)
    again = (pl.col("op") == "update") & told.eq_missing(told.shift(1).over(key))
    first = pl.int_range(pl.len()).over(key) == 0
    return ordered.filter(first | ~again)


def _pointed(partial: pl.DataFrame, records: Records) -> pl.DataFrame:
    device = records.device[column_of(partial["record"]).values.astype(np.int64)]
    return partial.with_columns(device=pl.Series(device))
