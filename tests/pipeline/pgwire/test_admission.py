from collections.abc import Callable
from datetime import UTC, datetime

import duckdb
import pytest

from pipeline.pgwire.admission import Allowed, judge
from pipeline.pgwire.parser import Admitted
from pipeline.pgwire.refusal import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    READ_ONLY,
    STATEMENT_TOO_COMPLEX,
    SYNTAX_ERROR,
    UNDEFINED_TABLE,
    RefusalError,
)
from pipeline.pgwire.vocabulary import FORBIDDEN_FUNCTIONS, FORBIDDEN_TYPES

Admit = Callable[[str], list[Admitted]]

ADMITTED = [
    "select 1",
    "(select 1)",
    "values (1), (2)",
    "table incident",
    "from incident",
    "select * from main.incident i join INCIDENT_EVENT e using (incident_id) order by all limit 3 offset 1",
    'select count(*) from "Incident" where rule = $1 and opened_at between $2 and now() - interval 1 hour',
    "select list(name order by name) over (order by rule) from incident qualify row_number() over () = 1",
    "select distinct on (fabric) * exclude (rule) from incident tablesample 10%",
    "select fabric from incident union all (select fabric from finding except select 'a') limit 10%",
    "with a as (select 1 as x), b as materialized (from a) select * from b, a",
    "with recursive r as (select 1 as x union all select x + 1 from r where x < 5) from r",
    "select (select max(opened_at) from incident), exists (from finding), 1 in (select 2), array(select 3)",
    "select case when rule is null then 1 else -2 end, not true, rule::text collate nocase from incident",
    "select cast('[1]' as int[]), 1::decimal(3, 2), {'a': [1, 2]}.a[1:2], [x * 2 for x in [1, 2]]",
    "select time_bucket('60.000s', opened_at), floor(extract(epoch from opened_at) / 60) * 60 from incident",
    "select * from range(3) r, generate_series(1, 2) g, unnest([1, 2]) with ordinality u",
    "select * from (values (1, 'a')) t(x, y) pivot (sum(x) for y in ('a'))",
    "from incident unpivot (v for k in (rule, name))",
    "from incident_event asof join finding using (event_time)",
    "select * from incident, lateral (select rule)",
    "describe incident",
    "summarize select 1",
    "explain select * from incident",
    "explain (select 1)",
    "select mac_text(1), main.mac_text(2), rule.upper() from incident",
    "select printf('%012.3f %s', 1.5, rule), format('{:>20} {}', rule, 1) from incident",
    "select 'COPY x TO ''y''', \"rule\" from incident -- attach 'x'",
    "select columns(lambda c: c like 'r%') from incident",
]

