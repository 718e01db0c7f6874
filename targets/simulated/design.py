"""What a simulated fabric is made of: devices, links, addresses, VNIs, Ethernet segments and hosts.

A plan is a pure function of a design. Names, addresses and numbers say where a thing belongs, so that people
can read them: ``leaf-3`` has VTEP 10.1.0.3 and, in the EBGP design, AS 65003.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal

from collectors.errors import InputError

Routing = Literal["ebgp", "ibgp", "ebgp-ebgp", "ibgp-ebgp"]
Role = Literal["spine", "leaf"]

FABRIC_AS: Final = 65000
"""AS of the spines; in the IBGP designs of all for EVPN. Route targets are made with it, so that they are the
same on all leaves (auto-derived ones differ from leaf to leaf in an EBGP design)."""
LOOPBACK: Final = "lo0"
_LIMITS: Final = {"spines": (1, 32), "leaves": (2, 240), "vnis": (1, 60), "hosts": (1, 100_000)}
_V6: Final = 0xFD00 << 112
_TENANTS: Final = 2
_MULTIHOMED: Final = 3
"""Hosts behind each Ethernet segment."""


@dataclass(frozen=True, slots=True)
class Design:
    """How large a fabric is and how it routes.

    ``ebgp``: every leaf in an AS of its own, one session per link for underlay and EVPN. ``ibgp``: one AS,
    sessions between loopbacks over an IGP, the spines are route reflectors. ``ebgp-ebgp`` and ``ibgp-ebgp``:
    an EBGP session per link for the underlay, with an AS per leaf, and over it EVPN sessions between
    loopbacks, in the same AS or, with route reflectors, in one (local-as).
    """

    spines: int = 2
    leaves: int = 4
    routing: Routing = "ebgp"
    underlay: Literal[4, 6] = 4
    """IP version of links, loopbacks and VTEPs."""
    vnis: int = 4
    hosts: int = 40
    """With one link; those behind Ethernet segments come on top."""

    @property
    def by_loopback(self) -> bool:
        """Return whether EVPN sessions are between loopbacks."""
        return self.routing != "ebgp"

    @property
    def reflects(self) -> bool:
        """Return whether EVPN is IBGP, with the spines as route reflectors."""
        return self.routing in ("ibgp", "ibgp-ebgp")

    @property
    def two_layers(self) -> bool:
        """Return whether the underlay has BGP sessions of its own."""
        return self.routing in ("ebgp-ebgp", "ibgp-ebgp")


@dataclass(frozen=True, slots=True)
class Node:
    """A spine or a leaf."""

    name: str
    role: Role
    number: int
    """Place among its like, from 0."""
    router_id: str
    address: str
    """Of its loopback; a leaf's VTEP."""
    asn: int
    """Of its EVPN sessions."""
    underlay_asn: int
    """Of its sessions per link."""
    router_mac: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link between a leaf and a spine."""

    leaf: int
    spine: int
    leaf_port: str
    spine_port: str
    leaf_address: str
    spine_address: str
    prefix_length: int


@dataclass(frozen=True, slots=True)
class Vni:
    """A layer 2 VNI on all leaves, and the tenant's VRF it belongs to."""

    number: int
    vlan: int
    tenant: str
    l3_vni: int
    subnet: str
    """IPv4 network, without length: a /16."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A LAG of a server to several leaves (RFC 7432, section 5)."""

    name: str
    """The LAG's name on each leaf."""
    esi: str
    """20 hex digits."""
    leaves: tuple[int, ...]

    @property
    def esi_text(self) -> str:
        """Return the ESI in octets with colons."""
        return ":".join(self.esi[at : at + 2] for at in range(0, 20, 2))

    @property
    def import_mac(self) -> str:
        """Return what the ES-Import route target is made of: the 6 octets behind the type."""
        return ":".join(self.esi[at : at + 2] for at in range(2, 14, 2))


@dataclass(frozen=True, slots=True)
class Host:
    """A host: one MAC in one VNI, with its addresses."""

    name: str
    mac: str
    ips: tuple[str, ...]
    vni: int
    leaf: int | None
    """Where it is attached first; None for one behind a segment."""
    segment: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A fabric as it was built."""

    design: Design
    spines: tuple[Node, ...]
    leaves: tuple[Node, ...]
    links: tuple[Link, ...]
    vnis: tuple[Vni, ...]
    segments: tuple[Segment, ...]
    hosts: tuple[Host, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Return all devices."""
        return (*self.spines, *self.leaves)


