"""The state of the devices of a simulated fabric, as each of them would show it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from collectors.profiles import LIVENESS
from targets.openconfig.communities import Community
from targets.openconfig.families import FAMILIES
from targets.simulated.announcements import VXLAN_ENCAPSULATION, Announcer, Route
from targets.simulated.bridging import Learning
from targets.simulated.design import LOOPBACK, Link, Node, Plan
from targets.simulated.forwarding import Election, Elections, claim_leaves
from targets.simulated.news import Telemetry
from targets.simulated.policy import Policy
from targets.simulated.ports import Neighbor, Port, segment_leaves, vni_leaves, vtep_leaves
from targets.simulated.saying import Saying
from targets.simulated.table import Table
from targets.simulated.wires import MEMBERS, FarEnd, Member, Wire
from targets.tree import Value

SHOWN: Final = tuple(name for name in FAMILIES if name != LIVENESS)
"""Families with state; liveness is the device's clock."""
_ETHERNET, _LAG, _LOOPBACK = "ethernetCsmacd", "ieee8023adLag", "softwareLoopback"


@dataclass(slots=True)
class Device:
    """A device: what it shows, and how it does."""

    node: Node
    ports: dict[str, Port]
    neighbors: list[Neighbor]
    """EVPN sessions, by slot: of a leaf the number of the spine, of a spine the number of the leaf."""
    underlays: list[Neighbor]
    """Sessions of the underlay by slot, in designs that have them beside those of EVPN."""
    table: Table
    powered: bool = True
    forwarding: bool = True
    """Its line cards work: without them all its links are down, while its agent talks."""
    routing: bool = True
    """BGP runs."""
    telemetry: Telemetry = "talking"
    skew_ns: int = 0
    """How far its clock is ahead."""
    delay_ns: int = 0
    """How late its agent is."""
    wires: dict[str, Wire] = field(default_factory=dict)
    """Its ends of links to the fabric, by port."""
    policy: Policy = field(default_factory=Policy)
    """What it does to routes that it passes on."""

    @property
    def name(self) -> str:
        """Return the device's name."""
        return self.node.name

    def clock(self, time_ns: int) -> int:
        """Return what the device's own clock shows."""
        return time_ns + self.skew_ns

    def set_port(self, name: str, time_ns: int, saying: Saying, *, up: bool) -> None:
        """Bring an interface up or down; nothing happens to one that already is."""
        port = self.ports[name]
        if port.up != up:
            old = port.leaves()
            port.up, port.changed_ns = up, self.clock(time_ns)
            port.transitions += 1
            saying.replace("link", old, port.leaves())

    def set_neighbor(self, neighbor: Neighbor, time_ns: int, saying: Saying, *, up: bool) -> None:
        """Bring this end of a session up or down."""
        if neighbor.up != up:
            old = neighbor.leaves()
            neighbor.up = up
            if up:
                neighbor.established_ns = self.clock(time_ns)
                neighbor.transitions += 1
            saying.replace("bgp", old, neighbor.leaves())


@dataclass(slots=True)
class Leaf(Device):
    """A leaf, with what it knows of hosts and segments."""

    announcer: Announcer = field(kw_only=True)
    learning: Learning = field(default_factory=Learning)
    floods: Counter[int] = field(default_factory=Counter)
    """By leaf: VNIs of it that are flooded there."""
    legs: dict[int, bool] = field(default_factory=dict)
    """By segment the leaf is part of: whether its leg is up."""
    broken: set[int] = field(default_factory=set)
    """Segments whose leg can't come up, whatever the leaf does."""
    imports: frozenset[Community] = frozenset()
    """Route targets it takes routes with."""
    strict: bool = False
    """It takes no route without the encapsulation community, as some systems do."""
    startup_s: float = 0.0
    """How much longer its host ports stay down after a boot."""
    leaked: list[Route] = field(default_factory=list)
    """Prefixes that it announces besides its own."""

    def takes(self, route: Route) -> bool:
        """Return whether the leaf imports a route."""
        return bool(self.imports.intersection(route.communities)) and not (
            self.strict and VXLAN_ENCAPSULATION not in route.communities
        )

    elections: Elections = field(default_factory=Elections)
    members: dict[str, Member] = field(default_factory=dict)
    """Members of its legs, by port."""


def device_of(plan: Plan, node: Node) -> Device:
    """Return a device in working order that knows no routes yet."""
    links = [link for link in plan.links if (link.leaf if node.role == "leaf" else link.spine) == node.number]
    ports = {port.name: port for port in _ports(plan, node, links)}
    neighbors = [_neighbor(plan, node, link) for link in links]
    underlays = [_underlay(plan, node, link) for link in links if plan.design.two_layers]
    table = Table(plan, node, [neighbor.address for neighbor in neighbors])
    wires = {wire.port: wire for wire in (_wire(plan, node, link, at) for at, link in enumerate(links))}
    if node.role == "spine":
        return Device(node, ports, neighbors, underlays, table, wires=wires)
    legs = {number: True for number, it in enumerate(plan.segments) if node.number in it.leaves}
    elections = Elections({number: Election() for number in legs})
    announcer = Announcer(plan, node)
    return Leaf(
        node,
        ports,
        neighbors,
        underlays,
        table,
        announcer=announcer,
        legs=legs,
        elections=elections,
        wires=wires,
        members={it.port: it for it in _members(plan, node)},
        imports=announcer.targets(),
    )


