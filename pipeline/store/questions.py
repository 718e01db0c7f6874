"""The questions of this release laid over an open store, for some fabrics or all."""

from collections.abc import Sequence
from typing import Final

import duckdb

from pipeline.store.archived import attached
from pipeline.store.tables import columns_of
from sql import statements

_OF_NO_FABRIC: Final = ("store_meta",)
"""Tables that tell nothing of any fabric."""


def lay_questions(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    *,
    fabrics: Sequence[str] | None,
    archive: str | None = None,
) -> None:
    """Make an in-memory catalog of ``sql/views`` over the store that the connection has attached, and use it.

    The file is not written, and what it holds of questions may be of an older release. Other connections to
    the same database ask them after ``USE "<catalog>"``.

    Args:
        connection: One of ``connect``, ``look`` or ``another``.
        catalog: Its name; DuckDB's own ``memory`` will do. A catalog can be laid once.
        fabrics: Whose rows are there to be seen; None: those of all. A table without a column ``fabric`` that
            tells of fabrics all the same (state of replicas) is left out unless all may be seen.
        archive: A folder or URL, whose rows are then there as those of the file are; None: the file's alone.

    Raises what ``attached`` does.
    """
    tables = columns_of(connection)
    archived = {} if archive is None else attached(connection, archive)
    name = _identifier(catalog)
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {name}")
    connection.execute(f"USE {name}")
    connection.execute(f"CREATE SCHEMA {name}.store")
    for table, columns in tables.items():
        rows = f"FROM store_file.store.{_identifier(table)}"
        if table in archived:
            rows = f"FROM ({rows} UNION ALL BY NAME {archived[table]})"
        if fabrics is not None:
            if "fabric" in columns:
                # an empty list is no SQL: nothing is equal to null
                rows += f" WHERE fabric IN ({', '.join(map(_literal, fabrics)) or 'NULL'})"
            elif table not in _OF_NO_FABRIC:
                continue
        connection.execute(f"CREATE VIEW {name}.store.{_identifier(table)} AS {rows}")
    for statement in statements("views"):
        connection.execute(statement)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
