"""What only PostgreSQL's SQL has, in the words of DuckDB's: the queries by which clients ask for catalogs.

Only code is changed, never what is in a string or a quoted name, and a statement keeps its length: a place in
what comes out is the place in what came in. Nothing is admitted by this: what comes out is judged.
"""

import re
from typing import Final

from pipeline.pgwire.casts import called
from pipeline.pgwire.lexemes import Lexeme, laid, read, texts

_CHANGED: Final = re.compile(
    r"pg_catalog|information_schema|current_setting|jsonb?_build|reg[a-z]+|operator|collate|'\{",
    re.IGNORECASE,
)
"""A text without any of these stays as it is."""

_FUNCTIONS: Final = {
    "current_setting": "pg_setting",
    "json_build_array": "json_array",
    "json_build_object": "json_object",
    "jsonb_build_array": "json_array",
    "jsonb_build_object": "json_object",
}
"""The names of functions here, none longer than PostgreSQL's."""

_BINARY_COLLATIONS: Final = {"default", "c", "posix", "ucs_basic"}
_ARRAY: Final = re.compile(r"'\{([^{}'\"\\]*)\}'")


def translate(statement: str) -> str:
    """Return the statement as DuckDB takes it, of the same length.

    - ``pg_catalog.`` goes: tables, functions and types are found without it.
    - ``information_schema.`` becomes ``information.``, since DuckDB keeps the name for its own.
    - ``current_setting(`` becomes ``pg_setting(``, which knows PostgreSQL's settings and none of DuckDB's;
      ``json_build_object(`` becomes ``json_object(``, and so on.
    - ``OPERATOR(pg_catalog.~)`` becomes ``~``; a collation that is binary anyway goes.
    - Casts to regclass and its like become calls (``pipeline.pgwire.casts``).
    - ``'{a,b}'::text[]`` becomes ``'[a,b]'::text[]``.

    Raises RefusalError for more casts than any client asks for.
    """
    if not _CHANGED.search(statement):
        return statement
    found = read(statement)
    for rule in (_unqualified, _arrays, _operators, _collations, _functions, called):
        found = rule(found)
    return laid(found, len(statement))


def _unqualified(found: list[Lexeme]) -> list[Lexeme]:
    kept: list[Lexeme] = []
    place = 0
    while place < len(found):
        lexeme = found[place]
        qualifies = texts(found, place + 1, 1) == "." and texts(kept, len(kept) - 1, 1) != "."
        if qualifies and lexeme.word == "pg_catalog":
            place += 2
            continue
        if qualifies and lexeme.word == "information_schema":
            lexeme.kind, lexeme.text = "word", "information"
        kept.append(lexeme)
        place += 1
    return kept


def _arrays(found: list[Lexeme]) -> list[Lexeme]:
    for place, lexeme in enumerate(found):
        written = _ARRAY.fullmatch(lexeme.text) if lexeme.kind == "string" else None
        if written and texts(found, place + 1, 2) == "::" and "[" in texts(found, place + 3, 2):
            lexeme.text = f"'[{written[1]}]'"
    return found


def _operators(found: list[Lexeme]) -> list[Lexeme]:
    kept: list[Lexeme] = []
    inside = False
    for place, lexeme in enumerate(found):
        if lexeme.kind == "word" and lexeme.word == "operator" and texts(found, place + 1, 1) == "(":
            inside = True
        elif inside and lexeme.text in {"(", ")"}:
            inside = lexeme.text == "("
        else:
            kept.append(lexeme)
    return kept


def _collations(found: list[Lexeme]) -> list[Lexeme]:
    kept: list[Lexeme] = []
    for place, lexeme in enumerate(found):
        if lexeme.word in _BINARY_COLLATIONS and texts(found, place - 1, 1).lower() == "collate":
            kept.pop()
        else:
            kept.append(lexeme)
    return kept


def _functions(found: list[Lexeme]) -> list[Lexeme]:
    for place, lexeme in enumerate(found):
        called_alone = texts(found, place + 1, 1) == "(" and texts(found, place - 1, 1) != "."
        if lexeme.kind == "word" and called_alone:
            lexeme.text = _FUNCTIONS.get(lexeme.word, lexeme.text)
    return found
