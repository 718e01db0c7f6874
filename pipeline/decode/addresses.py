"""Spellings of addresses and identifiers: text columns to numbers or to one canonical text.

Each function takes a column of text and returns a column of the same length; null means unreadable. MAC and
IPv4 addresses are read column by column; what is rare or of few distinct values goes through its distinct
values.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from socket import AF_INET6, inet_pton
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

ZERO: Final = ""
"""What a canonical text function returns for a readable value that means "none"."""

_SPELLINGS: Final = pl.Categorical(pl.Categories("fabricscope.spellings"))
"""Interns what comes from the wire for as long as it is looked at, apart from the names that stay."""
_MAC_LENGTH: Final = len("00:00:00:00:00:00")
_NO_DIGIT: Final = 0x10
_HEX: Final = np.full(256, _NO_DIGIT, dtype=np.uint8)
for _digit in "0123456789abcdefABCDEF":
    _HEX[ord(_digit)] = int(_digit, 16)
_MAC_DIGITS: Final = np.array([at for at in range(_MAC_LENGTH) if at % 3 != 2])
_V4_LENGTH: Final = len("255.255.255.255")
_MAPPED_V4: Final = 0xFFFF_0000_0000
_ESI: Final = re.compile(r"[0-9a-f]{20}")
_RD_TYPE: Final = re.compile(r"(?:type)?[012]:(?=[^:]+:\d+$)", re.IGNORECASE)


def mac_numbers(text: pl.Series) -> pl.Series:
    """Return MAC addresses as UInt64; hex in upper or lower case, with colons, dots, dashes or nothing."""
    if not text.is_empty() and text.null_count() == 0 and bool((text.str.len_bytes() == _MAC_LENGTH).all()):
        octets = np.frombuffer(text.to_arrow().cast(pa.large_binary()).buffers()[2], dtype=np.uint8)
        octets = octets[: len(text) * _MAC_LENGTH].reshape(len(text), _MAC_LENGTH)
        digits = _HEX[octets[:, _MAC_DIGITS]]
        if (digits < _NO_DIGIT).all():
            number = np.zeros(len(text), dtype=np.uint64)
            for column in range(digits.shape[1]):
                number = (number << np.uint64(4)) | digits[:, column]
            return pl.Series(number)
    digits_only = text.str.replace_all(r"[:.\-]", "")
    readable = digits_only.str.contains(r"^[0-9A-Fa-f]{12}$")
    return digits_only.set(~readable, None).str.to_integer(base=16, dtype=pl.UInt64, strict=False)


def ip_numbers(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return IP addresses as two UInt64 halves, IPv4 as IPv4-mapped; a length or a zone is ignored."""
    v4 = _v4_numbers(text)
    rest = text.filter(v4.is_null() & text.is_not_null())
    if rest.is_empty():
        return pl.select(pl.when(v4.is_not_null()).then(pl.lit(0, pl.UInt64))).to_series(), v4
    distinct = rest.unique()
    halves = [_v6_halves(one) for one in distinct]
    found = pl.DataFrame(
        {"text": distinct, "hi": [hi for hi, _ in halves], "lo": [lo for _, lo in halves]}
    ).cast({"hi": pl.UInt64, "lo": pl.UInt64})
    joined = pl.DataFrame({"text": text}).join(found, on="text", how="left", maintain_order="left")
    return (
        pl.select(pl.when(v4.is_not_null()).then(pl.lit(0, pl.UInt64)).otherwise(joined["hi"])).to_series(),
        pl.select(pl.coalesce(v4, joined["lo"])).to_series(),
    )


