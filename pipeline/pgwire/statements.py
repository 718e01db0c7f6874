"""The text of a query cut into statements, before any parser has seen it.

A wrong cut admits nothing: each piece is parsed and judged by itself, and a piece that DuckDB reads as two
statements is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.pgwire.refusal import PROGRAM_LIMIT_EXCEEDED, RefusalError

MAX_QUERY_BYTES: Final = 65_536
"""Longest text of a query, all its statements together, as UTF-8."""

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*+(?:'|\Z))
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d+)
    | (?P<string>'(?:[^']|'')*+(?:'|\Z))
    | (?P<name>"(?:[^"]|"")*+(?:"|\Z))
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$)
    | (?P<end>;)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK: Final = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a query.

    Attributes:
        text: the statement without its semicolon; comments alone are a statement that does nothing.
        start: characters of the query before it.
    """

    text: str
    start: int


def split(query: str) -> list[Piece]:
    """Return the statements of ``query``; what holds neither code nor a comment is none.

    Raises RefusalError for a text longer than ``MAX_QUERY_BYTES``.
    """
    size = len(query.encode("utf-8", "surrogatepass"))
    if size > MAX_QUERY_BYTES:
        raise RefusalError(
            PROGRAM_LIMIT_EXCEEDED,
            f"the query has {size} bytes, the limit is {MAX_QUERY_BYTES}: ask for less at once",
        )
    pieces, start = [], 0
    for kind, position, _ in tokens(query):
        if kind == "end":
            pieces.append(Piece(query[start:position], start))
            start = position + 1
    pieces.append(Piece(query[start:], start))
    return [piece for piece in pieces if piece.text.strip()]


def after_explain(piece: Piece) -> Piece | None:
    """Return what the statement explains, with any options before it; None if it is no EXPLAIN."""
    for kind, position, end in tokens(piece.text):
        if kind in {"space", "comment"}:
            continue
        if kind == "word" and piece.text[position:end].upper() == "EXPLAIN":
            return Piece(piece.text[end:], piece.start + end)
        return None
    return None


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of each token; one that never ends reaches to the end of the text."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None  # "other" is any character
        kind, end = str(match.lastgroup), match.end()
        if kind == "dollar":
            kind = "string"
            closed = text.find(match["dollar"], end)
            end = len(text) if closed < 0 else closed + len(match["dollar"])
        elif kind == "comment":
            end = _end_of_comment(text, end)
        yield kind, position, end
        position = end


def _end_of_comment(text: str, position: int) -> int:
    """Return where the comment ends that is open at ``position``; comments nest."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)
