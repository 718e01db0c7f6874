"""Tables of past versions brought to today's, forward only.

A version is a file in ``sql/migrations``; its number is the version it leads to. How one is made says
docs/how-to/change-a-table.md.
"""

from typing import Final

import duckdb

from sql import migrations

OLDEST: Final = 4
"""The oldest version of tables that can be brought forward."""
SCHEMA_VERSION: Final = max(migrations(), default=OLDEST)
"""Counts changes of the tables in ``sql/ddl``, and of the state that snapshots hold."""


def pending(found: int) -> list[str]:
    """Return the statements that lead from version ``found`` to today's, in the order in which they run."""
    return [statements for version, statements in migrations().items() if version > found]


def migrate(connection: duckdb.DuckDBPyConnection, found: int, program: str) -> None:
    """Bring tables of version ``found`` to today's, in the transaction of the caller.

    Args:
        connection: one that can write.
        found: the version, at least OLDEST.
        program: which the store will say that it was made by: its tables are this one's now.
    """
    for statements in pending(found):
        connection.execute(statements)
    connection.execute(
        "UPDATE store.store_meta SET schema_version = ?, created_by = ?", [SCHEMA_VERSION, program]
    )
