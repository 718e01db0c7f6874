"""Answers as they wait to be sent: whole, so that no client's pace is felt by the store."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from pipeline.pgwire.answers import Field
from pipeline.pgwire.encoding import encode
from pipeline.pgwire.oids import PgType
from pipeline.pgwire.pieces import data_rows
from pipeline.pgwire.refusal import OUT_OF_MEMORY, RefusalError

SEND_ROWS: Final = 8_192
"""Rows made into messages at once."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer: its name and what clients are told of its type."""

    name: str
    kind: PgType


class Budget:
    """Bytes that may be kept at a time; any thread may take some."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Bytes that are kept."""
        return self._taken

    def take(self, count: int) -> None:
        """Take ``count`` bytes, or raise RefusalError."""
        with self._lock:
            if self._taken + count > self._most:
                raise RefusalError(
                    OUT_OF_MEMORY,
                    f"answers of {self._most >> 20} MiB wait to be fetched: fetch them, or ask for less",
                )
            self._taken += count

    def give(self, count: int) -> None:
        """Give ``count`` bytes back."""
        with self._lock:
            self._taken -= count


class Result:
    """A whole answer. Its bytes are given back by ``close``."""

    def __init__(self, columns: Sequence[Column], table: pa.Table, budget: Budget, size: int) -> None:
        self.columns = columns
        self.rows: int = table.num_rows
        self._table = table
        self._budget = budget
        self._size = size

    def fields(self, formats: Sequence[int]) -> list[Field]:
        """Return how the columns are told to a client; ``formats`` as in Bind."""
        return fields(self.columns, formats)

    def messages(self, places: range, formats: Sequence[int]) -> Iterator[bytes]:
        """Yield the rows at ``places``, from 0 on, as DataRow messages, some at a time."""
        described = self.fields(formats)
        for first in range(0, len(places), SEND_ROWS):
            some = places[first : first + SEND_ROWS]
            part = (
                self._table.slice(some.start, len(some))
                if some.step == 1
                else self._table.take(pa.array(some, pa.int64()))
            )
            columns = [
                encode(_whole(column), field.oid, binary=bool(field.format))
                for column, field in zip(part.columns, described, strict=True)
            ]
            yield data_rows(columns, len(some))

    def close(self) -> None:
        """Forget the rows."""
        size, self._size = self._size, 0
        self._table = self._table.slice(0, 0)
        self._budget.give(size)


def fields(columns: Sequence[Column], formats: Sequence[int]) -> list[Field]:
    """Return how columns are told to a client; ``formats`` as in Bind."""
    found = []
    for place, column in enumerate(columns):
        asked = formats[place] if len(formats) > 1 else (formats[0] if formats else 0)
        found.append(Field(column.name, column.kind.oid, column.kind.size, column.kind.modifier, asked))
    return found


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
