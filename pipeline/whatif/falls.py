"""What falls to one path, or to none, when something is taken out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from pipeline.whatif.drain import Target
from pipeline.whatif.legs import Leg

Peers = Mapping[str, frozenset[str]]
"""By leaf: with whom it has sessions."""


@dataclass(frozen=True)
class Fall:
    """One thing that falls to one path, or to none."""

    kind: str
    """segment, aggregate, uplinks, VNI."""
    name: str
    left: int | None
    """Paths that are left; null: the rule doesn't count them."""
    survivor: str | None
    macs: int | None
    """MACs that are lost with it, or that the next failure takes; null: not counted."""
    tenant: str | None
    said: str


def of_rules(found: pl.DataFrame, since: int) -> list[Fall]:
    """Return what rules say of segments and aggregates that have lost redundancy."""
    kinds = {"R4": "segment", "R5": "segment", "L2": "aggregate"}
    last = (
        found.filter(pl.col("rule").is_in(list(kinds)) & (pl.col("time") >= since))
        .sort("time", "offset", "index")
        .group_by("esi", "device", "interface", maintain_order=True)
        .last()
    )
    falls = []
    for row in last.filter(pl.col("active").fill_null(value=False)).to_dicts():
        evidence: Mapping[str, Any] = orjson.loads(row["evidence"])
        falls.append(
            Fall(
                kind=kinds[row["rule"]],
                name=row["esi"] or " ".join(filter(None, (row["device"], row["interface"]))),
                left=evidence.get("forwarding" if row["rule"] == "L2" else "left"),
                survivor=evidence.get("left_pes") or None,
                macs=evidence.get("macs"),
                tenant=None,
                said=row["summary"],
            )
        )
    return falls


def of_uplinks(target: Target, before: Peers, after: Peers) -> list[Fall]:
    """Return the leaves that have sessions with fewer others than before."""
    falls = []
    for leaf, were in sorted(before.items()):
        left = after.get(leaf, frozenset())
        if left == were or (leaf == target.device and not target.interfaces):
            continue
        alone = next(iter(left)) if len(left) == 1 else None
        to = "nobody" if not left else f"{alone} alone" if alone else ", ".join(sorted(left))
        said = f"Leaf {leaf} has EVPN sessions with {to}, of {len(were)} that are up now"
        falls.append(Fall("uplinks", leaf, len(left), alone, None, None, said))
    return falls


def of_vnis(
    before: Mapping[int, Leg],
    after: Mapping[int, Leg],
    macs: Mapping[int, int],
    taken: Mapping[int, int],
    tenants: Mapping[int, str],
) -> list[Fall]:
    """Return the VNIs that are on one leaf afterwards and weren't, or on none."""
    falls = []
    for vni, leg in sorted(after.items()):
        was = before[vni].left if vni in before else 0
        if leg.left >= was or leg.left > 1:
            continue
        alone = leg.left == 1
        count = taken[vni] if alone else macs.get(vni, 0)
        said = (
            f"VNI {vni} survives on {leg.leaf} alone: the next failure takes {_macs(count)}"
            if alone
            else f"VNI {vni} is on no leaf any more: {_macs(count)} are gone"
        )
        falls.append(
            Fall("VNI", str(vni), leg.left, leg.leaf if alone else None, count, tenants.get(vni), said)
        )
    return falls


def _macs(count: int) -> str:
    return "1 MAC" if count == 1 else f"{count} MACs"
