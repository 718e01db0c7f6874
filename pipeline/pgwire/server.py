"""The listener: a session for each client that comes in, up to a number of them."""

import asyncio
import secrets
from dataclasses import dataclass, field

import structlog

from pipeline.pgwire import answers, messages
from pipeline.pgwire.asking import Asking
from pipeline.pgwire.connection import GONE, Connection, Reader
from pipeline.pgwire.journal import Journal
from pipeline.pgwire.limits import LOGIN_SECONDS, REFUSED_SECONDS, Limits
from pipeline.pgwire.login import Client, Door
from pipeline.pgwire.parser import Parser
from pipeline.pgwire.readers import Readers
from pipeline.pgwire.refusal import INTERNAL, QUERY_CANCELED, SHUTDOWN, TOO_MANY_CONNECTIONS, RefusalError
from pipeline.pgwire.results import Budget
from pipeline.pgwire.running import Runner
from pipeline.pgwire.session import Session
from pipeline.pgwire.settings import REPORTED, Settings
from pipeline.pgwire.telling import SqlMetrics, Told
from pipeline.pgwire.workers import Workers

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Server:
    """Answers PostgreSQL clients, each in a task of its own."""

    readers: Readers
    door: Door
    journal: Journal
    limits: Limits
    parser: Parser
    workers: Workers
    budget: Budget
    metrics: SqlMetrics
    running: dict[tuple[int, bytes], Runner] = field(default_factory=dict)
    """Sessions by process number and key."""
    _last: int = 0
    _inside: int = 0
    _waiting: list[asyncio.Timeout] = field(default_factory=list)
    """Of those that are logging in, who came first first."""

    async def __call__(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        connection = Connection(reader, writer)
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        try:
            client = await self._entered(connection)
            if client is not None:
                try:
                    await self._serve(connection, client, peer)
                finally:
                    self._inside -= 1
        except RefusalError as error:
            self.metrics.refusal(error.sqlstate)
            log.info("connection refused", peer=peer, sqlstate=error.sqlstate, reason=error.message)
            connection.write(answers.error(error, "FATAL"))
        except asyncio.CancelledError:
            connection.write(answers.error(RefusalError(SHUTDOWN, "the server shuts down"), "FATAL"))
        except GONE:
            log.debug("client gone", peer=peer)
        except Exception:
            log.exception("session failed", peer=peer)
            connection.write(
                answers.error(RefusalError(INTERNAL, "the server made an error: see its log"), "FATAL")
            )
        finally:
            await connection.close()

    async def _entered(self, connection: Connection) -> Client | None:
        if len(self._waiting) >= self.limits.connections:
            # whoever waits longest has not come to log in
            self._waiting.pop(0).reschedule(asyncio.get_running_loop().time())
        async with asyncio.timeout(LOGIN_SECONDS) as patience:
            self._waiting.append(patience)
            try:
                client = await self.door.enter(connection)
            except RefusalError:
                self.metrics.login("refused")
                await asyncio.sleep(REFUSED_SECONDS)
                raise
            finally:
                if patience in self._waiting:
                    self._waiting.remove(patience)
        if isinstance(client, messages.Cancel):
            if found := self.running.get((client.process, client.key)):
                found.stop(RefusalError(QUERY_CANCELED, "canceling statement due to user request"))
            return None
        if self._inside >= self.limits.connections:
            raise self._full()
        self._inside += 1  # before anything is awaited: others come meanwhile
        self.metrics.login("let in")
        return client

    def _full(self) -> RefusalError:
        return RefusalError(
            TOO_MANY_CONNECTIONS, f"there are {self.limits.connections} sessions already: close some"
        )

    async def _serve(self, connection: Connection, client: Client, peer: str) -> None:
        fabrics = client.user.fabrics
        self._last += 1
        key = (self._last, secrets.token_bytes(4))
        duck = await asyncio.to_thread(self.readers.connection, client.name, fabrics)
        runner = self.running[key] = Runner(duck, self.limits, self.budget, self.journal)
        settings = Settings(client.name)
        for name, value in client.start.parameters.items():
            settings.start(name, value)
        asking = Asking(self.parser, self.readers.allowed(fabrics), runner, self.workers, settings)
        self.metrics.session(1)
        try:
            unknown = [name for name in client.start.parameters if name.startswith("_pq_.")]
            if client.start.minor or unknown:
                connection.write(answers.negotiate_version(0, unknown))
            connection.write(answers.AUTHENTICATED)
            for name in REPORTED:
                connection.write(answers.parameter_status(*settings.value(name)))
            await connection.send(answers.backend_key(*key) + answers.ready("I"))
            session = Session(connection, asking, Told(self.metrics, client.name, peer))
            await connection.while_there(session.run())
        finally:
            self.metrics.session(-1)
            del self.running[key]
            asking.close_all()
            runner.close()
