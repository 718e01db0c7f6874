"""Columns of results as PostgreSQL writes their values, as text or binary (its output and send functions)."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.pgwire import oids
from pipeline.pgwire.numeric import numeric_binary, numeric_text
from pipeline.pgwire.oids import ELEMENT_OF
from pipeline.pgwire.pieces import NULL, Numbers, Pieces, constant, equally_long, joined, prefixed
from pipeline.pgwire.refusal import FEATURE_NOT_SUPPORTED, RefusalError

EPOCH_DAYS: Final = 10_957
"""Days from 1970 to PostgreSQL's zero, 2000-01-01."""

EPOCH_US: Final = EPOCH_DAYS * 86_400_000_000
_YEAR_1_DAYS: Final = -719_162
_ENDS: Final = {32: (1 << 31) - 1, 64: (1 << 63) - 1}
"""What DuckDB stores for infinity, and negated for minus infinity."""

_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_BINARY_NUMBERS: Final = {
    oids.BOOL: ">u1",
    oids.INT2: ">i2",
    oids.INT4: ">i4",
    oids.INT8: ">i8",
    oids.OID: ">u4",
    oids.FLOAT4: ">f4",
    oids.FLOAT8: ">f8",
}
_TIMES: Final = {oids.DATE: 32, oids.TIMESTAMP: 64, oids.TIMESTAMPTZ: 64}


def encode(column: pa.Array, oid: int, *, binary: bool) -> Pieces:
    """Return the values of ``column`` in the text or binary format of the type ``oid``.

    ``oid`` is that of the column's DuckDB type (``pipeline.pgwire.oids.type_of``). Raises RefusalError for a
    date before the year 1, which DuckDB counts in another way than PostgreSQL.
    """
    if oid in ELEMENT_OF:
        lists = pc.cast(column, pa.large_list(column.type.value_type))
        found = (_array if binary else _array_text)(lists, ELEMENT_OF[oid])
    else:
        found = (_binary if binary else _text)(column, oid)
    return Pieces(found.data, found.starts, np.where(_valid(column), found.lengths, NULL))


def _text(column: pa.Array, oid: int) -> Pieces:
    if oid == oids.BYTEA:
        raw = _stored(column)
        data = np.stack([_HEX[raw.data >> 4], _HEX[raw.data & 15]], axis=1).reshape(-1)
        return joined([constant(b"\\x", len(column)), Pieces(data, raw.starts * 2, raw.lengths * 2)])
    return _stored(_texts(column, oid))


def _texts(column: pa.Array, oid: int) -> pa.Array:
    if oid == oids.BOOL:
        return pc.if_else(column, "t", "f")
    if oid in {oids.FLOAT4, oids.FLOAT8}:
        text = pc.replace_substring_regex(pc.cast(column, pa.string()), "inf$", "Infinity")
        text = pc.replace_substring_regex(text, "-?nan$", "NaN")
        return pc.replace_substring_regex(text, r"e([+-])(\d)$", r"e\10\2")
    if oid == oids.NUMERIC:
        return numeric_text(_decimal(column))
    if oid in _TIMES:
        return _time_texts(column, oid)
    return pc.cast(column, pa.string())


def _time_texts(column: pa.Array, oid: int) -> pa.Array:
    counts, end = _counts(column, oid), _ENDS[_TIMES[oid]]
    infinite = np.abs(counts) == end
    shown = pa.array(np.where(infinite, 0, counts))
    if oid == oids.DATE:
        text = pc.cast(pc.cast(pc.cast(shown, pa.int32()), pa.date32()), pa.string())
    else:
        text = pc.cast(pc.cast(shown, pa.timestamp("us")), pa.string())
        text = pc.replace_substring_regex(text, r"\.?0*$", "")  # always six digits behind the point
        text = pc.binary_join_element_wise(text, "+00" if oid == oids.TIMESTAMPTZ else "", "")
    endless = pc.if_else(pa.array(counts > 0), "infinity", "-infinity")
    return pc.if_else(pa.array(infinite), endless, text)


def _binary(column: pa.Array, oid: int) -> Pieces:
    if oid in _BINARY_NUMBERS:
        numbers = pc.fill_null(column, pa.scalar(0).cast(column.type))
        return equally_long(numbers.to_numpy(zero_copy_only=False).astype(_BINARY_NUMBERS[oid]))
    if oid == oids.NUMERIC:
        return numeric_binary(_decimal(column))
    if oid in _TIMES:
        bits = _TIMES[oid]
        counts, end = _counts(column, oid), _ENDS[bits]
        shifted = counts - (EPOCH_DAYS if oid == oids.DATE else EPOCH_US)
        shifted = np.where(counts == end, end, np.where(counts == -end, -end - 1, shifted))
        return equally_long(shifted.astype(f">i{bits // 8}"))
    if oid == oids.UUID:
        return _uuid(column)
    return _stored(column)


