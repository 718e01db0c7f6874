"""Reads what sessions say besides asking. None of it ever reaches DuckDB.

A statement that begins with one of these words is read by the grammar here, word by word to its end; what
doesn't fit is refused. Everything else is a question, judged by its syntax tree in ``admission``.
"""

from collections.abc import Callable
from typing import Final

from pipeline.pgwire.commands import (
    READ_COMMITTED,
    Begin,
    CloseCursor,
    Command,
    Deallocate,
    Declare,
    Discard,
    End,
    Nothing,
    Reset,
    Savepoint,
    SetTransaction,
    SetValue,
    Show,
)
from pipeline.pgwire.fetch_grammar import read_fetch
from pipeline.pgwire.refusal import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    READ_ONLY,
    SYNTAX_ERROR,
    RefusalError,
)
from pipeline.pgwire.statements import Piece
from pipeline.pgwire.words import Words, first_word


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
    "fetch": read_fetch,
    "move": read_fetch,
    "close": _close,
    "unlisten": _unlisten,
}
