"""Functions that fill the memory or take time without end, where DuckDB's own limits don't reach."""

from collections.abc import Iterator
from importlib.resources import files

import duckdb
import pytest


@pytest.fixture(scope="module")
def bounded() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS reader")
        connection.execute("USE reader")
        connection.execute("CREATE SCHEMA information")
        connection.execute(files("sql").joinpath("pg_catalog", "940_bounds.sql").read_text("utf-8"))
        yield connection


SAME = [
    "repeat('ab', 3)", "repeat([1], 2)", "repeat(NULL, 2)", "repeat('x', 0)", "repeat('x', -1)",
    "lpad('x', 3, '0')", "rpad('x', 3, '0')", "lpad('abc', 2, 'x')", "lpad(NULL, 2, 'x')",
    "bitstring('1', 8)", "to_base(10, 2)", "to_base(10, 2, 8)", "replace('abc', 'b', 'xy')",
    "replace(NULL, 'b', 'x')", "regexp_replace('abcb', 'b', 'x')", "regexp_replace('abcb', 'b', 'x', 'g')",
    "levenshtein('ab', 'cb')", "editdist3('ab', 'cb')", "damerau_levenshtein('ab', 'ba')",
    "jaro_similarity('ab', 'ac')", "jaro_similarity('ab', 'ac', 0.9)", "jaro_winkler_similarity('ab', 'ac')",
    "jaro_winkler_similarity('ab', 'ac', 0.5)", "levenshtein('a', NULL)", "jaro_similarity(NULL, 'a')",
]  # fmt: skip


@pytest.mark.parametrize("call", SAME)
def test_within_bounds_they_are_duckdb_s(call: str, bounded: duckdb.DuckDBPyConnection) -> None:
    row = bounded.execute(f"SELECT {call}, system.main.{call}").fetchone()
    assert row is not None
    assert row[0] == row[1]


LONG = "(SELECT string_agg('a', '') FROM range(11000))"


@pytest.mark.parametrize(
    "call",
    [
        "repeat('x', 1000001)", "repeat([1, 2], 500001)", "repeat('xy', i)", "lpad('x', i, 'y')",
        "rpad('x', i, 'y')", "lpad('x', i)", "bitstring('1', i)", "to_base(1, 2, 65)",
        f"replace({LONG}, 'a', {LONG})", f"regexp_replace({LONG}, 'a', {LONG}, 'g')",
        f"levenshtein({LONG}, {LONG})", f"editdist3({LONG}, {LONG})", f"damerau_levenshtein({LONG}, {LONG})",
        f"jaro_similarity({LONG}, {LONG})", f"jaro_winkler_similarity({LONG}, {LONG})",
    ],
)  # fmt: skip
def test_beyond_they_refuse(call: str, bounded: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=r"\(\) (makes|takes).* up to .* here"):
        bounded.execute(f"SELECT {call} FROM (SELECT 2000000000::INTEGER AS i)")


def test_just_below_a_bound_all_goes(bounded: duckdb.DuckDBPyConnection) -> None:
    row = bounded.execute("SELECT len(repeat('x', 1000000)), len(lpad('x', 1000000, 'y'))").fetchone()
    assert row == (1_000_000, 1_000_000)
