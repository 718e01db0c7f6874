"""bgpd's documents: sessions with their L2VPN EVPN family, and the EVPN routes of the global table."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final

from targets.frr import rib
from targets.frr.communities import Community, auto_derived_vnis, from_text
from targets.frr.documents import (
    EVPN_ROUTES,
    EVPN_SUMMARY,
    Document,
    Documents,
    NoAnswerError,
    number_of,
    object_of,
    objects_of,
    text_of,
)
from targets.frr.tree import Value, entry

NEIGHBORS: Final = f"{rib.BGP}/neighbors"
LAST_ESTABLISHED: Final = "/state/last-established"

_SECOND_NS: Final = 1_000_000_000
_STATES: Final = frozenset(("IDLE", "CONNECT", "ACTIVE", "OPENSENT", "OPENCONFIRM", "ESTABLISHED"))
_CLOSING: Final = {"CLEARING": "IDLE", "DELETED": "IDLE"}
"""States of FRR's own on the way down; OpenConfig has none between ESTABLISHED and IDLE."""

_BRACKETS: Final = re.compile(r"\[([^\]]*)\]")
_UNSPECIFIED: Final = "(unspec)"
_ORIGINS: Final = {"IGP": "IGP", "EGP": "EGP", "INCOMPLETE": "INCOMPLETE"}


def sessions(summary: Document) -> dict[str, Value]:
    """Return the neighbours of one address family's summary; one entry per neighbour."""
    document = object_of(summary, "the summary")
    if document and "peers" not in document:
        raise NoAnswerError("the summary has no peers")
    tree: dict[str, Value] = {}
    for address, peer in object_of(document.get("peers", {}), "peers").items():
        tree |= _session(address, object_of(peer, "a peer"))
    return tree


def evpn_sessions(summary: Document) -> dict[str, Value]:
    """Return the neighbours of the L2VPN EVPN summary and what each exchanges in that family."""
    tree = sessions(summary)
    for address, item in object_of(object_of(summary, "the summary").get("peers", {}), "peers").items():
        peer = object_of(item, "a peer")
        family = f"{_neighbor(address)}/afi-safis/{entry('afi-safi', afi_safi_name='L2VPN_EVPN')}/state/"
        up = _state(peer) == "ESTABLISHED" and text_of(peer, "peerState") != "NoNeg"
        leaves = {
            "active": up,
            "prefixes/received": number_of(peer, "pfxRcd"),
            "prefixes/sent": number_of(peer, "pfxSnt"),
        }
        tree |= {family + leaf: value for leaf, value in leaves.items() if value is not None}
    return tree


def _neighbor(address: str) -> str:
    return f"{NEIGHBORS}/{entry('neighbor', neighbor_address=canonical(address))}"


