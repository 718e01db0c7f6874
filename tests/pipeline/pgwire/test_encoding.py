import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import psycopg
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.adapt import Transformer

from pipeline.pgwire import oids
from pipeline.pgwire.encoding import encode
from pipeline.pgwire.oids import ARRAY_OF, PgType, type_of
from pipeline.pgwire.pieces import NULL
from pipeline.pgwire.refusal import RefusalError

BOTH = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
TIMES = st.datetimes().map(lambda time: time.replace(fold=0))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def integers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**precision - 1
    numbers = st.integers(-most, most) | st.integers(-12345, 12345) | st.sampled_from([most, -most, 10**4])
    return numbers.filter(lambda number: abs(number) <= most).map(
        lambda number: Decimal((int(number < 0), tuple(map(int, str(abs(number)))), -scale))
    )


def in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)


CASES: dict[str, tuple[int, pa.DataType, st.SearchStrategy[Any]]] = {
    "bool": (oids.BOOL, pa.bool_(), st.booleans()),
    "int2": (oids.INT2, pa.int16(), integers(16)),
    "unsigned int2": (oids.INT2, pa.uint8(), st.integers(0, 255)),
    "int4": (oids.INT4, pa.int32(), integers(32)),
    "int8": (oids.INT8, pa.int64(), integers(64)),
    "oid": (oids.OID, pa.uint32(), st.integers(0, (1 << 32) - 1)),
    "unsigned int8": (oids.NUMERIC, pa.uint64(), st.integers(0, (1 << 64) - 1)),
    "float4": (oids.FLOAT4, pa.float32(), st.floats(width=32)),
    "float8": (oids.FLOAT8, pa.float64(), st.floats()),
    "numeric 18": (oids.NUMERIC, pa.decimal128(18, 4), decimals(18, 4)),
    "numeric 38": (oids.NUMERIC, pa.decimal128(38, 9), decimals(38, 9)),
    "numeric small": (oids.NUMERIC, pa.decimal128(38, 37), decimals(38, 37)),
    "numeric whole": (oids.NUMERIC, pa.decimal128(38, 0), decimals(38, 0)),
    "text": (oids.TEXT, pa.string(), TEXT),
    "json": (oids.JSON, pa.string(), st.sampled_from(['{"a": [1, null]}', "null", '"é"'])),
    "bytea": (oids.BYTEA, pa.binary(), st.binary()),
    "date": (oids.DATE, pa.date32(), st.dates()),
    "timestamp": (oids.TIMESTAMP, pa.timestamp("us"), TIMES),
    "timestamptz": (
        oids.TIMESTAMPTZ,
        pa.timestamp("us", "UTC"),
        TIMES.map(in_utc),
    ),
    "uuid": (oids.UUID, pa.string(), st.uuids().map(str)),
}


def raw(column: pa.Array, oid: int, *, binary: bool) -> list[bytes | None]:
    found = encode(column, oid, binary=binary)
    return [
        None if length == NULL else found.data[start : start + length].tobytes()
        for start, length in zip(found.starts, found.lengths, strict=True)
    ]


def read(column: pa.Array, oid: int, *, binary: bool) -> list[Any]:
    """Return what psycopg reads."""
    load: Callable[[bytes], Any] = Transformer().get_loader(oid, psycopg.pq.Format(int(binary))).load
    found = [None if value is None else load(value) for value in raw(column, oid, binary=binary)]
    return rounded(found) if oid in {oids.FLOAT4, ARRAY_OF[oids.FLOAT4]} else found


