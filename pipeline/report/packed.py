"""The files of a bundle: the script that opens it, and the archive."""

import zipfile
from pathlib import Path
from typing import Final

import duckdb

from sql import statements

TABLES: Final = "tables"
_ANY_TIME: Final = (2026, 1, 1, 0, 0, 0)
"""In archives: the same content is the same file."""


def opening(tables: list[str]) -> str:
    """Return the script that makes views of the tables, and the questions, in an empty database."""
    views = [
        f"CREATE OR REPLACE VIEW store.\"{table}\" AS FROM read_parquet('{TABLES}/{table}.parquet');"
        for table in tables
    ]
    questions = [f"{text.strip().removesuffix(';')};" for text in statements("views")]
    return "\n".join(["SET TimeZone = 'UTC';", "CREATE SCHEMA IF NOT EXISTS store;", *views, *questions, ""])


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a bundle in a folder, opened as its reader does."""
    connection = duckdb.connect()
    where = str(folder).replace("'", "''")
    connection.execute(f"SET file_search_path = '{where}'")
    connection.execute((folder / "open.sql").read_text("utf-8"))
    return connection


def pack(folder: Path, archive: Path) -> None:
    """Write the files of a folder into a ZIP archive; equal folders give equal archives."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in files_in(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ANY_TIME)
            entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".parquet" else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, path.read_bytes())


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
