"""What is known of who is who in a fabric: leaves, owners of addresses, adjacencies.

What was configured once stays known: an adjacency that is taken away is no longer missing, but its incident
must find it.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array
from pipeline.detectors.topology import EVPN, Address, adjacencies
from pipeline.schema import NAME

NOT_LEAVES: Final = frozenset({"spine", "superspine", "super-spine", "route-reflector", "rr", "monitor"})
"""Declared roles that overrule function; every other role leaves it to function."""
_PAIR: Final = {"name": pl.String, "value": pl.String}


class Roles:
    """Devices of one fabric and what they are to each other."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {}
        """VTEP to the device whose own routes originate it."""
        self._leaves: set[str] = set()
        self._declared: dict[str, str] = {}
        self._neighbors: set[tuple[str, str]] = set()
        self._addresses: dict[tuple[str, str, str], int | None] = {}
        self._ends: pl.DataFrame | None = None
        self._transit: set[str] | None = None

    @property
    def leaves(self) -> set[str]:
        """Return the devices that serve VNIs, unless they are declared to be something else."""
        declared = {device for device, role in self._declared.items() if role == "leaf"}
        others = {device for device, role in self._declared.items() if role in NOT_LEAVES}
        return (self._leaves | declared) - others

    @property
    def addresses(self) -> list[Address]:
        """Return the addresses of all interfaces, ordered."""
        return sorted(Address(*key, length) for key, length in self._addresses.items())

    @property
    def transit(self) -> set[str]:
        """Return the addresses of devices that are no leaves, and that no type-3 route is originated by.

        A next hop among them is none of the route's PE: it was put there on the way.
        """
        if self._transit is None:
            leaves, addresses = self.leaves, self._addresses
            of_leaves = {address for device, _, address in addresses if device in leaves}
            self._transit = {address for _, _, address in addresses} - of_leaves
        return self._transit - self.owners.keys()

    @property
    def ends(self) -> pl.DataFrame:
        """Return the ends of all adjacencies (``pipeline.detectors.topology.ENDS``)."""
        if self._ends is None:
            addresses = (Address(*key, length) for key, length in self._addresses.items())
            self._ends = adjacencies(self._neighbors, addresses, self.leaves)
        return self._ends

    def learn(self, changes: Mapping[str, Changes]) -> bool:
        """Take a batch's changes; return whether anything is new."""
        before = self._size()
        routes, vnis = changes["evpn_route"], changes["vtep"]
        own = (
            (routes.keys["route_type"].values == 3)
            & routes.exists
            & ~routes.keys["neighbor"].known
            & routes.keys["originator"].known
        )
        devices = _texts(routes, "device", own)
        self.owners.update(zip(_texts(routes, "originator", own), devices, strict=True))
        self._leaves.update(devices)
        self._leaves.update(_texts(vnis, "device", vnis.keys["vni"].known & vnis.exists))
        sessions, addresses = changes["bgp_session"], changes["interface_address"]
        families = _texts(sessions, "afi_safi", sessions.exists)
        pairs = zip(
            _texts(sessions, "device", sessions.exists),
            _texts(sessions, "neighbor", sessions.exists),
            strict=True,
        )
        self._neighbors.update(pair for pair, family in zip(pairs, families, strict=True) if family == EVPN)
        keys = (_texts(addresses, name, addresses.exists) for name in ("device", "interface", "address"))
        length = addresses.after["prefix_length"]
        lengths = [
            int(value) if known else None
            for value, known in zip(
                length.values[addresses.exists], length.known[addresses.exists], strict=True
            )
        ]
        self._addresses.update(zip(zip(*keys, strict=True), lengths, strict=True))
        return self._renew(before)

    def declare(self, kind: str, content: Mapping[str, Any]) -> bool:
        """Take a start or fabric record's content; return whether it says anything new of roles."""
        before = self._size()
        if kind == "start" and content.get("role"):
            self._declared[str(content["device"])] = str(content["role"])
        targets = content.get("targets") if kind == "fabric" else None
        for name, target in targets.items() if isinstance(targets, dict) else ():
            if isinstance(target, dict) and target.get("role"):
                self._declared[str(name)] = str(target["role"])
        return self._renew(before)

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        addresses = [(*key, length) for key, length in self._addresses.items()]
        return {
            "owners": pl.DataFrame(sorted(self.owners.items()), schema=_PAIR, orient="row"),
            "declared": pl.DataFrame(sorted(self._declared.items()), schema=_PAIR, orient="row"),
            "leaves": pl.DataFrame({"device": sorted(self._leaves)}, schema={"device": pl.String}),
            "neighbors": pl.DataFrame(sorted(self._neighbors), schema=_PAIR, orient="row"),
            "addresses": pl.DataFrame(
                sorted(addresses, key=lambda row: row[:3]),
                schema=dict.fromkeys(Address._fields[:3], pl.String) | {"prefix_length": pl.Int64},
                orient="row",
            ),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.owners, self._declared = dict(frames["owners"].rows()), dict(frames["declared"].rows())
        self._leaves = set(frames["leaves"]["device"].to_list())
        self._neighbors = {(device, neighbor) for device, neighbor in frames["neighbors"].rows()}
        self._addresses = {(row[0], row[1], row[2]): row[3] for row in frames["addresses"].rows()}

    def _size(self) -> tuple[int, ...]:
        return (
            len(self._leaves), len(self._neighbors), hash(tuple(self._addresses.items())),
            hash(tuple(self._declared.items())),
        )  # fmt: skip

    def _renew(self, before: tuple[int, ...]) -> bool:
        if self._size() == before:
            return False
        self._ends = self._transit = None
        return True


def _texts(changes: Changes, column: str, at: Array) -> list[str]:
    """Return a key column's texts at the changes where ``at`` is set; unknown as the empty text."""
    rows = np.flatnonzero(at)
    values, known = changes.keys[column].take(rows)
    frame = pl.DataFrame({"code": np.where(known, values, 0)}, schema={"code": pl.UInt32})
    texts: list[str] = frame.select(pl.col("code").cat.to(NAME).cast(pl.String))["code"].to_list()
    return texts
