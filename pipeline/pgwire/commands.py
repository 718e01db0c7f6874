"""What sessions say besides asking: transactions, cursors, settings (PostgreSQL's documentation, part VI)."""

from dataclasses import dataclass
from typing import Final

from pipeline.pgwire.statements import Piece

READ_COMMITTED: Final = "read committed"
HELD: Final = frozenset({"repeatable read", "serializable"})
"""Isolation levels in which all statements of a transaction see the same."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins; ``tag`` is what is answered, ``BEGIN`` or ``START TRANSACTION``."""

    tag: str
    isolation: str | None


@dataclass(frozen=True, slots=True)
class End:
    """The transaction ends, by ``COMMIT`` or ``ROLLBACK``; with ``chain`` the next begins at once."""

    tag: str
    chain: bool


@dataclass(frozen=True, slots=True)
class Savepoint:
    """A place to come back to: ``tag`` is ``SAVEPOINT``, ``RELEASE`` or ``ROLLBACK`` (to it)."""

    tag: str
    name: str


@dataclass(frozen=True, slots=True)
class SetValue:
    """A setting gets a value; None: its default."""

    name: str
    value: str | None
    local: bool = False


@dataclass(frozen=True, slots=True)
class SetTransaction:
    """The isolation of this transaction, or of all to come; None: it stays."""

    isolation: str | None
    session: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """A setting, or ``all``, gets its default."""

    name: str


@dataclass(frozen=True, slots=True)
class Show:
    """What is the value of this setting, or of ``all``?"""

    name: str


@dataclass(frozen=True, slots=True)
class Discard:
    """What the session keeps is forgotten: ``all``, or plans and such, of which there is nothing."""

    what: str


@dataclass(frozen=True, slots=True)
class Deallocate:
    """A prepared statement is forgotten; None: all are."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Declare:
    """A cursor for a question."""

    name: str
    binary: bool
    scroll: bool
    hold: bool
    question: Piece


@dataclass(frozen=True, slots=True)
class Fetch:
    """A cursor moves, and unless ``moves`` alone is asked for, tells its rows.

    Attributes:
        direction: ``forward``, ``backward``, ``absolute`` or ``relative``.
        count: rows, or the place; None: all.
    """

    cursor: str
    direction: str
    count: int | None
    moves: bool


@dataclass(frozen=True, slots=True)
class CloseCursor:
    """A cursor is closed; None: all are."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Nothing:
    """Something that means nothing here and is done at once, as UNLISTEN."""

    tag: str


Command = (
    Begin
    | End
    | Savepoint
    | SetValue
    | SetTransaction
    | Reset
    | Show
    | Discard
    | Deallocate
    | Declare
    | Fetch
    | CloseCursor
    | Nothing
)
