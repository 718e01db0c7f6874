"""Decimals as PostgreSQL writes them: 12.50, or digits to the base 10000 (numeric.c: numeric_send)."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.pgwire.pieces import Numbers, Pieces

_LIMBS: Final = 5
"""Of 32 bits: 128 and the 10 that three more decimal digits take."""

_DIGITS: Final = 11
"""To the base 10000, of 41 decimal digits."""

_NEGATIVE: Final = 0x4000


def numeric_text(column: pa.Decimal128Array) -> pa.StringArray:
    """Return the decimals with all digits of their scale, never with an exponent."""
    scale = column.type.scale
    whole = pa.Array.from_buffers(pa.decimal128(38, 0), len(column), column.buffers(), offset=column.offset)
    digits = pc.cast(whole, pa.string())
    if scale == 0:
        return digits
    sign = pc.if_else(pc.starts_with(digits, "-"), "-", "")
    padded = pc.utf8_lpad(pc.utf8_ltrim(digits, "-"), scale + 1, "0")
    units, fraction = pc.utf8_slice_codeunits(padded, 0, -scale), pc.utf8_slice_codeunits(padded, -scale)
    return pc.binary_join_element_wise(sign, units, ".", fraction, "")


def numeric_binary(column: pa.Decimal128Array) -> Pieces:
    """Return count of digits, weight of the first, sign, scale and digits; nulls are the caller's matter."""
    scale = column.type.scale
    negative, limbs = _magnitude(column)
    fractions = -(-scale // 4)  # digits to the base 10000 behind the point
    _multiply(limbs, 10 ** (fractions * 4 - scale))
    digits = np.stack([_divide(limbs) for _ in range(_DIGITS)][::-1], axis=1)
    nonzero = digits != 0
    any_digit = nonzero.any(axis=1)
    first = np.where(any_digit, nonzero.argmax(axis=1), 0)
    last = np.where(any_digit, _DIGITS - nonzero[:, ::-1].argmax(axis=1), 0)
    count = last - first
    message = np.zeros((len(column), 4 + _DIGITS), ">i2")
    message[:, 0] = count
    message[:, 1] = np.where(any_digit, _DIGITS - fractions - 1 - first, 0)
    message[:, 2] = np.where(negative & any_digit, _NEGATIVE, 0)
    message[:, 3] = scale
    places = np.minimum(first[:, None] + np.arange(_DIGITS), _DIGITS - 1)
    message[:, 4:] = np.take_along_axis(digits, places, axis=1)
    width = message.shape[1] * 2
    starts = np.arange(len(column), dtype=np.int64) * width
    return Pieces(message.view(np.uint8).reshape(-1), starts, 8 + 2 * count)


def _magnitude(column: pa.Decimal128Array) -> tuple[npt.NDArray[np.bool_], Numbers]:
    """Return the signs, and the absolute values in limbs, the lowest first."""
    stored = np.frombuffer(column.buffers()[1], "<u4")
    stored = stored[column.offset * 4 : (column.offset + len(column)) * 4].reshape(-1, 4)
    negative = stored[:, 3] >> 31 == 1
    limbs = np.zeros((len(column), _LIMBS), np.int64)
    limbs[:, :4] = np.where(negative[:, None], ~stored, stored)
    limbs[:, 0] += negative
    _carry(limbs)
    return negative, limbs


def _multiply(limbs: Numbers, factor: int) -> None:
    limbs *= factor
    _carry(limbs)


def _carry(limbs: Numbers) -> None:
    for place in range(_LIMBS - 1):
        limbs[:, place + 1] += limbs[:, place] >> 32
        limbs[:, place] &= 0xFFFFFFFF


def _divide(limbs: Numbers) -> Numbers:
    """Divide by 10000 in place and return the remainders."""
    remainder = np.zeros(len(limbs), np.int64)
    for place in range(_LIMBS - 1, -1, -1):
        value = (remainder << 32) | limbs[:, place]
        limbs[:, place] = value // 10_000
        remainder = value % 10_000
    return remainder
