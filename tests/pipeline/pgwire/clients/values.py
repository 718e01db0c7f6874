"""Three rows with a column of each type, and what clients make of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

TYPED: Final = """
SELECT * FROM (
    SELECT
        1 AS id, true AS b, 1::SMALLINT AS i2, 2::INTEGER AS i4, 9223372036854775807 AS i8,
        1.50::DECIMAL(9, 2) AS n, 0.1::DOUBLE AS f8, 1.5::FLOAT AS f4, 'é' AS t, DATE '2026-01-02' AS d,
        TIMESTAMP '2026-01-02 03:04:05.006' AS ts, TIMESTAMPTZ '2026-01-02 03:04:05+00' AS tz,
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS u, '{"a":1}'::JSON AS j,
        [1, NULL, 2]::INTEGER[] AS ints, {'a': 1, 'b': 'x'} AS s,
        170141183460469231731687303715884105727::HUGEINT AS h,
        '2001:db8::1' AS ip, '02:00:00:00:00:01' AS mac
    UNION ALL
    SELECT
        2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL
    UNION ALL
    SELECT
        3, false, (-32768)::SMALLINT, (-2147483648)::INTEGER, (-9223372036854775808)::BIGINT,
        (-9999999.99)::DECIMAL(9, 2), '-0.0'::DOUBLE, 'infinity'::FLOAT, '',
        DATE '0001-01-01', TIMESTAMP '9999-12-31 23:59:59.999999', TIMESTAMPTZ '0001-01-01 00:00:00+00',
        '00000000-0000-0000-0000-000000000000'::UUID, 'null'::JSON, []::INTEGER[], {'a': NULL, 'b': ''},
        (-170141183460469231731687303715884105728)::HUGEINT, '::', 'ff:ff:ff:ff:ff:ff'
) AS typed
ORDER BY id
"""
NAMES: Final = "id b i2 i4 i8 n f8 f4 t d ts tz u j ints s h ip mac".split()  # noqa: SIM905 - short so
OIDS: Final = [23, 16, 21, 23, 20, 1700, 701, 700, 25, 1082, 1114, 1184, 2950, 114, 1007, 25, 25, 25, 25]

FIRST: Final[list[Any]] = [
    1, True, 1, 2, 9223372036854775807, Decimal("1.50"), 0.1, 1.5, "é", date(2026, 1, 2),
    datetime(2026, 1, 2, 3, 4, 5, 6000), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),  # noqa: DTZ001 - as in ts
    UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), {"a": 1}, [1, None, 2], "{'a': 1, 'b': x}",
    "170141183460469231731687303715884105727", "2001:db8::1", "02:00:00:00:00:01",
]  # fmt: skip
LAST: Final[list[Any]] = [
    3, False, -32768, -2147483648, -9223372036854775808, Decimal("-9999999.99"), -0.0, float("inf"), "",
    date(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001 - as in ts
    datetime(1, 1, 1, tzinfo=UTC), UUID(int=0), None, [], "{'a': NULL, 'b': ''}",
    "-170141183460469231731687303715884105728", "::", "ff:ff:ff:ff:ff:ff",
]  # fmt: skip
ROWS: Final = [FIRST, [2, *[None] * (len(NAMES) - 1)], LAST]

TEXTS: Final = [
    ["1", "t", "1", "2", "9223372036854775807", "1.50", "0.1", "1.5", "é", "2026-01-02",
     "2026-01-02 03:04:05.006", "2026-01-02 03:04:05+00", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", '{"a":1}',
     "{1,NULL,2}", *FIRST[15:]],
    ["2", *[None] * (len(NAMES) - 1)],
    ["3", "f", "-32768", "-2147483648", "-9223372036854775808", "-9999999.99", "-0", "Infinity", "",
     "0001-01-01", "9999-12-31 23:59:59.999999", "0001-01-01 00:00:00+00",
     "00000000-0000-0000-0000-000000000000", "null", "{}", *LAST[15:]],
]  # fmt: skip
"""The rows in PostgreSQL's text format."""
