"""Statements with their parameters' types written in: their columns have types before there are values."""

from collections.abc import Sequence
from typing import Final

from pipeline.pgwire import oids
from pipeline.pgwire.oids import ELEMENT_OF
from pipeline.pgwire.statements import tokens

OPEN: Final = frozenset({0, oids.TEXT, oids.VARCHAR, oids.BPCHAR, oids.UNKNOWN})
"""What clients say of a parameter that may be anything: as they write it, it is text."""

_NAMES: Final = {
    oids.BOOL: "BOOLEAN",
    oids.INT2: "SMALLINT",
    oids.INT4: "INTEGER",
    oids.INT8: "BIGINT",
    oids.FLOAT4: "FLOAT",
    oids.FLOAT8: "DOUBLE",
    oids.DATE: "DATE",
    oids.TIMESTAMP: "TIMESTAMP",
    oids.TIMESTAMPTZ: "TIMESTAMPTZ",
    oids.UUID: "UUID",
    oids.BYTEA: "BLOB",
}


def merged(given: Sequence[int], found: Sequence[int]) -> tuple[int, ...]:
    """Return the types of all parameters: as the client said, else as the statement has them, 0 if open."""
    length = max(len(given), len(found))
    said, had = ([*some, *[0] * (length - len(some))] for some in (given, found))
    return tuple(
        had_it if said_it in OPEN and had_it else said_it for said_it, had_it in zip(said, had, strict=True)
    )


def with_types(text: str, types: Sequence[int]) -> str:
    """Return the statement with a cast of each parameter, ``$1`` first, whose type DuckDB has, too."""
    parts, end = [], 0
    dollar = -1
    for kind, start, stop in tokens(text):
        if kind == "number" and start == dollar and (name := _name(types, text[start:stop])):
            parts += [text[end : start - 1], f"CAST(${text[start:stop]} AS {name})"]
            end = stop
        dollar = stop if kind == "other" and text[start:stop] == "$" else -1
    return "".join([*parts, text[end:]])


def _name(types: Sequence[int], number: str) -> str | None:
    place = int(number) if len(number) < 6 else 0
    oid = types[place - 1] if 0 < place <= len(types) else 0
    if name := _NAMES.get(oid):
        return name
    return f"{name}[]" if (name := _NAMES.get(ELEMENT_OF.get(oid, 0))) else None
