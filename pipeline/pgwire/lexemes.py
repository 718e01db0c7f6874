"""A statement as words, strings, names and signs, each with its place, and back."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.pgwire.statements import tokens


@dataclass(slots=True)
class Lexeme:
    """A piece of code.

    Attributes:
        kind: as ``tokens`` tells it: ``word``, ``name``, ``string``, ``escaped``, ``number``, ``other`` ...
        text: what it says, or is changed to say.
        start: where it stood in the statement.
        end: where it ended.
        spaced: whether space or a comment stood before it.
    """

    kind: str
    text: str
    start: int
    end: int
    spaced: bool

    @property
    def word(self) -> str:
        """The word or quoted name in small letters; empty for anything else."""
        if self.kind == "word":
            return self.text.lower()
        return self.text[1:-1].lower() if self.kind == "name" else ""


def read(statement: str) -> list[Lexeme]:
    """Return the code of the statement, without space and comments."""
    found: list[Lexeme] = []
    spaced = False
    for kind, start, end in tokens(statement):
        if kind in {"space", "comment"}:
            spaced = True
        else:
            found.append(Lexeme(kind, statement[start:end], start, end, spaced))
            spaced = False
    return found


def laid(found: Sequence[Lexeme], length: int) -> str:
    """Return the code as text, each piece at its place or as near behind it as it fits."""
    parts: list[str] = []
    position = 0
    for lexeme in found:
        gap = max(lexeme.start - position, int(lexeme.spaced and position > 0))
        parts += [" " * gap, lexeme.text]
        position += gap + len(lexeme.text)
    return "".join(parts).ljust(length)


def texts(found: Sequence[Lexeme], first: int, count: int) -> str:
    """Return what ``count`` pieces say together from place ``first`` on; those there aren't say nothing."""
    return "".join(lexeme.text for lexeme in found[max(first, 0) : max(first + count, 0)])
