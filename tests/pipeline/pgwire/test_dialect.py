import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pgwire.casts import MOST_CASTS
from pipeline.pgwire.dialect import translate
from pipeline.pgwire.refusal import STATEMENT_TOO_COMPLEX, RefusalError

PARTS = [
    "pg_catalog", "information_schema", "current_setting(", "operator(", "collate", '"default"', "regclass",
    "CAST(", " as regtype)", ".", "::", "(", ")", "[", "]", "text[]", "'{a}'", "'x'", "$1", "a", " ", "--\n",
]  # fmt: skip
CODE = st.lists(st.sampled_from(PARTS)).map("".join)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("from pg_catalog.pg_class c", "from pg_class c"),
        ('from "pg_catalog" . pg_class c', "from pg_class c"),
        ("select pg_catalog.format_type(1, 2)", "select format_type(1, 2)"),
        ("select 'a'::pg_catalog.text", "select 'a':: text"),
        ("from information_schema.tables", "from information .tables"),
        ("select current_setting('a')", "select pg_setting ('a')"),
        ("select json_build_object('a', 1)", "select json_object ('a', 1)"),
        ("select a operator(pg_catalog.~) '^(b)$' collate pg_catalog.default", "select a ~ '^(b)$'"),
        ('order by a collate "C", b', "order by a , b"),
        ("select 'a.b'::regclass::oid", "select rel_oid('a.b') ::oid"),
        ("select $1::regclass, $2", "select rel_oid($1) , $2"),
        ("select $1::varchar::regclass", "select rel_oid($1::varchar)"),
        ("select c.oid::regclass::text", "select rel_txt(c.oid) ::text"),
        ("select f(a, b)::regtype", "select typ_txt(f(a, b))"),
        ("select (select  a  from b)::regclass", "select rel_txt((select a from b))"),
        ("select x[1]::regproc", "select prc_txt(x[1])"),
        ("select cast($1 as regclass)", "select rel_oid($1 )"),
        ("select cast(cast($1 as text) as regclass)", "select rel_txt(cast($1 as text) )"),
        ("select 'f'::regproc::oid, 'f'::regproc", "select prc_oid('f')::oid, prc_txt('f')"),
        ("select '{a,b}'::text[]", "select '[a,b]'::text[]"),
    ],
)
def test_what_only_postgresql_has_is_told_to_duckdb(given: str, wanted: str) -> None:
    found = translate(given)
    assert " ".join(found.split()) == wanted
    assert len(found) == len(given)


@pytest.mark.parametrize(
    "statement",
    [
        "select 'pg_catalog.x', $$information_schema.y$$",
        'select "pg_catalog.x" from "information_schema.y"',
        "select a.pg_catalog.b, pg_catalog",
        "select system.main.current_setting('threads')",
        'select "current_setting"(1)',
        "select regclass, operator, collate from a",
        "select '{a}', '{a}'::json, {'a': 1}",
        "-- pg_catalog.x",
    ],
)
def test_what_is_no_code_of_that_kind_stays(statement: str) -> None:
    assert translate(statement).split() == statement.split() or statement.startswith("--")


def test_places_stay_where_they_were() -> None:
    statement = "select pg_catalog.pg_typeof('a'::regclass), nope from information_schema.tables"
    assert translate(statement).index("nope") == statement.index("nope")


@given(CODE)
def test_a_statement_keeps_its_length(statement: str) -> None:
    assert len(translate(statement)) == len(statement)


def test_more_casts_than_anybody_asks_for_are_refused() -> None:
    assert translate("select " + ", ".join(["a::regclass"] * MOST_CASTS))
    with pytest.raises(RefusalError) as refused:
        translate("select " + ", ".join(["a::regclass"] * (MOST_CASTS + 1)))
    assert refused.value.sqlstate == STATEMENT_TOO_COMPLEX
