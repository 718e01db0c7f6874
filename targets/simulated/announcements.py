"""The EVPN routes that leaves announce (RFC 7432, 9135, 9136), and what they look like a hop further on."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from targets.openconfig import rib
from targets.openconfig.addresses import ZERO_ESI
from targets.openconfig.communities import (
    Community,
    arp_nd,
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
from targets.openconfig.rib import Attributes, Nlri, RouteType
from targets.simulated.bridging import Local
from targets.simulated.design import FABRIC_AS, Node, Plan, Segment, Vni
from targets.tree import Value

PER_SEGMENT_TAG: Final = 0xFFFFFFFF
"""Ethernet tag of the Ethernet A-D route of a whole segment (RFC 7432, section 8.2.1)."""
LOCAL_SLOT: Final = -1
"""Where a device's own routes stand among the slots of its neighbours."""
_VXLAN: Final = 8
_ROUTE_TARGET: Final = 2
_SEGMENT_RD: Final = 4_000
_VRF_RD: Final = 5_000
_AC_DF: Final = 0x4000
"""Capability bit of RFC 8584, section 2.2: a leaf whose port is down takes no part in the election."""
BY_PREFERENCE: Final = 2
"""DF algorithm of RFC 9785."""
PREFERENCE: Final = 32_767
"""RFC 9785, section 3: the default, which all leaves have."""
_LOCAL_PREF: Final = 100
GATEWAY_MAC: Final = "00:00:5e:00:01:01"
"""Of the anycast gateway of every VNI: VRRP's (RFC 5798, section 7.3)."""
VXLAN_ENCAPSULATION: Final = encapsulation(_VXLAN)
_LEAKED: Final = 172 << 24


@dataclass(slots=True, eq=False)
class Route:
    """One route as its leaf announces it; a change makes another object of the same entry."""

    entry: str
    """Its list entry in a loc-rib: the same on every device."""
    kind: RouteType
    origin: int
    """Number of the leaf."""
    communities: tuple[Community, ...]
    labels: tuple[int, ...] = ()
    esi: str | None = None
    seq: int = 0
    mac: tuple[int, str] | None = None
    """VNI and address, of a type 2 route."""
    ip: str = ""
    sticky: bool = False
    next_hop: str = ""
    """Where it leads if not to its leaf's VTEP."""
    _spelled: tuple[tuple[str, Value], ...] | None = None

    @property
    def spelled(self) -> tuple[tuple[str, Value], ...]:
        """Return the leaves of ``state`` that are the same wherever the route is, made once."""
        if self._spelled is None:
            path = rib.Path(
                rib.LOCAL, 0, Attributes(None), self.communities, self.labels, self.esi, valid=True
            )
            state = rib.path_entry(self.entry, path) + "/state/"
            leaves = rib.path_leaves(self.entry, path)
            own = ((where.removeprefix(state), value) for where, value in leaves.items())
            self._spelled = tuple((name, value) for name, value in own if name != "attr-index")
        return self._spelled


