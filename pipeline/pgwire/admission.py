"""Which statements may run: those whose syntax tree holds nothing but reading the views of ``main``.

What is admitted is listed, what is not listed is refused: kinds of nodes, tables and table functions. Judged
is DuckDB's own tree (``json_serialize_sql``), never the text.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.pgwire.refusal import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    READ_ONLY,
    STATEMENT_TOO_COMPLEX,
    SYNTAX_ERROR,
    UNDEFINED_TABLE,
    RefusalError,
)
from pipeline.pgwire.vocabulary import (
    DESCRIPTIONS,
    EXPRESSIONS,
    FORBIDDEN_FAMILIES,
    FORBIDDEN_FUNCTIONS,
    FORBIDDEN_TYPES,
    PATTERNED,
    STRUCTURES,
    TABLE_FUNCTIONS,
)

_WIDE: Final = re.compile(r"\d{4,}|\*|\{[^}]*\{")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be read.

    Attributes:
        relations: names of views in lower case, by schema; a name without schema is one of ``main``.
        table_functions: names of table functions and table macros in lower case.
        columns: OIDs of the types of columns by name in lower case, of those that have one type everywhere.
    """

    relations: Mapping[str, frozenset[str]]
    table_functions: frozenset[str] = TABLE_FUNCTIONS
    columns: Mapping[str, int] = field(default_factory=dict)


def judge(answer: Mapping[str, Any], allowed: Allowed) -> bool:
    """Return whether there is anything to run in what ``json_serialize_sql`` says of one statement.

    Raises RefusalError for what is not one SELECT over what is ``allowed``, or can't be parsed.
    """
    if answer["error"]:
        raise _not_parsed(answer)
    statements: Sequence[Mapping[str, Any]] = answer["statements"]
    if not statements:
        return False
    if len(statements) > 1:
        raise RefusalError(SYNTAX_ERROR, "this is more than one statement: separate them by ';'")
    _walk(statements[0], allowed)
    return True


def _not_parsed(answer: Mapping[str, Any]) -> RefusalError:
    message = str(answer["error_message"]).split("\n", 1)[0]
    if message.startswith("Only SELECT statements"):
        return RefusalError(
            READ_ONLY,
            "only SELECT, and EXPLAIN of a SELECT without ANALYZE, can be run here: the store is read-only",
        )
    if answer["error_type"] == "not implemented":
        return RefusalError(FEATURE_NOT_SUPPORTED, message)
    if answer["error_type"] != "parser" or message.startswith("Max expression depth"):
        return RefusalError(STATEMENT_TOO_COMPLEX, "the statement is nested too deeply: ask in parts")
    position = answer.get("position")
    return RefusalError(SYNTAX_ERROR, message, None if position is None else int(position) + 1)


def _walk(statement: Any, allowed: Allowed) -> None:
    """Judge each node of a tree; ``scope`` holds the names that WITH has given where it is."""
    waiting: list[tuple[Any, frozenset[str]]] = [(statement, frozenset())]
    while waiting:
        node, scope = waiting.pop()
        if isinstance(node, list):
            waiting += [(child, scope) for child in node]
        elif isinstance(node, dict):
            _judge_kind(node)
            _judge_names(node, scope, allowed)
            waiting += _children(node, scope)


def _children(node: dict[str, Any], scope: frozenset[str]) -> list[tuple[Any, frozenset[str]]]:
    """Return what is in ``node``, each with the names it sees.

    A query in WITH sees those before it and not itself: ``WITH x AS (FROM x)`` reads the table ``x``. Only
    the right side of a recursion sees its own name.
    """
    found: list[tuple[Any, frozenset[str]]] = []
    for entry in (node.get("cte_map") or {}).get("map", []):
        found.append((entry["value"], scope))
        scope |= {_folded(entry["key"])}
    for key, child in node.items():
        if key == "right" and node.get("type") == "RECURSIVE_CTE_NODE":
            found.append((child, scope | {_folded(node["cte_name"])}))
        elif key == "function" and node.get("type") == "TABLE_FUNCTION":
            found.append((child | {"function_name": ""}, scope))  # judged already, but for its arguments
        elif key != "cte_map" and isinstance(child, (dict, list)):
            found.append((child, scope))
    return found


