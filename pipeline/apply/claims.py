"""Claims: what one observer's route says of where a MAC is.

A MAC/IP route (RFC 7432, section 7.2) claims its MAC for a location: the Ethernet segment if its ESI is not
zero, else the VTEP (or PE) that is its next hop. MAC-only and MAC-IP routes of one MAC are claims alike: they
move together. Routes that a device calls invalid claim nothing.

Nor does what is no host's: addresses of groups, the zero address, and those of gateways, which several
routers have at once. A gateway's route has the Default Gateway community (section 10.1), its own MAC as
Router's MAC (RFC 9135, section 8.1), or an address of VRRP (RFC 9568, section 7.3) or HSRP.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array, Column, Mask, column_of
from pipeline.apply.records import Records
from pipeline.schema import NAME

MAC_IP_ROUTE: Final = 2
CLAIM: Final = np.dtype(
    [
        ("key", np.int64),
        ("time", np.int64),  # what orders claims: time, then device, then place in the stream
        ("observer", np.uint32),  # hash of the device's name: the same in every run
        ("offset", np.int64),
        ("index", np.uint32),
        ("now", np.int64),
        ("record_time", np.int64),
        ("dump", np.bool_),
        ("late", np.bool_),
        ("known_until", np.int64),  # of a dump: what the observer had heard before; 0: nothing
        ("learner", np.uint32),  # hash of the device that learned the MAC at its own port; 0: a route
        ("remote", np.bool_),  # the observer heard the route from a neighbour: it is not the originator
        ("leaves", np.bool_),  # the observer held the claim below until now
        ("old_location", np.uint32),
        ("old_vtep", np.uint32),
        ("old_seq", np.uint32),
        ("old_sticky", np.bool_),
        ("joins", np.bool_),  # the observer holds the claim below from now on
        ("location", np.uint32),
        ("vtep", np.uint32),
        ("seq", np.uint32),
        ("sticky", np.bool_),
    ]
)
Claims = npt.NDArray[np.void]
_GROUPS_OF_256: Final = np.array([0x00005E0001, 0x00005E0002, 0x00000C07AC], dtype=np.uint64)
"""VRRP for IPv4 and IPv6, HSRP version 1: addresses without their last octet, the group."""
_GROUPS_OF_4096: Final = np.array([0x00000C9FF, 0x000573A00], dtype=np.uint64)
"""HSRP version 2 for IPv4, HSRP for IPv6: addresses without their last 12 bits."""


_TELLS: Final = (
    "esi",
    "next_hop",
    "mobility_seq",
    "sticky",
    "label",
    "encapsulation",
    "route_targets",
    "valid",
    "default_gateway",
    "router_mac",
)


def concern_claims(changes: Changes) -> npt.NDArray[np.int64]:
    """Return the changes that can begin, end or change a claim: most say something else."""
    tells = changes.existed != changes.exists
    for name in _TELLS:
        before, after = changes.before[name], changes.after[name]
        tells = tells | (before.known != after.known) | (after.known & (before.values != after.values))
    return np.flatnonzero(tells & (changes.keys["route_type"].values == MAC_IP_ROUTE))


def key_columns(changes: Changes, side: str) -> dict[str, Column]:
    """Return vni, evi, mac of type-2 changes: MPLS labels mean nothing beyond their PE, the EVI does."""
    columns = getattr(changes, side)
    mpls = _equals(columns["encapsulation"], "mpls")
    label, targets = columns["label"], columns["route_targets"]
    evi = _evi(targets)
    return {
        "vni": Column(label.values, label.known & ~mpls),
        "evi": Column(evi.values, evi.known & mpls),
        "mac": changes.keys["mac"],
    }


def holds(changes: Changes, side: str) -> Mask:
    """Return whether the route claims a location on this side of the change."""
    columns = getattr(changes, side)
    there: Mask = changes.existed if side == "before" else changes.exists
    location = columns["esi"].known | columns["next_hop"].known
    valid, gateway = columns["valid"], columns["default_gateway"]
    mac, router = changes.keys["mac"].values, columns["router_mac"]
    keys = key_columns(changes, side)
    claimed: Mask = (
        there
        & (changes.keys["route_type"].values == MAC_IP_ROUTE)
        & location
        & (keys["vni"].known | keys["evi"].known)
        & ~(valid.known & ~valid.values)
        & ~(gateway.known & gateway.values)
        & ~(router.known & (router.values == mac))
        & of_a_host(mac)
    )
    return claimed


def of_a_host(mac: Array) -> Mask:
    """Return whether addresses can be a host's by their number; locally administered ones can.

    HSRP: version 1 RFC 2281, section 5.3; version 2 and IPv6 as Cisco IOS numbers them.
    """
    group = (mac >> np.uint64(40)) & np.uint64(1)
    shared = np.isin(mac >> np.uint64(8), _GROUPS_OF_256) | np.isin(mac >> np.uint64(12), _GROUPS_OF_4096)
    host: Mask = (mac != 0) & (group == 0) & ~shared
    return host


def claims_of(changes: Changes, side: str, records: Records, device_hash: npt.NDArray[np.uint32]) -> Claims:
    """Return one claim per change, without keys: the claim ended (side before) or began (side after)."""
    claims = np.zeros(len(changes), dtype=CLAIM)
    columns = getattr(changes, side)
    esi, next_hop = columns["esi"], columns["next_hop"]
    prefix = "old_" if side == "before" else ""
    claims[prefix + "location"] = np.where(esi.known, esi.values, next_hop.values)
    claims[prefix + "vtep"] = next_hop.values
    claims[prefix + "seq"] = np.where(columns["mobility_seq"].known, columns["mobility_seq"].values, 0)
    claims[prefix + "sticky"] = columns["sticky"].known & columns["sticky"].values
    claims["leaves" if side == "before" else "joins"] = True
    place_in_stream(claims, changes, records, device_hash)
    claims["remote"] = changes.keys["neighbor"].known
    return claims


def place_in_stream(
    claims: Claims, changes: Changes, records: Records, device_hash: npt.NDArray[np.uint32]
) -> None:
    """Set who says the claims, when, and where in the stream: as the changes they come from."""
    for name in ("offset", "now", "record_time", "dump", "late", "known_until"):
        claims[name] = records.take(name, changes.record)
    claims["time"] = records.take("order_time", changes.record)
    claims["observer"] = device_hash.take(changes.keys["device"].values)
    claims["index"] = changes.index


def merge(ended: Claims, began: Claims) -> Claims:
    """Return claims that end and begin in one change of one key as one row."""
    merged: Claims = began.copy()
    for name in ("leaves", "old_location", "old_vtep", "old_seq", "old_sticky"):
        merged[name] = ended[name]
    return merged


def unchanged(claims: Claims) -> npt.NDArray[np.bool_]:
    """Return where a claim goes on as it was."""
    same: npt.NDArray[np.bool_] = claims["leaves"] & claims["joins"]
    for name in ("location", "vtep", "seq", "sticky"):
        same = same & (claims[name] == claims[f"old_{name}"])
    return same


def _equals(column: Column, text: str) -> Mask:
    code = column_of(pl.Series([text]).cast(NAME)).values[0]
    equal: Mask = column.known & (column.values == code)
    return equal


def _evi(targets: Column) -> Column:
    """Return the number after the last colon of the first route target: by convention the EVI."""
    values: npt.NDArray[Any] = np.zeros(len(targets.values), dtype=np.uint32)
    known = np.zeros(len(targets.values), dtype=bool)
    if not targets.known.any():
        return Column(values, known)
    codes = np.unique(targets.values[targets.known])
    texts = pl.DataFrame({"code": codes}).select(text=pl.col("code").cat.to(NAME).cast(pl.String))
    numbers = texts.select(
        pl.col("text").str.split(" ").list.first().str.split(":").list.last().cast(pl.UInt32, strict=False)
    ).to_series()
    at = np.searchsorted(codes, targets.values).clip(max=len(codes) - 1)
    column = column_of(numbers)
    return Column(column.values[at], column.known[at] & targets.known)
