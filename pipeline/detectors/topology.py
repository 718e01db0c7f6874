"""Who is connected to whom, from function and addresses, never from names.

A leaf serves VNIs. The peer of a leaf's EVPN session that is no leaf itself is a spine, or route reflector. A
neighbour's address names its owner: the device with an interface that has it. An address on more than one
device (anycast, fe80::1) names none of them. To a leaf that has sessions with leaves only (a full mesh
without route reflectors, a collapsed spine) those leaves are what spines are to others.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

EVPN: Final = "L2VPN_EVPN"
ENDS: Final = pl.Schema(
    {
        "leaf": pl.String,
        "peer": pl.String,
        "peer_known": pl.Boolean,
        "kind": pl.String,
        "ordinal": pl.UInt32,
        "device": pl.String,
        "thing": pl.String,
    }
)
"""One row per end of an adjacency, see ``pipeline.detectors.uplinks``."""


class Address(NamedTuple):
    """An address of an interface."""

    device: str
    interface: str
    address: str
    prefix_length: int | None


def adjacencies(
    neighbors: Iterable[tuple[str, str]], addresses: Iterable[Address], leaves: AbstractSet[str]
) -> pl.DataFrame:
    """Return ENDS of all sessions and links between leaves and others, and of sessions of meshed leaves.

    ``neighbors``: (device, neighbour address) of every EVPN session configured.
    """
    addresses = list(addresses)
    devices: dict[str, set[str]] = defaultdict(set)
    for entry in addresses:
        devices[entry.address].add(entry.device)
    owned = [entry for entry in addresses if len(devices[entry.address]) == 1]
    owner = {entry.address: entry.device for entry in owned}
    rows = _sessions(sorted(neighbors), owner, leaves) + _links(owned, leaves)
    return pl.DataFrame(rows, schema=ENDS, orient="row")


def _sessions(
    neighbors: list[tuple[str, str]], owner: Mapping[str, str], leaves: AbstractSet[str]
) -> list[tuple[str, str, bool, str, int, str, str]]:
    rows: list[tuple[str, str, bool, str, int, str, str]] = []
    # parallel sessions of a pair are matched by the order of their addresses, the same on both sides
    by_pair: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    pairs = [(device, owner.get(neighbor), neighbor) for device, neighbor in neighbors]
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    meshed = leaves - {end for *ends, _ in pairs if not leaves >= set(ends) for end in ends}
    for device, peer, neighbor in pairs:
        if device in leaves and (peer not in leaves or device in meshed):
            by_pair[device, peer or neighbor, device].append(neighbor)
        if peer is not None and peer in leaves and (device not in leaves or peer in meshed):
            by_pair[peer, device, device].append(neighbor)
    known = set(owner.values())
    for (leaf, peer, device), things in by_pair.items():
        for ordinal, neighbor in enumerate(sorted(things, key=_sort_key)):
            rows.append((leaf, peer, peer in known, "session", ordinal, device, neighbor))
    return rows


def _links(
    addresses: list[Address], leaves: AbstractSet[str]
) -> list[tuple[str, str, bool, str, int, str, str]]:
    by_network: dict[str, list[Address]] = defaultdict(list)
    for entry in addresses:
        network = _network(entry.address, entry.prefix_length)
        if network is not None:
            by_network[network].append(entry)
    rows: list[tuple[str, str, bool, str, int, str, str]] = []
    count: dict[tuple[str, str], int] = defaultdict(int)
    for _, ends in sorted(by_network.items()):
        # a link has two ends on two devices, one of them a leaf: a subnet with more is a segment for hosts
        if len(ends) != 2 or ends[0].device == ends[1].device:
            continue
        inside = [entry for entry in ends if entry.device in leaves]
        if len(inside) != 1:
            continue
        leaf = inside[0]
        peer = ends[1] if ends[0] is leaf else ends[0]
        ordinal = count[leaf.device, peer.device]
        count[leaf.device, peer.device] += 1
        rows += [
            (leaf.device, peer.device, True, "link", ordinal, entry.device, entry.interface) for entry in ends
        ]
    return rows


@lru_cache(maxsize=100_000)
def _network(address: str, prefix_length: int | None) -> str | None:
    """Return the network of an address; None for a host route or no address."""
    if prefix_length is None:
        return None
    try:
        interface = ipaddress.ip_interface(f"{address}/{prefix_length}")
    except ValueError:
        return None
    host_route = prefix_length == interface.max_prefixlen
    return None if host_route or interface.is_link_local else str(interface.network)


@lru_cache(maxsize=100_000)
def _sort_key(address: str) -> tuple[int, int, str]:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return 8, 0, address
    return parsed.version, int(parsed), ""
