"""A bundle: what a store knows of an incident or a time, as files that open without fabricscope.

::

    open.sql          makes the views and macros, in any DuckDB: duckdb -init open.sql
    tables/*.parquet  rows of the store's tables
    schema.sql        their columns, as the store declares them
    queries.sql       what the report asked
    report.html, .md, .json
    manifest.json     whose and of when, and the SHA-256 of each file
    README.md
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from pipeline.forensics.options import Where
from pipeline.forensics.times import said
from pipeline.report import rendered
from pipeline.report.compose import Setting
from pipeline.report.model import Report
from pipeline.report.packed import TABLES, files_in, opened, opening
from pipeline.report.pseudonymised import learn, names_in, pseudonymised, rank
from pipeline.report.pseudonyms import Pseudonyms
from pipeline.report.slices import BEFORE, Slice, selections
from pipeline.store.archived import alone
from pipeline.store.opening import look
from pipeline.store.questions import lay_questions
from sql import statements

_README: Final = """\
# {title}

{times}. {pseudonyms}

`report.html` opens in any browser; `report.md` and `report.json` say the same. To ask further questions:

    duckdb -init open.sql

in this folder (DuckDB 1.5 or newer), then for example

    FROM incident;
    FROM changes(TIMESTAMPTZ '{since}', TIMESTAMPTZ '{until}');

`queries.sql` has the questions behind the report. The bundle answers for its time; what was earlier or later
is not in it.
"""


@dataclass(frozen=True)
class Content:
    """What is put into a bundle, and by what other names."""

    report: Report
    setting: Setting
    pseudonyms: Pseudonyms | None

    @property
    def slice(self) -> Slice:
        """Return whose rows."""
        since = min(self.report.since, *(one.began for one in self.report.incidents), self.report.since)
        named = tuple(one.incident_id for one in (*self.report.incidents, *self.report.beside))
        return Slice(self.report.fabric, since - BEFORE, self.report.until, named)


Compose = Callable[[duckdb.DuckDBPyConnection, dict[str, str]], Report]
"""Makes the report of an opened bundle; by original, the names that were replaced."""


def fill(folder: Path, store: Where, content: Content, compose: Compose) -> Report:
    """Write a bundle into an empty folder; return its report, which is made of what is in the bundle."""
    (folder / TABLES).mkdir()
    with _laid(store) as connection:
        tables = _columns(connection)
        wanted = selections(tables, content.slice)
        if content.pseudonyms is not None:
            _learn(connection, tables, wanted, content.pseudonyms)
        for table, query in wanted.items():
            _write(connection, folder / TABLES / f"{table}.parquet", query, table, content.pseudonyms)
    (folder / "open.sql").write_text(opening(sorted(wanted)), "utf-8")
    (folder / "schema.sql").write_text("\n".join(statements("ddl")), "utf-8")
    names = content.pseudonyms.names if content.pseudonyms is not None else {}
    with closing(opened(folder)) as connection:
        report = compose(connection, names)
    _tell(folder, report, content)
    return report


@contextmanager
def _laid(where: Where) -> Iterator[duckdb.DuckDBPyConnection]:
    assert where.store is not None or where.archive is not None
    connection = look(where.store) if where.store is not None else alone(where.archive or "")
    with closing(connection):
        lay_questions(connection, "memory", fabrics=None, archive=where.archive)
        yield connection


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the columns and their types of each table of the store."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = 'memory' AND schema_name = 'store' ORDER BY table_name, column_index"
    ).fetchall()
    for table, column, dtype in rows:
        found.setdefault(table, {})[column] = dtype
    return found


def _learn(
    connection: duckdb.DuckDBPyConnection,
    tables: dict[str, dict[str, str]],
    wanted: dict[str, str],
    pseudonyms: Pseudonyms,
) -> None:
    every = [(table, column) for table in wanted for column in names_in(tables[table])]
    for table, column in sorted(every, key=lambda pair: (rank(pair[1]), pair)):
        rows = connection.sql(wanted[table]).select(duckdb.ColumnExpression(column)).distinct()
        learn(pseudonyms, table, column, rows.pl()[column].sort())


def _write(
    connection: duckdb.DuckDBPyConnection, path: Path, query: str, table: str, pseudonyms: Pseudonyms | None
) -> None:
    if pseudonyms is not None:
        rows: pl.DataFrame = connection.sql(query).pl()
        connection.register("bundle_rows", pseudonymised(table, rows, pseudonyms))
        query = "FROM bundle_rows"
    target = str(path).replace("'", "''")
    connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _tell(folder: Path, report: Report, content: Content) -> None:
    zone = content.setting.zone
    (folder / "report.html").write_text(rendered.html(report, zone), "utf-8")
    (folder / "report.md").write_text(rendered.as_markdown(report, zone), "utf-8")
    (folder / "report.json").write_text(rendered.as_json(report, zone), "utf-8")
    asked = "\n".join(f"-- {one.name}\n{one.sql};\n" for one in report.queries)
    (folder / "queries.sql").write_text(asked, "utf-8")
    since, until = said(report.since, zone), said(report.until, zone)
    hidden = content.pseudonyms is not None
    told = (
        "Addresses and names are not the real ones." if hidden else "Addresses and names are the real ones."
    )
    text = _README.format(
        title=report.title, times=f"From {since} to {until}", since=since, until=until, pseudonyms=told
    )
    (folder / "README.md").write_text(text, "utf-8")
    manifest: dict[str, Any] = {
        "fabric": report.fabric,
        "from": since,
        "to": until,
        "pseudonymised": hidden,
        "sha256": {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files_in(folder)
        },
    }
    (folder / "manifest.json").write_text(f"{json.dumps(manifest, indent=2)}\n", "utf-8")