def _judge_kind(node: dict[str, Any]) -> None:
    kind, of_expression = node.get("type"), node.get("class")
    if of_expression is not None:
        if of_expression not in EXPRESSIONS:
            raise RefusalError(FEATURE_NOT_SUPPORTED, f"{of_expression} can't be used here")
    elif isinstance(kind, str) and kind not in STRUCTURES:
        if kind.endswith("_QUERY_NODE"):
            verb = kind.removesuffix("_QUERY_NODE")
            raise RefusalError(READ_ONLY, f"{verb} can't be run here: the store is read-only")
        raise RefusalError(FEATURE_NOT_SUPPORTED, f"{kind} can't be used here")


def _judge_names(node: dict[str, Any], scope: frozenset[str], allowed: Allowed) -> None:
    if "class" in node:
        _judge_expression(node)
    elif node.get("type") == "BASE_TABLE":
        _judge_table(node, scope, allowed)
    elif node.get("type") == "TABLE_FUNCTION":
        _judge_table_function(node["function"], allowed)
    elif node.get("type") == "SHOW_REF" and not (node["query"] and node["show_type"] in DESCRIPTIONS):
        raise RefusalError(FEATURE_NOT_SUPPORTED, "SHOW can't be used here: ask information_schema.tables")


def _judge_expression(node: dict[str, Any]) -> None:
    if node["class"] == "TYPE" and _folded(str(node.get("type_name", ""))) in FORBIDDEN_TYPES:
        raise RefusalError(FEATURE_NOT_SUPPORTED, f"the type {node['type_name']} can't be used here")
    name = _folded(str(node.get("function_name", "")))
    reason = "is DuckDB's own" if name.startswith("__internal") else FORBIDDEN_FUNCTIONS.get(name)
    if name.startswith(FORBIDDEN_FAMILIES):
        reason = "reads formats that only this process would see crash"
    if node.get("catalog") or _folded(str(node.get("schema", ""))) == "system":
        reason = "is bounded only as a plain name"  # the macros of main are in the way of DuckDB's own
    if reason:
        raise RefusalError(INSUFFICIENT_PRIVILEGE, f"function {name[:64]} can't be used here: it {reason}")
    if name in PATTERNED:
        _judge_pattern(name, node)


def _judge_pattern(name: str, node: dict[str, Any]) -> None:
    """Refuse widths of printf and format that fill the memory: they escape each limit DuckDB has."""
    arguments = node.get("arguments") or node.get("children") or [{}]
    pattern = arguments[0].get("expression", arguments[0])
    literal = pattern.get("literal") or pattern.get("value") or {}
    text = literal.get("text", literal.get("value")) if pattern.get("class") == "CONSTANT" else None
    if not isinstance(text, str) or _WIDE.search(text):
        raise RefusalError(
            INSUFFICIENT_PRIVILEGE,
            f"{name} takes a literal pattern with widths of up to three digits here, and none from arguments",
        )


def _judge_table(node: dict[str, Any], scope: frozenset[str], allowed: Allowed) -> None:
    catalog, schema, name = (_folded(node[part]) for part in ("catalog_name", "schema_name", "table_name"))
    if not (catalog or schema) and name in scope:
        return
    known = allowed.relations.get(schema or "main", frozenset())
    if catalog or name not in known:
        shown = ".".join(part for part in (catalog, schema, name) if part)[:200]
        near = difflib.get_close_matches(name[:64], sorted(known), 3)
        hint = f": is it {' or '.join(near)}?" if near else ", or is not for reading: the views of main are"
        raise RefusalError(UNDEFINED_TABLE, f'relation "{shown}" does not exist{hint}', _place(node))


def _place(node: dict[str, Any]) -> int | None:
    """Return where a node stands; bytes are taken for characters."""
    location = node.get("query_location")
    return location + 1 if isinstance(location, int) and location < 1 << 32 else None


def _judge_table_function(function: dict[str, Any], allowed: Allowed) -> None:
    name, schema = _folded(function["function_name"]), _folded(function["schema"])
    if function["catalog"] or schema not in {"", "main"} or name not in allowed.table_functions:
        known = ", ".join(sorted(allowed.table_functions))
        raise RefusalError(
            INSUFFICIENT_PRIVILEGE, f"table function {name[:64]} can't be used here: {known} can"
        )


def _folded(name: str) -> str:
    """Return ``name`` with A to Z small, the only letters of which DuckDB ignores the case."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in name)
