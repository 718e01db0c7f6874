"""How a client comes in: TLS, then SCRAM; or it asks for another session's statement to be stopped."""

import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.pgwire import answers, messages
from pipeline.pgwire.connection import Connection
from pipeline.pgwire.refusal import INVALID_PASSWORD, NOT_AUTHORIZED, RefusalError
from pipeline.pgwire.scram import Exchange, initial_response, verifier_of_nobody
from pipeline.pgwire.users import User


@dataclass(frozen=True, slots=True)
class Tls:
    """How connections are encrypted: with which certificate, and its hash for channel binding."""

    context: ssl.SSLContext
    certificate_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Client:
    """Who has come in: name, rights and what was said at the start."""

    name: str
    user: User
    start: messages.Startup


@dataclass(frozen=True, slots=True)
class Door:
    """Lets clients in. Without ``tls``, which is for one's own machine, nothing is encrypted."""

    tls: Tls | None
    users: Callable[[], Mapping[str, User]]
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    async def enter(self, connection: Connection) -> Client | messages.Cancel:
        """Return who has come in, or whose statement is to be stopped; raises RefusalError."""
        encrypted = False
        while True:
            first = await connection.first()
            if isinstance(first, messages.Cancel):
                return first
            if isinstance(first, messages.Startup):
                break
            if first.gss or encrypted or self.tls is None:
                await connection.send(answers.NOT_ENCRYPTED)
            else:
                await connection.encrypt(self.tls.context, answers.ENCRYPTED)
                encrypted = True
        if self.tls is not None and not encrypted:
            raise RefusalError(
                NOT_AUTHORIZED, "this server speaks TLS alone: connect with sslmode=verify-full"
            )
        return await self._known(connection, first, encrypted=encrypted)

    async def _known(self, connection: Connection, start: messages.Startup, *, encrypted: bool) -> Client:
        name = start.parameters.get("user", "")
        user = self.users().get(name)
        exchange = Exchange(
            verifier_of_nobody(name, self.secret) if user is None else user.verifier,
            secrets.token_urlsafe(18),
            self.tls.certificate_hash if self.tls is not None and encrypted else None,
        )
        await connection.send(answers.sasl(exchange.mechanisms))
        mechanism, data = initial_response(await connection.password())
        await connection.send(answers.sasl_continue(exchange.first(mechanism, data)))
        proof = exchange.final(await connection.password())
        if user is None:
            raise RefusalError(INVALID_PASSWORD, "user or password is wrong")
        connection.write(answers.sasl_final(proof))
        return Client(name, user, start)