REFUSED = [
    # files by every door
    ("select * from read_text('/etc/passwd')", INSUFFICIENT_PRIVILEGE),
    ("select * from system.main.read_csv('/etc/passwd')", INSUFFICIENT_PRIVILEGE),
    ("from read_blob('x'), read_parquet('x')", INSUFFICIENT_PRIVILEGE),
    ("select (select content from read_text('x'))", INSUFFICIENT_PRIVILEGE),
    ("from incident where rule in (from glob('/*'))", INSUFFICIENT_PRIVILEGE),
    ("with a as (from sniff_csv('x')) select 1", INSUFFICIENT_PRIVILEGE),
    ("select 1 from incident order by (select 1 from read_json('x'))", INSUFFICIENT_PRIVILEGE),
    ("from range((select count(*) from read_text('x')))", INSUFFICIENT_PRIVILEGE),
    ("from '/etc/passwd'", UNDEFINED_TABLE),
    ('select * from "/etc/passwd"', UNDEFINED_TABLE),
    ("from 's3://bucket/x.parquet'", UNDEFINED_TABLE),
    ('select * from incident, lateral (from "x.csv")', UNDEFINED_TABLE),
    ("describe '/tmp/x.parquet'", UNDEFINED_TABLE),
    ("summarize '/tmp/x.parquet'", UNDEFINED_TABLE),
    ('select * from "/x" pivot (sum(a) for b in (1))', UNDEFINED_TABLE),
    ("explain from '/etc/passwd'", UNDEFINED_TABLE),
    # what isn't a view of main
    ("from store.incident", UNDEFINED_TABLE),
    ("from store_file.main.incident", UNDEFINED_TABLE),
    ("from duckdb_settings", UNDEFINED_TABLE),
    ("from sqlite_master", UNDEFINED_TABLE),
    ("from main.duckdb_tables", UNDEFINED_TABLE),
    ("from temp.incident", UNDEFINED_TABLE),
    # names that WITH gives count where they are seen, and there alone
    ('with "/etc/passwd" as (select * from "/etc/passwd") select 1', UNDEFINED_TABLE),
    ("with a as (from '/x'), \"/x\" as (select 1) from a", UNDEFINED_TABLE),
    ('select (with "/x" as (select 1) from "/x"), * from "/x"', UNDEFINED_TABLE),
    ('with recursive "/x" as (select * from "/x") from "/x"', UNDEFINED_TABLE),
    ('with recursive "/x" as (from "/x" union all select 1) from "/x"', UNDEFINED_TABLE),
    ('with recursive "/x" as (from "/x" union all from "/x") from "/x"', UNDEFINED_TABLE),
    ('with "k" as (select 1) from "\N{KELVIN SIGN}"', UNDEFINED_TABLE),
    ("with x as (select 1) from main.x", UNDEFINED_TABLE),
    # text that becomes code, and the parser as a function
    ("from query('select 1')", INSUFFICIENT_PRIVILEGE),
    ("from query_table('incident')", INSUFFICIENT_PRIVILEGE),
    ("from json_execute_serialized_sql('{}')", INSUFFICIENT_PRIVILEGE),
    ("select json_serialize_sql('select 1')", INSUFFICIENT_PRIVILEGE),
    ("select json_serialize_plan('select 1')", INSUFFICIENT_PRIVILEGE),
    ("select main.JSON_TRANSFORM('1', '\"int); with a as (with b as (\"')", INSUFFICIENT_PRIVILEGE),
    ("select system.main.from_json('1', '\"int\"')", INSUFFICIENT_PRIVILEGE),
    ("select 'int'::type", FEATURE_NOT_SUPPORTED),
    # the process and its settings
    ("from enable_logging(storage='file', storage_config={'path': '/tmp/x'})", INSUFFICIENT_PRIVILEGE),
    ("from pragma_table_info('incident')", INSUFFICIENT_PRIVILEGE),
    ("from pragma_version()", INSUFFICIENT_PRIVILEGE),
    ("from duckdb_secrets()", INSUFFICIENT_PRIVILEGE),
    ("from force_checkpoint()", INSUFFICIENT_PRIVILEGE),
    ("select getenv('HOME')", INSUFFICIENT_PRIVILEGE),
    ("select system.main.current_setting('temp_directory')", INSUFFICIENT_PRIVILEGE),
    ("select \"current_setting\"('temp_directory')", INSUFFICIENT_PRIVILEGE),
    ("select sleep_ms(1000), pg_sleep(1)", INSUFFICIENT_PRIVILEGE),
    ("select nextval('s') over ()", INSUFFICIENT_PRIVILEGE),
    ("select list_transform([1], x -> write_log('x'))", INSUFFICIENT_PRIVILEGE),
    ("select __internal_decompress_string(1)", INSUFFICIENT_PRIVILEGE),
    # what fills the memory or ends the process where no limit reaches
    ("select '[1]'::json::variant", FEATURE_NOT_SUPPORTED),
    ("select cast([] as system.main.variant[])", FEATURE_NOT_SUPPORTED),
    ("select variant_typeof(1)", INSUFFICIENT_PRIVILEGE),
    ("select 'POINT(1 1)'::GEOMETRY", FEATURE_NOT_SUPPORTED),
    ("select st_geomfromwkb('x')", INSUFFICIENT_PRIVILEGE),
    ("select range(1000000000)", INSUFFICIENT_PRIVILEGE),
    ("select unnest(generate_series(1, 1000000000))", INSUFFICIENT_PRIVILEGE),
    ("from range(len(range(5)))", INSUFFICIENT_PRIVILEGE),
    ("select system.main.repeat('x', 1)", INSUFFICIENT_PRIVILEGE),
    ("select \"System\".repeat('x', 1)", INSUFFICIENT_PRIVILEGE),
    ("select printf('%2000000000d', 1)", INSUFFICIENT_PRIVILEGE),
    ("select printf('%*d', 2000000000, 1)", INSUFFICIENT_PRIVILEGE),
    ("select format('{:>2000000000}', 'x'), format('{:{}}', 'x', 2000000000)", INSUFFICIENT_PRIVILEGE),
    ("select format(rule, 1) from incident", INSUFFICIENT_PRIVILEGE),
    ("show tables", FEATURE_NOT_SUPPORTED),
    ("show databases", FEATURE_NOT_SUPPORTED),
    ("from (show all tables)", FEATURE_NOT_SUPPORTED),
    # whatever writes
    ("copy incident to '/tmp/x.csv'", READ_ONLY),
    ("copy (select 1) to '/tmp/x.csv'", READ_ONLY),
    ("attach '/tmp/x.db'", READ_ONLY),
    ("set memory_limit='1TB'", READ_ONLY),
    ("reset memory_limit", READ_ONLY),
    ("install httpfs", READ_ONLY),
    ("load httpfs", READ_ONLY),
    ("pragma version", READ_ONLY),
    ("call pragma_version()", READ_ONLY),
    ("insert into store.incident select 1", READ_ONLY),
    ("create table x (a int)", READ_ONLY),
    ("create temp macro f() as 1", READ_ONLY),
    ("drop view incident", READ_ONLY),
    ("export database '/tmp/x'", READ_ONLY),
    ("use memory", READ_ONLY),
    ("checkpoint", READ_ONLY),
    ("prepare p as select 1", READ_ONLY),
    ("begin", READ_ONLY),
    ("with x as (insert into t values (1) returning *) from x", READ_ONLY),
    ("with x as (delete from store.incident) select 1", READ_ONLY),
    ("with x as (update store.incident set rule = 'x') select 1", READ_ONLY),
    ("with x as (copy incident to '/tmp/x.csv') select 1", READ_ONLY),
    ("select (with x as (delete from store.incident returning *) from x)", READ_ONLY),
    ("explain copy incident to '/tmp/x.csv'", READ_ONLY),
    ("explain with x as (copy incident to '/tmp/x.csv') select 1", READ_ONLY),
    ("explain explain select 1", READ_ONLY),
    # EXPLAIN runs what it explains as soon as it is told to analyze
    ("explain analyze select 1", SYNTAX_ERROR),
    ("explain analyze copy incident to '/tmp/x.csv'", SYNTAX_ERROR),
    ("explain (analyze) select 1", SYNTAX_ERROR),
    ("explain (format json, analyze) copy incident to '/tmp/x.csv'", SYNTAX_ERROR),
    ("EXPLAIN/**/ANALYZE/**/COPY incident TO '/tmp/x.csv'", SYNTAX_ERROR),
    ("explain --\nanalyze select 1", SYNTAX_ERROR),
    ("explain", SYNTAX_ERROR),
    ("explain -- select 1", SYNTAX_ERROR),
    # several statements, and comments
    ("select 1; copy incident to '/tmp/x.csv'", READ_ONLY),
    ("select 1;;;attach 'x'", READ_ONLY),
    ("select '1' /* */; set threads=1 -- '", READ_ONLY),
    ("/* select 1 */ attach 'x'", READ_ONLY),
    ("select $$ $$; attach '$$'", READ_ONLY),
    ("/* /* */ select 1", SYNTAX_ERROR),
    ("select 'a", SYNTAX_ERROR),
    ("selec 1", SYNTAX_ERROR),
    ("select 1 \0; attach 'x'", READ_ONLY),
]


