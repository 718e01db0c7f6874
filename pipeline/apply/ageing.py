"""Entities of sampled paths that a device stopped sending.

Deletes are optional in SAMPLE mode (gNMI specification 0.10, section 3.5.1.5.2).

An entity is gone when its session went on for three sample intervals without it. The clock is the session's
own records: while a target is silent nothing ages.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from pipeline.apply.columns import Rows
from pipeline.apply.records import Records

ROUNDS: Final = 3
"""Sample intervals that an entity may miss."""
_NEVER: Final = np.iinfo(np.int64).max


def max_age_us(interval: timedelta) -> int:
    """Return after how long an entity of a path sampled at ``interval`` is gone, in microseconds."""
    return ROUNDS * (interval // timedelta(microseconds=1))


@dataclass
class Ageing:
    """When to look next, per session; a lower bound, so that most batches need not look."""

    _due: dict[int, int] = field(default_factory=dict)

    def possible(self, session: int, max_age: int, records: Records) -> Rows | None:
        """Return the session's records of a batch if an entity may have aged by the last of them."""
        at = np.flatnonzero(records.accepted & (records.session == session))
        if not len(at):
            return None
        due = min(self._due.get(session, 0), int(records.session_clock[at[0]]) + max_age)
        if int(records.session_clock[at[-1]]) < due:
            self._due[session] = due
            return None
        return at

    def find(
        self, session: int, max_age: int, records: Records, at: Rows, *, row: Rows, record: Rows, time: Rows
    ) -> tuple[Rows, Rows]:
        """Return (row, record) of entities that aged out, and where.

        ``at``: the session's records. ``row``, ``record``, ``time``: each time the session sent an entity,
        those before the batch with record -1.
        """
        order = np.lexsort((record, row))
        row, record, gone_at = row[order], record[order], time[order] + max_age
        again = np.append(np.where(np.diff(row) == 0, record[1:], _NEVER), _NEVER)[: len(row)]
        clock = records.session_clock[at]
        place = np.searchsorted(clock, gone_at, side="left")
        passed = np.append(at, _NEVER)[place]
        aged = (passed < _NEVER) & (passed < again)
        alive = again == _NEVER
        waiting = gone_at[alive & ~aged]
        self._due[session] = int(waiting.min()) if waiting.size else _NEVER
        return row[aged], passed[aged]
