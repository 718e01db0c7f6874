import contextlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer

from pipeline.pgwire import oids
from pipeline.pgwire.oids import ARRAY_OF
from pipeline.pgwire.parameters import decode
from pipeline.pgwire.refusal import INVALID_BINARY, INVALID_TEXT, RefusalError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DECIMAL = st.decimals(allow_nan=False, allow_infinity=False, places=9).filter(
    lambda value: abs(value) < 10**29
)
ZONE = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001 - both kinds are wanted
SCALARS = {
    "bool": st.booleans(),
    "int": st.integers(-(1 << 63), (1 << 63) - 1),
    "float": st.floats(allow_nan=False),
    "numeric": DECIMAL,
    "text": TEXT,
    "bytes": st.binary(),
    "date": st.dates(),
    "timestamp": TIMES,
    "timestamptz": st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONE),  # noqa: DTZ001
    "uuid": st.uuids(),
}
# psycopg writes bytes as text for a literal, not for the wire, where there is no connection
SENT = [
    (kind, sent_as)
    for kind in SCALARS
    for sent_as in (PyFormat.TEXT, PyFormat.BINARY)
    if (kind, sent_as) != ("bytes", PyFormat.TEXT)
]
OIDS = [0, *ARRAY_OF, *ARRAY_OF.values(), oids.UNKNOWN, 1186]


def received(value: Any, sent_as: PyFormat) -> Any:
    """Return what is read of what psycopg sends."""
    dumper = Transformer().get_dumper(value, sent_as)
    data = dumper.dump(value)
    assert data is not None
    return decode(bytes(data), dumper.oid, binary=bool(dumper.format))


@pytest.mark.parametrize(("kind", "sent_as"), SENT)
@given(data=st.data())
@settings(deadline=None)
def test_what_psycopg_sends_is_what_is_read(kind: str, sent_as: PyFormat, data: Any) -> None:
    value = data.draw(SCALARS[kind])
    found = received(value, sent_as)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "sent_as"), SENT)
@given(data=st.data())
@settings(deadline=None)
def test_arrays_too(kind: str, sent_as: PyFormat, data: Any) -> None:
    first = data.draw(SCALARS[kind])
    values = [first, *data.draw(st.lists(st.none() | SCALARS[kind], max_size=4))]
    upgraded = Transformer().get_dumper(values, sent_as)
    found = decode(bytes(upgraded.dump(values) or b""), upgraded.oid, binary=bool(upgraded.format))
    assert found == values if upgraded.oid else isinstance(found, str)


@given(st.sampled_from(OIDS), st.booleans(), st.binary(max_size=60))
def test_garbage_is_a_value_or_refused(oid: int, binary: bool, data: bytes) -> None:
    with contextlib.suppress(RefusalError):
        decode(data, oid, binary=binary)


@pytest.mark.parametrize(
    ("text", "oid", "value"),
    [
        ("t", oids.BOOL, True),
        ("OFF", oids.BOOL, False),
        (" 12 ", oids.INT4, 12),
        ("-Infinity", oids.FLOAT8, float("-inf")),
        ("1e3", oids.NUMERIC, Decimal(1000)),
        ("2026-01-02", oids.DATE, date(2026, 1, 2)),
        ("2026-01-02 03:04:05.5+00", oids.TIMESTAMPTZ, datetime(2026, 1, 2, 3, 4, 5, 500000, UTC)),
        ("2026-01-02T03:04:05Z", oids.TIMESTAMPTZ, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("\\xDEad", oids.BYTEA, b"\xde\xad"),
        ("a\\000\\\\\\377'", oids.BYTEA, b"a\0\\\xff'"),
        ("", oids.BYTEA, b""),
        ("2026-01-02", 0, "2026-01-02"),
        ("{}", ARRAY_OF[oids.INT4], []),
        ('{1,null,"2"}', ARRAY_OF[oids.INT4], [1, None, 2]),
        ('{"NULL","a\\"\\\\",b c}', ARRAY_OF[oids.TEXT], ["NULL", 'a"\\', "b c"]),
    ],
)
def test_text_is_read_as_postgresql_reads_it(text: str, oid: int, value: Any) -> None:
    assert decode(text.encode(), oid, binary=False) == value


@pytest.mark.parametrize(
    ("text", "oid"),
    [
        ("maybe", oids.BOOL),
        ("o", oids.BOOL),
        ("", oids.BOOL),
        ("1.5", oids.INT4),
        ("x", oids.NUMERIC),
        ("03:04", oids.DATE),
        ("a\\b", oids.BYTEA),
        ("{1,2", ARRAY_OF[oids.INT4]),
        ("{{1},{2}}", ARRAY_OF[oids.INT4]),
        ("{1,}", ARRAY_OF[oids.INT4]),
        ("{'a\"}", ARRAY_OF[oids.TEXT]),
        ("\ud800", 0),
    ],
)
def test_text_that_is_no_value_is_refused(text: str, oid: int) -> None:
    with pytest.raises(RefusalError, match=rf"no value of its type \(OID {oid}\)") as refused:
        decode(text.encode("utf-8", "surrogatepass"), oid, binary=False)
    assert refused.value.sqlstate == INVALID_TEXT


@pytest.mark.parametrize(
    ("data", "oid"),
    [
        (b"\0\0\0", oids.INT4),
        (b"\0" * 5, oids.INT4),
        (b"\0" * 15, oids.UUID),
        (b"\x7f" + b"\xff" * 7, oids.TIMESTAMP),
        (b"\0\1\0\0\0\0\0\0\x27\x10", oids.NUMERIC),
        (b"\0\1\x7f\xff\0\0\0\0\0\1", oids.NUMERIC),
        (b"\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\5ab", ARRAY_OF[oids.TEXT]),
        (b"\0\0\0\1\0\0\0\0\0\0\0\x19\x7f\xff\xff\xff\0\0\0\1", ARRAY_OF[oids.TEXT]),
        (b"\0\0\0\2\0\0\0\0\0\0\0\x19", ARRAY_OF[oids.TEXT]),
    ],
)
def test_bytes_that_are_no_value_are_refused(data: bytes, oid: int) -> None:
    with pytest.raises(RefusalError) as refused:
        decode(data, oid, binary=True)
    assert refused.value.sqlstate == INVALID_BINARY


def test_a_type_nobody_knows_is_refused_with_the_way_out() -> None:
    with pytest.raises(RefusalError, match="OID 1186 can't be taken: give text"):
        decode(b"1 day", 1186, binary=False)
