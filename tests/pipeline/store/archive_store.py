"""A store with rows of three days, and all there is to see in it."""

from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl

from pipeline.store import Store
from pipeline.store.archive_tables import TABLES
from pipeline.store.opening import another, connect
from pipeline.store.questions import lay_questions
from pipeline.store.retention import Due
from tests.pipeline.store.versions import record

FABRIC = record.FABRIC
QUESTIONS = (
    "evpn_route_at(TIMESTAMPTZ '{time}')",
    "mac_location_known_at(TIMESTAMPTZ '{time}')",
    "link_known_at(TIMESTAMPTZ '{time}')",
    "blind_interval",
    "mac_location_history",
    "evpn_route_event",
)


def made(path: Path) -> Path:
    """Return a store at ``path``: facts of a minute, a third of them a day earlier and a third two days."""
    record.restore(4, path)
    Store.open(path).close()
    with closing(connect(path)) as connection:
        for table, of in TABLES.items():
            days = f'to_days((hash("{of.order[-1]}", {of.time}) % 3)::INTEGER)'
            connection.execute(f"UPDATE store.{table} SET {of.time} = {of.time} - {days}")
    return path


SOME = ("evpn_route_event", "mac_location_history", "link_event", "finding", "incident_event")


def days_in(connection: duckdb.DuckDBPyConnection, *tables: str) -> list[Due]:
    """Return each day of some tables."""
    return [
        Due(FABRIC, day, table)
        for table, of in TABLES.items()
        if table in (tables or SOME)
        for (day,) in connection.execute(
            f"SELECT DISTINCT {of.time}::DATE FROM store.{table} WHERE {of.done} AND {of.time} IS NOT NULL"
            " ORDER BY ALL"
        ).fetchall()
    ]


def rows(connection: duckdb.DuckDBPyConnection, archive: Path | None) -> dict[str, pl.DataFrame]:
    """Return the rows of each table that may be archived, and the answers to some questions, sorted."""
    with closing(another(connection)) as asking:
        catalog = f"asked_{asking.execute('SELECT count(*) FROM duckdb_databases()').fetchall()[0][0]}"
        lay_questions(asking, catalog, fabrics=None, archive=None if archive is None else str(archive))
        (time,) = asking.execute(
            "SELECT (record_time - INTERVAL 20 SECONDS)::VARCHAR FROM store.stream_position"
        ).fetchall()[0]
        names = [f"store.{table}" for table in TABLES] + [each.format(time=time) for each in QUESTIONS]
        return {name: asking.sql(f"FROM {name} ORDER BY ALL").pl() for name in names}
