"""Extended communities: the text FRR prints and the JSON GoBGP prints, as the 8 octets of RFC 4360.

Formats: route target and origin RFC 4360 and 5668; encapsulation RFC 9012; default gateway, MAC mobility, ESI
label, ES-Import and router's MAC RFC 7432 and 9135; DF election RFC 8584 and 9785; ARP/ND RFC 9047.
The text comes from ``ecommunity_ecom2str`` in FRR's bgpd/bgp_ecommunity.c.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from targets.openconfig.communities import (
    Community,
    default_gateway,
    df_election,
    encapsulation,
    es_import,
    esi_label,
    mac_mobility,
    ordered,
    router_mac,
    two_part,
)

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
