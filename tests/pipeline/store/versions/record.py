"""Record a store as this release makes it, before its tables change.

``python -m tests.pipeline.store.versions.record``. What is recorded is a store filled with the first part of
``capture.parquet`` (a recording of the FRR lab with two segments): its DDL, and the rows of each table that
has any, in the order in which they were stored.
"""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import pyarrow.parquet as pq

from pipeline.store.migrations import SCHEMA_VERSION
from pipeline.store.opening import look

HERE: Final = Path(__file__).parent
CAPTURE: Final = HERE / "capture.parquet"
FABRIC: Final = "segments"
FIRST_PART: Final = 500
"""Records that a recorded store has read: it goes on in the middle of things."""


def record() -> None:
    """Write the folder of the present version."""
    target = HERE / str(SCHEMA_VERSION)
    target.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        part, store = Path(folder) / "part.parquet", Path(folder) / "store.duckdb"
        pq.write_table(pq.read_table(CAPTURE).slice(0, FIRST_PART), part, compression="zstd")
        command = ["replay", str(part), "--fabric", FABRIC, "--store", str(store)]
        subprocess.run([sys.executable, "-m", "fabricscope", *command], check=True)
        with closing(look(store)) as connection:
            (target / "schema.sql").write_text(_ddl(connection), "utf-8")
            for table in _tables(connection):
                rows = connection.sql(f"FROM store.{table}").to_arrow_table()
                if rows.num_rows:
                    pq.write_table(rows, target / f"{table}.parquet", compression="zstd")


def restore(version: int, path: Path) -> None:
    """Make the store of a past version at ``path``."""
    source = HERE / str(version)
    with duckdb.connect() as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute(f"ATTACH '{path}' AS store_file")
        connection.execute("USE store_file")
        connection.execute((source / "schema.sql").read_text("utf-8"))
        for rows in sorted(source.glob("*.parquet")):
            connection.execute(f"INSERT INTO store.{rows.stem} BY NAME FROM '{rows}'")


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store_file' ORDER BY table_name"
        ).fetchall()
    ]


def _ddl(connection: duckdb.DuckDBPyConnection) -> str:
    statements = connection.execute(
        "SELECT sql FROM duckdb_tables() WHERE database_name = 'store_file' ORDER BY table_name"
    ).fetchall()
    return "CREATE SCHEMA store;\n" + "\n".join(
        statement.replace("store_file.", "") for (statement,) in statements
    )


if __name__ == "__main__":
    record()
