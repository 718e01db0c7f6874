"""EVPN routes as OpenConfig keeps them: paths in the loc-rib, their attributes in join tables beside it.

``/network-instances/network-instance/protocols/protocol/bgp/rib`` of openconfig-rib-bgp. The index of a join
row is made from its content: the same attributes have the same index on every device and at every time.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from targets.openconfig.addresses import canonical, host_prefix, width
from targets.openconfig.communities import Community
from targets.tree import Value, entry

BGP: Final = (
    "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=bgp]/bgp"
)
LOC_RIB: Final = f"{BGP}/rib/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/l2vpn-evpn/loc-rib"
ATTR_SETS: Final = f"{BGP}/rib/attr-sets"
EXT_COMMUNITIES: Final = f"{BGP}/rib/ext-communities"

LOCAL: Final = "0.0.0.0"  # noqa: S104  openconfig-rib-bgp's peer-ip of a device's own path, no address to bind
_NO_IP: Final = "0.0.0.0/32"
"""ip-prefix of a MAC-only route; its ip-length is 0."""

_SEGMENT: Final = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|[\d ]+")
_SEGMENT_TYPE: Final = {"{": "AS_SET", "(": "AS_CONFED_SEQUENCE", "[": "AS_CONFED_SET"}


class RouteType(IntEnum):
    """EVPN route types of RFC 7432 and RFC 9136; openconfig-rib-bgp has no place for others."""

    ETHERNET_AD = 1
    MAC_IP = 2
    MULTICAST = 3
    SEGMENT = 4
    PREFIX = 5


WITH_ESI: Final = (RouteType.MAC_IP, RouteType.PREFIX)
"""Types whose ESI is an attribute of a path and no part of the route's key."""


@dataclass(frozen=True, slots=True)
class Nlri:
    """What identifies an EVPN route behind its RD; the parts a type doesn't have stay empty."""

    route_type: RouteType
    ethernet_tag: int = 0
    esi: str = ""
    mac: str = ""
    ip: str = ""
    """Host, originating router or prefix, without length; empty in a MAC-only route."""
    prefix_length: int = 0
    """Of a type 5 route."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Path attributes that many routes share; null when not present."""

    next_hop: str | None
    as_path: str = ""
    """As printed: ``65100 65001``, sets in braces."""
    origin: str | None = None
    """IGP, EGP or INCOMPLETE."""
    med: int | None = None
    local_pref: int | None = None
    originator_id: str | None = None
    cluster_list: tuple[str, ...] = field(default=(), repr=False)
    """Route reflectors that a path came through (RFC 4456), the last one first."""


@dataclass(frozen=True, slots=True)
class Path:
    """One path of a route, as one neighbour announced it."""

    peer: str
    """Address of the neighbour, or LOCAL."""
    path_id: int
    attributes: Attributes
    communities: tuple[Community, ...]
    labels: tuple[int, ...] = ()
    esi: str | None = None
    gateway: str | None = None
    best: bool | None = None
    valid: bool | None = None
    multipath: bool | None = None


def route_entry(rd: str, nlri: Nlri) -> str:
    """Return the path of a route's list entry in the loc-rib."""
    routes = f"{LOC_RIB}/routes/{entry('route-distinguisher', route_distinguisher=rd)}"
    match nlri.route_type:
        case RouteType.ETHERNET_AD:
            key = entry("type-one-route", esi=nlri.esi, ethernet_tag=nlri.ethernet_tag)
            return f"{routes}/type-one-ethernet-auto-discovery/{key}"
        case RouteType.MAC_IP:
            key = entry(
                "type-two-route",
                ethernet_tag=nlri.ethernet_tag,
                mac_address=nlri.mac,
                mac_length=48,
                ip_prefix=host_prefix(nlri.ip) if nlri.ip else _NO_IP,
                ip_length=width(nlri.ip) if nlri.ip else 0,
            )
            return f"{routes}/type-two-mac-ip-advertisement/{key}"
        case RouteType.MULTICAST:
            key = entry(
                "type-three-route",
                ethernet_tag=nlri.ethernet_tag,
                originating_router_ip=host_prefix(nlri.ip),
                originator_ip_length=width(nlri.ip),
            )
            return f"{routes}/type-three-inclusive-multicast-ethernet-tag/{key}"
        case RouteType.SEGMENT:
            key = entry(
                "type-four-route",
                esi=nlri.esi,
                originating_router_ip=host_prefix(nlri.ip),
                originator_ip_length=width(nlri.ip),
            )
            return f"{routes}/type-four-ethernet-segment/{key}"
        case RouteType.PREFIX:
            key = entry(
                "type-five-route",
                ethernet_tag=nlri.ethernet_tag,
                ip_prefix_length=nlri.prefix_length,
                ip_prefix=f"{canonical(nlri.ip)}/{nlri.prefix_length}",
            )
            return f"{routes}/type-five-ip-prefix/{key}"


