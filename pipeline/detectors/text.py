"""How subjects read in sentences."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

import polars as pl

_HEX: Final = {byte: f"{byte:02x}" for byte in range(256)}
_IPV4_MAPPED: Final = 0xFFFF


def mac_text(mac: pl.Expr) -> pl.Expr:
    """Return MAC addresses as aa:bb:cc:dd:ee:ff."""
    octets = [(mac // 256**power % 256).cast(pl.UInt16) for power in range(5, -1, -1)]
    return pl.concat_str(
        [octet.replace_strict(_HEX, return_dtype=pl.String) for octet in octets], separator=":"
    )


def domain_text() -> pl.Expr:
    """Return "VNI 1010" or "EVI 10" of rows with the columns vni and evi."""
    return (
        pl.when(pl.col("vni").is_not_null())
        .then(pl.format("VNI {}", "vni"))
        .otherwise(pl.format("EVI {}", "evi"))
    )


def random_mac(mac: pl.Expr) -> pl.Expr:
    """Return whether MAC addresses are locally administered (IEEE 802): phones draw theirs by lot."""
    return mac // 2**41 % 2 == 1


def ip_text(high: int | None, low: int | None) -> str | None:
    """Return an address, of which the schema has two halves, as text (RFC 5952)."""
    if high is None or low is None:
        return None
    if high == 0 and low >> 32 == _IPV4_MAPPED:
        return str(IPv4Address(low & 0xFFFF_FFFF))
    return str(IPv6Address(high << 64 | low))


def plural(count: pl.Expr) -> pl.Expr:
    """Return the s of a plural, or nothing for one."""
    return pl.when(count == 1).then(pl.lit("")).otherwise(pl.lit("s"))


def names_text(column: str, most: int = 4) -> pl.Expr:
    """Return a list of names as words: the first few, and how many more."""
    names = pl.col(column)
    first = names.list.head(most).list.join(", ")
    rest = names.list.len().cast(pl.Int64) - most
    return pl.when(rest > 0).then(pl.format("{} and {} more", first, rest)).otherwise(first)
