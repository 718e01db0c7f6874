"""One client that has logged in: its messages (PostgreSQL's documentation, section 54.2)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from pipeline.pgwire import answers, framing, messages
from pipeline.pgwire.asking import Asking
from pipeline.pgwire.connection import Connection
from pipeline.pgwire.cursors import Portal
from pipeline.pgwire.doing import do
from pipeline.pgwire.limits import IDLE_IN_TRANSACTION_SECONDS
from pipeline.pgwire.oids import TEXT
from pipeline.pgwire.parameters import decode
from pipeline.pgwire.refusal import IDLE_IN_TRANSACTION, PROTOCOL_VIOLATION, RefusalError
from pipeline.pgwire.results import fields
from pipeline.pgwire.telling import Told

_FEW: Final = 256
"""Rows that are made into messages at once, without another thread."""


@dataclass(slots=True)
class Session:
    """What is said and answered; ``told`` hears of it."""

    connection: Connection
    asking: Asking
    told: Told
    skipping: bool = False
    """A message of the extended protocol failed: the others are not read until Sync."""

    async def run(self) -> None:
        """Answer until the client goes; raises RefusalError when it has to."""
        while True:
            kind, body = await self._next()
            try:
                message = framing.decode(kind, body)
                if isinstance(message, messages.Terminate):
                    return
                await self._take(message)
            except RefusalError as error:
                self.told.refused(error)
                await self.asking.failed()
                self.connection.write(answers.error(error))
                if kind == b"Q":
                    self._ready()
                else:
                    self.skipping = kind != b"S"
            await self.connection.send()

    async def _next(self) -> tuple[bytes, bytes]:
        idle = None if self.asking.transaction.state == "I" else IDLE_IN_TRANSACTION_SECONDS
        try:
            async with asyncio.timeout(idle):
                return await self.connection.message(known=True)
        except TimeoutError:
            raise RefusalError(
                IDLE_IN_TRANSACTION, f"the transaction was idle for {IDLE_IN_TRANSACTION_SECONDS:g} s"
            ) from None

    async def _take(self, message: messages.Message) -> None:
        if isinstance(message, messages.Query | messages.Sync):
            self.skipping = False
            if isinstance(message, messages.Query):
                await self._simple(message.text)
            self._ready()
        elif not self.skipping:
            await self._extended(message)

    async def _extended(self, message: messages.Message) -> None:
        match message:
            case messages.Parse(name, text, types):
                await self.asking.prepare(name, text, types)
                self.connection.write(answers.PARSE_COMPLETE)
            case messages.Bind():
                self._bind(message)
                self.connection.write(answers.BIND_COMPLETE)
            case messages.Describe("P", name):
                portal = self.asking.portal(name)
                await self._describe(portal)
            case messages.Describe(_, name):
                statement = self.asking.statement(name)
                self.connection.write(answers.parameter_description(statement.parameters))
                await self._describe(Portal(statement))
            case messages.Execute(name, most):
                await self._perform(self.asking.portal(name), most)
            case messages.Close("S", name):
                self.asking.statements.pop(name, None)
                self.connection.write(answers.CLOSE_COMPLETE)
            case messages.Close(_, name):
                self.asking.close(name)
                self.connection.write(answers.CLOSE_COMPLETE)
            case messages.Flush():
                pass
            case _:
                raise RefusalError(PROTOCOL_VIOLATION, "this message has no place here")

    def _ready(self) -> None:
        if self.asking.transaction.state == "I":
            self.asking.close_all(held=False)
        self.connection.write(answers.ready(self.asking.transaction.state))

    async def _simple(self, text: str) -> None:
        statements = await self.asking.admitted(text)
        if all(statement.empty for statement in statements):
            self.connection.write(answers.EMPTY_QUERY)
        for statement in statements:
            if not statement.empty:
                portal = Portal(statement)
                try:
                    await self._perform(portal, described=True)
                finally:
                    portal.close()

    def _bind(self, message: messages.Bind) -> None:
        statement = self.asking.statement(message.statement)
        if len(message.values) != len(statement.parameters):
            raise RefusalError(
                PROTOCOL_VIOLATION,
                f"bind message supplies {len(message.values)} parameters, but prepared statement"
                f' "{message.statement}" requires {len(statement.parameters)}',
            )
        formats = message.formats or (0,)
        if len(formats) == 1:
            formats *= len(message.values)
        values = [
            None if value is None else decode(value, oid if form or given else TEXT, binary=bool(form))
            for value, oid, given, form in zip(
                message.values, statement.parameters, statement.given, formats, strict=True
            )
        ]
        size = sum(len(value or b"") for value in message.values)
        self.asking.bind(message.portal, Portal(statement, values, message.result_formats, size=size))

    async def _describe(self, portal: Portal) -> None:
        columns = (
            await self.asking.columns(portal.statement) if portal.result is None else portal.result.columns
        )
        if columns is None:
            self.connection.write(answers.NO_DATA)
        else:
            self.connection.write(answers.row_description(fields(columns, portal.formats)))

    async def _perform(self, portal: Portal, most: int = 0, *, described: bool = False) -> None:
        statement = portal.statement
        if statement.empty:
            self.connection.write(answers.EMPTY_QUERY)
            return
        self.asking.transaction.check(statement.command)
        with self.told.asked(statement.text):
            if statement.command is None:
                answer = await self.asking.answer(portal, most)
            else:
                answer = await do(self.asking, statement.command, portal)
        if answer.result is not None:
            if described:
                self.connection.write(answers.row_description(answer.result.fields(answer.formats)))
            self.told.rows(len(answer.places))
            steps = answer.result.messages(answer.places, answer.formats)
            if len(answer.places) <= _FEW:
                self.connection.write(b"".join(steps))
            else:
                while (data := await self.asking.workers.encode(lambda: next(steps, None))) is not None:
                    await self.connection.send(data)
        self.connection.write(
            answers.PORTAL_SUSPENDED if answer.tag is None else answers.command_complete(answer.tag)
        )
