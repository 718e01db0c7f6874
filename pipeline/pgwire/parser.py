"""Texts parsed in a process of its own, because nothing can stop DuckDB's parser.

DuckDB 2.0's parser takes exponential time for some texts: ``WITH a AS (WITH b AS (`` four times over, 88
characters, takes six seconds, eight times over no end was seen; 1000 unary minuses or opening brackets
without what they need take a second and 0.2 GB. ``interrupt()`` does nothing meanwhile. What a child process
can't parse in time is refused and the child killed; what it could parse costs the owner of the store the same
little time.
"""

import asyncio
import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Final, Self

from pipeline.pgwire.admission import Allowed, judge
from pipeline.pgwire.dialect import translate
from pipeline.pgwire.inference import parameter_types
from pipeline.pgwire.parser_child import LENGTH
from pipeline.pgwire.refusal import STATEMENT_TOO_COMPLEX, SYNTAX_ERROR, RefusalError
from pipeline.pgwire.statements import Piece, after_explain, split

PARSE_SECONDS: Final = 1.0
"""Longest time for one statement. A large dashboard's query of 10 kB takes 20 ms."""

MAX_TREE_BYTES: Final = 2_097_152
"""Largest syntax tree, about 70 bytes for each byte of text; judging it holds up the event loop for 0.1 s."""

START_SECONDS: Final = 30.0
"""Longest time for a new process to answer, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A statement that may run.

    Attributes:
        text: what to run; exactly one statement to DuckDB, or none.
        start: characters of the query before it.
        empty: whether there is nothing to run: comments alone.
        explains: whether it is an EXPLAIN.
        types: OIDs of the types of its parameters, ``$1`` first; 0 where the statement doesn't tell.
    """

    text: str
    start: int
    empty: bool
    explains: bool
    types: tuple[int, ...] = ()


class Parser:
    """Admits statements. One at a time is parsed; the others wait."""

    def __init__(self, seconds: float = PARSE_SECONDS) -> None:
        self._seconds = seconds
        self._child: _Child | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Return itself; the process starts with the first statement."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process."""
        self._stop()

    async def admit(self, query: str, allowed: Allowed) -> list[Admitted]:
        """Return the statements of ``query``, all of which may run.

        Raises RefusalError if any of them may not: then none is to run.
        """
        return [await self.admit_one(piece, allowed) for piece in split(query)]

    async def admit_one(self, piece: Piece, allowed: Allowed) -> Admitted:
        """Return one statement of a query; raises RefusalError if it may not run."""
        piece = Piece(translate(piece.text), piece.start)
        explained = after_explain(piece)
        judged = explained or piece
        try:
            tree = await self._tree(judged.text)
            found = judge(tree, allowed)
        except RefusalError as error:
            raise error.moved(judged.start) from None
        if explained and not found:
            raise RefusalError(SYNTAX_ERROR, "EXPLAIN what? Give a SELECT after it", piece.start + 1)
        types = parameter_types(tree, allowed.columns)
        return Admitted(piece.text, piece.start, not found, explained is not None, types)

    async def _tree(self, text: str) -> dict[str, Any]:
        async with self._turn:
            try:
                async with asyncio.timeout(START_SECONDS):
                    child = await self._started()
                async with asyncio.timeout(self._seconds):
                    answer = await child.asked(text)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                self._stop()
                raise _too_complex() from None
            except BaseException:
                self._stop()  # an answer that nobody read must not become the next one's
                raise
        try:
            tree: dict[str, Any] = json.loads(answer) if len(answer) <= MAX_TREE_BYTES else {}
        except RecursionError:
            raise _too_complex() from None
        if not tree:
            raise _too_complex()
        return tree

    async def _started(self) -> "_Child":
        if self._child is None:
            self._child = _Child()
            await self._child.connect()
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()


class _Child:
    """The process that parses, and the socket to it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pipeline.pgwire.parser_child"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,  # how it ended is said to the client
            )
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(sock=self._socket)
        await self.asked("")  # what it imports is there

    async def asked(self, text: str) -> bytes:
        assert self._writer is not None
        message = text.encode("utf-8", "replace")
        self._writer.write(LENGTH.pack(len(message)) + message)
        await self._writer.drain()
        (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
        return await self._reader.readexactly(length)

    def kill(self) -> None:
        (self._writer or self._socket).close()
        self._process.kill()
        self._process.wait()


def _too_complex() -> RefusalError:
    return RefusalError(
        STATEMENT_TOO_COMPLEX, "the statement is too complex to be parsed in time: nest less, or ask in parts"
    )
