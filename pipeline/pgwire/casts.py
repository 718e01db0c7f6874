"""Casts to regclass and its like, which turn names into OIDs and OIDs into names, as calls of macros."""

from collections.abc import Sequence
from typing import Final

from pipeline.pgwire.lexemes import Lexeme, texts
from pipeline.pgwire.refusal import STATEMENT_TOO_COMPLEX, RefusalError

MOST_CASTS: Final = 100
"""In one statement; each costs a walk over its operand."""

_KINDS: Final = {
    "regclass": "rel",
    "regtype": "typ",
    "regproc": "prc",
    "regprocedure": "prc",
    "regnamespace": "nsp",
    "regrole": "rol",
}
_OPENING: Final = {"(", "["}
_CLOSING: Final = {")", "]"}


def called(found: list[Lexeme]) -> list[Lexeme]:
    """Return the code with ``rel_oid(x)`` for ``x::regclass`` and ``CAST(x AS regclass)``, and so on.

    A literal or a parameter is a name and gives an OID; anything else is an OID and gives a name, as in
    ``rel_txt``.
    Raises RefusalError for more than ``MOST_CASTS``.
    """
    if sum(lexeme.word in _KINDS for lexeme in found) > MOST_CASTS:
        raise RefusalError(
            STATEMENT_TOO_COMPLEX, f"more than {MOST_CASTS} casts to regclass and its like: ask in parts"
        )
    return _postfix(_cast(found))


def _cast(found: list[Lexeme]) -> list[Lexeme]:
    gone: set[int] = set()
    for place, lexeme in enumerate(found):
        if lexeme.word not in _KINDS or texts(found, place + 1, 1) != ")":
            continue
        opening = _partner(found, place + 1)
        if opening < 1 or found[opening - 1].word != "cast" or texts(found, place - 1, 1).lower() != "as":
            continue
        found[opening - 1].text = _macro(lexeme, found[opening + 1 : place - 1], "")
        gone |= {place - 1, place}
    return [lexeme for place, lexeme in enumerate(found) if place not in gone]


def _postfix(found: list[Lexeme]) -> list[Lexeme]:
    place = 0
    while place < len(found):
        lexeme = found[place]
        if lexeme.word in _KINDS and place > 2 and texts(found, place - 2, 2) == "::":
            first = _operand(found, place - 3)
            operand = found[first : place - 2]
            at, spaced = operand[0].start, operand[0].spaced
            operand[0].spaced = False
            found = [
                *found[:first],
                Lexeme("word", _macro(lexeme, operand, texts(found, place + 1, 3)), at, at, spaced),
                Lexeme("other", "(", at, at, spaced=False),
                *operand,
                Lexeme("other", ")", lexeme.start, lexeme.end, spaced=False),
                *found[place + 1 :],
            ]
        place += 1
    return found


def _macro(kind: Lexeme, operand: Sequence[Lexeme], behind: str) -> str:
    names = bool(operand) and (operand[0].kind in {"string", "escaped"} or operand[0].text in {"$", "?"})
    if _KINDS[kind.word] == "prc" and behind.lower() != "::oid":
        names = False  # columns of type regproc hold names
    return f"{_KINDS[kind.word]}_{'oid' if names else 'txt'}"


def _operand(found: Sequence[Lexeme], last: int) -> int:
    """Return where the operand of a ``::`` begins that ends at ``last``."""
    place = last
    while place > 0:
        if found[place].text in _CLOSING:
            place = _partner(found, place)
            # with space before a bracket what stands there may be a keyword
            before = found[place - 1] if place and not found[place].spaced else None
            if before and (before.kind in {"word", "name"} or before.text in _CLOSING):
                place -= 1
                continue
        if texts(found, place - 1, 1) == ".":
            place -= 2
        elif texts(found, place - 2, 2) == "::":
            place -= 3
        else:
            return place - 1 if texts(found, place - 1, 1) == "$" else max(place, 0)
    return max(place, 0)


def _partner(found: Sequence[Lexeme], closing: int) -> int:
    """Return where the bracket opens that closes at ``closing``; 0 if it never does."""
    depth = 0
    for place in range(closing, -1, -1):
        if found[place].text in _CLOSING:
            depth += 1
        elif found[place].text in _OPENING:
            depth -= 1
            if depth == 0:
                return place
    return 0
