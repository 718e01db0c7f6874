"""What routes and learned entries say of addresses: which MAC has which address, where.

A MAC/IP route (type 2, RFC 7432, section 7.2) binds its address to its MAC, and so does an entry that a leaf
learned at a port of its own (openconfig l2rib, mac-ip-table, producer LOCAL).

A route is a gateway's if it says so (Default Gateway community, RFC 7432, section 10.1; its own MAC as
Router's MAC, RFC 9135, section 8.1) or has a MAC of VRRP or HSRP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pipeline.apply.changes import Changes
from pipeline.apply.claims import MAC_IP_ROUTE, holds, key_columns, of_a_host
from pipeline.apply.columns import Array, Column, Mask, Rows, unknown
from pipeline.apply.entity import EntityState
from pipeline.detectors.observed import equals

SOURCES: Final = ("evpn_route", "host_binding")
_ROUTE_LEAVES: Final = (
    "esi", "next_hop", "label", "encapsulation", "route_targets", "valid", "default_gateway", "router_mac"
)  # fmt: skip
_ROUTE_KEYS: Final = ("device", "route_type", "mac", "ip_hi", "ip_lo", "neighbor")
_ENTRY_KEYS: Final = ("device", "mac", "ip_hi", "ip_lo", "producer")
_LOCAL: Final = ("LOCAL", "STATIC")
_ZERO: Final = np.uint64(0)


@dataclass(frozen=True)
class Side:
    """What changes say on one side of them, before or after."""

    held: Mask
    gateway: Mask
    place: Column
    vtep: Column
    keys: Mapping[str, Column]


def of_addresses(source: int, changes: Changes) -> Changes:
    """Return the changes that may be of addresses, with the columns that tell."""
    leaves = _ROUTE_LEAVES if source == 0 else ("esi", "vni")
    keys = _ROUTE_KEYS if source == 0 else _ENTRY_KEYS
    mine = changes.keys["ip_hi"].known
    if source == 0:
        mine = mine & (changes.keys["route_type"].values == MAC_IP_ROUTE)
    else:
        mine = mine & equals(changes.keys["producer"], *_LOCAL).fill_null(value=False).to_numpy()
    at = np.flatnonzero(mine)
    if not at.size:
        return Changes.none(changes.entity)
    return replace(
        changes,
        keys={name: changes.keys[name] for name in keys},
        before={name: changes.before[name] for name in leaves},
        after={name: changes.after[name] for name in leaves},
    ).take(at)


def side_of(source: int, changes: Changes, side: str) -> Side:
    """Return what changes say on one side of them: ``before`` or ``after``."""
    columns = getattr(changes, side)
    keys = changes.keys
    there: Mask = changes.existed if side == "before" else changes.exists
    there = there & _unicast(keys["mac"].values) & _an_address(keys["ip_hi"].values, keys["ip_lo"].values)
    if source == 0:
        return _route_side(changes, side, there)
    device = Column(keys["device"].values, np.ones(len(there), dtype=bool))
    domain = {"vni": columns["vni"], "evi": unknown(len(there), np.dtype(np.uint32))}
    there = there & columns["vni"].known
    group = ~of_a_host(keys["mac"].values)
    nowhere = unknown(len(there), np.dtype(np.uint32))
    return Side(there, there & group, _either(columns["esi"], device), nowhere, domain)


def _route_side(changes: Changes, side: str, there: Mask) -> Side:
    columns = getattr(changes, side)
    valid, next_hop = columns["valid"], columns["next_hop"]
    keys = key_columns(changes, side)
    place = _either(columns["esi"], next_hop)
    told = there & place.known & (keys["vni"].known | keys["evi"].known) & ~(valid.known & ~valid.values)
    gateway = told & ~holds(changes, side)
    return Side(told, gateway, place, next_hop, {name: keys[name] for name in ("vni", "evi")})


def _either(first: Column, second: Column) -> Column:
    return Column(np.where(first.known, first.values, second.values), first.known | second.known)


def standing(source: int, entity: EntityState, rows: Rows) -> tuple[dict[str, Column], Side]:
    """Return the addresses of rows of an entity, and what they say as they stand."""
    names = _ROUTE_KEYS if source == 0 else _ENTRY_KEYS
    leaves = _ROUTE_LEAVES if source == 0 else ("esi", "vni")
    keys = {name: entity.keys.take(name, rows) for name in names}
    columns = {name: entity.values.take(name, rows) for name in leaves}
    there = entity.alive_at(rows) & keys["ip_hi"].known
    if source == 0:
        there = there & (keys["route_type"].values == MAC_IP_ROUTE)
    else:
        there = there & equals(keys["producer"], *_LOCAL).fill_null(value=False).to_numpy()
    told = replace(
        Changes.none(entity.entity), row=rows, existed=there, exists=there,
        keys=keys, before=columns, after=columns,
    )  # fmt: skip
    return {name: keys[name] for name in ("ip_hi", "ip_lo")}, side_of(source, told, "after")


def differ(before: Side, after: Side) -> Mask:
    """Return where the place, the domain or whether it is a gateway's differs."""
    differ: Mask = before.gateway != after.gateway
    pairs = [(before.place, after.place), (before.vtep, after.vtep)]
    pairs += [(before.keys[name], after.keys[name]) for name in ("vni", "evi")]
    for old, new in pairs:
        differ = differ | (old.known != new.known) | (new.known & (old.values != new.values))
    return differ


def taken(side: Side, at: Rows) -> Side:
    """Return a side at some of its changes."""
    return Side(
        side.held[at], side.gateway[at], side.place.take(at), side.vtep.take(at),
        {name: column.take(at) for name, column in side.keys.items()},
    )  # fmt: skip


def _unicast(mac: Array) -> Mask:
    unicast: Mask = (mac != 0) & ((mac >> np.uint64(40)) & np.uint64(1) == 0)
    return unicast


def _an_address(high: Array, low: Array) -> Mask:
    """Return whether addresses are more than "any": a host that probes for its address says 0.0.0.0."""
    told: Mask = (high != _ZERO) | ((low & np.uint64(0xFFFF_FFFF)) != _ZERO)
    return told
