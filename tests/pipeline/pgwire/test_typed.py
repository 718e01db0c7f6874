import pytest

from pipeline.pgwire import oids
from pipeline.pgwire.typed import merged, with_types


@pytest.mark.parametrize(
    ("given", "found", "types"),
    [
        ((), (), ()),
        ((oids.INT4,), (), (oids.INT4,)),
        ((), (0, oids.INT8), (0, oids.INT8)),
        ((oids.INT4,), (oids.INT8,), (oids.INT4,)),
        ((oids.TEXT, oids.UNKNOWN, 0), (oids.TIMESTAMPTZ, oids.INT8, 0), (oids.TIMESTAMPTZ, oids.INT8, 0)),
        ((oids.VARCHAR,), (0, oids.BOOL), (oids.VARCHAR, oids.BOOL)),
    ],
)
def test_the_client_says_first_and_the_statement_what_is_open(
    given: tuple[int, ...], found: tuple[int, ...], types: tuple[int, ...]
) -> None:
    assert merged(given, found) == types


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("select $1+$2", "select CAST($1 AS INTEGER)+$2"),
        ("select '$1', \"$1\", $1 -- $1", "select '$1', \"$1\", CAST($1 AS INTEGER) -- $1"),
        ("select $$ $1 $$, $4", "select $$ $1 $$, $4"),
        ("where x = any($3)", "where x = any(CAST($3 AS BIGINT[]))"),
        ("limit $1", "limit CAST($1 AS INTEGER)"),
        ("select $ 1, $999999", "select $ 1, $999999"),
    ],
)
def test_parameters_are_cast_to_what_they_are(text: str, typed: str) -> None:
    assert with_types(text, (oids.INT4, oids.TEXT, oids.ARRAY_OF[oids.INT8])) == typed
