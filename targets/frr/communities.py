"""Extended communities: the text FRR prints and the JSON GoBGP prints, as the 8 octets of RFC 4360.

Formats: route target and origin RFC 4360 and 5668; encapsulation RFC 9012; default gateway, MAC mobility, ESI
label, ES-Import and router's MAC RFC 7432 and 9135; DF election RFC 8584 and 9785; ARP/ND RFC 9047.
The text comes from ``ecommunity_ecom2str`` in FRR's bgpd/bgp_ecommunity.c.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Final

Community = bytes | str
"""8 octets; the printed text where the octets can't be told from it."""

_ROUTE_TARGET: Final = 2
_ROUTE_ORIGIN: Final = 3
_VNI_MAX: Final = (1 << 24) - 1
_RFC8365_VXLAN: Final = 0x1000_0000
"""Set in the local administrator of a route target made by RFC 8365, section 5.1.2.1: type 1, VXLAN."""

_MAC = r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"
_PRINTED: Final = re.compile(
    r"(?P<two_part>(?P<target>RT|SoO):(?P<admin>[0-9.]+):(?P<number>\d+))"
    r"|(?P<encapsulation>ET:(?P<tunnel>\d+))"
    r"|(?P<mobility>MM:(?P<sequence>\d+)(?P<sticky>, sticky MAC)?)"
    rf"|(?P<router_mac>Rmac:(?P<router>{_MAC}))"
    rf"|(?P<es_import>ES-Import-Rt:(?P<segment>{_MAC}))"
    r"|(?P<esi_label>ESI-label-Rt:(?P<redundancy>SA|AA))"
    r"|(?P<df_election>DF: \(alg: (?P<algorithm>\d+),(?: bmap: 0x(?P<bitmap>[0-9a-f]+))?"
    r" pref: (?P<preference>\d+)\))"
    r"|(?P<gateway>Default Gateway)"
    r"|(?P<neighbor>ND:(?P<flag>Router Flag|Proxy))"
    r"|(?P<unknown>UNK:\d+, \d+|LB:\S+ \([^)]*\)|\S+)"
)
"""One named group for each form; it closes last, so ``lastgroup`` tells the form."""


@lru_cache(maxsize=65_536)
def from_text(text: str) -> tuple[Community, ...]:
    """Return the communities in FRR's ``extendedCommunity.string``, sorted, each once."""
    return ordered(
        _READERS.get(match.lastgroup or "", _as_printed)(match) for match in _PRINTED.finditer(text)
    )


def ordered(communities: Iterable[Community]) -> tuple[Community, ...]:
    """Return communities in one order, whatever order they were printed in: octets first, then text."""
    return tuple(sorted(set(communities), key=lambda one: (isinstance(one, str), one)))


def two_part(subtype: int, admin: str, number: int) -> bytes | None:
    """Return a community of administrator and number; None when they fit none of the three forms."""
    if "." in admin:
        if number > 0xFFFF:
            return None
        return bytes((1, subtype)) + IPv4Address(admin).packed + number.to_bytes(2, "big")
    if int(admin) > 0xFFFF:
        if number > 0xFFFF or int(admin) > 0xFFFF_FFFF:
            return None
        return bytes((2, subtype)) + int(admin).to_bytes(4, "big") + number.to_bytes(2, "big")
    if number > 0xFFFF_FFFF:
        return None
    return bytes((0, subtype)) + int(admin).to_bytes(2, "big") + number.to_bytes(4, "big")


def encapsulation(tunnel_type: int) -> bytes:
    """Return the encapsulation community; 8 is VXLAN."""
    return b"\x03\x0c\x00\x00\x00\x00" + tunnel_type.to_bytes(2, "big")


def default_gateway() -> bytes:
    """Return the default gateway community."""
    return b"\x03\x0d" + bytes(6)


def mac_mobility(sequence: int, *, sticky: bool) -> bytes:
    """Return the MAC mobility community."""
    return bytes((6, 0, sticky, 0)) + sequence.to_bytes(4, "big")


def esi_label(label: int, *, single_active: bool) -> bytes:
    """Return the ESI label community."""
    return bytes((6, 1, single_active, 0, 0)) + label.to_bytes(3, "big")


def es_import(mac: str) -> bytes:
    """Return the ES-Import route target."""
    return b"\x06\x02" + bytes.fromhex(mac.replace(":", ""))


def router_mac(mac: str) -> bytes:
    """Return the router's MAC community."""
    return b"\x06\x03" + bytes.fromhex(mac.replace(":", ""))


def df_election(algorithm: int, capabilities: int, preference: int) -> bytes:
    """Return the DF election community; the preference stands in the last two octets."""
    return (
        bytes((6, 6, algorithm & 0x1F))
        + capabilities.to_bytes(2, "big")
        + b"\0"
        + preference.to_bytes(2, "big")
    )


def auto_derived_vnis(communities: Iterable[Community], origin_as: int | None) -> tuple[int, ...]:
    """Return the VNIs that route targets derived from AS and VNI name, in rising order.

    FRR derives a route target from the low 16 bits of its AS and the VNI (RFC 8365, section 5.1.2.1). Only
    one with the AS that originated the route counts: a configured ``65000:7`` is not taken for VNI 7.
    """
    found = set()
    for community in communities:
        if not isinstance(community, bytes) or community[:2] != b"\x00\x02" or origin_as is None:
            continue
        number = int.from_bytes(community[4:], "big")
        vni = number & _VNI_MAX
        if number >> 24 not in (0, _RFC8365_VXLAN >> 24) or not vni:
            continue
        if int.from_bytes(community[2:4], "big") == origin_as & 0xFFFF:
            found.add(vni)
    return tuple(sorted(found))


def _two_part(match: re.Match[str]) -> Community:
    subtype = _ROUTE_TARGET if match["target"] == "RT" else _ROUTE_ORIGIN
    return two_part(subtype, match["admin"], int(match["number"])) or match[0]


def _as_printed(match: re.Match[str]) -> Community:
    return match[0]


_NEIGHBOR_FLAGS: Final = {"Router Flag": 1, "Proxy": 4}
"""RFC 9047's router flag, and the bit FRR takes for proxy (ECOMMUNITY_EVPN_SUBTYPE_PROXY_FLAG)."""

_READERS: Final[dict[str, Callable[[re.Match[str]], Community]]] = {
    "two_part": _two_part,
    "encapsulation": lambda it: encapsulation(int(it["tunnel"])),
    "mobility": lambda it: mac_mobility(int(it["sequence"]), sticky=it["sticky"] is not None),
    "router_mac": lambda it: router_mac(it["router"]),
    "es_import": lambda it: es_import(it["segment"]),
    # FRR prints the flag alone; with VXLAN there is no ESI label (RFC 8365, section 8.3.1).
    "esi_label": lambda it: esi_label(0, single_active=it["redundancy"] == "SA"),
    "df_election": lambda it: df_election(
        int(it["algorithm"]), int(it["bitmap"] or "0", 16), int(it["preference"])
    ),
    "gateway": lambda _: default_gateway(),
    "neighbor": lambda it: bytes((6, 8, _NEIGHBOR_FLAGS[it["flag"]])) + bytes(5),
}
