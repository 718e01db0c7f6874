"""How long rows stay in the file, and their way from there to the archive.

A day of a table is written, then its rows leave the file, piece by piece, each in the transaction that notes
up to when they have left. What the archive has from then on doesn't count: who is killed in between has those
rows still, and goes on. So nothing is lost and nothing is there twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, NamedTuple

import duckdb
import numpy as np
import pyarrow.parquet as pq

from collectors.errors import FabricscopeError, RefusedError
from pipeline.store.archive import Written, file_of, path_of, write_day
from pipeline.store.archive_tables import TABLES, where
from pipeline.store.tables import EPOCH, positions, transaction

DEFAULT: Final = timedelta(days=30)
LEAST: Final = timedelta(days=1)
"""Rows of a day may come for as long after its end; what is older by its record time stays in the file."""
PIECE_ROWS: Final = 100_000
"""So many rows leave the file at once: the writer waits for no more than these."""

Stage = Literal["before_file", "after_file", "between_pieces"]
"""Moments at which a process may die."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the rows of a fabric stay in the file."""

    facts: timedelta = DEFAULT
    """Of facts and intervals."""
    tables: Mapping[str, timedelta | None] = field(default_factory=dict)
    """Of tables that differ; None: for ever."""

    def of(self, table: str) -> timedelta | None:
        """Return how long a table's rows stay; None: for ever."""
        if table in self.tables:
            return self.tables[table]
        return None if TABLES[table].kept else self.facts


class Due(NamedTuple):
    """What is to leave the file."""

    fabric: str
    day: date
    table: str


def due(connection: duckdb.DuckDBPyConnection, retention: Mapping[str, Retention]) -> Iterator[Due]:
    """Yield what is past its retention, oldest days of each table first.

    Times are those of the stream at the last snapshot: what is older than that by a day is settled.
    """
    for position in positions(connection, "snapshot_position"):
        kept = retention.get(position.fabric, Retention())
        for table in TABLES:
            if (after := kept.of(table)) is not None:
                for day in _days(connection, table, position.fabric, position.record_time - after):
                    yield Due(position.fabric, day, table)


def _days(connection: duckdb.DuckDBPyConnection, table: str, fabric: str, horizon: datetime) -> list[date]:
    of = TABLES[table]
    found = connection.execute(
        f"SELECT DISTINCT {of.time}::DATE AS day FROM store.{table}"  # noqa: S608  # the store's own names
        f" WHERE fabric = ? AND {of.time} < date_trunc('day', ?::TIMESTAMPTZ) AND {of.done}"
        " EXCEPT SELECT day FROM store.archived"
        " WHERE fabric = ? AND table_name = ? AND left_until >= day + 1 ORDER BY day",
        [fabric, horizon, fabric, table],
    ).fetchall()
    return [day for (day,) in found]


def retire(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    what: Due,
    *,
    reached: Callable[[Stage], None] = lambda _: None,
    pause: Callable[[], bool] = lambda: False,
    piece_rows: int = PIECE_ROWS,
) -> int:
    """Move a day of a table to the archive, and return how many rows have left; go on where that was cut off.

    Args:
        connection: one that can write, used by nobody else meanwhile.
        root: the archive.
        what: the day.
        reached: is told each stage; tests end the process there.
        pause: called now and then, so that others get on; returns whether to stop here for now.
        piece_rows: how many rows leave at once.

    Raises FabricscopeError when the archive can't be written, RefusedError when it holds something else: what
    has not left stays in the file then.
    """
    reached("before_file")
    gone = _left_until(connection, what)
    try:
        written = (
            write_day(connection, root, what.fabric, what.day, what.table, rest=pause)
            if gone is None
            else file_of(path_of(root, what.fabric, what.day, what.table))
        )
        pieces = _pieces(written.path, TABLES[what.table].time, what.day, gone, piece_rows)
    except OSError as error:
        raise FabricscopeError(
            f"{what.table} of {what.day} can't go to the archive {root}: make room or mend the disk; its rows"
            f" stay in the store until then ({error})"
        ) from error
    reached("after_file")
    left = 0
    for until, expected in pieces:
        try:
            with transaction(connection):
                _leave(connection, what, until, expected)
                _note(connection, what, until, written)
        except (duckdb.OperationalError, duckdb.FatalException) as error:
            raise FabricscopeError(
                f"{what.table} of {what.day} is in the archive, but the store can't be written to let go of"
                f" it: make room or mend the disk ({' '.join(str(error).split())})"
            ) from error
        left += expected
        reached("between_pieces")
        if pause():
            break
    return left


def _left_until(connection: duckdb.DuckDBPyConnection, what: Due) -> datetime | None:
    """Return how far a day has left already, when that was cut off; None: not at all."""
    found = connection.execute(
        "SELECT epoch_us(left_until) FROM store.archived WHERE fabric = ? AND day = ? AND table_name = ?",
        [what.fabric, what.day, what.table],
    ).fetchone()
    return None if found is None else EPOCH + timedelta(microseconds=found[0])


def _pieces(
    file: Path, column: str, day: date, gone: datetime | None, piece_rows: int
) -> list[tuple[datetime, int]]:
    """Return up to when each piece of a day's rows goes, and how many rows it has."""
    end = np.datetime64(day + timedelta(days=1), "us")
    times = np.sort(pq.read_table(file, columns=[column])[column].to_numpy().astype("datetime64[us]"))
    if gone is not None:
        times = times[times >= np.datetime64(gone.replace(tzinfo=None), "us")]
    untils = np.unique(np.append(times[piece_rows::piece_rows], end))
    counts = np.diff(np.searchsorted(times, untils), prepend=0)
    return [
        (until.astype(datetime).replace(tzinfo=UTC), int(count))
        for until, count in zip(untils, counts, strict=True)
    ]


def _leave(connection: duckdb.DuckDBPyConnection, what: Due, until: datetime, expected: int) -> None:
    of = TABLES[what.table]
    found = connection.execute(
        f"DELETE FROM store.{what.table} WHERE {where(what.table)} AND {of.time} < ?",  # noqa: S608  # as above
        [what.fabric, what.day, what.day, until],
    ).fetchone()
    if found != (expected,):
        raise RefusedError(
            f"{what.table} of {what.day} has other rows before {until} than its file in the archive: they"
            " came later than its retention allows, and stay in the store"
        )


def _note(connection: duckdb.DuckDBPyConnection, what: Due, until: datetime, written: Written) -> None:
    connection.execute(
        "DELETE FROM store.archived WHERE fabric = ? AND day = ? AND table_name = ?",
        [what.fabric, what.day, what.table],
    )
    connection.execute(
        "INSERT INTO store.archived BY NAME SELECT ? AS fabric, ? AS day, ? AS table_name, ? AS row_count,"
        " ? AS sha256, ?::TIMESTAMPTZ AS left_until",
        [what.fabric, what.day, what.table, written.row_count, written.sha256, until],
    )