def path_entry(route: str, path: Path) -> str:
    """Return the path of a path's list entry; FRR's and GoBGP's global tables hold no imported paths."""
    key = entry(
        "path",
        peer_ip=path.peer,
        peer_path_id=path.path_id,
        source_route_distinguisher="0:0",
        source_address_family="L2VPN_EVPN",
    )
    return f"{route}/paths/{key}"


def path_leaves(route: str, path: Path) -> dict[str, Value]:
    """Return the leaves of one path."""
    attr_index, _ = attr_set(path.attributes)
    leaves: dict[str, Value | None] = {
        "esi": path.esi,
        "gateway-ip-address": path.gateway and host_prefix(path.gateway),
        "label": str(path.labels[0]) if path.labels else None,
        "label2": str(path.labels[1]) if len(path.labels) > 1 else None,
        "bestpath": path.best,
        "multipath": path.multipath,
        "valid-route": path.valid,
        "attr-index": attr_index,
        "ext-community-index": ext_community(path.communities)[0] if path.communities else None,
    }
    state = path_entry(route, path) + "/state/"
    return {state + leaf: value for leaf, value in leaves.items() if value is not None}


def joined_leaves(path: Path) -> dict[str, Value]:
    """Return the join rows a path refers to."""
    rows = dict(attr_set(path.attributes)[1])
    if path.communities:
        rows |= ext_community(path.communities)[1]
    return rows


@lru_cache(maxsize=65_536)
def attr_set(attributes: Attributes) -> tuple[int, dict[str, Value]]:
    """Return index and leaves of an attr-set."""
    reflected = attributes.cluster_list
    index = _index("attr-set", (attributes, reflected) if reflected else attributes)
    row = f"{ATTR_SETS}/{entry('attr-set', index=index)}"
    leaves: dict[str, Value | None] = {
        "next-hop": attributes.next_hop,
        "origin": attributes.origin,
        "med": attributes.med,
        "local-pref": attributes.local_pref,
        "originator-id": attributes.originator_id,
        "cluster-list": attributes.cluster_list or None,
    }
    tree: dict[str, Value] = {f"{row}/state/{leaf}": it for leaf, it in leaves.items() if it is not None}
    for at, (kind, members) in enumerate(as_segments(attributes.as_path)):
        segment = f"{row}/as-path/{entry('as-segment', index=at)}/state/"
        tree |= {segment + "type": kind, segment + "member": members}
    return index, tree


@lru_cache(maxsize=65_536)
def ext_community(communities: tuple[Community, ...]) -> tuple[int, dict[str, Value]]:
    """Return index and leaves of an ext-community row."""
    index = _index("ext-community", communities)
    return index, {
        f"{EXT_COMMUNITIES}/{entry('ext-community', index=index)}/state/ext-community": communities
    }


def as_segments(as_path: str) -> Iterable[tuple[str, tuple[int, ...]]]:
    """Yield type and members of each segment of a printed AS path."""
    for segment in _SEGMENT.findall(as_path):
        members = tuple(int(number) for number in re.findall(r"\d+", segment))
        if members:
            yield _SEGMENT_TYPE.get(segment[0], "AS_SEQ"), members


def origin_as(as_path: str) -> int | None:
    """Return the AS that originated a path, its last one; None for a path within one's own AS."""
    numbers = re.findall(r"\d+", as_path)
    return int(numbers[-1]) if numbers else None


def _index(table: str, content: object) -> int:
    return int.from_bytes(blake2b(f"{table} {content!r}".encode(), digest_size=8).digest(), "big")
