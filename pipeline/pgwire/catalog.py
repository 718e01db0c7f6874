"""What PostgreSQL clients ask of their server's catalogs, answered from what a reader may see.

Views of ``main`` are shown in the schema ``main``, as in every text about the store: what a client shows can
be typed as it is. Tables are filled once, when the catalog is laid: views don't change while a program runs.
"""

import re
from collections.abc import Iterator
from typing import Final

import duckdb

from pipeline.pgwire.admission import Allowed
from pipeline.pgwire.oids import type_of
from pipeline.pgwire.vocabulary import TABLE_FUNCTIONS
from sql import statements

SETTINGS: Final = {
    "allow_system_table_mods": "off",
    "application_name": "",
    "array_nulls": "on",
    "block_size": "8192",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "notice",
    "data_checksums": "on",
    "DateStyle": "ISO, MDY",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "on",
    "extra_float_digits": "1",
    "in_hot_standby": "off",
    "integer_datetimes": "on",
    "IntervalStyle": "postgres",
    "is_superuser": "off",
    "jit": "off",
    "lc_collate": "C",
    "lc_ctype": "C",
    "lc_messages": "C",
    "max_connections": "50",
    "max_identifier_length": "63",
    "max_index_keys": "32",
    "row_security": "on",
    "search_path": "main",
    "server_encoding": "UTF8",
    "server_version": "15.0",
    "server_version_num": "150000",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "transaction_deferrable": "off",
    "transaction_isolation": "read committed",
    "transaction_read_only": "on",
}
"""What ``SHOW`` and ``current_setting`` answer; where a client can set one of them, it changes nothing."""

_CREATED: Final = re.compile(r"CREATE OR REPLACE (?:VIEW|MACRO) main\.(\w+)")


def lay_catalog(connection: duckdb.DuckDBPyConnection) -> None:
    """Make tables, views and macros of PostgreSQL's catalogs in the catalog the connection uses.

    That catalog is one in memory, with the questions laid in it (``pipeline.store.questions``). In a session,
    ``SET VARIABLE pg_user = 'name'`` says who asks.
    """
    names = connection.execute("SELECT DISTINCT data_type FROM duckdb_columns()").fetchall()
    types = [(name, type_of(name)) for (name,) in names]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE duckdb_type AS"
        " SELECT unnest(?::VARCHAR[]) AS name, unnest(?::INTEGER[]) AS oid, unnest(?::INTEGER[]) AS modifier",
        [[name for name, _ in types], [it.oid for _, it in types], [it.modifier for _, it in types]],
    )
    said = list(_descriptions())
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE described AS"
        " SELECT unnest(?::VARCHAR[]) AS name, unnest(?::VARCHAR[]) AS said",
        [[name for name, _ in said], [text for _, text in said]],
    )
    for statement in statements("pg_catalog"):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO main.pg_settings BY NAME SELECT name, setting, 'string' AS vartype,"
        " 'internal' AS context, 'default' AS source, setting AS boot_val, setting AS reset_val,"
        " FALSE AS pending_restart"
        " FROM (SELECT unnest(?::VARCHAR[]) AS name, unnest(?::VARCHAR[]) AS setting)",
        [list(SETTINGS), list(SETTINGS.values())],
    )
    connection.execute(_pg_setting())
    connection.execute("DROP TABLE temp.duckdb_type")
    connection.execute("DROP TABLE temp.described")


def _pg_setting() -> str:
    """Return the macro behind ``current_setting``: a constant, since arguments of table functions must be."""
    known = ", ".join(f"'{name.lower()}': '{value}'" for name, value in SETTINGS.items())
    unknown = "error(concat('unrecognized configuration parameter \"', of_name, '\"'))"
    return (
        f"CREATE MACRO main.pg_setting(of_name) AS coalesce(MAP {{{known}}}[lower(of_name)], {unknown}),"
        f" (of_name, missing_ok) AS MAP {{{known}}}[lower(of_name)]"
    )


def readable(connection: duckdb.DuckDBPyConnection) -> Allowed:
    """Return what may be read in the catalog the connection uses, with its table macros."""
    relations = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $1"
        " UNION SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $1",
        [_used(connection)],
    ).fetchall()
    macros = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions()"
        " WHERE database_name = $1 AND schema_name = 'main' AND function_type = 'table_macro'",
        [_used(connection)],
    ).fetchall()
    shown = {
        of_schema: frozenset(name for schema, name in relations if schema == of_schema)
        for of_schema in ("main", "information")
    }
    columns = connection.execute(
        "SELECT lower(a.attname), any_value(a.atttypid) FROM main.pg_attribute AS a"
        " JOIN main.pg_class AS c ON c.oid = a.attrelid"
        " GROUP BY ALL HAVING count(DISTINCT a.atttypid) = 1"
    ).fetchall()
    return Allowed(shown, TABLE_FUNCTIONS | {name for (name,) in macros}, dict(columns))


def _used(connection: duckdb.DuckDBPyConnection) -> str:
    # without its schema this is a macro, which says what clients are told
    row = connection.execute("SELECT system.main.current_database()").fetchone()
    assert row is not None
    return str(row[0])


def _descriptions() -> Iterator[tuple[str, str]]:
    """Yield the views and macros of ``sql/views`` with the comments that stand before them."""
    for statement in statements("views"):
        if created := _CREATED.search(statement):
            lines = [line[2:].strip() for line in statement.splitlines() if line.startswith("--")]
            yield created[1], " ".join(lines).partition(" Read by:")[0]
