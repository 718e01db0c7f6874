"""A store with the questions of this release, and what it knows of: a file that nobody has open, say."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import polars.selectors as cs

from collectors.errors import InputError
from pipeline.forensics.questions import NAMED_AS, Query, Value, within
from pipeline.forensics.times import Reach
from pipeline.store.archived import alone
from pipeline.store.opening import look
from pipeline.store.questions import lay_questions

MOST_CANDIDATES: Final = 3
SHORTEST_ID: Final = 4
"""So much of an incident's id names it."""
_LIVE: Final = timedelta(minutes=5)
"""A store that is further behind is one of the past."""

Ask = Callable[[Query], pl.DataFrame]
"""Answers a query, or raises FabricscopeError."""


class Source:
    """Questions to one store; only of some fabrics, where they are named."""

    def __init__(self, ask: Ask, name: object, fabrics: Sequence[str] = ()) -> None:
        self._ask = ask
        self._name = name
        self.fabrics = tuple(dict.fromkeys(fabrics))
        if self.fabrics:
            self._check_fabrics()

    def rows(self, query: Query | str) -> pl.DataFrame:
        """Return the answer to a query, times in UTC."""
        found = self._ask(Query(query) if isinstance(query, str) else query)
        return found.with_columns(cs.datetime().dt.convert_time_zone("UTC"))

    def reach(self) -> Reach:
        """Return from when to when the store knows of its fabrics; raises InputError for an empty one."""
        which = f" WHERE {within(self.fabrics, 1)}" if self.fabrics else ""
        query = (
            f"SELECT (SELECT min(least(event_time, record_time)) FROM collector_event{which}) AS first,"  # noqa: S608  # no input
            # an archive has no position in a stream
            f" greatest((SELECT max(record_time) FROM stream_position{which}),"
            f" (SELECT max(record_time) FROM collector_event{which}),"
            f" (SELECT max(seen_to) FROM mac_location_history{which})) AS last"
        )
        first, last = self.rows(Query(query, self.fabrics)).row(0)
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            raise InputError(f"{self._name} holds no data yet: let a replica fill it, or name another store")
        return Reach(first.astimezone(UTC), last.astimezone(UTC))

    def now(self, clock: datetime) -> tuple[datetime, str | None]:
        """Return the now that times are counted from, and how to say it where it is not the wall's.

        A store of the past is asked as of its last record: nobody knows what has become of it since.
        ``clock``: the time on the wall. A collector's may be ahead of it.
        """
        last = self.reach().last
        if clock - last < _LIVE:
            return max(clock, last), None
        return last, f"as of {last:%Y-%m-%d %H:%M:%S} UTC: the store knows nothing later"

    def check_known(self, kind: str, subject: str) -> None:
        """Raise InputError for a subject the store never heard of, with the nearest, or heard of twice."""
        named = NAMED_AS.get(kind, kind)
        scope = f" AND {within(self.fabrics, 3)}" if self.fabrics else ""
        known = f"FROM subject WHERE kind = $1{scope}"
        values: tuple[Value, ...] = (named, subject, *self.fabrics)
        there = f"{known} AND name = $2"
        if named == "mac":  # of a million, one is found by its number, in a fraction of the time
            there = f"FROM mac_history($2) WHERE $1 = 'mac'{scope}"
        query = Query(f"SELECT DISTINCT fabric {there} ORDER BY fabric", values)
        found = self.rows(query)["fabric"].to_list()
        if len(found) > 1:
            raise InputError(
                f"{named} {subject} is ambiguous, for fabrics {' and '.join(found)} have one each: name yours"
                " with --fabric"
            )
        if not found:
            near = f"{known} GROUP BY name ORDER BY levenshtein(name, $2), name LIMIT {MOST_CANDIDATES}"
            nearest = self.rows(Query(f"SELECT name {near}", values))["name"].to_list()
            there_are = f"the nearest are {', '.join(nearest)}" if nearest else "it knows of none at all"
            raise InputError(f"{self._name} never heard of {named} {subject}: {there_are}")

    def incident(self, given: str) -> dict[str, Any]:  # Any: columns of view incident
        """Return the incident that an id means, or the beginning of one; raises InputError."""
        which = f"{within(self.fabrics, 2)} AND " if self.fabrics else ""
        text = f"FROM incident WHERE {which}starts_with(incident_id, $1) ORDER BY incident_id LIMIT 6"
        rows = self.rows(Query(text, (given, *self.fabrics))).to_dicts() if len(given) >= SHORTEST_ID else []
        if len(rows) > 1:
            names = ", ".join(row["incident_id"] for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
            raise InputError(f"incident {given} is ambiguous, it may be any of {names}: give more of its id")
        if not rows:
            self.check_known("incident", given)
        return rows[0]

    def completeness(
        self, since: datetime, until: datetime
    ) -> list[dict[str, Any]]:  # Any: columns of coverage
        """Return how complete the data of each family was, least complete first."""
        which = f" WHERE {within(self.fabrics, 3)}" if self.fabrics else ""
        text = f"FROM coverage($1, $2){which} ORDER BY coverage, fabric, family"
        return self.rows(Query(text, (since, until, *self.fabrics))).to_dicts()

    def _check_fabrics(self) -> None:
        text = "SELECT DISTINCT fabric FROM collector_event ORDER BY fabric"
        known = self.rows(text)["fabric"].to_list()
        for fabric in self.fabrics:
            if fabric not in known:
                there_are = f"there are {', '.join(known)}" if known else "it knows of none at all"
                raise InputError(f"{self._name} never heard of fabric {fabric}: {there_are}")


@contextmanager
def source(path: Path | None, fabrics: Sequence[str] = (), *, archive: str | None = None) -> Iterator[Source]:
    """Give a store to ask, with what left it for an archive, or, without a path, an archive alone.

    Raises InputError for what is no store or archive, FabricscopeError for a store in use.
    """
    if path is None and archive is not None:
        connection = alone(archive)
    elif path is not None and path.exists():
        connection = look(path)
    else:
        raise InputError(f"there is no store {path}")
    try:
        lay_questions(connection, "memory", fabrics=None, archive=archive)
        yield Source(lambda query: _asked(connection, query), path or archive, fabrics)
    finally:
        connection.close()


def _asked(connection: duckdb.DuckDBPyConnection, query: Query) -> pl.DataFrame:
    found: pl.DataFrame = connection.sql(
        query.text, params=list(query.values)
    ).pl()  # fetchall would need pytz
    return found
