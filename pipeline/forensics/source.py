"""A store that nobody has open, with the questions of this release, and what it knows of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import polars.selectors as cs

from collectors.errors import InputError
from pipeline.forensics.questions import literal
from pipeline.forensics.times import Reach
from pipeline.store.opening import look
from pipeline.store.questions import lay_questions

MOST_CANDIDATES: Final = 3
_KNOWN: Final = {
    "mac": "SELECT mac_text(mac) AS name FROM (SELECT DISTINCT mac FROM store.mac_location_intervals())",
    "ip": "SELECT ip_text(ip_hi, ip_lo) AS name FROM (SELECT DISTINCT ip_hi, ip_lo FROM"
    " store.evpn_route_intervals() WHERE route_type = 2 AND ip_lo IS NOT NULL)",
    "vtep": "SELECT DISTINCT peer AS name FROM store.vtep_intervals() WHERE peer IS NOT NULL UNION"
    " SELECT DISTINCT originator FROM store.evpn_route_intervals() WHERE route_type = 3",
    "es": "SELECT DISTINCT lower(esi) AS name FROM store.ethernet_segment_intervals() WHERE esi IS NOT NULL"
    " UNION SELECT DISTINCT route_esi FROM store.evpn_route_intervals() WHERE route_type IN (1, 4)",
    "device": "SELECT DISTINCT device AS name FROM store.collector_event WHERE device IS NOT NULL",
    "vni": "SELECT DISTINCT vni::VARCHAR AS name FROM store.mac_location_intervals() WHERE vni IS NOT NULL"
    " UNION SELECT DISTINCT vni::VARCHAR FROM store.vtep_intervals() WHERE vni IS NOT NULL"
    " UNION SELECT DISTINCT label::VARCHAR FROM store.evpn_route_intervals()"
    " WHERE route_type = 3 AND label IS NOT NULL",
}
"""By kind of subject: what the store has ever heard of, as text."""


class Source:
    """Questions to one store file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def rows(self, query: str) -> pl.DataFrame:
        """Return the answer to a query, times in UTC."""
        found: pl.DataFrame = self._connection.sql(query).pl()  # fetchall would need pytz for times
        return found.with_columns(cs.datetime().dt.convert_time_zone("UTC"))

    def reach(self) -> Reach:
        """Return from when to when the store knows of its fabrics; raises InputError for an empty one."""
        found = self.rows(
            "SELECT (SELECT min(least(event_time, record_time)) FROM store.collector_event) AS first,"
            " (SELECT max(record_time) FROM store.stream_position) AS last"
        ).row(0)
        first, last = found
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            raise InputError(f"{self._path} holds no data yet: let a replica fill it, or name another store")
        return Reach(first.astimezone(UTC), last.astimezone(UTC))

    def check_known(self, kind: str, subject: str) -> None:
        """Raise InputError, with the nearest names there are, for a subject the store never heard of."""
        known = f"({_KNOWN[kind]})"
        wanted = literal(subject)
        if self.rows(f"FROM {known} WHERE name = {wanted} LIMIT 1").height:
            return
        nearest = self.rows(
            f"FROM {known} ORDER BY levenshtein(name, {wanted}), name LIMIT {MOST_CANDIDATES}"
        )["name"].to_list()
        there_are = f"the nearest are {', '.join(nearest)}" if nearest else "it knows of none at all"
        raise InputError(f"{self._path} never heard of {kind} {subject}: {there_are}")

    def completeness(
        self, since: datetime, until: datetime
    ) -> list[dict[str, Any]]:  # Any: columns of coverage
        """Return how complete the data of each family was, least complete first."""
        times = f"{literal(since)}, {literal(until)}"
        return self.rows(f"FROM coverage({times}) ORDER BY coverage, fabric, family").to_dicts()


@contextmanager
def source(path: Path) -> Iterator[Source]:
    """Give a store to ask; raises InputError for what is none, FabricscopeError for one in use."""
    if not path.exists():
        raise InputError(f"there is no store {path}")
    connection = look(path)
    try:
        lay_questions(connection, "memory", fabrics=None)
        yield Source(connection, path)
    finally:
        connection.close()
