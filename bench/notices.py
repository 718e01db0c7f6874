"""What devices tell besides MACs, one notification each: attributes, VNIs, links, sessions, the time."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from bench.fabric import FIRST_ATTR, FIRST_EXT, FIRST_VNI, LEAVES, SEQUENCES, VNIS, leaf_name, rd, vtep
from bench.forms import BGP, DEFAULT, RIB, route_path, route_prefix
from bench.messages import Element, Value, element, response

_VNI_LIST: Final = (
    *DEFAULT,
    element("connection-points"),
    element("connection-point", connection_point_id="nve1"),
    element("endpoints"),
    element("endpoint", endpoint_id="nve1"),
    element("vxlan"),
    element("endpoint-vnis"),
)


def attributes(time_ns: int, device: str) -> Iterator[bytes]:
    """Yield the attribute sets that routes point to: of each leaf two, whose MEDs differ."""
    for leaf in range(LEAVES):
        updates: list[tuple[Sequence[Element], Value]] = []
        for variant in range(2):
            index = FIRST_ATTR + 2 * leaf + variant
            entry = element("attr-set", index=str(index))
            values: dict[str, Value] = {
                "index": index,
                "next-hop": vtep(leaf),
                "origin": "IGP",
                "local-pref": 100,
                "med": variant,
            }
            updates += [((entry, element("state"), element(name)), value) for name, value in values.items()]
        yield response((*RIB, element("attr-sets")), device, time_ns, updates)


def communities(time_ns: int, device: str, vni: int, sequences: Sequence[int]) -> bytes:
    """Return extended communities of a VNI's routes: target, VXLAN, and MAC mobility (RFC 7432, section 7.7).

    One set for each sequence number; 0 has no mobility community.
    """
    updates: list[tuple[Sequence[Element], Value]] = []
    for sequence in sequences:
        index = FIRST_EXT + SEQUENCES * vni + sequence
        entry = element("ext-community", index=str(index))
        octets = [struct.pack(">BBHI", 0, 2, 65000, FIRST_VNI + vni), struct.pack(">BBIH", 3, 12, 0, 8)]
        if sequence:
            octets.append(struct.pack(">BBBBI", 6, 0, 0, 0, sequence))
        updates.append(((entry, element("state"), element("index")), index))
        updates.append(((entry, element("state"), element("ext-community")), tuple(octets)))
    return response((*RIB, element("ext-communities")), device, time_ns, updates)


def flooding_route(time_ns: int, device: str, group: int) -> bytes:
    """Return a leaf's type-3 route of a VNI as a spine has it."""
    leaf, vni = divmod(group, VNIS)
    key = element(
        "type-three-route", ethernet_tag="0", originating_router_ip=vtep(leaf), originator_ip_length="32"
    )
    above = (
        element("type-three-inclusive-multicast-ethernet-tag"),
        key,
        *route_path(vtep(leaf)),
        element("state"),
    )
    values: dict[str, Value] = {
        "label": str(FIRST_VNI + vni),
        "ext-community-index": FIRST_EXT + SEQUENCES * vni,
        "attr-index": FIRST_ATTR + 2 * leaf,
        "bestpath": True,
        "valid-route": True,
    }
    updates = [((*above, element(name)), value) for name, value in values.items()]
    return response(route_prefix(rd(group)), device, time_ns, updates)


def vni_list(time_ns: int, leaf: int) -> bytes:
    """Return the VNIs that a leaf serves."""
    updates: list[tuple[Sequence[Element], Value]] = []
    for vni in range(VNIS):
        entry = element("endpoint-vni", vni=str(FIRST_VNI + vni))
        values: dict[str, Value] = {"vni": FIRST_VNI + vni, "vni-state": "UP", "vni-type": "L2"}
        updates += [((entry, element("state"), element(name)), value) for name, value in values.items()]
    return response(_VNI_LIST, leaf_name(leaf), time_ns, updates)


def interface(time_ns: int, device: str, name: str, address: str, length: int) -> bytes:
    """Return an interface that is up, and its address."""
    entry = element("interface", name=name)
    state = (entry, element("state"))
    below = (
        entry,
        element("subinterfaces"),
        element("subinterface", index="0"),
        element("ipv4"),
        element("addresses"),
        element("address", ip=address),
        element("state"),
    )
    values: dict[str, Value] = {
        "name": name,
        "admin-status": "UP",
        "oper-status": "UP",
        "type": "ethernetCsmacd",
    }
    updates: list[tuple[Sequence[Element], Value]] = [
        ((*state, element(leaf)), value) for leaf, value in values.items()
    ]
    updates.append(((*state, element("counters"), element("carrier-transitions")), 1))
    updates += [((*below, element("ip")), address), ((*below, element("prefix-length")), length)]
    return response((element("interfaces"),), device, time_ns, updates)


def link_status(time_ns: int, device: str, name: str, *, up: bool, transitions: int) -> bytes:
    """Return the change of an interface's status."""
    state = (element("interface", name=name), element("state"))
    updates: list[tuple[Sequence[Element], Value]] = [
        ((*state, element("oper-status")), "UP" if up else "DOWN"),
        ((*state, element("counters"), element("carrier-transitions")), transitions),
    ]
    return response((element("interfaces"),), device, time_ns, updates)


def neighbor(
    time_ns: int, device: str, address: str, *, state: str | None = None, received: int | None = None
) -> bytes:
    """Return the state of a BGP session, or how many routes its EVPN family received, or both."""
    entry = element("neighbor", neighbor_address=address)
    family = (element("afi-safis"), element("afi-safi", afi_safi_name="L2VPN_EVPN"), element("state"))
    updates: list[tuple[Sequence[Element], Value]] = []
    if state is not None:
        updates.append(((entry, element("state"), element("session-state")), state))
    if received is not None:
        updates.append(((entry, *family, element("active")), True))
        updates.append(((entry, *family, element("prefixes"), element("received")), received))
    return response((*BGP, element("neighbors")), device, time_ns, updates)


def current_time(time_ns: int, device: str) -> bytes:
    """Return a liveness sample."""
    path = (element("system"), element("state"), element("current-datetime"))
    return response((), device, time_ns, [(path, str(np.datetime64(time_ns, "ns")))])
