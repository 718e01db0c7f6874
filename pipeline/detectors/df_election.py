"""Who is elected designated forwarder (DF) of an Ethernet segment, computed from type-4 routes.

Four algorithms: modulus (RFC 7432, section 8.5), highest random weight (RFC 8584, section 3.2), highest and
lowest preference (RFC 9785, section 4). A segment's PEs use one of them only if all advertise it; otherwise
all fall back to the modulus (RFC 8584, section 2.2.1). Nothing here knows time or frames.
"""

import ipaddress
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

MODULUS: Final = 0
HIGHEST_RANDOM_WEIGHT: Final = 1
HIGHEST_PREFERENCE: Final = 2
LOWEST_PREFERENCE: Final = 3
NAMES: Final = {
    MODULUS: "modulus",
    HIGHEST_RANDOM_WEIGHT: "highest random weight",
    HIGHEST_PREFERENCE: "highest preference",
    LOWEST_PREFERENCE: "lowest preference",
}
"""IANA, "DF Alg" of the DF Election extended community."""
DONT_PREEMPT: Final = 0x8000
"""Capability bit 0, RFC 9785, section 3."""
AC_DF: Final = 0x4000
"""Capability bit 1, RFC 8584, section 4: a PE without an A-D route for a VLAN is no candidate in it."""
_BITS_31: Final = 0x7FFF_FFFF
_FACTOR: Final = 1_103_515_245
_INCREMENT: Final = 12_345


class Candidate(NamedTuple):
    """A PE that takes part, as its type-4 route says."""

    address: str
    """Originating router's IP address."""
    algorithm: int = MODULUS
    """MODULUS for a route without the DF Election extended community."""
    capabilities: int = 0
    preference: int = 0


def agreed(candidates: Collection[Candidate]) -> int:
    """Return the algorithm that a segment's PEs use: what all advertise, else MODULUS."""
    advertised = {each.algorithm for each in candidates}
    algorithm = advertised.pop() if len(advertised) == 1 else MODULUS
    return algorithm if algorithm in NAMES else MODULUS


def attachment_aware(candidates: Collection[Candidate]) -> bool:
    """Return whether all PEs advertise AC-DF, so that the election heeds their A-D routes per EVI."""
    return bool(candidates) and all(each.capabilities & AC_DF for each in candidates)


def ordered(candidates: Collection[Candidate]) -> list[Candidate]:
    """Return candidates by the number that their address is; IPv4 before IPv6."""
    return sorted(candidates, key=lambda each: address_number(each.address))


@lru_cache(maxsize=65_536)
def elected(algorithm: int, candidates: tuple[Candidate, ...], tag: int, esi: str) -> str | None:
    """Return the address of the DF; None without candidates.

    Args:
        algorithm: what ``agreed`` returns.
        candidates: in any order.
        tag: the Ethernet tag that stands for the VLAN; of a VLAN bundle the lowest VLAN.
        esi: ten octets in hex with colons.
    """
    if not candidates:
        return None
    in_order = ordered(candidates)
    if algorithm == HIGHEST_RANDOM_WEIGHT:
        best = max(in_order, key=lambda each: weight(tag, esi, each.address))
    elif algorithm == HIGHEST_PREFERENCE:
        best = max(in_order, key=lambda each: (each.preference, _dont_preempt(each)))
    elif algorithm == LOWEST_PREFERENCE:
        best = max(in_order, key=lambda each: (-each.preference, _dont_preempt(each)))
    else:
        best = in_order[tag % len(in_order)]
    # max takes the first of equals: the lowest address
    return best.address


def electable(candidates: Sequence[Candidate], tags: Collection[int], esi: str) -> dict[str, list[int]]:
    """Return who would be elected by which of several tags: address to tags.

    What number stands for a VLAN is for the devices to agree on (RFC 8584, section 1.1, names VLAN IDs, VNIs
    and others), and none of them says. By preference it doesn't matter: without tags, tag 0 is taken.
    """
    algorithm, found = agreed(candidates), dict[str, list[int]]()
    free = algorithm in (HIGHEST_PREFERENCE, LOWEST_PREFERENCE)
    for tag in sorted(tags) or ([0] if free else []):
        address = elected(algorithm, tuple(candidates), tag, esi)
        if address is not None:
            found.setdefault(address, []).append(tag)
    return found


def weight(tag: int, esi: str, address: str) -> int:
    """Return the weight of a PE for a VLAN, RFC 8584, section 3.2: Wrand of [HRW1999].

    The digest is the CRC-32 of 4 octets of tag and 10 of ESI in network order, its highest bit dropped; of
    the address the low 31 bits count, so that IPv6 needs no other rule.
    """
    octets = tag.to_bytes(4, "big") + bytes.fromhex(esi.replace(":", ""))
    digest = crc32(octets) & _BITS_31
    inner = (_FACTOR * address_number(address)[1] + _INCREMENT) ^ digest
    return (_FACTOR * inner + _INCREMENT) & _BITS_31


@lru_cache(maxsize=65_536)
def address_number(address: str) -> tuple[int, int]:
    """Return IP version and number of an address; what is no address comes last."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return 99, 0
    return parsed.version, int(parsed)


def _dont_preempt(candidate: Candidate) -> bool:
    """Return the DP bit: of equal preferences it wins (RFC 9785, section 4.1)."""
    return bool(candidate.capabilities & DONT_PREEMPT)