@pytest.mark.parametrize("query", ADMITTED)
def test_what_reads_views_is_admitted_and_runs(
    query: str, admit: Admit, views: duckdb.DuckDBPyConnection
) -> None:
    (statement,) = admit(query)
    assert not statement.empty
    assert statement.text == query
    views.execute(statement.text, ["M1", datetime(2026, 1, 1, tzinfo=UTC)] if "$1" in query else None)


@pytest.mark.parametrize(("query", "sqlstate"), REFUSED)
def test_nothing_else_gets_through(query: str, sqlstate: str, admit: Admit) -> None:
    with pytest.raises(RefusalError) as refused:
        admit(query)
    assert refused.value.sqlstate == sqlstate, refused.value.message


def test_one_refused_statement_refuses_them_all(admit: Admit) -> None:
    with pytest.raises(RefusalError, match="read-only"):
        admit("select 1; select 2; set threads = 1; select 3")


def test_an_error_tells_its_place_in_the_whole_query(admit: Admit) -> None:
    with pytest.raises(RefusalError) as refused:
        admit("select 'é'; explain selec 1")
    assert refused.value.position == len("select 'é'; explain ") + 1


def test_an_unknown_view_is_told_with_the_nearest(admit: Admit) -> None:
    with pytest.raises(RefusalError) as refused:
        admit("from incidnt")
    assert refused.value.message == 'relation "incidnt" does not exist: is it incident or incident_event?'


