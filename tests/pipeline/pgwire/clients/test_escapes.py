"""Nothing but reading the views gets through, by whatever door, and nothing it tries has an effect."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from tests.pipeline.pgwire.clients.served import INCIDENTS, Served

Connection = psycopg.Connection[tuple[object, ...]]
HARMLESS = "select 'harmless'"
ESCAPES = [
    # files, in and out
    "copy incident to '{folder}/out.csv'",
    "copy (select 1) to '{folder}/out.csv'",
    "copy incident from '{secret}'",
    "copy incident to stdout",
    "explain analyze copy incident to '{folder}/out.csv'",
    "explain (analyze, format json) copy incident to '{folder}/out.csv'",
    "EXPLAIN/**/ANALYZE/**/COPY incident TO '{folder}/out.csv'",
    "with x as (copy incident to '{folder}/out.csv') select 1",
    "explain with x as (copy incident to '{folder}/out.csv') select 1",
    "export database '{folder}/out'",
    "import database '{folder}'",
    "select * from read_text('{secret}')",
    "select content from read_text(concat('{folder}', '/secret.csv'))",
    "select * from read_blob('{secret}')",
    "select * from read_csv('{secret}')",
    "select * from read_csv_auto('{secret}')",
    "select * from read_json('{secret}')",
    "select * from read_parquet('{secret}')",
    "select * from parquet_metadata('{secret}')",
    "select * from sniff_csv('{secret}')",
    "select * from glob('{folder}/*')",
    "from '{secret}'",
    'select * from "{secret}"',
    'select * from main."{secret}"',
    "describe '{secret}'",
    "summarize '{secret}'",
    "select (select content from read_text('{secret}'))",
    "select 1 where exists (from '{secret}')",
    'with "{secret}" as (from "{secret}") select 1',
    "select * from range(1), lateral (from '{secret}')",
    "from query('select * from read_text(''{secret}'')')",
    "from query_table('{secret}')",
    # the process, its settings and other databases
    "attach '{folder}/other.duckdb'",
    "attach '{folder}/other.duckdb' as other (read_only)",
    "detach store_file",
    "use store_file",
    "install httpfs",
    "load httpfs",
    "load '{folder}/evil.duckdb_extension'",
    "pragma database_list",
    "pragma enable_profiling",
    "call enable_logging()",
    "from enable_logging(storage='file', storage_config={{'path': '{folder}/out'}})",
    "from enable_profiling(save_location='{folder}/out')",
    "set global memory_limit = '1TB'; select 1 from nope",
    "set enable_external_access = true",
    "reset lock_configuration",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "select getenv('PATH')",
    "select system.main.current_setting('temp_directory')",
    "from duckdb_settings()",
    "from duckdb_secrets()",
    "from duckdb_logs",
    "select getvariable('pg_user')",
    # tables and writing
    "select * from store.incident",
    "select * from store_file.store.incident",
    "select * from everything.store.incident",
    "insert into store.incident select * from store.incident",
    "update incident set rule = 'x'",
    "delete from incident",
    "truncate incident",
    "drop view incident",
    "create table x (a int)",
    "create temp table x as select 1",
    "create or replace macro main.repeat(a, b) as 1",
    "create secret s (type s3)",
    "alter view incident rename to x",
    "comment on view incident is 'x'",
    "with x as (delete from store.incident returning *) select * from x",
    "merge into store.incident using range(1) on false when not matched then insert default values",
    "prepare p as select 1",
    "execute p",
    "set variable x = 1",
    "load 'x'; install y",
    "do $$ begin end $$",
    "lock table incident",
    "listen x",
    "grant all on incident to public",
    # comments, strings and quoting that hide one statement in another
    "select 1 /* ; */; copy incident to '{folder}/out.csv'",
    "select 1 -- ;\n; copy incident to '{folder}/out.csv'",
    "select '--'; copy incident to '{folder}/out.csv' --'",
    "select '/*'; copy incident to '{folder}/out.csv' --*/'",
    "/* /* */ */ copy incident to '{folder}/out.csv'",
    "select $$;$$; copy incident to '{folder}/out.csv'",
    "select $a$ $b$ $a$; copy incident to '{folder}/out.csv' --$b$",
    "select E'\\''; copy incident to '{folder}/out.csv' --'",
    "select '\\'; copy incident to '{folder}/out.csv' --'",
    "select \"a;b\", 'x'';'; copy incident to '{folder}/out.csv'",
    ";;;copy incident to '{folder}/out.csv'",
    "select 1;\u00a0copy incident to '{folder}/out.csv'",
    "select 1\x0b; copy incident to '{folder}/out.csv'",
    "pg_catalog.copy incident to '{folder}/out.csv'",
    'select * from pg_catalog."{secret}"',
    'select * from information_schema."{secret}"',
    "select pg_catalog.read_text('{secret}')",
    # what no limit of DuckDB's holds
    "select '[1]'::json::variant",
    "select system.main.repeat('x', 2000000000)",
    "select printf('%2000000000d', 1)",
    "select range(4000000000)",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("escapes")
    (found / "secret.csv").write_text("a\nthe secret\n")
    return found


@pytest.fixture(scope="module")
def connection(served: Served) -> Iterator[Connection]:
    with psycopg.connect(served.dsn, autocommit=True) as found:
        yield found


def doors(connection: Connection, statement: str) -> list[pq.abc.PGresult]:
    """Return what each way in answers: simple, extended, explained, a cursor, behind and before another."""
    raw = connection.pgconn
    given = statement.encode()
    found = [
        raw.exec_(given),
        raw.exec_params(given, None),
        raw.exec_(b"explain " + given),
        raw.exec_(b"select 1; " + given),
        raw.exec_(given + b"\n; select 1"),
    ]
    raw.exec_(b"begin")
    found.append(raw.exec_(b"declare door cursor for " + given))
    raw.exec_(b"rollback")
    return found


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda text: text[:60])
def test_nothing_gets_through_by_any_door(
    escape: str, connection: Connection, folder: Path, served: Served
) -> None:
    statement = escape.format(folder=folder, secret=folder / "secret.csv") if "$$" not in escape else escape
    for answer in doors(connection, statement):
        assert answer.status == pq.ExecStatus.FATAL_ERROR, answer.status
        assert b"the secret" not in (answer.error_message or b"")
        assert answer.ntuples == 0
    assert sorted(path.name for path in folder.iterdir()) == ["secret.csv"]
    assert connection.execute(HARMLESS).fetchone() == ("harmless",)
    assert served.writer.is_alive()


def test_a_parameter_is_never_code(connection: Connection, folder: Path) -> None:
    evil = f"x'; copy incident to '{folder}/out.csv'; --"
    assert connection.execute("select %s", (evil,)).fetchone() == (evil,)
    assert connection.execute("select count(*) from incident where rule = %s", (evil,)).fetchone() == (0,)
    for query in ("select * from read_text(%s)", "from query(%s)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(query, (str(folder / "secret.csv"),))
    assert sorted(path.name for path in folder.iterdir()) == ["secret.csv"]


def test_settings_of_a_session_change_nothing_of_the_process(
    connection: Connection,
) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        connection.execute("set search_path = store")
    connection.execute("set statement_timeout = 0")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("select * from snapshot_state")
    connection.execute("reset all")
    assert connection.execute("select count(*) > 0 from incident").fetchone() == (True,)


def test_after_all_the_store_holds_what_it_held(served: Served) -> None:
    with psycopg.connect(served.dsn) as connection:
        found = connection.execute(
            "select count(*), count(distinct incident_id), list(distinct rule) from incident"
        )
        row = found.fetchone()
    assert row is not None
    assert row[:2] == (INCIDENTS, INCIDENTS)
    assert set(row[2]) == {"M0", "M1", "M2"}
    served.writer.check_goes_on()
