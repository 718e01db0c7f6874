"""What a session keeps for its client, and how its questions are asked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from pipeline.pgwire.admission import Allowed
from pipeline.pgwire.commands import Fetch, Show
from pipeline.pgwire.cursors import Answer, Portal
from pipeline.pgwire.limits import KEPT_BYTES
from pipeline.pgwire.oids import TEXT
from pipeline.pgwire.parser import Parser
from pipeline.pgwire.prepared import Statement, admitted
from pipeline.pgwire.refusal import (
    DUPLICATE_CURSOR,
    DUPLICATE_STATEMENT,
    PROGRAM_LIMIT_EXCEEDED,
    SYNTAX_ERROR,
    UNDEFINED_CURSOR,
    UNDEFINED_STATEMENT,
    RefusalError,
)
from pipeline.pgwire.results import Column, Result
from pipeline.pgwire.running import Runner
from pipeline.pgwire.settings import Settings
from pipeline.pgwire.showing import shown
from pipeline.pgwire.transaction import Transaction
from pipeline.pgwire.typed import OPEN, merged, with_types
from pipeline.pgwire.workers import Workers

T = TypeVar("T")

MOST_KEPT: Final = 2_000
"""Prepared statements and cursors of one session."""


@dataclass(slots=True)
class Asking:
    """One session's statements, portals, settings and transaction."""

    parser: Parser
    allowed: Allowed
    runner: Runner
    workers: Workers
    settings: Settings
    transaction: Transaction = field(default_factory=Transaction)
    statements: dict[str, Statement] = field(default_factory=dict)
    portals: dict[str, Portal] = field(default_factory=dict)

    async def admitted(self, query: str) -> list[Statement]:
        """Return the statements of a query, all of which may run; raises RefusalError."""
        return await admitted(self.parser, query, self.allowed)

    async def prepare(self, name: str, query: str, given: Sequence[int]) -> None:
        """Keep a statement under ``name``; ``given`` are the types of its first parameters."""
        found = await self.admitted(query)
        if len(found) > 1:
            raise RefusalError(SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement")
        statement = found[0] if found else Statement("")
        if name and name in self.statements:
            raise RefusalError(DUPLICATE_STATEMENT, f'prepared statement "{name}" already exists')
        types = merged(given, statement.parameters)
        statement = replace(
            statement,
            text=with_types(statement.text, types),
            parameters=tuple(oid or TEXT for oid in types),
            given=tuple(place < len(given) and given[place] not in OPEN for place in range(len(types))),
        )
        self._keep(len(query))
        self.statements[name] = statement

    def statement(self, name: str) -> Statement:
        """Return a prepared statement; raises RefusalError if there is none."""
        if name not in self.statements:
            raise RefusalError(UNDEFINED_STATEMENT, f'prepared statement "{name}" does not exist')
        return self.statements[name]

    def portal(self, name: str) -> Portal:
        """Return a portal or cursor; raises RefusalError if there is none."""
        if name not in self.portals:
            raise RefusalError(UNDEFINED_CURSOR, f'portal "{name}" does not exist')
        return self.portals[name]

    def bind(self, name: str, portal: Portal) -> None:
        """Keep a portal under ``name``, in place of an unnamed one."""
        if name and name in self.portals:
            raise RefusalError(DUPLICATE_CURSOR, f'cursor "{name}" already exists')
        self.close(name)
        self._keep(portal.size)
        self.portals[name] = portal

    def close(self, name: str) -> None:
        """Forget a portal, if there is one."""
        if (portal := self.portals.pop(name, None)) is not None:
            portal.close()

    def close_all(self, *, held: bool = True) -> None:
        """Forget all portals; those that outlive their transaction only where ``held``."""
        for name in [name for name, portal in self.portals.items() if held or not portal.hold]:
            self.close(name)

    async def columns(self, statement: Statement) -> list[Column] | None:
        """Return what a statement answers, without running it; None for one without rows."""
        match statement.command:
            case None if not statement.text:
                return None
            case None:
                nothing = [None] * len(statement.parameters)
                return await self._placed(statement, lambda: self.runner.columns(statement.text, nothing))
            case Show(name):
                return shown(name, self.settings)
            case Fetch(cursor, moves=False):
                result = self.portal(cursor).result
                return None if result is None else list(result.columns)
            case _:
                return None

    async def answer(self, portal: Portal, most: int = 0) -> Answer:
        """Ask what the portal's statement asks; ``most`` rows at most are to be told, unless it is 0."""
        if portal.result is None:
            portal.result = await self.asked(portal)
        places = portal.next(most)
        more = most > 0 and portal.position < portal.result.rows
        tag = "EXPLAIN" if portal.statement.explains else f"SELECT {len(places)}"
        return Answer(None if more else tag, portal.result, places, portal.formats)

    async def release(self) -> None:
        """The transaction ends: what was kept for it is forgotten."""
        self.close_all(held=False)
        self.settings.end_of_transaction()
        await asyncio.to_thread(self.runner.release)

    async def failed(self) -> None:
        """A statement failed: so did the transaction it was in."""
        self.transaction.fail()
        if self.transaction.state == "I":
            self.close_all(held=False)
        else:
            await asyncio.to_thread(self.runner.release)

    async def in_turn(self, task: Callable[[], T]) -> T:
        """Return what ``task`` returns, a method of the runner, when there is a thread for it."""
        return await self.workers.run(self.runner, task, self.settings.statement_seconds)

    async def asked(self, portal: Portal) -> Result:
        """Return the whole answer to a question."""
        held, text, parameters = self.transaction.held, portal.statement.text, portal.parameters

        def task() -> Result:
            if held:
                self.runner.hold()
            return self.runner.run(text, parameters)

        return await self._placed(portal.statement, task)

    async def _placed(self, statement: Statement, task: Callable[[], T]) -> T:
        """Return what ``task`` returns; where an error has a place, it is one of the whole query."""
        try:
            return await self.in_turn(task)
        except RefusalError as error:
            raise error.moved(statement.start) from error

    def _keep(self, size: int) -> None:
        kept = sum(len(it.text) for it in self.statements.values())
        kept += sum(it.size for it in self.portals.values())
        if kept + size > KEPT_BYTES or len(self.statements) + len(self.portals) >= MOST_KEPT:
            raise RefusalError(
                PROGRAM_LIMIT_EXCEEDED,
                f"the session keeps {MOST_KEPT} statements and cursors, or {KEPT_BYTES >> 20} MiB of them:"
                " close some",
            )