def test_comments_alone_are_an_empty_query(admit: Admit) -> None:
    assert [statement.empty for statement in admit("-- ping")] == [True]
    assert [statement.empty for statement in admit("select 1; /* a */; select 2")] == [False, True, False]


def test_more_than_one_statement_in_a_tree_is_refused() -> None:
    tree = {"error": False, "statements": [{"node": {"type": "SELECT_NODE"}}] * 2}
    with pytest.raises(RefusalError, match="more than one statement"):
        judge(tree, Allowed({}))


@pytest.mark.parametrize("kind", ["MERGE_QUERY_NODE", "STATEMENT_NODE", "BOUND_TABLE", "COLUMN_DATA"])
def test_a_kind_of_node_nobody_has_judged_is_refused(kind: str) -> None:
    tree = {"error": False, "statements": [{"node": {"type": "SELECT_NODE", "from_table": {"type": kind}}}]}
    with pytest.raises(RefusalError, match="can't be "):
        judge(tree, Allowed({}))


def test_a_class_of_expression_nobody_has_judged_is_refused() -> None:
    tree = {
        "error": False,
        "statements": [{"node": {"type": "SELECT_NODE", "x": {"class": "BOUND_FUNCTION"}}}],
    }
    with pytest.raises(RefusalError, match="BOUND_FUNCTION can't be used"):
        judge(tree, Allowed({}))


def test_memory_that_ran_out_while_parsing_is_no_syntax_error() -> None:
    answer = {
        "error": True,
        "error_type": "Out of Memory",
        "error_message": "Failed to allocate",
        "position": "0",
    }
    with pytest.raises(RefusalError) as refused:
        judge(answer, Allowed({}))
    assert refused.value.sqlstate == STATEMENT_TOO_COMPLEX


def test_every_function_that_has_effects_is_judged() -> None:
    """Fails when a new DuckDB has a function that isn't known here to be harmless."""
    harmless = {
        "current_connection_id", "current_query", "current_query_id", "current_transaction_id", "error",
        "gen_random_uuid", "random", "stats", "uuid", "uuidv4", "uuidv7", "vector_type",
    }  # fmt: skip
    with duckdb.connect() as connection:
        volatile = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE'"
        ).fetchall()
    assert {name for (name,) in volatile} - harmless <= set(FORBIDDEN_FUNCTIONS)


def test_every_type_is_judged() -> None:
    """Fails when a new DuckDB has a type that isn't known here to be harmless."""
    harmless = {
        "array", "bignum", "bit", "blob", "boolean", "date", "decimal", "double", "enum", "float", "hugeint",
        "integer", "interval", "bigint", "json", "list", "map", "null", "smallint", "struct", "time",
        "time_ns", "time with time zone", "timestamp", "timestamp with time zone", "timestamp_ms",
        "timestamp_ns", "timestamp_s", "timestamptz_ns", "tinyint", "tuple", "ubigint", "uhugeint",
        "uinteger", "union", "usmallint", "utinyint", "uuid", "varchar",
    }  # fmt: skip
    with duckdb.connect() as connection:
        types = connection.execute("SELECT DISTINCT lower(logical_type) FROM duckdb_types()").fetchall()
    assert {name for (name,) in types} - harmless <= FORBIDDEN_TYPES
