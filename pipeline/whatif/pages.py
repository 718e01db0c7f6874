"""What a store has of one fabric, in the order of its topic, in pages that fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

import polars as pl

from pipeline.forensics.questions import literal
from pipeline.forensics.source import Source
from pipeline.schema import FACTS, INTERFACE_ADDRESS, TIME, Columns, Entity, event_schema

ROWS: Final = 50_000
"""Facts of a page; one more bucket of offsets may follow, or one record that has more by itself."""
_BUCKET: Final = 256
"""Offsets that are counted together."""
SESSIONS: Final[Columns] = {
    "offset": pl.Int64,
    "index": pl.Int32,
    **dict.fromkeys(("device", "family", "session", "kind", "detail"), pl.String),
    **dict.fromkeys(("event_time", "recv_time", "record_time"), TIME),
}
_SESSION: Final = "device, family, session, kind, detail, event_time, recv_time, record_time"


@dataclass(frozen=True)
class Page:
    """A part of a fabric's topic, as far as it is stored: all records from an offset to before another."""

    facts: dict[str, pl.DataFrame]
    """By entity: ``<entity>_event``, in order."""
    sessions: pl.DataFrame
    """``collector_event``, in order."""
    actions: pl.DataFrame
    """``action``: offset, record_time, detail."""
    last: tuple[int, datetime] | None = None
    """Offset and time of the last record of all, on the last page: till then time has passed."""

    def until(self, time: datetime) -> "Page":
        """Return what of it was known at a time."""
        known = pl.col("record_time") <= time
        facts = {name: rows.filter(known) for name, rows in self.facts.items()}
        return Page(facts, self.sessions.filter(known), self.actions.filter(known), self.last)

    def ends(self, offset: int, time: datetime) -> "Page":
        """Return it with time passing after it, to a record that says nothing."""
        return Page(self.facts, self.sessions, self.actions, (offset, time))

    def last_offset(self) -> int:
        """Return the highest offset; -1 if there is nothing."""
        frames = (*self.facts.values(), self.sessions, self.actions)
        tops: list[int] = [rows.select(pl.col("offset").max()).item() for rows in frames if len(rows)]
        return max(tops, default=-1)


@dataclass(frozen=True)
class Silence:
    """Nothing was heard of a device; times in microseconds."""

    device: str
    since: int
    offset: int
    known: int
    """When it was known to be one."""
    until: int | None
    end_offset: int | None


def edges(source: Source, fabric: str, entities: Sequence[Entity]) -> list[int]:
    """Return the offsets at which pages begin, and the one after the last."""
    tables = [f"{entity.name}_event" for entity in entities if entity in FACTS]
    counted = " UNION ALL ".join(
        f'SELECT "offset" // {_BUCKET} AS bucket FROM store.{table} WHERE fabric = {literal(fabric)}'  # noqa: S608 - names of ours
        for table in (*tables, "collector_event", "action")
    )
    buckets = source.rows(f"SELECT bucket, count(*) AS size FROM ({counted}) GROUP BY bucket ORDER BY bucket")  # noqa: S608
    if buckets.is_empty():
        return []
    found, size = [0], 0
    for bucket, more in buckets.rows():
        if size and size + more > ROWS:
            found.append(bucket * _BUCKET)
            size = 0
        size += more
    return [*found, (buckets["bucket"][-1] + 1) * _BUCKET]


def pages(
    source: Source,
    fabric: str,
    entities: Sequence[Entity],
    begins: Sequence[int],
    last: tuple[int, datetime] | None,
) -> Iterator[Page]:
    """Yield the pages that begin at the offsets given, the last of which is the end.

    ``last``: offset and time of the last record of all.
    """
    for start, end in pairwise(begins):
        where = f'fabric = {literal(fabric)} AND "offset" >= {start} AND "offset" < {end}'
        yield Page(
            facts={
                entity.name: _addresses(source, fabric, start, end)
                if entity is INTERFACE_ADDRESS
                else _facts(source, entity, where)
                for entity in entities
            },
            sessions=source.rows(
                f'SELECT "offset", "index", {_SESSION} FROM store.collector_event WHERE {where}'  # noqa: S608
                ' ORDER BY "offset", "index"'
            ),
            actions=source.rows(
                f'SELECT "offset", record_time, detail FROM store.action WHERE {where} ORDER BY "offset"'  # noqa: S608
            ),
            last=last if end == begins[-1] else None,
        )


def silences(source: Source, fabric: str) -> list[Silence]:
    """Return what rule X1 said when it said it: what was heard of a device second by second isn't stored."""
    rows = source.rows(
        'SELECT device, active, epoch_us(event_time) AS time, epoch_us(detected_at) AS known, "offset",'  # noqa: S608
        " epoch_us((evidence->>'last_heard')::TIMESTAMPTZ) AS since"
        f" FROM store.finding WHERE fabric = {literal(fabric)} AND rule = 'X1'"
        " ORDER BY device, event_time, active DESC"
    )
    found: list[Silence] = []
    for device, active, time, known, offset, since in rows.rows():
        if active:
            found.append(Silence(device, since, offset, known, None, None))
        elif found and (last := found[-1]).device == device and last.since == since:
            found[-1] = Silence(device, since, last.offset, last.known, time, offset)
    return found


def last_record(source: Source, fabric: str) -> tuple[int, datetime] | None:
    """Return the offset and the time of the last record that the store knows of."""
    rows = source.rows(
        f"SELECT next_offset - 1, record_time FROM store.stream_position WHERE fabric = {literal(fabric)}"  # noqa: S608
    ).rows()
    if rows:
        return rows[0][0], rows[0][1]
    told = " UNION ALL ".join(  # an archive has no position in a stream
        f'SELECT "offset", record_time FROM store.{table} WHERE fabric = {literal(fabric)}'  # noqa: S608
        for table in (*(f"{entity.name}_event" for entity in FACTS), "collector_event")
    )
    offset, time = source.rows(f'SELECT max("offset"), max(record_time) FROM ({told})').row(0)  # noqa: S608
    return None if offset is None else (offset, time)


def _facts(source: Source, entity: Entity, where: str) -> pl.DataFrame:
    schema = event_schema(entity)
    columns = ", ".join(f'"{name}"' for name in schema if name != "fabric")
    rows = source.rows(
        f'SELECT {columns} FROM store.{entity.name}_event WHERE {where} ORDER BY "offset", "index"'  # noqa: S608
    )
    return rows.cast(pl.Schema({name: dtype for name, dtype in schema.items() if name in rows.columns}))


def _addresses(source: Source, fabric: str, start: int, end: int) -> pl.DataFrame:
    """Return when addresses of interfaces were told: they have intervals only.

    Who ever had an address is all that rules ask: when one went isn't among these.
    """
    stored = {"device": None, **INTERFACE_ADDRESS.stored}
    columns = ", ".join(f'"{name}"' for name in stored)
    rows = source.rows(
        f'SELECT opened_offset AS "offset", opened_index AS "index", {columns},'  # noqa: S608
        " 'update' AS reason, valid_from AS event_time, seen_from AS recv_time, seen_from AS record_time"
        f" FROM store.interface_address_intervals() WHERE fabric = {literal(fabric)}"
        f' AND opened_offset >= {start} AND opened_offset < {end} ORDER BY "offset", "index"'
    )
    known = event_schema(INTERFACE_ADDRESS).items()
    return rows.cast(pl.Schema({name: dtype for name, dtype in known if name in rows.columns})).with_columns(
        pl.col("event_time", "recv_time", "record_time").cast(TIME)
    )
