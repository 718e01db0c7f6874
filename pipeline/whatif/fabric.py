"""A fabric's state of the past, built again from its stored changes."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl

from collectors.errors import FabricscopeError
from pipeline.apply.changes import REASON, Changes
from pipeline.apply.columns import Column, Rows, columns_of
from pipeline.apply.fabric import Applied, FabricState
from pipeline.apply.observers import Observer
from pipeline.apply.records import Records
from pipeline.apply.sessions import samples_of
from pipeline.apply.work import EXPANDED
from pipeline.schema import ENTITIES, EVPN_ROUTE, MAC, OPS, Entity, partial_schema
from pipeline.whatif.again import Again
from pipeline.whatif.pages import Page

_UPDATE: Final = "update"


class Rebuilt:
    """One fabric, gone through again; its state is what the rules are shown."""

    def __init__(self, declared: Mapping[str, Any] = MappingProxyType({})) -> None:  # Any: JSON
        """``declared``: the content of the fabric's declaration, taken as if it had held all the time."""
        self.state = FabricState()
        self.declared = declared
        self._again = Again()
        self._told = False

    def take(self, page: Page) -> Applied:
        """Return what the records of a page did; raises FabricscopeError if facts before them are missing."""
        sessions, number = self._again.take(page)
        records = sessions.records
        if self.declared and not self._told and len(records):
            sessions.declared.insert(0, (0, "fabric", dict(self.declared)))
            self._told = True
        for _, kind, content in sessions.declared:
            if kind == "start":
                observer = content["device"], content["family"]
                told = Observer(*observer, samples=samples_of(content))
                self.state.sessions.observers[observer] = told
        changes = {
            name: self._changes(ENTITIES[name], page.facts.get(name), records, number)
            for name in self.state.entities
        }
        self.state.sessions.now = self._again.now
        located = self.state.locations.apply(
            changes[EVPN_ROUTE.name], changes[MAC.name], records, self._again.now
        )
        return Applied(sessions, changes, located)

    def _changes(
        self, entity: Entity, facts: pl.DataFrame | None, records: Records, number: Mapping[int, int]
    ) -> Changes:
        if facts is None or facts.is_empty():
            return Changes.none(entity)
        record = facts["offset"].replace_strict(number, return_dtype=pl.UInt32).alias("record")
        partial = _partial(entity, facts, record)
        resolve = _Resolved(columns_of(facts, entity.resolved)) if entity.resolved else None
        state = self.state.entities[entity.name]
        changes = state.apply(partial, records, resolve=resolve)
        if len(changes) != len(facts):
            (first,) = facts.select(pl.col("record_time").min().dt.to_string()).row(0)
            raise FabricscopeError(
                f"of {len(facts)} changes of {entity.name} from {first} on {len(changes)} follow from what is"
                " stored before them: name an archive that has what the store has left behind"
            )
        return replace(
            changes,
            index=facts["index"].cast(pl.UInt32).to_numpy(),
            reason=facts["reason"].cast(pl.String).cast(REASON).to_physical().to_numpy().astype(np.uint8),
        )


_POINTER: Final = "attr_index"
"""Of a route, the number of the fact that its attributes are taken from."""


class _Resolved:
    """The attributes of routes, as their facts have them."""

    def __init__(self, resolved: Mapping[str, Column]) -> None:
        self._resolved = resolved

    def __call__(self, device: Column, row: Mapping[str, Column], record: Rows) -> dict[str, Column]:  # noqa: ARG002 - as Resolver has it
        """Return the resolved columns of rows."""
        at = np.where(row[_POINTER].known, row[_POINTER].values.astype(np.int64), -1)
        return {name: column.take(at) for name, column in self._resolved.items()}


def _partial(entity: Entity, facts: pl.DataFrame, record: pl.Series) -> pl.DataFrame:
    """Return facts as rows that replace or delete their entity."""
    schema = partial_schema(entity)
    gone = pl.col("reason").cast(pl.String) != _UPDATE
    # what stands for many is numbered from EXPANDED on, and deletes only: kept in its order, below it
    index = pl.col("index").cast(pl.Int64)
    rank = pl.int_range(pl.len()).over("offset")
    below = pl.when(index >= EXPANDED).then(EXPANDED // 2 + rank).otherwise(index)
    pointed = {
        name: pl.int_range(pl.len(), dtype=pl.UInt64) if name == _POINTER else pl.lit(None, dtype=pl.UInt64)
        for name in entity.pointers
    }
    leaves = [
        pl.when(~gone).then(pl.col(name)).alias(name) for name in entity.leaves if name not in entity.pointers
    ]
    rows = facts.with_columns(*leaves, **pointed).with_columns(
        record,
        index=below.cast(pl.UInt32),
        op=pl.when(gone).then(pl.lit("delete")).otherwise(pl.lit("replace")).cast(OPS),
        cleared=pl.lit(0, dtype=pl.UInt64),
    )
    return rows.select(schema.names()).cast(schema)
