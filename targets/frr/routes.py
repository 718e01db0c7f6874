"""bgpd's EVPN routes, ``show bgp l2vpn evpn route json``: the global table, every path of every route."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from targets.frr.addresses import plain_esi
from targets.frr.communities import auto_derived_vnis, from_text
from targets.frr.documents import Document, NoAnswerError, number_of, object_of, objects_of, text_of
from targets.openconfig import rib
from targets.openconfig.addresses import ZERO_ESI, canonical
from targets.openconfig.rib import RouteType
from targets.tree import Value

_BRACKETS: Final = re.compile(r"\[([^\]]*)\]")
_UNSPECIFIED: Final = "(unspec)"
_UNSPECIFIED_ADDRESSES: Final = (None, "", "0.0.0.0", "::")  # noqa: S104  no address to bind
_ORIGINS: Final = {"IGP": "IGP", "EGP": "EGP", "INCOMPLETE": "INCOMPLETE"}


def routes(own_as: int | None, document: Document) -> dict[str, Value]:
    """Return every path of every EVPN route, with the attributes they refer to.

    FRR 8.4 prints no label: the VNI is told from a route target derived from AS and VNI, where there is one.
    ``own_as`` is the AS of routes that crossed none.
    """
    tree: dict[str, Value] = {}
    for rd, prefixes in _by_rd(document):
        found = [
            (nlri, *path)
            for prefix, route in prefixes
            for nlri in (nlri_of(prefix),)
            if nlri is not None
            for path in _paths_of(route, nlri, own_as)
        ]
        # The VNI of an RD's inclusive multicast route is the layer 2 one, when a host route names two.
        flooded = {vni for nlri, _, vnis in found if nlri.route_type == RouteType.MULTICAST for vni in vnis}
        taken: Counter[tuple[str, str]] = Counter()
        for nlri, path, vnis in found:
            route = rib.route_entry(rd, nlri)
            numbered = replace(path, path_id=taken[route, path.peer], labels=_labels(nlri, vnis, flooded))
            taken[route, path.peer] += 1
            tree |= rib.joined_leaves(numbered)
            tree |= rib.path_leaves(route, numbered)
    return tree


def _labels(nlri: rib.Nlri, vnis: tuple[int, ...], flooded: set[int]) -> tuple[int, ...]:
    if len(vnis) < 2:
        return vnis
    # Two route targets: a host route's second label is the VRF's VNI (RFC 9135, section 5.1). Which is which
    # is known only from the flooding route of the same RD.
    first = [vni for vni in vnis if vni in flooded]
    second = [vni for vni in vnis if vni not in flooded]
    known = nlri.route_type == RouteType.MAC_IP and len(first) == len(second) == 1
    return (*first, *second) if known else ()


def _by_rd(document: Document) -> Iterator[tuple[str, list[tuple[str, dict[str, object]]]]]:
    for rd, content in object_of(document, "the routes").items():
        if isinstance(content, int):
            continue  # numPrefix, numPaths
        table = object_of(content, f"RD {rd}")
        if table and text_of(table, "rd") is None:
            raise NoAnswerError(f"RD {rd} has no rd")
        prefixes = [(key, object_of(it, f"route {key}")) for key, it in table.items() if key != "rd"]
        yield text_of(table, "rd") or rd, prefixes


@lru_cache(maxsize=65_536)
def nlri_of(prefix: str) -> rib.Nlri | None:
    """Return what FRR's text of an EVPN prefix says, ``[2]:[0]:[48]:[02:aa:..]:[32]:[192.0.2.1]``.

    None for a multicast route of types 6 to 8 (RFC 9251), which OpenConfig has no place for.
    """
    parts = _BRACKETS.findall(prefix)
    try:
        return None if parts[0] in _MULTICAST_ROUTES else _FORMS[int(parts[0])](*parts[1:])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise NoAnswerError(f"route {prefix!r} can't be read: {error}") from error


def _ethernet_ad(first: str, second: str, *_: str) -> rib.Nlri:
    # FRR 8.4 prints the tag first, older releases the ESI.
    esi, tag = (first, second) if ":" in first else (second, first)
    return rib.Nlri(RouteType.ETHERNET_AD, ethernet_tag=int(tag), esi=plain_esi(esi))


def _mac_ip(tag: str, _: str, mac: str, length: str = "0", ip: str = "") -> rib.Nlri:
    host = canonical(ip) if int(length) else ""
    return rib.Nlri(RouteType.MAC_IP, ethernet_tag=int(tag), mac=mac.lower(), ip=host)


def _multicast(tag: str, _: str, ip: str) -> rib.Nlri:
    return rib.Nlri(RouteType.MULTICAST, ethernet_tag=int(tag), ip=canonical(ip))


def _segment(esi: str, _: str, ip: str) -> rib.Nlri:
    return rib.Nlri(RouteType.SEGMENT, esi=plain_esi(esi), ip=canonical(ip))


def _prefix(tag: str, length: str, ip: str, *_: str) -> rib.Nlri:
    return rib.Nlri(RouteType.PREFIX, ethernet_tag=int(tag), ip=canonical(ip), prefix_length=int(length))


_MULTICAST_ROUTES: Final = ("6", "7", "8")
_FORMS: Final[dict[int, Callable[..., rib.Nlri]]] = {
    RouteType.ETHERNET_AD: _ethernet_ad,
    RouteType.MAC_IP: _mac_ip,
    RouteType.MULTICAST: _multicast,
    RouteType.SEGMENT: _segment,
    RouteType.PREFIX: _prefix,
}


def _paths_of(
    route: Mapping[str, object], nlri: rib.Nlri, own_as: int | None
) -> Iterator[tuple[rib.Path, tuple[int, ...]]]:
    """Yield each path of a route and the VNIs its route targets name; withdrawn ones are left out."""
    for path in objects_of(list(_flattened(route.get("paths", []))), "paths"):
        # Marked for removal, on its way out of the table; or kept by route-flap damping only to remember it.
        if path.get("removed") is True or path.get("history") is True:
            continue
        as_path = text_of(path, "path") or ""
        extended = object_of(path.get("extendedCommunity", {}), "extendedCommunity")
        communities = from_text(text_of(extended, "string") or "")
        peer = text_of(path, "peerId")
        esi, gateway = text_of(path, "esi"), text_of(path, "gatewayIP")
        yield (
            rib.Path(
                peer=rib.LOCAL if peer in (None, _UNSPECIFIED) else canonical(peer or ""),
                path_id=0,
                attributes=rib.Attributes(
                    next_hop=_next_hop(path),
                    as_path=as_path,
                    origin=_ORIGINS.get((text_of(path, "origin") or "").upper()),
                    med=number_of(path, "metric"),
                    local_pref=number_of(path, "locPrf"),
                    originator_id=text_of(path, "originatorId"),
                ),
                communities=communities,
                # FRR prints an ESI only where it is not zero.
                esi=(plain_esi(esi) if esi else ZERO_ESI) if nlri.route_type in rib.WITH_ESI else None,
                gateway=gateway if gateway not in _UNSPECIFIED_ADDRESSES else None,
                best=path.get("bestpath") is True,
                valid=path.get("valid") is True,
                multipath=True if path.get("multipath") is True else None,
            ),
            auto_derived_vnis(communities, rib.origin_as(as_path) or own_as),
        )


def _flattened(paths: object) -> Iterator[object]:
    """Yield each path: FRR wraps it in a list of its own."""
    if isinstance(paths, list):
        for item in paths:
            yield from _flattened(item)
    else:
        yield paths


def _next_hop(path: Mapping[str, object]) -> str | None:
    hops = objects_of(path.get("nexthops", []), "nexthops")
    used = next((hop for hop in hops if hop.get("used") is True), hops[0] if hops else {})
    address = text_of(used, "ip")
    return canonical(address) if address else None
