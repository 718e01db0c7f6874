"""How devices tell of MACs: templates of OpenConfig notifications, as profile ``openconfig`` reads them."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from bench.messages import Element, Hole, Template, Text, Value, element, template

DEFAULT: Final = (element("network-instances"), element("network-instance", name="default"))
BGP: Final = (
    *DEFAULT,
    element("protocols"),
    element("protocol", identifier="BGP", name="BGP"),
    element("bgp"),
)
RIB: Final = (*BGP, element("rib"))
_EVPN: Final = (
    *RIB,
    element("afi-safis"),
    element("afi-safi", afi_safi_name="L2VPN_EVPN"),
    element("l2vpn-evpn"),
    element("loc-rib"),
    element("routes"),
)
ROUTE_LEAVES: Final = ("label", "ext-community-index", "attr-index", "bestpath", "valid-route")
MAC_LEAVES: Final = ("producer", "seq-number", "sticky", "l2-vni", "vlan")


def route_prefix(rd_: Text) -> tuple[Element, ...]:
    return *_EVPN, element("route-distinguisher", route_distinguisher=rd_)


def route_path(peer: Text) -> tuple[Element, ...]:
    return element("paths"), element(
        "path",
        peer_ip=peer,
        peer_path_id="0",
        source_address_family="L2VPN_EVPN",
        source_route_distinguisher="0:0",
    )


def _route(slot: int) -> tuple[Element, ...]:
    key = element(
        "type-two-route",
        ethernet_tag="0",
        ip_length="32",
        ip_prefix=(Hole("ip", slot), "/32"),
        mac_address=Hole("mac", slot),
        mac_length="48",
    )
    return element("type-two-mac-ip-advertisement"), key, *route_path(Hole("peer"))


@cache
def routes(slots: int, leaves: tuple[str, ...]) -> Template:
    """Return the update of leaves of ``slots`` type-2 routes of one RD."""
    values: dict[str, Value] = {"label": Hole("label"), "bestpath": True, "valid-route": True}
    updates: list[tuple[Sequence[Element], Value]] = []
    for slot in range(slots):
        own: dict[str, Value] = {"ext-community-index": Hole("ext", slot), "attr-index": Hole("attr", slot)}
        state = (*_route(slot), element("state"))
        updates += [((*state, element(leaf)), (values | own)[leaf]) for leaf in leaves]
    return template(route_prefix(Hole("rd")), updates)


@cache
def routes_gone(slots: int) -> Template:
    """Return the delete of ``slots`` type-2 routes of one RD."""
    return template(route_prefix(Hole("rd")), deletes=[_route(slot) for slot in range(slots)])


_ENTRIES: Final = (
    element("network-instances"),
    element("network-instance", name=Hole("instance")),
    element("fdb"),
    element("l2rib"),
    element("mac-table"),
    element("entries"),
)


@cache
def macs(slots: int, leaves: tuple[str, ...]) -> Template:
    """Return the update of leaves of ``slots`` l2rib entries, locally learned, of one VNI."""
    updates: list[tuple[Sequence[Element], Value]] = []
    for slot in range(slots):
        entry = element("entry", mac_address=Hole("mac", slot))
        producer = (entry, element("producers"), element("producer", producer="LOCAL"), element("state"))
        values: dict[str, tuple[Sequence[Element], Value]] = {
            "producer": (producer, "LOCAL"),
            "seq-number": (producer, Hole("seq", slot)),
            "sticky": (producer, False),
            "l2-vni": ((entry, element("state")), Hole("vni")),
            "vlan": ((entry, element("state")), 10),
        }
        for leaf in leaves:
            above, value = values[leaf]
            updates.append(((*above, element(leaf)), value))
    return template(_ENTRIES, updates)


@cache
def macs_gone(slots: int) -> Template:
    """Return the delete of ``slots`` l2rib entries of one VNI."""
    return template(
        _ENTRIES, deletes=[(element("entry", mac_address=Hole("mac", slot)),) for slot in range(slots)]
    )