def rounded(value: Any) -> Any:
    """Return floats as the nearest of 32 bits: text has the fewest digits that tell them apart."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return None if value is None else float(np.float32(value))


def expected(values: list[Any], case: str) -> list[Any]:
    change: dict[str, Callable[[Any], Any]] = {
        "json": json.loads,
        "uuid": UUID,
        "unsigned int8": Decimal,
    }
    convert = change.get(case, lambda value: value)
    return [None if value is None else convert(value) for value in values]


@BOTH
@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
@settings(deadline=None)
def test_psycopg_reads_what_was_stored(case: str, binary: bool, data: Any) -> None:
    oid, arrow, value = CASES[case]
    values = data.draw(st.lists(st.none() | value, max_size=20))
    skipped = data.draw(st.integers(0, 3))
    column = pa.array(values, arrow).slice(skipped)
    assert list(map(repr, read(column, oid, binary=binary))) == list(
        map(repr, expected(values[skipped:], case))
    )


@BOTH
@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
@settings(deadline=None)
def test_psycopg_reads_arrays(case: str, binary: bool, data: Any) -> None:
    oid, arrow, value = CASES[case]
    values = data.draw(st.lists(st.none() | st.lists(st.none() | value, max_size=4), max_size=8))
    skipped = data.draw(st.integers(0, 2))
    column = pa.array(values, pa.list_(arrow)).slice(skipped)
    wanted = [None if it is None else expected(it, case) for it in values[skipped:]]
    assert list(map(repr, read(column, ARRAY_OF[oid], binary=binary))) == list(map(repr, wanted))


@given(st.lists(TEXT | st.sampled_from(["", "null", "NULL", "a,b", "{", '"', "\\", " ", "\v"]), min_size=1))
@example(["\u00a0", "\x85"])
def test_no_text_breaks_out_of_its_array(texts: list[str]) -> None:
    assert read(pa.array([texts]), ARRAY_OF[oids.TEXT], binary=False) == [texts]


def test_texts_are_those_of_postgresql() -> None:
    def text(values: list[Any], arrow: pa.DataType, oid: int) -> list[bytes | None]:
        return raw(pa.array(values, arrow), oid, binary=False)

    floats = [1.0, 0.5, -0.0, 1e20, 1e-7, math.nan, math.inf, -math.inf]
    assert text(floats, pa.float64(), oids.FLOAT8) == [
        b"1", b"0.5", b"-0", b"1e+20", b"1e-07", b"NaN", b"Infinity", b"-Infinity",
    ]  # fmt: skip
    times = [datetime(2026, 1, 2, 3, 4, 5, fraction) for fraction in (0, 100, 120000)]  # noqa: DTZ001
    assert text(times, pa.timestamp("us"), oids.TIMESTAMP) == [
        b"2026-01-02 03:04:05", b"2026-01-02 03:04:05.0001", b"2026-01-02 03:04:05.12",
    ]  # fmt: skip
    midnight = [datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 10, 20, 10, 10, tzinfo=UTC)]
    assert text(midnight, pa.timestamp("us", "UTC"), oids.TIMESTAMPTZ) == [
        b"2026-01-02 00:00:00+00", b"2026-10-20 10:10:00+00",
    ]  # fmt: skip
    assert text([True, False], pa.bool_(), oids.BOOL) == [b"t", b"f"]
    assert text([b"\0\xff"], pa.binary(), oids.BYTEA) == [b"\\x00ff"]
    assert text([Decimal("-0.0001"), Decimal(0)], pa.decimal128(38, 10), oids.NUMERIC) == [
        b"-0.0001000000", b"0.0000000000",
    ]  # fmt: skip
    assert text([[1, None], []], pa.list_(pa.int32()), ARRAY_OF[oids.INT4]) == [b"{1,NULL}", b"{}"]


def test_infinite_times_are_postgresqls() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.sql(
            "SELECT t::DATE AS d, t::TIMESTAMP AS t FROM unnest(['infinity', '-infinity']) u(t)"
        )
        columns = relation.to_arrow_table().combine_chunks()
    for name, oid, size in (("d", oids.DATE, 4), ("t", oids.TIMESTAMP, 8)):
        column = columns[name].combine_chunks()
        assert raw(column, oid, binary=False) == [b"infinity", b"-infinity"]
        assert raw(column, oid, binary=True) == [b"\x7f" + b"\xff" * (size - 1), b"\x80" + b"\0" * (size - 1)]


@BOTH
def test_times_before_the_year_1_are_refused_and_from_there_on_not(binary: bool) -> None:
    first = (date(1, 1, 1) - date(1970, 1, 1)).days
    assert read(pa.array([first], pa.int32()).cast(pa.date32()), oids.DATE, binary=binary) == [date(1, 1, 1)]
    with pytest.raises(RefusalError, match="before the year 1"):
        encode(pa.array([first - 1], pa.int32()).cast(pa.date32()), oids.DATE, binary=binary)


COLUMNS = """
SELECT true, 1::TINYINT, 2::UTINYINT, 3::SMALLINT, 4::USMALLINT, 5, 6::UINTEGER, 7::BIGINT, 8::UBIGINT,
  1.5::FLOAT, 2.5::DOUBLE, 1.50::DECIMAL(5, 2), 'é', '{"a":1}'::JSON, '\\x00'::BLOB, DATE '2026-01-02',
  TIMESTAMP '2026-01-02 03:04:05', TIMESTAMP_S '2026-01-02 03:04:05', TIMESTAMP_MS '2026-01-02 03:04:05',
  TIMESTAMPTZ '2026-01-02 03:04:05+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID, [1, 2],
  [1, 2]::INTEGER[2], ['a', NULL], [1.5::DECIMAL(3, 1)]
