"""Numbers in another order by a key: each comes from one number alone. Pure."""

from hashlib import blake2b
from typing import Final

_ROUNDS: Final = 6


def hashed(key: bytes, purpose: bytes, content: bytes) -> bytes:
    """Return 32 octets that nobody can tell without the key; ``purpose``: at most 16 octets."""
    return blake2b(content, key=key, person=purpose, digest_size=32).digest()


def mixed(key: bytes, purpose: bytes, number: int, half: int) -> int:
    """Return another number of ``2 * half`` bits: a Feistel network, so no two become one."""
    left, right = number >> half, number & (1 << half) - 1
    for turn in range(_ROUNDS):
        told = hashed(key, purpose, bytes([turn]) + right.to_bytes(8, "big"))
        left, right = right, left ^ int.from_bytes(told[:8], "big") & (1 << half) - 1
    return left << half | right


def prefixes_kept(key: bytes, number: int, bits: int) -> int:
    """Return another number of so many bits; two that begin with the same bits still do.

    As in Xu, Fan, Ammar and Moon, "Prefix-Preserving IP Address Anonymization", 2002: each bit is turned or
    not by what is before it.
    """
    found = 0
    purpose = b"prefix%d" % bits
    for at in range(bits):
        before = number >> bits - at
        told = hashed(key, purpose, bytes([at]) + before.to_bytes(16, "big"))
        found = found << 1 | (number >> bits - at - 1 & 1) ^ (told[0] & 1)
    return found
