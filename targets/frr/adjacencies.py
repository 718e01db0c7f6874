"""Sessions of bfdd, and neighbours of isisd and ospfd. FRRouting has no LACP and no LLDP of its own."""

from collections.abc import Iterator, Mapping
from typing import Final

from targets.frr.documents import Document, NoAnswerError, number_of, object_of, objects_of, text_of
from targets.openconfig.addresses import canonical
from targets.openconfig.families import BFD
from targets.tree import Value, entry

_PROTOCOLS: Final = "/network-instances/network-instance[name=default]/protocols"
_BFD_STATES: Final = {"up": "UP", "down": "DOWN", "init": "INIT", "shutdown": "ADMIN_DOWN"}
_DIAGNOSTICS: Final = {
    "ok": "NO_DIAGNOSTIC",
    "control detection time expired": "DETECTION_TIMEOUT",
    "echo function failed": "ECHO_FAILED",
    "neighbor signaled session down": "NEIGHBOR_DOWN",
    "forwarding plane reset": "FORWARDING_RESET",
    "path down": "PATH_DOWN",
    "concatenated path down": "CONCATENATED_PATH_DOWN",
    "administratively down": "ADMIN_DOWN",
    "reverse concatenated path down": "REVERSE_CONCATENATED_PATH_DOWN",
}
_ISIS_STATES: Final = {"Up": "UP", "Down": "DOWN", "Initializing": "INIT", "Unknown": "FAILED"}
_OSPF_STATES: Final = {
    "Down": "DOWN",
    "Attempt": "ATTEMPT",
    "Init": "INIT",
    "2-Way": "TWO_WAY",
    "ExStart": "EXSTART",
    "Exchange": "EXCHANGE",
    "Loading": "LOADING",
    "Full": "FULL",
}
_MULTIHOP: Final = "multihop"
"""Stands for the interface of a session that has none."""


def bfd_sessions(peers: Document, counters: Document) -> dict[str, Value]:
    """Return the sessions of ``show bfd peers json`` with the failures that its counters tell."""
    failures = {
        _session(peer): number_of(peer, "session-down") for peer in objects_of(counters, "the BFD counters")
    }
    tree: dict[str, Value] = {}
    for peer in objects_of(peers, "the BFD peers"):
        number, (vrf, interface, address) = number_of(peer, "id"), _session(peer)
        if number is None or vrf != "default":
            continue
        sessions = f"{BFD}/{entry('interface', id=interface)}/peers"
        leaves: dict[str, Value | None] = {
            "session-state": _BFD_STATES.get(text_of(peer, "status") or ""),
            "remote-address": canonical(address),
            "local-address": text_of(peer, "local"),
            "failure-transitions": failures.get((vrf, interface, address)),
            "local-diagnostic-code": _DIAGNOSTICS.get(text_of(peer, "diagnostic") or ""),
        }
        state = f"{sessions}/{entry('peer', local_discriminator=number)}/state/"
        tree |= {state + leaf: value for leaf, value in leaves.items() if value is not None}
    return tree


def isis_adjacencies(neighbors: Document) -> dict[str, Value]:
    """Return the adjacencies of ``show isis neighbor detail json``, by the names isisd has for systems."""
    tree: dict[str, Value] = {}
    for area in _members(object_of(neighbors, "the IS-IS neighbours"), "areas"):
        protocol = f"{_PROTOCOLS}/{entry('protocol', identifier='ISIS', name=text_of(area, 'area') or '')}"
        for circuit in _members(area, "circuits"):
            system, level = text_of(circuit, "adj"), number_of(circuit, "level")
            if system is None or level is None:  # a circuit without a neighbour
                continue
            port = object_of(circuit.get("interface"), "a circuit's interface")
            where = (
                f"{protocol}/isis/interfaces/{entry('interface', interface_id=text_of(port, 'name') or '')}"
            )
            levels = f"{where}/levels/{entry('level', level_number=level)}"
            state = f"{levels}/adjacencies/{entry('adjacency', system_id=system)}/state/"
            # a level of 3 stands for both
            tree[state + "adjacency-state"] = _ISIS_STATES.get(text_of(port, "state") or "", "FAILED")
            address = text_of(object_of(port.get("ipv4-address", {}), "an IPv4 address"), "ipv4")
            if address is not None:
                tree[state + "neighbor-ipv4-address"] = address
    return tree


def ospf_neighbors(neighbors: Document) -> dict[str, Value]:
    """Return the neighbours of ``show ip ospf neighbor detail json``."""
    document = object_of(neighbors, "the OSPF neighbours")
    if document and "neighbors" not in document:
        raise NoAnswerError("the OSPF neighbours have no neighbors")
    protocol = f"{_PROTOCOLS}/{entry('protocol', identifier='OSPF', name='default')}/ospfv2/areas"
    tree: dict[str, Value] = {}
    for router, each in object_of(document.get("neighbors", {}), "neighbors").items():
        for neighbor in objects_of(each, f"neighbour {router}"):
            area = entry("area", identifier=text_of(neighbor, "areaId") or "")
            where = (
                f"{protocol}/{area}/interfaces/{entry('interface', id=text_of(neighbor, 'ifaceName') or '')}"
            )
            state = f"{where}/neighbors/{entry('neighbor', router_id=router)}/state/"
            kind = (text_of(neighbor, "nbrState") or "").partition("/")[0]
            leaves: dict[str, Value | None] = {
                "adjacency-state": _OSPF_STATES.get(kind),
                "state-changes": number_of(neighbor, "stateChangeCounter"),
                "designated-router": _elected(neighbor, "routerDesignatedId", router),
                "backup-designated-router": _elected(neighbor, "routerDesignatedBackupId", router),
            }
            tree |= {state + leaf: value for leaf, value in leaves.items() if value is not None}
    return tree


def _elected(neighbor: Mapping[str, object], key: str, router: str) -> str | None:
    """Return who is elected: ospfd names routers by their address on the link, OpenConfig by router id."""
    elected = text_of(neighbor, key)
    return router if elected == text_of(neighbor, "ifaceAddress") else elected


def _session(peer: Mapping[str, object]) -> tuple[str, str, str]:
    address = text_of(peer, "peer")
    if address is None:
        raise NoAnswerError("a BFD session has no peer")
    return text_of(peer, "vrf") or "default", text_of(peer, "interface") or _MULTIHOP, address


def _members(parent: Mapping[str, object], key: str) -> Iterator[dict[str, object]]:
    yield from objects_of(parent.get(key, []), key)
