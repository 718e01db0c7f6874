"""What a store's tables fill on disk, by column."""

from collections.abc import Iterator
from typing import Final

import duckdb

from bench.figures import Figure

BYTES_GOAL: Final = 14
_ROUTE_TABLES: Final = ("evpn_route_event", "evpn_route_history", "evpn_route_current")


def sizes(connection: duckdb.DuckDBPyConnection, events: int) -> Iterator[Figure]:
    """Yield bytes per route event: of the whole file, and of the event table alone, by column."""
    (used, block), *_ = connection.execute(
        "SELECT used_blocks * block_size, block_size FROM pragma_database_size()"
        " WHERE database_name = 'store_file'"
    ).fetchall()
    tables = {
        name: columns_bytes(connection, name, block) for name in (*_ROUTE_TABLES, "mac_location_history")
    }
    yield _size(
        "bytes per event, whole file",
        used / events,
        {name: sum(of.values()) / events for name, of in tables.items()},
    )
    event = tables["evpn_route_event"]
    yield _size(
        "bytes per event, evpn_route_event",
        sum(event.values()) / events,
        {name: of / events for name, of in event.items()},
    )


def columns_bytes(connection: duckdb.DuckDBPyConnection, table: str, block: int) -> dict[str, int]:
    """Return what each column of a table fills on disk: from the begin of a segment to the next one's."""
    return {
        name: int(filled)
        for name, filled in connection.execute(
            f"""
            WITH segment AS (
                SELECT DISTINCT column_name, block_id, block_offset, len(additional_block_ids) AS more
                FROM pragma_storage_info('store.{table}')
                WHERE block_id >= 0
            )
            SELECT column_name, sum(next - block_offset + more * {block}) FROM (
                SELECT
                    *,
                    lead(block_offset, 1, {block}) OVER (PARTITION BY block_id ORDER BY block_offset) AS next
                FROM segment
            ) GROUP BY column_name ORDER BY 2 DESC
            """
        ).fetchall()
    }


def _size(what: str, value: float, details: dict[str, float]) -> Figure:
    rounded = {name: round(part, 2) for name, part in details.items()}
    return Figure("store", what, "B", (value,), f"<= {BYTES_GOAL}", value <= BYTES_GOAL, rounded)