def plan_of(design: Design) -> Plan:
    """Return the fabric of a design; raises InputError for a size that addresses don't reach to."""
    for name, (least, most) in _LIMITS.items():
        value = getattr(design, name)
        if not least <= value <= most:
            raise InputError(f"a simulated fabric has {least} to {most} {name}, not {value}")
    spines = tuple(_node(design, "spine", number) for number in range(design.spines))
    leaves = tuple(_node(design, "leaf", number) for number in range(design.leaves))
    vnis = tuple(_vni(number) for number in range(design.vnis))
    segments = _segments(design.leaves)
    links = tuple(
        _link(design, leaf, spine) for leaf in range(design.leaves) for spine in range(design.spines)
    )
    return Plan(design, spines, leaves, links, vnis, segments, _hosts(design, vnis, segments))


def _node(design: Design, role: Role, number: int) -> Node:
    router_id = f"10.{0 if role == 'spine' else 1}.0.{number + 1}"
    address = router_id
    if design.underlay == 6:
        address = str(ip_address(_V6 | int(ip_address(router_id))))
    own = FABRIC_AS + number + 1 if role == "leaf" and design.routing != "ibgp" else FABRIC_AS
    return Node(
        name=f"{role}-{number + 1}",
        role=role,
        number=number,
        router_id=router_id,
        address=address,
        asn=FABRIC_AS if design.reflects else own,
        underlay_asn=own,
        router_mac=f"00:1c:73:{'aa' if role == 'spine' else 'bb'}:00:{number + 1:02x}",
    )


def _link(design: Design, leaf: int, spine: int) -> Link:
    first = (10 << 24 | 128 << 16) + 2 * (leaf * design.spines + spine)
    if design.underlay == 6:
        first |= _V6
    return Link(
        leaf=leaf,
        spine=spine,
        leaf_port=f"eth{spine + 1}",
        spine_port=f"eth{leaf + 1}",
        leaf_address=str(ip_address(first + 1)),
        spine_address=str(ip_address(first)),
        prefix_length=127 if design.underlay == 6 else 31,
    )


def _vni(number: int) -> Vni:
    tenant = number % _TENANTS
    return Vni(
        number=10_010 + 10 * number,
        vlan=10 + 10 * number,
        tenant=f"tenant-{tenant + 1}",
        l3_vni=50_001 + tenant,
        subnet=f"10.{64 + number}.0.0",
    )


def _segments(leaves: int) -> tuple[Segment, ...]:
    """Return a segment per pair of leaves, and one over three leaves per group of four."""
    pairs = [(first, first + 1) for first in range(0, leaves - 1, 2)]
    threes = [(first, first + 1, first + 2) for first in range(0, leaves - 2, 4)]
    return tuple(
        # type 3: a system MAC and a discriminator
        Segment(f"po{number}", f"03443839ffff{number >> 8:02x}{number & 255:06x}", members)
        for number, members in enumerate([*pairs, *threes], start=1)
    )


def _hosts(design: Design, vnis: tuple[Vni, ...], segments: tuple[Segment, ...]) -> tuple[Host, ...]:
    hosts = [
        _host(number, vnis[number // design.leaves % len(vnis)], leaf=number % design.leaves)
        for number in range(design.hosts)
    ]
    for segment in range(len(segments)):
        for _ in range(_MULTIHOMED):
            hosts.append(_host(len(hosts), vnis[len(hosts) % len(vnis)], segment=segment))
    return tuple(hosts)


def _host(number: int, vni: Vni, *, leaf: int | None = None, segment: int | None = None) -> Host:
    network = int(ip_address(vni.subnet))
    ips = [str(ip_address(network + 10 + number % 65_000))]
    if number % 4 == 0:
        ips.append(f"2001:db8:{vni.vlan:x}::{number + 10:x}")
    mac = f"00:50:56:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return Host(f"h{number + 1}", mac, tuple(ips), vni.number, leaf, segment)
