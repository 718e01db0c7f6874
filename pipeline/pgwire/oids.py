"""PostgreSQL's types for DuckDB's, by their names."""

import re
from dataclasses import dataclass
from typing import Final

BOOL: Final = 16
BYTEA: Final = 17
INT8: Final = 20
INT2: Final = 21
INT4: Final = 23
TEXT: Final = 25
OID: Final = 26
JSON: Final = 114
FLOAT4: Final = 700
FLOAT8: Final = 701
UNKNOWN: Final = 705
BPCHAR: Final = 1042
VARCHAR: Final = 1043
DATE: Final = 1082
TIMESTAMP: Final = 1114
TIMESTAMPTZ: Final = 1184
NUMERIC: Final = 1700
UUID: Final = 2950

ARRAY_OF: Final = {
    BOOL: 1000,
    BYTEA: 1001,
    INT8: 1016,
    INT2: 1005,
    INT4: 1007,
    TEXT: 1009,
    OID: 1028,
    JSON: 199,
    FLOAT4: 1021,
    FLOAT8: 1022,
    VARCHAR: 1015,
    DATE: 1182,
    TIMESTAMP: 1115,
    TIMESTAMPTZ: 1185,
    NUMERIC: 1231,
    UUID: 2951,
}
"""The array type of each type (pg_type.dat: ``typarray``)."""

ELEMENT_OF: Final = {array: element for element, array in ARRAY_OF.items()}

SIZES: Final = {
    BOOL: 1,
    INT2: 2,
    INT4: 4,
    INT8: 8,
    OID: 4,
    FLOAT4: 4,
    FLOAT8: 8,
    DATE: 4,
    TIMESTAMP: 8,
    TIMESTAMPTZ: 8,
    UUID: 16,
}
"""Bytes of a value, for those whose values all take as many."""

_OIDS: Final = {
    "BOOLEAN": BOOL,
    "TINYINT": INT2,
    "UTINYINT": INT2,
    "SMALLINT": INT2,
    "USMALLINT": INT4,
    "INTEGER": INT4,
    "UINTEGER": INT8,
    "BIGINT": INT8,
    "UBIGINT": NUMERIC,
    "FLOAT": FLOAT4,
    "DOUBLE": FLOAT8,
    "VARCHAR": TEXT,
    "JSON": JSON,
    "BLOB": BYTEA,
    "DATE": DATE,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP,
    "TIMESTAMP_MS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ,
    "UUID": UUID,
}
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_LIST: Final = re.compile(r"(?P<element>.*[^\]])\[\d*\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PgType:
    """What clients are told of a column.

    Attributes:
        oid: PostgreSQL's number of the type.
        modifier: precision and scale of a numeric, packed as PostgreSQL does; -1 for none.
        as_text: whether the query must cast the column to VARCHAR, since PostgreSQL has no such type.
    """

    oid: int
    modifier: int = -1
    as_text: bool = False

    @property
    def size(self) -> int:
        """Bytes of a value, -1 where they differ."""
        return SIZES.get(self.oid, -1)


def type_of(name: str) -> PgType:
    """Return the PostgreSQL type of the DuckDB type ``name``, as ``cursor.description`` writes it.

    What PostgreSQL has no equal of (structs, maps, enums, 128-bit integers, intervals, times, nanoseconds,
    lists of lists, whose PostgreSQL cousins must be rectangles) becomes text.
    """
    if (oid := _OIDS.get(name)) is not None:
        return PgType(oid)
    if decimal := _DECIMAL.fullmatch(name):
        precision, scale = int(decimal[1]), int(decimal[2])
        return PgType(NUMERIC, (precision << 16 | scale) + 4)
    if found := _LIST.fullmatch(name):
        if found["element"] == "UINTEGER":
            return PgType(ARRAY_OF[OID])  # PostgreSQL's own unsigned numbers of 32 bits
        element = type_of(found["element"])
        if not element.as_text:
            return PgType(ARRAY_OF[element.oid], element.modifier)
    return PgType(TEXT, as_text=True)
