"""The ground truth as lines of JSON: what was done to the fabric, and what has to be found because of it.

A line has ``ts`` (unix seconds) and ``action``; the other fields say what it was done to. ``expect`` says
that from ``decidable_at`` on an incident has to be there, ``expect-raise`` that it has reached a stronger
rule, ``expect-clear`` that it should be resolved; an incident's lines have one ``id``.
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from targets.simulated.courses import Turn
from targets.simulated.design import Plan
from targets.simulated.expected import Expectations
from targets.simulated.news import ActionNote, Note

_DECIMALS: Final = 6
Line = dict[str, Any]  # Any: JSON


class Truth:
    """Makes the lines as things happen."""

    def __init__(self, plan: Plan) -> None:
        self._expectations = Expectations(plan)

    def begin(self, time_ns: int, **fields: Any) -> Line:
        """Return the line that begins a scenario."""
        return {"ts": _seconds(time_ns), "action": "start", **fields}

    def take(self, note: Note) -> Iterator[Line]:
        """Yield the lines up to something that happened, and its own."""
        turns = list(self._expectations.take(note))
        yield from (_line(turn) for turn in turns if turn.time_ns < note.time_ns)
        if isinstance(note, ActionNote):
            yield {"ts": _seconds(note.time_ns), "action": note.action, **note.fields}
        yield from (_line(turn) for turn in turns if turn.time_ns >= note.time_ns)

    def until(self, time_ns: int) -> Iterator[Line]:
        """Yield the lines due by a time at which nothing happened."""
        yield from map(_line, self._expectations.until(time_ns))

    def finish(self, time_ns: int) -> Iterator[Line]:
        """Yield the lines that end a scenario: what is still open then, and when it would clear by itself."""
        yield from self.until(time_ns)
        later = list(self._expectations.last_clears())
        yield from ({**_line(turn), "ts": _seconds(time_ns)} for turn in later if turn.kind == "expect-clear")
        yield {"ts": _seconds(time_ns), "action": "end"}


def text_of(line: Line) -> bytes:
    """Return a line as it stands in the file."""
    return orjson.dumps(line) + b"\n"


def _line(turn: Turn) -> Line:
    line: Line = {"ts": _seconds(turn.time_ns), "action": turn.kind, "id": turn.number, "rule": turn.rule.id}
    if turn.kind == "expect-clear":
        return {**line, "clears_at": _seconds(turn.time_ns)}
    return {
        **line,
        **turn.subject,
        "caused_at": _seconds(turn.caused_ns),
        "earliest_at": _seconds(turn.time_ns - turn.rule.sooner_ns),
        "decidable_at": _seconds(turn.time_ns),
    }


def _seconds(time_ns: int) -> float:
    return round(time_ns / 1e9, _DECIMALS)
