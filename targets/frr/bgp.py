"""bgpd's summaries: sessions, and what each exchanges in the L2VPN EVPN family."""

from collections.abc import Mapping
from typing import Final

from targets.frr.documents import Document, NoAnswerError, number_of, object_of, text_of
from targets.openconfig import rib
from targets.openconfig.addresses import canonical
from targets.tree import Value, entry

NEIGHBORS: Final = f"{rib.BGP}/neighbors"
LAST_ESTABLISHED: Final = "/state/last-established"

_SECOND_NS: Final = 1_000_000_000
_NO_TIME_S: Final = 2**34
"""Beyond it, nanoseconds don't fit into 64 bits."""
_STATES: Final = frozenset(("IDLE", "CONNECT", "ACTIVE", "OPENSENT", "OPENCONFIRM", "ESTABLISHED"))
_CLOSING: Final = {"CLEARING": "IDLE", "DELETED": "IDLE"}
"""States of FRR's own on the way down; OpenConfig has none between ESTABLISHED and IDLE."""


def sessions(summary: Document) -> dict[str, Value]:
    """Return the neighbours of one address family's summary; one entry per neighbour."""
    tree: dict[str, Value] = {}
    for address, peer in _peers(summary):
        remote, local = number_of(peer, "remoteAs"), number_of(peer, "localAs")
        # Seconds since the epoch at which the session came up or went down last, as in OpenConfig; bgpd works
        # it out from an uptime at each call, so it wavers by a second.
        changed = number_of(peer, "peerUptimeEstablishedEpoch")
        if changed is not None and changed >= _NO_TIME_S:
            raise NoAnswerError(f"peer {address} changed at {changed}, which is no time")
        leaves: dict[str, Value | None] = {
            "session-state": _state(peer),
            "peer-as": remote,
            "local-as": local,
            "peer-type": None if None in (remote, local) else _peer_type(remote, local),
            "established-transitions": number_of(peer, "connectionsEstablished"),
            "last-established": None if changed is None else changed * _SECOND_NS,
        }
        state = f"{_neighbor(address)}/state/"
        tree |= {state + leaf: value for leaf, value in leaves.items() if value is not None}
    return tree


def evpn_sessions(summary: Document) -> dict[str, Value]:
    """Return the neighbours of the L2VPN EVPN summary and what each exchanges in that family."""
    tree = sessions(summary)
    for address, peer in _peers(summary):
        state = f"{_neighbor(address)}/afi-safis/{entry('afi-safi', afi_safi_name='L2VPN_EVPN')}/state/"
        leaves = {
            "active": _state(peer) == "ESTABLISHED" and text_of(peer, "peerState") != "NoNeg",
            "prefixes/received": number_of(peer, "pfxRcd"),
            "prefixes/sent": number_of(peer, "pfxSnt"),
        }
        tree |= {state + leaf: value for leaf, value in leaves.items() if value is not None}
    return tree


def own_as(summary: Document) -> int | None:
    """Return the AS of the host itself; None in the empty summary of a host without BGP."""
    return number_of(_form(summary), "as")


def _peers(summary: Document) -> list[tuple[str, dict[str, object]]]:
    peers = object_of(_form(summary).get("peers", {}), "peers")
    return [(address, object_of(peer, f"peer {address}")) for address, peer in peers.items()]


def _form(summary: Document) -> dict[str, object]:
    document = object_of(summary, "the summary")
    if document and "peers" not in document:
        raise NoAnswerError("the summary has no peers")
    return document


def _neighbor(address: str) -> str:
    return f"{NEIGHBORS}/{entry('neighbor', neighbor_address=canonical(address))}"


def _state(peer: Mapping[str, object]) -> str | None:
    words = (text_of(peer, "state") or "").upper().split()
    state = _CLOSING.get(words[0], words[0]) if words else None
    return state if state in _STATES else None


def _peer_type(remote: int | None, local: int | None) -> str:
    return "INTERNAL" if remote == local else "EXTERNAL"
