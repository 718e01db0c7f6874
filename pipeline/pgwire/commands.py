"""What sessions say besides asking: transactions, cursors, settings. None of it ever reaches DuckDB.

A statement that begins with one of these words is read by the grammar here, word by word to its end; what
doesn't fit is refused. Everything else is a question, judged by its syntax tree in ``admission``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.pgwire.refusal import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    READ_ONLY,
    SYNTAX_ERROR,
    RefusalError,
)
from pipeline.pgwire.statements import Piece
from pipeline.pgwire.words import Words, first_word

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


def read_command(piece: Piece) -> Command | None:
    """Return the command, or None for what is none; raises RefusalError for one that doesn't fit."""
    reader = _READERS.get(first_word(piece.text))
    if reader is None:
        return None
    words = Words(piece)
    found = reader(words)
    words.end()
    return found


def _begin(words: Words) -> Command:
    if words.keyword() == "start":
        words.expect("start")
        words.expect("transaction")
        return Begin("START TRANSACTION", _modes(words))
    words.expect("begin")
    words.accept("transaction") or words.accept("work")
    return Begin("BEGIN", _modes(words))


def _modes(words: Words) -> str | None:
    isolation = None
    while not words.done:
        if words.accept("isolation"):
            words.expect("level")
            isolation = _level(words)
        elif words.accept("read"):
            if words.accept("write"):
                raise RefusalError(READ_ONLY, "transactions are read-only here: the store is")
            words.expect("only")
        else:
            words.accept("not")
            words.expect("deferrable")
        words.symbol(",")
    return isolation


def _level(words: Words) -> str:
    if words.accept("serializable"):
        return "serializable"
    if words.accept("repeatable"):
        words.expect("read")
        return "repeatable read"
    words.expect("read")
    words.accept("uncommitted") or words.expect("committed")
    return READ_COMMITTED  # which uncommitted is, too, as in PostgreSQL


def _end(words: Words) -> Command:
    tag = "COMMIT" if words.keyword() in {"commit", "end"} else "ROLLBACK"
    words.next()
    words.accept("transaction") or words.accept("work")
    if words.accept("prepared"):
        raise RefusalError(FEATURE_NOT_SUPPORTED, "there are no prepared transactions here")
    if tag == "ROLLBACK" and words.accept("to"):
        words.accept("savepoint")
        return Savepoint("ROLLBACK", words.name())
    chain = False
    if words.accept("and"):
        chain = not words.accept("no")
        words.expect("chain")
    return End(tag, chain)


def _savepoint(words: Words) -> Command:
    words.next()
    return Savepoint("SAVEPOINT", words.name())


def _release(words: Words) -> Command:
    words.next()
    words.accept("savepoint")
    return Savepoint("RELEASE", words.name())


def _set(words: Words) -> Command:
    words.next()
    local = words.accept("local")
    session = not local and words.accept("session")
    if words.accept("characteristics"):
        words.expect("as")
        words.expect("transaction")
        return SetTransaction(_modes(words), session=True)
    if words.accept("transaction"):
        return SetTransaction(_modes(words), session=False)
    if words.keyword() in {"role", "authorization"}:
        raise RefusalError(INSUFFICIENT_PRIVILEGE, "the user can't be changed here: log in as another")
    if session and words.symbol("="):
        raise words.wrong()
    if words.accept("time"):
        words.expect("zone")
        return SetValue("TimeZone", _value(words), local)
    if words.accept("names"):
        return SetValue("client_encoding", _value(words), local)
    name = words.name(dotted=True)
    if not (words.symbol("=") or words.accept("to")):
        raise words.wrong()
    return SetValue(name, _value(words), local)


def _value(words: Words) -> str | None:
    """Return a value, several joined by commas; None for DEFAULT."""
    if words.accept("default"):
        return None
    values = [words.value()]
    while words.symbol(","):
        values.append(words.value())
    return ", ".join(values)


def _setting(words: Words) -> str:
    words.next()
    if words.accept("time"):
        words.expect("zone")
        return "TimeZone"
    if words.accept("transaction"):
        words.expect("isolation")
        words.expect("level")
        return "transaction_isolation"
    if words.accept("session"):
        words.expect("authorization")
        return "session_authorization"
    return words.name(dotted=True)


def _discard(words: Words) -> Command:
    words.next()
    what = words.next().lower()
    if what not in {"all", "plans", "sequences", "temp", "temporary"}:
        raise RefusalError(SYNTAX_ERROR, "DISCARD what? ALL, PLANS, SEQUENCES or TEMP")
    return Discard(what)


def _deallocate(words: Words) -> Command:
    words.next()
    words.accept("prepare")
    return Deallocate(None if words.accept("all") else words.name())


def _declare(words: Words) -> Command:
    words.next()
    name = words.name()
    binary, scroll = False, False
    while not words.accept("cursor"):
        if words.accept("binary"):
            binary = True
        elif words.accept("no"):
            words.expect("scroll")
        elif words.accept("scroll"):
            scroll = True
        else:
            words.accept("insensitive") or words.expect("asensitive")
    hold = False
    if words.accept("with") or words.keyword() == "without":
        hold = not words.accept("without")
        words.expect("hold")
    words.expect("for")
    return Declare(name, binary, scroll, hold, words.rest())


_ONE: Final = {
    "next": ("forward", 1),
    "prior": ("backward", 1),
    "first": ("absolute", 1),
    "last": ("absolute", -1),
    "all": ("forward", None),
}


def _fetch(words: Words) -> Command:
    moves = words.next().lower() == "move"
    direction, count = _direction(words)
    words.accept("from") or words.accept("in")
    return Fetch(words.name(), direction, count, moves)


def _direction(words: Words) -> tuple[str, int | None]:  # noqa: PLR0911 - one per form
    found = words.keyword()
    if words.last:  # FETCH name
        return "forward", 1
    if found in _ONE:
        words.next()
        return _ONE[found]
    if found in {"absolute", "relative"}:
        words.next()
        return found, words.number()
    if found in {"forward", "backward"}:
        words.next()
        if words.accept("all"):
            return found, None
        return found, words.number() if words.counts else 1
    if words.counts:
        count = words.number()
        return ("forward", count) if count >= 0 else ("backward", -count)
    return "forward", 1


def _close(words: Words) -> Command:
    words.next()
    return CloseCursor(None if words.accept("all") else words.name())


def _unlisten(words: Words) -> Command:
    words.next()
    if not words.symbol("*"):
        words.name()
    return Nothing("UNLISTEN")


_READERS: Final[dict[str, Callable[[Words], Command]]] = {
    "begin": _begin,
    "start": _begin,
    "commit": _end,
    "end": _end,
    "rollback": _end,
    "abort": _end,
    "savepoint": _savepoint,
    "release": _release,
    "set": _set,
    "reset": lambda words: Reset(_setting(words)),
    "show": lambda words: Show(_setting(words)),
    "discard": _discard,
    "deallocate": _deallocate,
    "declare": _declare,
    "fetch": _fetch,
    "move": _fetch,
    "close": _close,
    "unlisten": _unlisten,
}
