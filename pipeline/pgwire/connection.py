"""A client's socket: whole messages in, answers out at the pace the client takes them."""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine

from pipeline.pgwire import framing, messages
from pipeline.pgwire.limits import SEND_SECONDS
from pipeline.pgwire.refusal import PROTOCOL_VIOLATION, RefusalError

GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError, ssl.SSLError)
"""What a client that has left, or never meant to come, looks like."""


class Reader(asyncio.StreamReader):
    """What a client sends; ``ended`` is set when nothing more comes, though not all may have been read."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        """Take that the client has closed."""
        self.ended.set()
        super().feed_eof()

    def set_exception(self, exc: Exception) -> None:
        """Take that the connection broke."""
        self.ended.set()
        super().set_exception(exc)


class Connection:
    """Messages of one client."""

    def __init__(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def while_there(self, doing: Coroutine[None, None, None]) -> None:
        """Do something as long as the client is there; raises ConnectionResetError when it leaves before."""
        task = asyncio.ensure_future(doing)
        left = asyncio.ensure_future(self._reader.ended.wait())
        try:
            await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ConnectionResetError("the client has left")
            task.result()
        finally:
            left.cancel()
            task.cancel()
            while not task.done():  # what it uses is closed next
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # what it failed with when nobody was there any more is nobody's

    async def first(self) -> messages.First:
        """Return the next message that has no kind."""
        head = await self._reader.readexactly(framing.STARTUP_HEAD_BYTES)
        return framing.decode_startup(await self._reader.readexactly(framing.startup_length(head)))

    async def message(self, *, known: bool) -> tuple[bytes, bytes]:
        """Return kind and body of the next message; ``known`` is the client after logging in."""
        head = await self._reader.readexactly(framing.HEAD_BYTES)
        return head[:1], await self._reader.readexactly(framing.length(head, known=known))

    async def password(self) -> bytes:
        """Return the answer to a demand for authentication."""
        message = framing.decode(*await self.message(known=False))
        if not isinstance(message, messages.Password):
            raise RefusalError(PROTOCOL_VIOLATION, "log in first")
        return message.data

    async def encrypt(self, context: ssl.SSLContext, answer: bytes) -> None:
        """Speak TLS from now on; raises RefusalError for a client that said more before it.

        Who is between could have put it there, and it would be taken for what the client says under TLS.
        """
        try:
            async with asyncio.timeout(0):
                early = await self._reader.read(1)
        except TimeoutError:
            early = b""
        if early:
            raise RefusalError(PROTOCOL_VIOLATION, "nothing may be said between asking for TLS and its start")
        self._writer.write(answer)
        await self._writer.start_tls(context)

    def write(self, data: bytes) -> None:
        """Have ``data`` sent with what is sent next."""
        self._writer.write(data)

    async def send(self, data: bytes = b"") -> None:
        """Send ``data`` and what waits; returns when the client has taken most of it."""
        self._writer.write(data)
        async with asyncio.timeout(SEND_SECONDS):
            await self._writer.drain()

    async def close(self) -> None:
        """End it."""
        self._writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except GONE:
            self._writer.transport.abort()
