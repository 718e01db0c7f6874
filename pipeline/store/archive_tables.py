"""Which tables may leave the store for the archive, and what their rows look like there.

Types are those that all engines have: no unsigned and no 128-bit integers, no numbers that only mean
something here. Addresses are text as people write them; beside them stand their numbers (``mac_number``,
``ip_hi``, ``ip_lo``, the halves as signed 64 bit), by which row groups are skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from pipeline.schema import FACTS, TIMELINES, Entity

MACS: Final = ("mac", "router_mac", "es_import", "system_id", "partner_id")
_TWO_64: Final = 1 << 64
_SIGNED: Final = {"UTINYINT": "INTEGER", "USMALLINT": "INTEGER", "UINTEGER": "BIGINT"}


@dataclass(frozen=True, slots=True)
class Archivable:
    """A table whose rows may leave the file."""

    time: str
    """Column with the time that gives a row its day: record time, which the past gets no more of."""
    order: tuple[str, ...]
    """Columns to sort by; they identify a row."""
    done: str = "true"
    """Rows that nobody will change any more, as SQL."""
    kept: bool = False
    """Stays in the file unless its own retention is set: it is small, and what is now follows from it."""


def _by_entity(entity: Entity, *times: str) -> tuple[str, ...]:
    keys = [*(("mac",) if "mac" in entity.keys else ()), "device", *(k for k in entity.keys if k != "mac")]
    if entity.name == "mac_location":
        keys.remove("device")
    return (*keys, *times)


TABLES: Final = {
    **{
        f"{entity.name}_event": Archivable("record_time", _by_entity(entity, "offset", "index"))
        for entity in FACTS
    },
    **{
        f"{entity.name}_history": Archivable(
            "seen_to", _by_entity(entity, "opened_offset", "opened_index", "valid_from")
        )
        for entity in TIMELINES
    },
    "collector_event": Archivable("record_time", ("offset", "index"), kept=True),
    "finding": Archivable("detected_at", ("rule", "offset", "index"), kept=True),
    "incident": Archivable("resolved_at", ("incident_id",), "state = 'resolved'", kept=True),
    "incident_event": Archivable("event_time", ("incident_id", "offset", "index", "kind"), kept=True),
    "action": Archivable("record_time", ("offset",), kept=True),
    "dead_letter": Archivable("record_time", ("offset", "reason"), kept=True),
}
"""By name: the tables whose rows may leave the file."""

Column = tuple[str, str]
"""Name and DuckDB type."""


def where(table: str) -> str:
    """Return what rows of a fabric and a day are, as SQL with the parameters fabric, day, day."""
    of = TABLES[table]
    return f"fabric = ? AND {of.time} >= ?::DATE AND {of.time} < ?::DATE + 1 AND {of.done}"


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[Column]:
    """Return the columns of a table of the store."""
    return connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'store_file'"
        " AND schema_name = 'store' AND table_name = ? ORDER BY column_index",
        [table],
    ).fetchall()


def outward(columns: Sequence[Column]) -> list[str]:
    """Return the select list that makes rows of the archive of a table's rows."""
    selected = []
    for name, of in columns:
        if name in MACS and of == "UBIGINT":
            selected.append(f'mac_text("{name}") AS "{name}"')
            if name == "mac":
                selected.append("mac::BIGINT AS mac_number")
        elif of == "UBIGINT":
            if name == "ip_hi":
                selected.append("ip_text(ip_hi, ip_lo) AS ip")
            wrapped = f'CASE WHEN "{name}" >= {_TWO_64 >> 1} THEN {_TWO_64} ELSE 0 END'
            selected.append(f'("{name}"::HUGEINT - {wrapped})::BIGINT AS "{name}"')
        elif name != "fabric":  # the folder's name
            selected.append(f'"{name}"::{_SIGNED.get(of, of)} AS "{name}"')
    return selected


def inward(columns: Sequence[Column], there: set[str]) -> list[str]:
    """Return the select list that makes a table's rows of rows of the archive.

    ``there``: the columns that the archive has; one that came later reads as null.
    """
    selected = []
    for name, of in columns:
        if name not in there:
            selected.append(f'NULL::{of} AS "{name}"')
        elif name == "mac" and of == "UBIGINT":
            selected.append("mac_number::UBIGINT AS mac")
        elif name in MACS and of == "UBIGINT":
            selected.append(f"""('0x' || replace("{name}", ':', ''))::UBIGINT AS "{name}\"""")
        elif of == "UBIGINT":
            wrapped = f'CASE WHEN "{name}" < 0 THEN {_TWO_64} ELSE 0 END'
            selected.append(f'("{name}"::HUGEINT + {wrapped})::UBIGINT AS "{name}"')
        else:
            selected.append(f'"{name}"::{of} AS "{name}"')
    return selected
