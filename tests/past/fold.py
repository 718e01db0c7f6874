"""What a store must have known and what must have been: its facts, folded by plain dictionaries.

Nothing here knows of intervals, current rows, archives or macros. A fact is one row of ``<entity>_event``: it
sets the values of a key, or takes the key away. Whoever keeps rows in another place compares with this.
"""

from collections.abc import Iterator
from typing import Any, Final

import duckdb
import polars as pl

from pipeline.schema import FACTS, Entity

Key = tuple[Any, ...]  # Any: columns of a view
State = dict[Key, Key]
"""The values of each key."""

ENTITIES: Final = {entity.name: entity for entity in FACTS}
"""Entities that have facts; those of others follow from several facts at once."""


class Fold:
    """The facts of a store; times in microseconds since the epoch."""

    def __init__(self, store: duckdb.DuckDBPyConnection) -> None:
        self._store = store
        self._facts: dict[str, list[dict[str, Any]]] = {}

    def known_at(self, entity: str, time: int) -> State:
        """Return what the stream had told of by then: facts by record time."""
        return self._folded(entity, "record_time", time)

    def at(self, entity: str, time: int) -> State:
        """Return what was there then by the devices' clocks: facts by valid time, in the stream's order."""
        return self._folded(entity, "valid_time", time)

    def times(self, entity: str, clock: str) -> list[int]:
        """Return each time at which something changed, in order."""
        return sorted({fact[clock] for fact in self._of(entity)})

    def _folded(self, entity: str, clock: str, time: int) -> State:
        keys, values = columns(ENTITIES[entity])
        state: State = {}
        for fact in self._of(entity):
            if fact[clock] <= time:
                key = tuple(fact[name] for name in keys)
                if fact["reason"] == "update":
                    state[key] = tuple(fact[name] for name in values)
                else:
                    state.pop(key, None)
        return state

    def _of(self, entity: str) -> list[dict[str, Any]]:
        if entity not in self._facts:
            query = f'FROM {entity}_event ORDER BY fabric, "offset", "index"'
            keys, _ = columns(ENTITIES[entity])
            clocks: dict[Key, int] = {}
            facts = self._facts[entity] = list(_rows(self._store, query))
            for fact in facts:
                # of one thing a device tells in order: what is told later was not before, whatever its clock
                key = tuple(fact[name] for name in keys)
                fact["valid_time"] = clocks[key] = max(clocks.get(key, 0), fact["event_time"])
        return self._facts[entity]


def columns(entity: Entity) -> tuple[list[str], list[str]]:
    """Return the columns by which views identify an entity, and those of its values."""
    keys = ["fabric", "device", *_seen(list(entity.keys))]
    return keys, [name for name in _seen(list(entity.stored)) if name not in keys]


def told(store: duckdb.DuckDBPyConnection, query: str, entity: Entity) -> State:
    """Return an answer in the form of a fold; fails where a key is told twice."""
    keys, values = columns(entity)
    state: State = {}
    for row in _rows(store, query):
        key = tuple(row[name] for name in keys)
        assert key not in state, f"told twice: {key}"
        state[key] = tuple(row[name] for name in values)
    return state


def sql_time(time: int) -> str:
    """Return a time as SQL writes it."""
    return f"make_timestamptz({time}::BIGINT)"


def _seen(names: list[str]) -> list[str]:
    """Return names as views have them: one text for the two halves of an address."""
    return ["ip" if name == "ip_hi" else name for name in names if name != "ip_lo"]


def _rows(store: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    """Yield rows with their times as numbers, so that they compare as such."""
    frame: pl.DataFrame = store.sql(query).pl()
    yield from frame.with_columns(pl.col(pl.Datetime).dt.epoch("us")).iter_rows(named=True)