def _v4_numbers(text: pl.Series) -> pl.Series:
    """Return IPv4 addresses, dotted decimal, as IPv4-mapped lower halves; null for all else."""
    raw = text.fill_null("").to_arrow().cast(pa.large_binary())
    bounds = np.frombuffer(raw.buffers()[1], dtype=np.int64)[raw.offset : raw.offset + len(raw) + 1]
    start, length = bounds[:-1], np.diff(bounds)
    padding = np.zeros(_V4_LENGTH + 1, dtype=np.uint8)
    octets = np.concatenate([np.frombuffer(raw.buffers()[2] or b"", dtype=np.uint8), padding])
    readable = np.ones(len(raw), dtype=bool)
    address, number = np.zeros((2, len(raw)), dtype=np.uint32)
    digits, numbers = np.zeros((2, len(raw)), dtype=np.uint8)
    for place in range(min(_V4_LENGTH, int(length.max(initial=0))) + 1):
        octet = octets[start + place]
        length = np.where((octet == ord("/")) | (octet == ord("%")), np.minimum(length, place), length)
        digit = octet - np.uint8(ord("0"))  # wraps: what is no digit is above 9
        inside = place < length
        is_digit = inside & (digit <= 9)
        ends = (inside & (octet == ord("."))) | (place == length)
        readable &= is_digit | (ends & (digits > 0) & (digits <= 3) & (number <= 0xFF)) | (place > length)
        address = np.where(ends, (address << np.uint32(8)) | number, address)
        numbers += ends
        digits = np.where(ends, np.uint8(0), digits + is_digit)
        number = np.where(ends, np.uint32(0), np.where(is_digit, number * np.uint32(10) + digit, number))
    readable &= (numbers == 4) & (length <= _V4_LENGTH)
    return pl.Series(address.astype(np.uint64) + np.uint64(_MAPPED_V4)).set(pl.Series(~readable), None)


def canonical(
    text: pl.Series, spell: Callable[[str], str | bool | None], dtype: pl.DataType | type[pl.DataType]
) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Return values of few distinct spellings as ``dtype`` and, beside them, which were readable.

    ``spell`` returns None for what it can't read and ZERO for what means none: null, and readable.
    """
    codes = text.cast(_SPELLINGS).to_physical()
    if text.null_count():
        codes = codes.fill_null(int(codes.max() or 0) + 1)  # type: ignore[arg-type]  # a column of numbers
    code = codes.to_numpy()
    # interned text: a spelling has the lowest free code, so that all together are few
    first = np.full(int(code.max(initial=0)) + 1, -1, dtype=np.int64)
    first[code] = np.arange(len(code))
    used = np.flatnonzero(first >= 0)
    spelled = [None if one is None else spell(one) for one in text[pl.Series(first[used].astype(np.uint32))]]
    place = np.zeros(len(first), dtype=np.uint32)
    place[used] = np.arange(len(used), dtype=np.uint32)
    at = place[code]
    plain = pl.Boolean if dtype == pl.Boolean else pl.String
    values = pl.Series([None if one == ZERO else one for one in spelled], dtype=plain).cast(dtype)
    readable = np.array([one is not None for one in spelled], dtype=np.bool_)
    return values[pl.Series(at)], readable[at]


def spell_identity(text: str) -> str | None:
    """Return an identity without its module prefix."""
    return text.rpartition(":")[2] or None


@lru_cache(maxsize=1 << 16)
def spell_address(text: str) -> str | None:
    """Return an IP address in canonical text; IPv4-mapped becomes IPv4, a zone or a length is dropped."""
    try:
        address = ip_address(text.partition("%")[0].partition("/")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


def spell_peer(text: str) -> str | None:
    """Return an IP address in canonical text; the unspecified one means none."""
    address = spell_address(text)
    return ZERO if address in ("0.0.0.0", "::") else address  # noqa: S104  # a peer, no listener


def spell_esi(text: str) -> str | None:
    """Return an ESI as ten octets in lower hex with colons; zero and AUTO, not yet chosen, mean none."""
    digits = text.translate(str.maketrans("", "", ":.-")).lower()
    if digits == "auto":
        return ZERO
    if not _ESI.fullmatch(digits):
        return None
    if int(digits, 16) == 0:
        return ZERO
    return ":".join(digits[at : at + 2] for at in range(0, 20, 2))


def spell_rd(text: str) -> str | None:
    """Return a route distinguisher without a type in front; ``0:0`` means none."""
    bare = _RD_TYPE.sub("", text) if text.count(":") > 1 else text
    if bare == "0:0":
        return ZERO
    administrator, _, number = bare.rpartition(":")
    return bare if administrator and number.isdecimal() else None


def _v6_halves(text: str) -> tuple[int | None, int | None]:
    try:
        octets = inet_pton(AF_INET6, text.partition("%")[0].partition("/")[0])
    except (OSError, ValueError):
        return None, None
    return int.from_bytes(octets[:8]), int.from_bytes(octets[8:])