class Announcer:
    """Makes the routes of one leaf."""

    def __init__(self, plan: Plan, leaf: Node) -> None:
        self._plan = plan
        self._leaf = leaf
        self._vnis = {vni.number: vni for vni in plan.vnis}
        self.target_as = FABRIC_AS
        """What its route targets are made with."""
        self.df_algorithms: dict[str, int] = {}
        """How it elects forwarders, by segment name (RFC 8584, section 2.2); left out: by the modulus."""
        self.single_active: set[str] = set()
        """Segments of which one leaf at a time forwards (RFC 7432, section 14.1.1), by name."""

    def targets(self) -> frozenset[Community]:
        """Return the route targets that the leaf exports with, and imports."""
        numbers = {number for vni in self._plan.vnis for number in (vni.number, vni.l3_vni)}
        return frozenset(self._target(number) for number in numbers)

    def mac(self, vni: int, mac: str, local: Local) -> Iterator[Route]:
        """Yield the MAC-only route of a host and one per address; sequence number 0 is not spelled out."""
        domain = self._vnis[vni]
        mobile = local.seq or local.sticky or local.wrapped
        moved = (mac_mobility(local.seq, sticky=local.sticky),) if mobile else ()
        proxied = (arp_nd(proxy=True),) if local.proxy else ()
        for ip in ("", *local.ips):
            routed = (self._target(domain.l3_vni), router_mac(self._leaf.router_mac)) if ip else ()
            yield self._route(
                Nlri(RouteType.MAC_IP, mac=mac, ip=ip),
                domain.vlan,
                (self._target(vni), VXLAN_ENCAPSULATION, *moved, *proxied, *routed),
                labels=(vni, domain.l3_vni) if ip else (vni,),
                esi=local.esi or ZERO_ESI,
                seq=local.seq,
                mac=(vni, mac),
                ip=ip,
                sticky=local.sticky,
                next_hop=local.next_hop,
            )

    def gateway(self, vni: Vni) -> Iterator[Route]:
        """Yield the routes of a VNI's anycast gateway, the same on all leaves (RFC 7432, section 10.1)."""
        for ip in ("", gateway_address(vni)):
            yield self._route(
                Nlri(RouteType.MAC_IP, mac=GATEWAY_MAC, ip=ip),
                vni.vlan,
                (self._target(vni.number), VXLAN_ENCAPSULATION, default_gateway()),
                labels=(vni.number,),
                esi=ZERO_ESI,
            )

    def leaked(self, count: int) -> Iterator[Route]:
        """Yield type 5 routes of prefixes that belong elsewhere, a /24 each."""
        vni = self._plan.vnis[0]
        for number in range(count):
            yield self._route(
                Nlri(RouteType.PREFIX, ip=str(ip_address(_LEAKED + (number << 8))), prefix_length=24),
                _VRF_RD + vni.l3_vni % 1_000,
                (self._target(vni.l3_vni), VXLAN_ENCAPSULATION, router_mac(self._leaf.router_mac)),
                labels=(vni.l3_vni,),
                esi=ZERO_ESI,
            )

    def flooding(self, vni: Vni) -> Route:
        """Return the inclusive multicast route of a VNI."""
        return self._route(
            Nlri(RouteType.MULTICAST, ip=self._leaf.address),
            vni.vlan,
            (self._target(vni.number), VXLAN_ENCAPSULATION),
            labels=(vni.number,),
        )

    def segment(self, segment: Segment) -> Iterator[Route]:
        """Yield what tells of a leg: A-D per segment first, whose loss withdraws all; type 4; A-D per VNI."""
        number = _SEGMENT_RD + int(segment.name.removeprefix("po"))
        targets = tuple(self._target(vni.number) for vni in self._plan.vnis)
        yield self._route(
            Nlri(RouteType.ETHERNET_AD, ethernet_tag=PER_SEGMENT_TAG, esi=segment.esi),
            number,
            (*targets, esi_label(0, single_active=segment.name in self.single_active), VXLAN_ENCAPSULATION),
        )
        yield self._route(
            Nlri(RouteType.SEGMENT, esi=segment.esi, ip=self._leaf.address),
            number,
            (
                es_import(segment.import_mac),
                self._election(segment),
                VXLAN_ENCAPSULATION,
            ),
        )
        for vni in self._plan.vnis:
            yield self._route(
                Nlri(RouteType.ETHERNET_AD, esi=segment.esi),
                vni.vlan,
                (self._target(vni.number), VXLAN_ENCAPSULATION),
                labels=(vni.number,),
            )

    def _election(self, segment: Segment) -> Community:
        algorithm = self.df_algorithms.get(segment.name, 0)
        return df_election(algorithm, _AC_DF, PREFERENCE if algorithm == BY_PREFERENCE else 0)

    def prefixes(self) -> Iterator[Route]:
        """Yield the type 5 routes: each tenant's subnets."""
        for vni in self._plan.vnis:
            yield self._route(
                Nlri(RouteType.PREFIX, ip=vni.subnet, prefix_length=16),
                _VRF_RD + vni.l3_vni % 1_000,
                (self._target(vni.l3_vni), VXLAN_ENCAPSULATION, router_mac(self._leaf.router_mac)),
                labels=(vni.l3_vni,),
                esi=ZERO_ESI,
            )

    def _route(
        self,
        nlri: Nlri,
        rd: int,
        communities: tuple[Community, ...],
        *,
        labels: tuple[int, ...] = (),
        esi: str | None = None,
        seq: int = 0,
        mac: tuple[int, str] | None = None,
        ip: str = "",
        sticky: bool = False,
        next_hop: str = "",
    ) -> Route:
        return Route(
            entry=rib.route_entry(f"{self._leaf.router_id}:{rd}", nlri),
            kind=nlri.route_type,
            origin=self._leaf.number,
            communities=ordered(communities),
            labels=labels,
            esi=esi,
            seq=seq,
            mac=mac,
            ip=ip,
            sticky=sticky,
            next_hop=next_hop,
        )

    def _target(self, vni: int) -> Community:
        target = two_part(_ROUTE_TARGET, str(self.target_as), vni)
        assert target is not None, "the number of the AS has two octets"
        return target


def gateway_address(vni: Vni) -> str:
    """Return the address of a VNI's anycast gateway, the first of its subnet."""
    return str(ip_address(int(ip_address(vni.subnet)) + 1))


def attributes_at(plan: Plan, node: Node, origin: int, slot: int, next_hop: str) -> Attributes:
    """Return the attributes of a leaf's routes as a device has them from one neighbour, by its slot.

    The next hop stays the leaf's VTEP all the way, unless ``next_hop`` names another. A route reflector adds
    originator and cluster (RFC 4456).
    """
    leaf = plan.leaves[origin]
    next_hop = next_hop or leaf.address
    if slot == LOCAL_SLOT:
        return Attributes(next_hop, origin="IGP")
    if not plan.design.reflects:
        path = str(leaf.asn) if node.role == "spine" else f"{plan.spines[slot].asn} {leaf.asn}"
        return Attributes(next_hop, as_path=path, origin="IGP")
    if node.role == "spine":
        return Attributes(next_hop, origin="IGP", local_pref=_LOCAL_PREF)
    return Attributes(
        next_hop,
        origin="IGP",
        local_pref=_LOCAL_PREF,
        originator_id=leaf.router_id,
        cluster_list=(plan.spines[slot].router_id,),
    )


def designated_forwarder(addresses: list[str], ethernet_tag: int, *, by_preference: bool = False) -> str:
    """Return who forwards to a segment for a VLAN: number V mod N of the PEs in the order of their addresses.

    The default algorithm of RFC 8584 (RFC 7432, section 8.5). By preference it is the PE with the lowest
    address: all have the same preference (RFC 9785, section 4.1). ``addresses``: of the type 4 routes, at
    least one.
    """
    ranked = sorted(addresses, key=lambda address: (ip_address(address).version, int(ip_address(address))))
    return ranked[0 if by_preference else ethernet_tag % len(ranked)]
