"""Statements as a session keeps them: admitted, or read as a command."""

from dataclasses import dataclass

from pipeline.pgwire.admission import Allowed
from pipeline.pgwire.commands import Command, Declare
from pipeline.pgwire.grammar import read_command
from pipeline.pgwire.parser import Parser
from pipeline.pgwire.statements import Piece, split


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that may run.

    Attributes:
        text: what DuckDB is asked; of a command that is the question it declares, if any.
        command: what the session is told to do; None: to ask.
        explains: whether it is an EXPLAIN.
        parameters: OIDs of its parameters' types, as clients are told.
        given: which of them the client gave a type; text of the others is DuckDB's to read.
        start: characters of the query before it.
    """

    text: str
    command: Command | None = None
    explains: bool = False
    parameters: tuple[int, ...] = ()
    given: tuple[bool, ...] = ()
    start: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do: comments alone."""
        return not self.text and self.command is None


async def admitted(parser: Parser, query: str, allowed: Allowed) -> list[Statement]:
    """Return the statements of ``query``; raises RefusalError if any may not run: then none is to."""
    return [await _admitted(parser, piece, allowed) for piece in split(query)]


async def _admitted(parser: Parser, piece: Piece, allowed: Allowed) -> Statement:
    command = read_command(piece)
    if command is not None and not isinstance(command, Declare):
        return Statement("", command)
    found = await parser.admit_one(piece if command is None else command.question, allowed)
    return Statement(
        "" if found.empty else found.text, command, found.explains, found.types, start=found.start
    )
