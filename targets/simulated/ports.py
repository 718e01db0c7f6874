"""Interfaces, sessions, VTEPs and segments of a device, as OpenConfig shows them."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from targets.openconfig import rib
from targets.openconfig.families import INTERFACES, SEGMENTS
from targets.simulated.announcements import PREFERENCE
from targets.simulated.design import Node, Segment, Vni
from targets.simulated.forwarding import ELECTION_WAIT_S
from targets.tree import Value, entry

NEIGHBORS: Final = f"{rib.BGP}/neighbors"
VXLAN: Final = (
    "/network-instances/network-instance[name=default]"
    "/connection-points/connection-point[connection-point-id=vxlan1]/endpoints/endpoint[endpoint-id=vtep]/vxlan"
)


@dataclass(slots=True)
class Port:
    """An interface of a device."""

    name: str
    kind: str
    """iana-if-type."""
    index: int
    addresses: tuple[tuple[str, int], ...] = ()
    up: bool = True
    changed_ns: int | None = None
    """When it last came up or went down, in the device's own time; None: before anybody looked."""
    transitions: int = 1
    aggregate: str | None = None
    """Of a member: the LAG it is part of."""
    min_links: int | None = None
    """Of a LAG: members it needs to be up."""

    def leaves(self) -> dict[str, Value]:
        """Return the leaves of family ``link``."""
        here = f"{INTERFACES}/{entry('interface', name=self.name)}"
        tree: dict[str, Value] = {
            f"{here}/state/admin-status": "UP",
            f"{here}/state/oper-status": "UP" if self.up else "DOWN",
            f"{here}/state/type": self.kind,
            f"{here}/state/ifindex": self.index,
            f"{here}/state/counters/carrier-transitions": self.transitions,
        }
        if self.changed_ns is not None:
            tree[f"{here}/state/last-change"] = self.changed_ns
        if self.aggregate is not None:
            tree[f"{here}/ethernet/state/aggregate-id"] = self.aggregate
        if self.min_links is not None:
            tree[f"{here}/aggregation/state/min-links"] = self.min_links
        for address, length in self.addresses:
            family = f"ipv{ip_address(address).version}"
            where = f"{here}/subinterfaces/{entry('subinterface', index=0)}/{family}/addresses"
            state = f"{where}/{entry('address', ip=address)}/state/"
            tree |= {state + "ip": address, state + "prefix-length": length}
        return tree


@dataclass(slots=True)
class Neighbor:
    """One end of a BGP session."""

    address: str
    asn: int
    local_as: int
    up: bool = True
    established_ns: int | None = None
    transitions: int = 1
    carries: str = "L2VPN_EVPN"
    """Its address family."""

    def leaves(self) -> dict[str, Value]:
        """Return the leaves of family ``bgp``."""
        here = f"{NEIGHBORS}/{entry('neighbor', neighbor_address=self.address)}"
        family = f"{here}/afi-safis/{entry('afi-safi', afi_safi_name=self.carries)}"
        tree: dict[str, Value] = {
            f"{here}/state/session-state": "ESTABLISHED" if self.up else "ACTIVE",
            f"{here}/state/peer-as": self.asn,
            f"{here}/state/local-as": self.local_as,
            f"{here}/state/peer-type": "INTERNAL" if self.asn == self.local_as else "EXTERNAL",
            f"{here}/state/established-transitions": self.transitions,
            f"{family}/state/active": self.up,
        }
        if self.established_ns is not None:
            tree[f"{here}/state/last-established"] = self.established_ns
        return tree


@dataclass(slots=True)
class Peers:
    """The VTEPs a leaf floods to: those it has type 3 routes of, by leaf."""

    routes: dict[int, int] = field(default_factory=dict)


def vtep_leaves(node: Node) -> dict[str, Value]:
    """Return the leaves of family ``vtep`` that show a remote VTEP."""
    state = f"{VXLAN}/endpoint-peers/{entry('endpoint-peer', peer_address=node.address)}/state/"
    return {state + "peer-state": "UP", state + "router-mac": node.router_mac}


def vni_leaves(vni: Vni) -> dict[str, Value]:
    """Return the leaves of family ``vtep`` that show a VNI the leaf serves."""
    state = f"{VXLAN}/endpoint-vnis/{entry('endpoint-vni', vni=vni.number)}/state/"
    return {state + "vni-state": "UP", state + "vni-type": "L2", state + "bridge-domain": f"bd-{vni.number}"}


def segment_leaves(segment: Segment, *, single_active: bool = False) -> dict[str, Value]:
    """Return the leaves of family ``es`` that a segment is configured by."""
    here = f"{SEGMENTS}/{entry('ethernet-segment', name=segment.name)}"
    method = "PREFERENCE" if single_active else "DEFAULT"
    preferred: dict[str, Value] = {f"{here}/df-election/state/preference": PREFERENCE}
    return {
        **(preferred if single_active else {}),
        f"{here}/state/esi": segment.esi,
        f"{here}/state/esi-type": "TYPE_3_MAC_BASED",
        f"{here}/state/redundancy-mode": "SINGLE_ACTIVE" if single_active else "ALL_ACTIVE",
        f"{here}/state/interface": segment.name,
        f"{here}/state/es-import-route-target": segment.import_mac,
        f"{here}/df-election/state/df-election-method": method,
        f"{here}/df-election/state/election-wait-time": ELECTION_WAIT_S,
    }
