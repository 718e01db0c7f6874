"""Addresses in the one spelling that OpenConfig gives them."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final

ZERO_ESI: Final = "0" * 20
"""A single-homed host (RFC 7432, section 5)."""


@lru_cache(maxsize=65_536)
def canonical(address: str) -> str:
    """Return an address in canonical text; what is none, an interface's name say, as it is."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


@lru_cache(maxsize=65_536)
def host_prefix(address: str) -> str:
    """Return an address as the prefix of a single host; raises ValueError for what is no address."""
    ip = ip_address(address)
    return f"{ip}/{ip.max_prefixlen}"


def width(address: str) -> int:
    """Return the number of bits of an address; raises ValueError for what is no address."""
    return int(host_prefix(address).rpartition("/")[2])
