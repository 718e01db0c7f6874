"""Types of parameters that a client left open, as far as the statement tells: DuckDB tells none.

asyncpg and pgx write a parameter as the type they are told of it. What is told here is what the parameter is
cast to, or the type of the column it is compared with; the rest stays open and is text.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.pgwire import oids
from pipeline.pgwire.oids import ARRAY_OF

_NAMES: Final = {
    "bigint": oids.INT8,
    "blob": oids.BYTEA,
    "bool": oids.BOOL,
    "boolean": oids.BOOL,
    "bpchar": oids.TEXT,
    "bytea": oids.BYTEA,
    "char": oids.TEXT,
    "date": oids.DATE,
    "decimal": oids.NUMERIC,
    "double": oids.FLOAT8,
    "float": oids.FLOAT4,
    "float4": oids.FLOAT4,
    "float8": oids.FLOAT8,
    "int": oids.INT4,
    "int2": oids.INT2,
    "int4": oids.INT4,
    "int8": oids.INT8,
    "integer": oids.INT4,
    "json": oids.JSON,
    "name": oids.TEXT,
    "numeric": oids.NUMERIC,
    "oid": oids.OID,
    "real": oids.FLOAT4,
    "smallint": oids.INT2,
    "string": oids.TEXT,
    "text": oids.TEXT,
    "timestamp": oids.TIMESTAMP,
    "timestamp with time zone": oids.TIMESTAMPTZ,
    "timestamptz": oids.TIMESTAMPTZ,
    "ubigint": oids.NUMERIC,
    "uinteger": oids.INT8,
    "usmallint": oids.INT4,
    "utinyint": oids.INT2,
    "uuid": oids.UUID,
    "varchar": oids.TEXT,
}
_COMPARES: Final = {"COMPARE_IN", "COMPARE_NOT_IN"}


def parameter_types(tree: Any, columns: Mapping[str, int]) -> tuple[int, ...]:
    """Return the OID of each parameter's type, ``$1`` first; 0 where it is open.

    Args:
        tree: a statement as ``json_serialize_sql`` gives it.
        columns: OIDs of the types of columns, by name in lower case: those that have one type everywhere.
    """
    found: dict[int, int] = {}
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if (number := _number(node)) is not None:
                found.setdefault(number, 0)
            for number, oid in _told(node, columns):
                if oid and not found.get(number):
                    found[number] = oid
            waiting += node.values()
    return tuple(found.get(number, 0) for number in range(1, max(found, default=0) + 1))


def _told(node: dict[str, Any], columns: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of parameters in ``node`` with their types."""
    kind, of_expression = node.get("type"), node.get("class")
    if of_expression == "CAST":
        yield from _same([node["child"]], _type(node["type_expr"]))
    elif kind == "LIMIT_MODIFIER":
        yield from _same([node.get("limit"), node.get("offset")], oids.INT8)
    elif of_expression == "COMPARISON":
        yield from _compared([node["left"], node["right"]], columns)
    elif of_expression == "BETWEEN":
        yield from _compared([node["input"], node["lower"], node["upper"]], columns)
    elif isinstance(kind, str) and kind in _COMPARES:
        yield from _compared(node["children"], columns)


def _compared(sides: list[Any], columns: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    for side in sides:
        if side.get("class") == "COLUMN_REF":
            yield from _same(sides, columns.get(str(side["column_names"][-1]).lower(), 0))
        elif side.get("class") == "CAST":
            yield from _same(sides, _type(side["type_expr"]))


def _same(sides: list[Any], oid: int) -> Iterator[tuple[int, int]]:
    for side in sides:
        if isinstance(side, dict) and (number := _number(side)) is not None:
            yield number, oid


def _number(node: dict[str, Any]) -> int | None:
    name = str(node.get("identifier", "")) if node.get("class") == "PARAMETER" else ""
    return int(name) if name.isdecimal() and len(name) < 6 else None


def _type(of: dict[str, Any]) -> int:
    name = str(of.get("type_name", "")).lower()
    if name in {"list", "array"} and of.get("children"):
        return ARRAY_OF.get(_type(of["children"][0]), 0)
    return _NAMES.get(name, 0)
