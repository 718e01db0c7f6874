"""A file that says each change of an incident as one line of JSON, for log shippers and for `tail -f`.

A line is the incident as it stands then: the columns of view ``incident``, and ``committed_at``, the wall
clock when the store had it. The last line of an incident holds. An incident that the stream has shown never
to have been is said once more, with the state ``withdrawn``.

A process that is killed may have committed what it did not say. The next one says again what that can have
been: what is open, and what was resolved within a day of the fabric's now. Lines may so come twice; the one
thing that may be missing is a withdrawal, of which the store keeps nothing.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from collectors.errors import FabricscopeError
from pipeline.detectors.text import ip_text, mac_text
from pipeline.store import Commit

WITHDRAWN: Final = "withdrawn"
SAID_AGAIN: Final = timedelta(days=1)
"""A commit is of one batch, whose records span less: a collector sends 86 400 ticks a day, more than a batch
holds (pipeline.kafka)."""
_HALVES: Final = ("ip_hi", "ip_lo")
"""Parts of an address; view ``incident`` has it as ``ip``."""


class IncidentLog:
    """Appends to a file what commits do to incidents."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise FabricscopeError(f"{path} can't be written: {error.strerror}") from error
        self._path = path
        self._clock = clock

    def resume(self, reader: duckdb.DuckDBPyConnection) -> None:
        """Say what is open, and what was resolved lately: what was last committed may not have been said."""
        rows = reader.sql(
            """
            SELECT i.*
            FROM main.incident AS i
            LEFT JOIN main.stream_position AS p USING (fabric)
            WHERE i.state = 'open' OR i.resolved_at >= p.record_time - to_seconds(?)
            ORDER BY i.opened_at, i.incident_id
            """,
            params=[SAID_AGAIN.total_seconds()],
        ).pl()
        self._write(rows.to_dicts())

    def committed(self, commit: Commit) -> None:
        """Say what a commit, now in the store, did to incidents. Raises FabricscopeError when it can't."""
        self._write(list(changes(commit)))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _write(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        now = self._clock()
        lines = [json.dumps({"committed_at": now, **row}, default=_text) + "\n" for row in rows]
        try:
            self._file.write("".join(lines).encode())
            self._file.flush()
        except OSError as error:
            raise FabricscopeError(f"{self._path} can't be written: {error.strerror}") from error


def changes(commit: Commit) -> Iterator[dict[str, Any]]:
    """Yield the incidents that a commit changes, as they stand after it, in the order they opened."""
    present = commit.appends.get("incident", pl.DataFrame())
    voided = commit.removals.get("incident", pl.DataFrame())
    if len(voided):
        held = set(present["incident_id"]) if len(present) else set[str]()
        for row in voided.sort("incident_id").iter_rows(named=True):
            if row["incident_id"] not in held:
                yield {"incident_id": row["incident_id"], "fabric": row["fabric"], "state": WITHDRAWN}
    if len(present):
        told = present.sort("opened_at", "incident_id").with_columns(mac=mac_text(pl.col("mac")))
        for row in told.iter_rows(named=True):
            high, low = (row.pop(half) for half in _HALVES)
            yield {**row, "ip": ip_text(high, low)}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
