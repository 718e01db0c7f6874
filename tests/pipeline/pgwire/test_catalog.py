"""What programs ask of pg_catalog and information_schema, in our words; psql and drivers ask in clients/."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipeline.pgwire.admission import judge
from pipeline.pgwire.catalog import lay_catalog, readable
from pipeline.pgwire.dialect import translate
from pipeline.pgwire.oids import TEXT, TIMESTAMPTZ, type_of
from pipeline.store.questions import lay_questions
from sql import statements


@pytest.fixture(scope="module")
def reader() -> Iterator[duckdb.DuckDBPyConnection]:
    """A catalog as readers get it, over an empty store."""
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS store_file")
        connection.execute("USE store_file")
        for statement in statements("ddl"):
            connection.execute(statement)
        lay_questions(connection, "reader", fabrics=None)
        lay_catalog(connection)
        connection.execute("SET VARIABLE pg_user = 'noc'")
        yield connection


def ask(reader: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return reader.execute(translate(query)).fetchall()


def test_views_are_listed_in_main(reader: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        reader,
        "SELECT n.nspname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'incident'",
    )
    assert found == [("main", "v", "fabricscope")]
    assert ask(reader, "select current_schema(), current_schemas(false)") == [("main", ["main"])]


def test_nothing_is_listed_that_cannot_be_read(reader: duckdb.DuckDBPyConnection) -> None:
    allowed = readable(reader)
    for schema, name in ask(reader, "SELECT table_schema, table_name FROM information_schema.tables"):
        shown = "information" if schema == "information_schema" else "main"
        assert name in allowed.relations[shown]
        reader.execute(f'SELECT * FROM {shown}."{name}" LIMIT 0')
    assert not ask(reader, "SELECT 1 FROM pg_class WHERE relname = 'snapshot_state'")


@pytest.mark.parametrize("statement", statements("pg_catalog"), ids=lambda text: text[:40])
def test_the_tables_behind_the_views_are_not_named(statement: str) -> None:
    assert "store." not in statement


def test_columns_have_the_types_that_results_have(reader: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        reader,
        "SELECT a.attname, a.atttypid FROM pg_attribute a WHERE a.attrelid = 'main.incident'::regclass"
        " AND a.attnum > 0 ORDER BY a.attnum",
    )
    described = reader.execute("SELECT * FROM main.incident LIMIT 0").description
    assert found == [(name, type_of(str(kind)).oid) for name, kind, *_ in described or []]
    assert {TEXT, TIMESTAMPTZ} <= {oid for _, oid in found}


def test_both_catalogs_tell_the_same_columns(reader: duckdb.DuckDBPyConnection) -> None:
    assert not ask(
        reader,
        "SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, NULL) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'main'::regnamespace EXCEPT"
        " SELECT table_name, column_name, data_type FROM information_schema.columns",
    )


def test_views_say_what_a_row_of_them_is(reader: duckdb.DuckDBPyConnection) -> None:
    ((said,),) = ask(reader, "SELECT pg_catalog.obj_description('finding'::pg_catalog.regclass, 'pg_class')")
    assert said == "Grain: one row per finding of a rule about a subject."


def test_macros_are_functions_with_their_arguments(reader: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        reader,
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc"
        " WHERE proname = 'fabric_at'",
    )
    assert found == [('t "any"', "SETOF record")]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("select current_setting('server_version_num')::int / 100 >= 1500", True),
        ("select pg_catalog.current_setting('nope', true)", None),
        ("select current_user", "noc"),
        ("select session_user", "noc"),
        ("select current_database() = (select datname from pg_database)", True),
        ("select pg_catalog.format_type(1700, 589832)", "numeric(9,4)"),
        ("select pg_catalog.format_type(1043, 7)", "character varying(3)"),
        ("select format_type(1184, null)", "timestamp with time zone"),
        ("select 1184::regtype", "timestamp with time zone"),
        ("select 'text[]'::regtype::oid = '_text'::regtype", True),
        ("select to_regclass('nope')", None),
        ("select 'mac_text'::regproc::oid = (select oid from pg_proc where proname = 'mac_text')", True),
        ("select typname from pg_type where typinput = 'pg_catalog.int2in'::regproc", "int2"),
        ("select c.oid::regclass from pg_class c where relname = 'finding'", "finding"),
        ("select quote_ident('a B'), quote_ident('ab_1')", '"a B"'),
        ("select quote_literal('it''s')", "'it''s'"),
        ("select parse_ident('main.\"A b\"')", ["main", "A b"]),
        (
            "select to_char(timestamp '2026-01-02 03:04:05.006', 'YYYY-MM-DD HH24:MI:SS.MS')",
            "2026-01-02 03:04:05.006",
        ),
        ("select array_to_string(current_schemas(true), ',')", "pg_catalog,main"),
        ("select 'r' = any('{r,v}'::\"char\"[])", True),
        ("select n.nspname from pg_namespace n where n.oid = 'main'::regnamespace", "main"),
        ("select rolcanlogin from pg_roles where rolname = current_user", True),
        ("select (i.keys).n from (select information_schema._pg_expandarray(array[7]) keys) i", 1),
    ],
)
def test_functions_of_postgresql_are_there(
    reader: duckdb.DuckDBPyConnection, query: str, answer: object
) -> None:
    assert ask(reader, query)[0][0] == answer


@pytest.mark.parametrize("query", ["select current_setting('temp_directory')", "select 'nope'::regclass"])
def test_what_is_unknown_is_an_error(reader: duckdb.DuckDBPyConnection, query: str) -> None:
    with pytest.raises(duckdb.Error, match=r"unrecognized configuration parameter|does not exist"):
        ask(reader, query)


IN_SEARCH_PATH = """
quote_ident(table_schema) IN (
  SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
  FROM generate_series(
    array_lower(string_to_array(current_setting('search_path'), ','), 1),
    array_upper(string_to_array(current_setting('search_path'), ','), 1)
  ) AS i, string_to_array(current_setting('search_path'), ',') s
)"""
BUILDERS = {
    "Grafana: version": "SELECT current_setting('server_version_num')::int/100 AS version",
    "Grafana: schemas": "SELECT schema_name AS name FROM information_schema.schemata"
    " WHERE schema_name NOT IN ('information_schema', 'pg_catalog') ORDER BY schema_name",
    "Grafana: tables": f"SELECT CASE WHEN {IN_SEARCH_PATH} THEN quote_ident(table_name)"
    " ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS \"table\""
    " FROM information_schema.tables"
    " WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog')"
    f" ORDER BY CASE WHEN {IN_SEARCH_PATH} THEN 0 ELSE 1 END, 1",
    "Grafana: columns": 'SELECT quote_ident(column_name) AS "column", data_type AS "type"'
    " FROM information_schema.columns WHERE CASE WHEN array_length(parse_ident('finding'), 1) = 2"
    " THEN quote_ident(table_schema) = (parse_ident('finding'))[1] AND quote_ident(table_name) ="
    f" (parse_ident('finding'))[2] ELSE quote_ident(table_name) = 'finding' AND {IN_SEARCH_PATH} END",
    "DBeaver: databases": "SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE NOT datistemplate AND"
    " datallowconn AND db.datname = current_database()",
    "DBeaver: schemas": "SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN"
    " pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND"
    " d.classoid = 'pg_namespace'::regclass ORDER BY nspname",
    "DBeaver: tables": "SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS"
    " partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key FROM pg_catalog.pg_class c LEFT"
    " OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND"
    " d.classoid = 'pg_class'::regclass WHERE c.relnamespace = 2200 AND c.relkind NOT IN ('i', 'I', 'c')",
    "DBeaver: columns": "SELECT c.relname, a.*, pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value,"
    " dsc.description, dep.objid FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON"
    " a.attrelid = c.oid LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum ="
    " ad.adnum LEFT OUTER JOIN pg_catalog.pg_description dsc ON c.oid = dsc.objoid AND"
    " a.attnum = dsc.objsubid LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND"
    " dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid WHERE NOT"
    " a.attisdropped AND a.attnum > 0 AND c.relname = 'finding' ORDER BY a.attnum",
    "DBeaver: types": "SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS"
    " base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON"
    " et.oid = t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT OUTER JOIN"
    " pg_catalog.pg_description d ON t.oid = d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR"
    " c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')",
    "DBeaver: procedures": "SELECT p.oid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults,"
    " d.description FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = p.oid"
    " WHERE p.pronamespace = 2200 ORDER BY p.proname",
    "DBeaver: roles": "SELECT a.oid, a.*, pd.description FROM pg_catalog.pg_roles a LEFT JOIN"
    " pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname",
    "DBeaver: settings": "SELECT * FROM pg_catalog.pg_settings",
    "DBeaver: tablespaces": "SELECT t.oid, t.*, pg_tablespace_location(t.oid) loc FROM pg_tablespace t",
    "DBeaver: languages": "SELECT l.oid, l.* FROM pg_catalog.pg_language l",
    "DBeaver: source": "SELECT pg_catalog.pg_get_viewdef(oid, true) FROM pg_class WHERE relname = 'finding'",
}


@pytest.mark.parametrize("query", BUILDERS.values(), ids=BUILDERS)
def test_trees_and_query_builders_get_their_answers(reader: duckdb.DuckDBPyConnection, query: str) -> None:
    found = translate(query)
    tree = reader.execute("SELECT json_serialize_sql(?)", [found]).fetchone()
    assert tree is not None
    assert judge(json.loads(tree[0]), readable(reader))
    assert reader.execute(found).fetchall()
