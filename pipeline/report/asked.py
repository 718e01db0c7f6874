"""What a report is made of, asked of a store; every question is kept as it was asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import orjson
import polars as pl

from collectors.errors import InputError
from pipeline.desk.seen import Seen, chosen
from pipeline.forensics.questions import Span
from pipeline.report import queries
from pipeline.report.model import Query

Row = dict[str, Any]  # Any: columns of the store's views


class Store(Protocol):
    """What answers a question: a store, or a bundle."""

    def rows(self, query: str) -> pl.DataFrame:
        """Return the answer, times in UTC."""


class Asked:
    """Questions to one store, and the list of them."""

    def __init__(self, source: Store) -> None:
        self._source = source
        self.queries: list[Query] = []

    def rows(self, name: str, sql: str) -> list[Row]:
        """Return the answer to a query that the report names."""
        found: pl.DataFrame = self._source.rows(sql)
        self.queries.append(Query(name, sql, found.height))
        return found.to_dicts()

    def chosen(self, given: str, where: str) -> Seen:
        """Return the incident that is meant; raises InputError, with the nearest ones, for none."""
        every = self._source.rows(queries.incident_list()).to_dicts()
        return chosen(given, {row["incident_id"]: Seen(row) for row in every}, where)

    def fabric(self, given: str | None, where: str) -> str:
        """Return the fabric that is meant; raises InputError unless the store knows it, or knows but one."""
        known: list[str] = self._source.rows("FROM stream_position SELECT DISTINCT fabric ORDER BY fabric")[
            "fabric"
        ].to_list()
        if given is None and len(known) == 1:
            return known[0]
        if given in known:
            return given
        if given is None:
            raise InputError(f"{where} has {len(known)} fabrics, name one with --fabric: {', '.join(known)}")
        raise InputError(f"{where} knows no fabric {given!r}: it has {', '.join(known) or 'none'}")

    def family(self, root: str, fabric: str) -> list[Seen]:
        """Return an incident and all that it explains, with their lives."""
        return self._lives(self.rows("the incident and what follows from it", queries.family(root)), fabric)

    def incidents(self, fabric: str, span: Span, name: str) -> list[Seen]:
        """Return the incidents of a time, with their lives."""
        return self._lives(self.rows(name, queries.incidents_in(fabric, span)), fabric)

    def addresses(self, fabric: str, at: datetime) -> list[tuple[str, str]]:
        """Return whose addresses are."""
        rows = self.rows("whose addresses are", queries.addresses(fabric, at))
        return [(row["device"], row["address"]) for row in rows]

    def _lives(self, rows: Sequence[Row], fabric: str) -> list[Seen]:
        if not rows:
            return []
        ids = [row["incident_id"] for row in rows]
        events: dict[str, list[Row]] = {}
        for event in self.rows("what became of them", queries.steps(fabric, ids)):
            events.setdefault(event["incident_id"], []).append(event)
        return [Seen(row, events.get(row["incident_id"], ()), _object(row["evidence"])) for row in rows]


def _object(text: str | None) -> Mapping[str, Any]:
    found = orjson.loads(text or "{}")
    return found if isinstance(found, dict) else {}
