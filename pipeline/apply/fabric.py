"""The state of one fabric, and what a decoded batch does to it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

import polars as pl

from collectors.profiles import ProfileError, profile
from pipeline.apply.ageing import max_age_us
from pipeline.apply.attributes import Attributes, first_conflict
from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array, column_of
from pipeline.apply.entity import EntityState
from pipeline.apply.expansion import EntitySweep
from pipeline.apply.mac_location import Located, MacLocations
from pipeline.apply.observers import Sweep
from pipeline.apply.records import Records
from pipeline.apply.sessions import Sampled, SessionBatch, Sessions
from pipeline.schema import BGP_ATTR_SET, BGP_EXT_COMMUNITY, ENTITIES, EVPN_ROUTE, MAC, NAME

_JOINED: Final = (BGP_ATTR_SET.name, BGP_EXT_COMMUNITY.name)
_KEY: Final = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Applied:
    """What a batch did."""

    sessions: SessionBatch
    changes: Mapping[str, Changes]
    """By entity name; attribute tables are not among them."""
    located: Located

    @property
    def records(self) -> Records:
        """The records of the batch."""
        return self.sessions.records


class FabricState:
    """All current state of one fabric."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.entities = {
            name: EntityState(entity) for name, entity in ENTITIES.items() if name not in _JOINED
        }
        self.attributes = Attributes()
        self.locations = MacLocations()

    def apply(self, control: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Applied:
        """Apply a decoded batch; return what it did."""
        batch = self.sessions.process(control)
        done: list[tuple[dict[str, Changes], Located]] = []
        start, size = 0, len(control)
        while True:
            rest = {name: _from(table, start) for name, table in tables.items()} if start else tables
            cut = (
                first_conflict(rest[EVPN_ROUTE.name], rest, batch.records)
                if EVPN_ROUTE.name in rest
                else None
            )
            end = size if cut is None else cut
            part = (
                {name: table.filter(pl.col("record") < end) for name, table in rest.items()} if cut else rest
            )
            done.append(self._apply(batch, part, start, end))
            if cut is None:
                break
            start = cut
        changes = {name: Changes.concat([part[name] for part, _ in done]) for name in self.entities}
        return Applied(batch, changes, Located.concat([located for _, located in done]))

    def size(self) -> int:
        """Return how many entities were ever seen."""
        return sum(len(state.table) for state in self.entities.values())

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames, by part and name."""
        parts = {
            "session": self.sessions.dump(),
            "entity": {name: state.dump() for name, state in self.entities.items()},
            "attribute": self.attributes.dump(),
            "mac": self.locations.dump(self.sessions.now),
        }
        return {f"{part}_{name}": frame for part, frames in parts.items() for name, frame in frames.items()}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.sessions.load(part_of(frames, "session"))
        for name, frame in part_of(frames, "entity").items():
            self.entities[name].load(frame)
        self.attributes.load(part_of(frames, "attribute"), self.entities[EVPN_ROUTE.name])
        self.locations.load(part_of(frames, "mac"))

    def _apply(
        self, batch: SessionBatch, tables: Mapping[str, pl.DataFrame], start: int, end: int
    ) -> tuple[dict[str, Changes], Located]:
        records = batch.records
        sweeps = [sweep for sweep in batch.sweeps if start <= sweep.record < end]
        for table in self.attributes.tables:
            table.apply(tables.get(table.entity.name), records)
        changes = {name: self._entity(name, tables.get(name), records, sweeps) for name in self.entities}
        now = int(records.now[end - 1]) if end else self.sessions.now
        located = self.locations.apply(changes[EVPN_ROUTE.name], changes[MAC.name], records, now)
        return changes, located

    def _max_ages(self, table: str) -> dict[int, int]:
        """Return, of the sessions that sample a table's paths, how long an entity may miss."""
        found = {number: _intervals(sampled, table) for number, sampled in self.sessions.sampled.items()}
        return {number: max_age_us(max(intervals)) for number, intervals in found.items() if intervals}

    def _entity(
        self, name: str, partial: pl.DataFrame | None, records: Records, sweeps: Sequence[Sweep]
    ) -> Changes:
        state = self.entities[name]
        mine = [
            _entity_sweep(sweep) for sweep in sweeps if name in tables_of(sweep.profile, tuple(sweep.paths))
        ]
        extra = self.attributes.extra() if name == EVPN_ROUTE.name else None
        max_ages = self._max_ages(name)
        if partial is None and not mine and not max_ages and (extra is None or not len(extra.row)):
            return Changes.none(state.entity)
        if partial is None:
            partial = state.no_rows()
        resolve = self.attributes.resolve if name == EVPN_ROUTE.name else None
        changes = state.apply(partial, records, mine, resolve=resolve, extra=extra, max_ages=max_ages)
        if name == EVPN_ROUTE.name:
            self.attributes.remember(state, state.touched)
        return changes


def _intervals(sampled: Sampled, table: str) -> list[timedelta]:
    return [
        timedelta(seconds=interval)
        for path, interval in sampled.samples
        if table in tables_of(sampled.profile, (path,))
    ]


def part_of(frames: Mapping[str, pl.DataFrame], part: str) -> dict[str, pl.DataFrame]:
    """Return the frames of a part, by their names within it."""
    return {
        name.removeprefix(f"{part}_"): frame for name, frame in frames.items() if name.startswith(f"{part}_")
    }


@lru_cache(maxsize=1024)
def tables_of(profile_name: str, paths: tuple[str, ...]) -> frozenset[str]:
    """Return the tables that subscriptions to ``paths`` fill, at least in part."""
    try:
        entities = profile(profile_name).entities
    except ProfileError:
        return frozenset()
    plain = [_KEY.sub("", path).rstrip("/") for path in paths]
    return frozenset(
        entity.table
        for entity in entities
        for path in plain
        if _inside(_KEY.sub("", entity.path), path) or _inside(path, _KEY.sub("", entity.path))
    )


def _inside(path: str, ancestor: str) -> bool:
    return path == ancestor or path.startswith(ancestor + "/")


def _entity_sweep(sweep: Sweep) -> EntitySweep:
    codes = column_of(pl.Series([sweep.device, sweep.family]).cast(NAME)).values
    return EntitySweep(sweep.record, int(codes[0]), int(codes[1]), sweep.number)


def _from(table: pl.DataFrame, record: int) -> pl.DataFrame:
    return table.filter(pl.col("record") >= record)


def names_of(codes: Array) -> list[str]:
    """Return the names behind codes."""
    return pl.DataFrame({"code": codes}).select(pl.col("code").cat.to(NAME).cast(pl.String))["code"].to_list()
