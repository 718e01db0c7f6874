"""Answers that are fetched in parts: portals of the extended protocol and cursors of SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.pgwire.commands import Fetch
from pipeline.pgwire.prepared import Statement
from pipeline.pgwire.refusal import OBJECT_NOT_IN_STATE, RefusalError
from pipeline.pgwire.results import Result


@dataclass(slots=True)
class Portal:
    """A statement with its parameters, and what was told of its answer.

    Attributes:
        statement: what was asked.
        parameters: their values.
        formats: of the columns, as in Bind.
        result: the answer, once there is one.
        position: rows before the next one, going forward; 0 is before the first.
        scroll: whether it may go backward.
        hold: whether it outlives its transaction.
    """

    statement: Statement
    parameters: Sequence[Any] = ()
    formats: tuple[int, ...] = ()
    result: Result | None = None
    position: int = 0
    scroll: bool = True
    hold: bool = False
    size: int = field(default=0)

    def close(self) -> None:
        """Forget the answer."""
        if self.result is not None:
            self.result.close()

    def next(self, most: int) -> range:
        """Return the places of the next rows, ``most`` at most unless it is 0, and go there."""
        assert self.result is not None
        end = self.result.rows if most == 0 else min(self.result.rows, self.position + most)
        found = range(self.position, end)
        self.position = end
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement answers: rows at some places of a result, then ``tag``; None: there is more."""

    tag: str | None
    result: Result | None = None
    places: range = range(0)
    formats: Sequence[int] = ()


def fetched(fetch: Fetch, position: int, rows: int) -> tuple[range, int]:
    """Return the places of the rows that are fetched, from 0 on, and the position afterwards.

    The position is the number of the row one is on, as in PostgreSQL: 0 before the first, ``rows + 1`` behind
    the last.
    """
    match fetch.direction:
        case "absolute":
            assert fetch.count is not None
            place = fetch.count if fetch.count >= 0 else rows + 1 + fetch.count
            return _one(place, rows)
        case "relative":
            assert fetch.count is not None
            return _one(position + fetch.count, rows)
        case _:
            pass
    count = fetch.count
    backward = fetch.direction == "backward"
    if count is not None and count < 0:
        count, backward = -count, not backward
    if count == 0:
        return _one(position, rows)
    if backward:
        last = 0 if count is None else max(0, position - 1 - count)
        found = range(position - 2, last - 1, -1)
        reached = 0 if count is None or position - count < 1 else position - count
        return found, reached
    end = rows if count is None else min(rows, position + count)
    reached = rows + 1 if count is None or position + count > rows else end
    return range(position, max(end, position)), reached


def require_scroll(fetch: Fetch, portal: Portal) -> None:
    """Raise RefusalError if the cursor can't go where it is sent."""
    backward = fetch.direction == "backward" or (fetch.count or 0) < 0 or fetch.direction == "absolute"
    if backward and not portal.scroll:
        raise RefusalError(
            OBJECT_NOT_IN_STATE, "cursor can only scan forward: declare it with SCROLL to go backward"
        )


def _one(place: int, rows: int) -> tuple[range, int]:
    place = max(0, min(place, rows + 1))
    return (range(place - 1, place) if 0 < place <= rows else range(0)), place