def _uuid(column: pa.Array) -> Pieces:
    text = pc.replace_substring(pc.fill_null(column, "0" * 32), "-", "")
    stored = _stored(text)
    first = int(stored.starts[0]) if len(column) else 0
    digits = stored.data[first : first + 32 * len(column)].astype(np.int64)
    digits = np.where(digits >= ord("a"), digits - ord("a") + 10, digits - ord("0")).reshape(-1, 2)
    return equally_long((digits[:, 0] << 4 | digits[:, 1]).astype(np.uint8).reshape(-1, 16))


def _array(column: pa.Array, element: int) -> Pieces:
    """Return lists as arrays of one dimension (arrayfuncs.c: array_send)."""
    offsets = column.offsets.to_numpy()
    counts = np.diff(offsets)
    values = encode(column.values, element, binary=True)
    chunks = prefixed(values)
    limits = np.append(chunks.starts, len(chunks.data))
    nulls = np.append(0, np.cumsum(values.lengths == NULL))
    head = np.ones((len(column), 5), ">i4")  # the last is the index of the first element: 1
    head[:, 0] = counts > 0  # dimensions
    head[:, 1] = np.diff(nulls[offsets]) > 0
    head[:, 2] = element
    head[:, 3] = counts
    heads = equally_long(head)
    heads = Pieces(heads.data, heads.starts, np.where(counts > 0, 20, 12))  # no dimension has no size
    return joined([heads, Pieces(chunks.data, limits[offsets[:-1]], np.diff(limits[offsets]))])


def _array_text(column: pa.Array, element: int) -> Pieces:
    """Return lists in braces, quoted where needed (arrayfuncs.c: array_out)."""
    text = _strings(encode(column.values, element, binary=False))
    plain = pc.match_substring_regex(text, r'^[^\s\v,{}"\\]+$')
    plain = pc.and_(plain, pc.invert(pc.match_substring_regex(text, "(?i)^null$")))
    escaped = pc.replace_substring_regex(text, r'(["\\])', r"\\\1")
    quoted = pc.if_else(plain, text, _concatenated('"', escaped, '"'))
    lists = pa.ListArray.from_arrays(pc.cast(column.offsets, pa.int32()), pc.fill_null(quoted, "NULL"))
    return _stored(_concatenated("{", pc.binary_join(lists, ","), "}"))


def _concatenated(*parts: pa.Array | str) -> pa.Array:
    scalars = [pa.scalar(part, pa.string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, pa.scalar("", pa.string()))


def _decimal(column: pa.Array) -> pa.Decimal128Array:
    return column if pa.types.is_decimal128(column.type) else pc.cast(column, pa.decimal128(20, 0))


def _counts(column: pa.Array, oid: int) -> Numbers:
    """Return days or microseconds since 1970; 0 for null."""
    if oid == oids.DATE:
        counts = pc.cast(pc.cast(column, pa.int32()), pa.int64())
    else:
        in_us = pa.timestamp("us", column.type.tz)
        counts = pc.cast(pc.cast(column, in_us), pa.int64())
    found: Numbers = pc.fill_null(counts, 0).to_numpy()
    first = _YEAR_1_DAYS if oid == oids.DATE else _YEAR_1_DAYS * 86_400_000_000
    if ((found < first) & (found != -_ENDS[_TIMES[oid]])).any():
        raise RefusalError(
            FEATURE_NOT_SUPPORTED,
            "the result has a time before the year 1: cast it to VARCHAR, or leave it out",
        )
    return found


def _valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
    return found


def _stored(column: pa.Array) -> Pieces:
    """Return the bytes of texts or binaries where Arrow has them."""
    large = pc.cast(column, pa.large_binary())
    _, offsets, data = large.buffers()
    limits = np.frombuffer(offsets, np.int64)[large.offset : large.offset + len(large) + 1]
    return Pieces(np.frombuffer(data or b"", np.uint8), limits[:-1], np.diff(limits))


def _strings(pieces: Pieces) -> pa.Array:
    """Return the pieces as an Arrow column."""
    rows = len(pieces.lengths)
    compact = joined([pieces])
    valid = np.packbits(pieces.lengths != NULL, bitorder="little")
    limits = np.append(compact.starts, len(compact.data)).astype(np.int32)
    buffers = [pa.py_buffer(valid), pa.py_buffer(limits), pa.py_buffer(compact.data)]
    return pa.Array.from_buffers(pa.string(), rows, buffers)