"""
NOON = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - TIMESTAMP has no zone
ROW: list[Any] = [
    True, 1, 2, 3, 4, 5, 6, 7, Decimal(8), 1.5, 2.5, Decimal("1.50"), "é", {"a": 1}, b"\0", date(2026, 1, 2),
    NOON, NOON, NOON, NOON.replace(tzinfo=UTC), UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), [1, 2],
    [1, 2], ["a", None], [Decimal("1.5")],
]  # fmt: skip


@BOTH
def test_columns_of_duckdb_read_as_duckdb_reads_them(binary: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.sql(COLUMNS)
        types = [type_of(str(column[1])) for column in relation.description]
        table = relation.to_arrow_table()
    for column, found, wanted in zip(table.columns, types, ROW, strict=True):
        assert not found.as_text
        (value,) = read(column.combine_chunks(), found.oid, binary=binary)
        assert value == wanted


@pytest.mark.parametrize(
    "name",
    ["HUGEINT", "UHUGEINT", "INTERVAL", "TIME", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "BIT",
     "ENUM('x', 'y[]')", "TIMESTAMP_NS", '"NULL"', "INTEGER[][]", "STRUCT(a INTEGER)[]", "HUGEINT[]"],
)  # fmt: skip
def test_what_postgresql_has_not_is_text_by_a_cast(name: str) -> None:
    assert type_of(name) == PgType(oids.TEXT, as_text=True)


def test_numerics_tell_precision_and_scale() -> None:
    assert type_of("DECIMAL(5,2)") == PgType(oids.NUMERIC, (5 << 16 | 2) + 4)
    assert type_of("DECIMAL(38,0)[]") == PgType(ARRAY_OF[oids.NUMERIC], (38 << 16) + 4)


@pytest.mark.parametrize(("name", "size"), [("BOOLEAN", 1), ("UUID", 16), ("VARCHAR", -1), ("INTEGER[]", -1)])
def test_sizes_are_those_of_pg_type(name: str, size: int) -> None:
    assert type_of(name).size == size


def test_lists_of_unsigned_numbers_of_32_bits_are_lists_of_oids() -> None:
    assert type_of("UINTEGER[]").oid == ARRAY_OF[oids.OID]
    assert type_of("UINTEGER").oid == oids.INT8


def test_oids_are_those_psycopg_knows() -> None:
    names = {oids.BOOL: "bool", oids.BYTEA: "bytea", oids.INT8: "int8", oids.INT2: "int2", oids.INT4: "int4",
             oids.TEXT: "text", oids.OID: "oid", oids.JSON: "json", oids.FLOAT4: "float4",
             oids.FLOAT8: "float8", oids.VARCHAR: "varchar", oids.DATE: "date", oids.TIMESTAMP: "timestamp",
             oids.TIMESTAMPTZ: "timestamptz", oids.NUMERIC: "numeric", oids.UUID: "uuid"}  # fmt: skip
    for oid, name in names.items():
        known = psycopg.adapters.types[name]
        assert (known.oid, known.array_oid) == (oid, ARRAY_OF[oid])
