"""What a session's commands do."""

from typing import assert_never

from pipeline.pgwire.asking import Asking
from pipeline.pgwire.commands import (
    Begin,
    CloseCursor,
    Command,
    Deallocate,
    Declare,
    Discard,
    End,
    Fetch,
    Nothing,
    Reset,
    Savepoint,
    SetTransaction,
    SetValue,
    Show,
)
from pipeline.pgwire.cursors import Answer, Portal, fetched, require_scroll
from pipeline.pgwire.prepared import Statement
from pipeline.pgwire.refusal import NO_TRANSACTION, SYNTAX_ERROR, RefusalError
from pipeline.pgwire.showing import show


async def do(asking: Asking, command: Command, portal: Portal) -> Answer:  # noqa: C901, PLR0911 - one per command
    """Do what a command says; ``portal`` is the one it came in. Raises RefusalError."""
    match command:
        case Begin(tag):
            asking.transaction.begin(command)
            return Answer(tag)
        case End():
            await asking.release()
            return Answer(asking.transaction.end(command))
        case Savepoint(tag):
            asking.transaction.savepoint(command)
            return Answer(tag)
        case SetTransaction() | SetValue():
            _set(asking, command)
            return Answer("SET")
        case Reset(name):
            asking.settings.reset(name)
            return Answer("RESET")
        case Show("transaction_isolation"):
            result = show("transaction_isolation", asking.settings, asking.transaction.isolation)
            return Answer("SHOW", result, range(1), portal.formats)
        case Show(name):
            result = show(name, asking.settings)
            return Answer("SHOW", result, range(result.rows), portal.formats)
        case Discard() | Deallocate() | CloseCursor():
            return Answer(_forget(asking, command))
        case Declare():
            await _declare(asking, command, portal)
            return Answer("DECLARE CURSOR")
        case Fetch():
            return _fetch(asking, command, portal)
        case Nothing(tag):
            return Answer(tag)
        case _:
            assert_never(command)


def _set(asking: Asking, command: SetTransaction | SetValue) -> None:
    if isinstance(command, SetValue):
        asking.settings.set(command.name, command.value, local=command.local)
    elif command.session:
        asking.transaction.default = command.isolation or asking.transaction.default
    elif asking.transaction.state == "T":
        asking.transaction.isolation = command.isolation or asking.transaction.isolation


def _forget(asking: Asking, command: Discard | Deallocate | CloseCursor) -> str:
    match command:
        case Discard("all"):
            asking.close_all()
            asking.statements.clear()
            asking.settings.reset("all")
            return "DISCARD ALL"
        case Discard(what):
            return f"DISCARD {what.upper()}"
        case Deallocate(None):
            asking.statements.clear()
            return "DEALLOCATE ALL"
        case Deallocate(str(name)):
            asking.statement(name)
            del asking.statements[name]
            return "DEALLOCATE"
        case CloseCursor(None):
            asking.close_all()
            return "CLOSE CURSOR ALL"
        case CloseCursor(str(name)):
            asking.portal(name)
            asking.close(name)
            return "CLOSE CURSOR"
        case _:
            raise AssertionError(command)


async def _declare(asking: Asking, command: Declare, portal: Portal) -> None:
    if asking.transaction.state == "I" and not command.hold:
        raise RefusalError(
            NO_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks, or WITH HOLD"
        )
    if not portal.statement.text:
        raise RefusalError(SYNTAX_ERROR, "DECLARE a cursor for what? Give a SELECT after FOR")
    cursor = Portal(
        Statement(portal.statement.text),
        portal.parameters,
        (int(command.binary),),
        scroll=command.scroll,
        hold=command.hold,
        size=portal.size,
    )
    asking.bind(command.name, cursor)
    try:
        cursor.result = await asking.asked(cursor)
    except BaseException:
        asking.close(command.name)
        raise


def _fetch(asking: Asking, command: Fetch, portal: Portal) -> Answer:
    cursor = asking.portal(command.cursor)
    if cursor.result is None:
        raise RefusalError(SYNTAX_ERROR, f'"{command.cursor}" is a portal of the protocol, no cursor')
    require_scroll(command, cursor)
    places, cursor.position = fetched(command, cursor.position, cursor.result.rows)
    if command.moves:
        return Answer(f"MOVE {len(places)}")
    return Answer(f"FETCH {len(places)}", cursor.result, places, portal.formats or cursor.formats)
