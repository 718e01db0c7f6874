"""How much clients of the SQL endpoint may take of a process that has other things to do."""

from dataclasses import dataclass
from typing import Final

LOGIN_SECONDS: Final = 10.0
"""From connecting to having logged in."""

REFUSED_SECONDS: Final = 0.5
"""Who isn't let in learns it so late: passwords are tried slowly."""

SEND_SECONDS: Final = 60.0
"""A client that doesn't take a part of its answer for so long is left."""

IDLE_IN_TRANSACTION_SECONDS: Final = 60.0
"""A transaction that nothing happens in for so long ends, and its session with it."""

KEPT_BYTES: Final = 8 << 20
"""Prepared statements and bound parameters of one session together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What sessions and statements may take.

    Attributes:
        seconds: a statement may run.
        rows: a statement may answer; with more it is refused, never cut.
        result_bytes: of one answer before it is sent, in Arrow's layout.
        kept_bytes: of all answers that wait to be sent or fetched.
        query_bytes: of memory that running statements may take together.
        running: statements at a time; more wait for their turn.
        connections: sessions at a time, and as many that are logging in: more push out who waits longest.
    """

    seconds: float = 30.0
    rows: int = 1_000_000
    result_bytes: int = 256 << 20
    kept_bytes: int = 512 << 20
    query_bytes: int = 2 << 30
    running: int = 4
    connections: int = 50
