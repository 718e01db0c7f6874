"""The words of DuckDB's syntax trees that have been judged: what a statement may hold, and what it may not.

The one list of what is forbidden is that of scalar functions, of which DuckDB has 800; those on it write,
wait, read settings or hand text to the parser, whose time nobody can bound (see ``pipeline.pgwire.parser``).
"""

from typing import Final

TABLE_FUNCTIONS: Final = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
"""Table functions that make rows of their arguments alone."""

FORBIDDEN_FUNCTIONS: Final = {
    "nextval": "changes a sequence",
    "setval": "changes a sequence",
    "currval": "reads a sequence",
    "setseed": "changes the generator of random numbers",
    "write_log": "writes",
    "sleep_ms": "only waits",
    "pg_sleep": "only waits",
    "getenv": "reads the environment",
    "getvariable": "reads variables",
    "current_setting": "reads the configuration",
    "json_serialize_sql": "runs the parser",
    "json_serialize_plan": "runs the parser",
    "json_deserialize_sql": "runs the parser",
    "json_transform": "runs the parser over the names of types",
    "json_transform_strict": "runs the parser over the names of types",
    "from_json": "runs the parser over the names of types",
    "from_json_strict": "runs the parser over the names of types",
    "combine": "takes the inner state of aggregates",
    "finalize": "takes the inner state of aggregates",
    "to_aggregate_state": "makes the inner state of aggregates",
    "range": "fills the memory as a value: ask FROM range()",
    "generate_series": "fills the memory as a value: ask FROM generate_series()",
}
"""Scalar functions nobody needs for reading views, with what they do."""

FORBIDDEN_FAMILIES: Final = ("st_", "variant_", "vertex_extract")
"""How the names of functions begin that take bytes apart in ways nobody has judged."""

FORBIDDEN_TYPES: Final = frozenset({"geometry", "type", "variant"})
"""Nested JSON of 60 kB cast to VARIANT ends the process (2.0.0); a cast to TYPE runs the parser."""

PATTERNED: Final = frozenset({"format", "printf"})
"""Functions whose pattern says how long the answer is."""

EXPRESSIONS: Final = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "DEFAULT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "PARAMETER",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    }
)
_NODES: Final = frozenset({"CTE_NODE", "RECURSIVE_CTE_NODE", "SELECT_NODE", "SET_OPERATION_NODE"})
_FROM: Final = frozenset(
    {
        "BASE_TABLE",
        "EMPTY",
        "EXPRESSION_LIST",
        "JOIN",
        "PIVOT",
        "SHOW_REF",
        "SUBQUERY",
        "TABLE_FUNCTION",
    }
)
_MODIFIERS: Final = frozenset(
    {
        "ASCENDING",
        "DESCENDING",
        "DISTINCT_MODIFIER",
        "LIMIT_MODIFIER",
        "LIMIT_PERCENT_MODIFIER",
        "ORDER_DEFAULT",
        "ORDER_MODIFIER",
    }
)
STRUCTURES: Final = _NODES | _FROM | _MODIFIERS
DESCRIPTIONS: Final = frozenset({"DESCRIBE", "SUMMARY"})