def canonical(address: str) -> str:
    """Return an address in its one spelling; an unnumbered session's interface name as it is."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def _state(peer: Mapping[str, object]) -> str | None:
    words = (text_of(peer, "state") or "").upper().split()
    state = _CLOSING.get(words[0], words[0]) if words else None
    return state if state in _STATES else None


def _session(address: str, peer: Mapping[str, object]) -> dict[str, Value]:
    remote, local = number_of(peer, "remoteAs"), number_of(peer, "localAs")
    # Seconds since the epoch at which the session came up or went down last, as in OpenConfig; bgpd works it
    # out from an uptime at each call, so it wavers by a second.
    changed = number_of(peer, "peerUptimeEstablishedEpoch")
    leaves: dict[str, Value | None] = {
        "session-state": _state(peer),
        "peer-as": remote,
        "local-as": local,
        "peer-type": None if remote is None or local is None else _peer_type(remote, local),
        "established-transitions": number_of(peer, "connectionsEstablished"),
        "last-established": None if changed is None else changed * _SECOND_NS,
    }
    state = f"{_neighbor(address)}/state/"
    return {state + leaf: value for leaf, value in leaves.items() if value is not None}


def _peer_type(remote: int, local: int) -> str:
    return "INTERNAL" if remote == local else "EXTERNAL"


def routes(documents: Documents) -> dict[str, Value]:
    """Return every path of every EVPN route, with the attributes they refer to.

    FRR 8.4 prints no label: the VNI is told from a route target derived from AS and VNI, where there is one.
    """
    own_as = number_of(object_of(documents[EVPN_SUMMARY], "the summary"), "as")
    tree: dict[str, Value] = {}
    for rd, prefixes in _by_rd(documents[EVPN_ROUTES]):
        found = [(nlri_of(prefix), path) for prefix, paths in prefixes for path in _paths_of(paths, own_as)]
        # The VNI of an RD's inclusive multicast route is the layer 2 one, when a host route names two.
        flooded = {vni for nlri, (path, vnis) in found if nlri.route_type == 3 for vni in vnis}
        taken: defaultdict[str, int] = defaultdict(int)
        for nlri, (path, vnis) in found:
            route = rib.route_entry(rd, nlri)
            first = sorted(vnis, key=lambda vni: (vni not in flooded, vni))
            number = taken[f"{route} {path.peer}"]
            taken[f"{route} {path.peer}"] += 1
            labelled = rib.Path(
                peer=path.peer,
                path_id=number,
                attributes=path.attributes,
                communities=path.communities,
                labels=_labels(nlri, first, flooded),
                esi=path.esi if nlri.route_type in (2, 5) else None,
                gateway=path.gateway,
                best=path.best,
                valid=path.valid,
                multipath=path.multipath,
            )
            tree |= rib.joined_leaves(labelled)
            tree |= rib.path_leaves(route, labelled)
    return tree


def _labels(nlri: rib.Nlri, vnis: list[int], flooded: set[int]) -> tuple[int, ...]:
    if len(vnis) < 2:
        return tuple(vnis)
    # Two route targets: a host route's second label is the VRF's VNI (RFC 9135, section 5.1). Which is which
    # is known only from the flooding route of the same RD.
    known = nlri.route_type == 2 and len(vnis) == 2 and vnis[0] in flooded and vnis[1] not in flooded
    return tuple(vnis) if known else ()


def _by_rd(document: Document) -> Iterator[tuple[str, list[tuple[str, dict[str, object]]]]]:
    for rd, content in object_of(document, "the routes").items():
        if isinstance(content, int):
            continue  # numPrefix, numPaths
        table = object_of(content, f"RD {rd}")
        if table and text_of(table, "rd") is None:
            raise NoAnswerError(f"RD {rd} has no rd")
        prefixes = [(key, object_of(it, f"route {key}")) for key, it in table.items() if key != "rd"]
        yield text_of(table, "rd") or rd, prefixes


def nlri_of(prefix: str) -> rib.Nlri:
    """Return what FRR's text of an EVPN prefix says, ``[2]:[0]:[48]:[02:aa:..]:[32]:[192.0.2.1]``."""
    parts = _BRACKETS.findall(prefix)
    try:
        match parts:
            case ["1", first, second, *_]:
                # FRR 8.4 prints the tag first, older releases the ESI.
                esi, tag = (first, second) if ":" in first else (second, first)
                return rib.Nlri(1, ethernet_tag=int(tag), esi=plain_esi(esi))
            case ["2", tag, "48", mac]:
                return rib.Nlri(2, ethernet_tag=int(tag), mac=mac.lower())
            case ["2", tag, "48", mac, _, ip]:
                return rib.Nlri(2, ethernet_tag=int(tag), mac=mac.lower(), ip=str(ip_address(ip)))
            case ["3", tag, _, ip]:
                return rib.Nlri(3, ethernet_tag=int(tag), ip=str(ip_address(ip)))
            case ["4", esi, _, ip]:
                return rib.Nlri(4, esi=plain_esi(esi), ip=str(ip_address(ip)))
            case ["5", tag, length, ip, *_]:
                return rib.Nlri(5, ethernet_tag=int(tag), ip=str(ip_address(ip)), prefix_length=int(length))
            case _:
                raise ValueError("it has no known form")  # noqa: TRY301  joins the errors of the conversions
    except ValueError as error:
        raise NoAnswerError(f"route {prefix!r} can't be read: {error}") from error


def plain_esi(printed: str) -> str:
    """Return an ESI as OpenConfig writes it, 20 hex digits; raises NoAnswerError for anything else."""
    digits = printed.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{20}", digits):
        raise NoAnswerError(f"{printed!r} is no Ethernet segment identifier of 10 octets")
    return digits


def _paths_of(route: Mapping[str, object], own_as: int | None) -> Iterator[tuple[rib.Path, tuple[int, ...]]]:
    """Yield each path of a route and the VNIs its route targets name; withdrawn ones are left out."""
    flat: list[object] = []
    stack = [route.get("paths", [])]
    while stack:  # FRR wraps each path in a list of its own
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        else:
            flat.append(item)
    for path in objects_of(flat, "paths"):
        # Marked for removal, on its way out of the table; or kept by route-flap damping only to remember it.
        if path.get("removed") is True or path.get("history") is True:
            continue
        as_path = text_of(path, "path") or ""
        extended = object_of(path.get("extendedCommunity", {}), "extendedCommunity")
        communities: tuple[Community, ...] = from_text(text_of(extended, "string") or "")
        peer = text_of(path, "peerId")
        vnis = auto_derived_vnis(communities, rib.origin_as(as_path) or own_as)
        esi = text_of(path, "esi")
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
                esi=plain_esi(esi) if esi else rib.ZERO_ESI,
                gateway=text_of(path, "gatewayIP"),
                best=path.get("bestpath") is True,
                valid=path.get("valid") is True,
                multipath=path.get("multipath") is True,
            ),
            vnis,
        )


def _next_hop(path: Mapping[str, object]) -> str | None:
    hops = objects_of(path.get("nexthops", []), "nexthops")
    used = next((hop for hop in hops if hop.get("used") is True), hops[0] if hops else {})
    address = text_of(used, "ip")
    return canonical(address) if address else None