def _ports(plan: Plan, node: Node, links: list[Link]) -> list[Port]:
    width = 128 if plan.design.underlay == 6 else 32
    ports = [Port(LOOPBACK, _LOOPBACK, 1, ((node.address, width),))]
    leaf = node.role == "leaf"
    ports += [
        Port(
            link.leaf_port if leaf else link.spine_port,
            _ETHERNET,
            2 + at,
            ((link.leaf_address if leaf else link.spine_address, link.prefix_length),),
        )
        for at, link in enumerate(links)
    ]
    if leaf:
        mine = [segment for segment in plan.segments if node.number in segment.leaves]
        ports.append(Port(host_port(plan), _ETHERNET, 1_000))
        ports += [Port(segment.name, _LAG, 1_001 + at, min_links=1) for at, segment in enumerate(mine)]
        ports += [
            Port(it.port, _ETHERNET, 2_001 + at, aggregate=it.segment.name)
            for at, it in enumerate(_members(plan, node))
        ]
    return ports


def _members(plan: Plan, node: Node) -> list[Member]:
    mine = [segment for segment in plan.segments if node.number in segment.leaves]
    first = plan.design.spines + 2
    return [
        Member(f"eth{first + at}", segment)
        for at, segment in enumerate(segment for segment in mine for _ in range(MEMBERS))
    ]


def _wire(plan: Plan, node: Node, link: Link, at: int) -> Wire:
    ends = [(link.leaf_port, link.leaf_address), (link.spine_port, link.spine_address)]
    peer = plan.spines[link.spine]
    if node.role == "spine":
        ends.reverse()
        peer = plan.leaves[link.leaf]
    (port, own), (far_port, far) = ends
    igp = plan.design.routing == "ibgp"
    return Wire(port, at + 1, (own, far), peer, FarEnd(peer, far_port), igp)


def host_port(plan: Plan) -> str:
    """Return the port of a leaf that hosts are attached to, through a switch of theirs."""
    return f"eth{plan.design.spines + 1}"


def _neighbor(plan: Plan, node: Node, link: Link) -> Neighbor:
    leaf, spine = plan.leaves[link.leaf], plan.spines[link.spine]
    peer = spine if node.role == "leaf" else leaf
    address = peer.address if plan.design.by_loopback else _far_address(node, link)
    return Neighbor(address, peer.asn, node.asn)


def _underlay(plan: Plan, node: Node, link: Link) -> Neighbor:
    peer = plan.spines[link.spine] if node.role == "leaf" else plan.leaves[link.leaf]
    family = "IPV6_UNICAST" if plan.design.underlay == 6 else "IPV4_UNICAST"
    return Neighbor(_far_address(node, link), peer.underlay_asn, node.underlay_asn, carries=family)


def _far_address(node: Node, link: Link) -> str:
    return link.spine_address if node.role == "leaf" else link.leaf_address


def family_tree(plan: Plan, device: Device, family: str) -> dict[str, Value]:
    """Return what a device shows in a family, without the MACs: those the fabric knows."""
    return device.table.tree() if family == "routes" else _joined(_things(plan, device, family))


def _things(plan: Plan, device: Device, family: str) -> Iterator[dict[str, Value]]:
    """Yield the leaves of each thing that a device shows in a family."""
    match family:
        case "link":
            yield from (port.leaves() for port in device.ports.values())
        case "bgp":
            yield from (neighbor.leaves() for neighbor in (*device.neighbors, *device.underlays))
        case "vtep" if isinstance(device, Leaf):
            yield from map(vni_leaves, plan.vnis)
            yield from (vtep_leaves(plan.leaves[leaf]) for leaf, vnis in device.floods.items() if vnis)
        case "es" if isinstance(device, Leaf):
            for number in device.legs:
                segment = plan.segments[number]
                single = segment.name in device.announcer.single_active
                yield segment_leaves(segment, single_active=single)
                yield claim_leaves(segment, plan.vnis, device.elections.of[number].claims)
        case "lacp" if isinstance(device, Leaf):
            yield from (member.leaves() for member in device.members.values())
        case "lldp" | "bfd" | "isis":
            yield from (wire.leaves(family) for wire in device.wires.values())
        case _:
            pass


def _joined(trees: Iterable[dict[str, Value]]) -> dict[str, Value]:
    return {path: value for tree in trees for path, value in tree.items()}
