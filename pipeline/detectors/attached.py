"""Where Ethernet segments are: the ports they are behind and the PEs that serve them.

What was told once stays known, also when the port or the PE is gone: that is when somebody asks.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask, frame_of
from pipeline.schema import NAME

_SCHEMA: Final = {"device": pl.String, "interface": pl.String, "esi": pl.String}
_ES_ROUTE: Final = 4
"""Type of the Ethernet segment route, RFC 7432, section 7.4."""


class SegmentSites:
    """The segments of one fabric."""

    def __init__(self) -> None:
        self.ports: dict[tuple[str, str], str] = {}
        """(device, interface) of LAGs and their members to ESI."""
        self.pes: set[tuple[str, str]] = set()
        """(ESI, address) of who advertised an Ethernet segment route."""

    def learn(self, changes: Mapping[str, Changes]) -> None:
        """Take a batch's changes of segments, of the LAGs that links belong to, and of routes."""
        segments, links, routes = changes["ethernet_segment"], changes["link"], changes["evpn_route"]
        device, esi = segments.keys["device"], segments.after["esi"]
        # many devices name a segment by its interface
        for interface in (segments.keys["name"], segments.after["interface"]):
            told = segments.exists & esi.known & interface.known
            named = _texts(told, device=device, interface=interface, esi=esi)
            self.ports.update({(device, port): esi for device, port, esi in named})
        lag = links.after["aggregate"]
        members = _texts(links.exists & lag.known, device=links.keys["device"],
                         interface=links.keys["interface"], lag=lag)  # fmt: skip
        for name, member, of in members:
            if (name, of) in self.ports:
                self.ports[name, member] = self.ports[name, of]
        is_es = routes.exists & (routes.keys["route_type"].values == _ES_ROUTE)
        self.pes.update(
            (segment, pe)
            for segment, pe in _texts(is_es, esi=routes.keys["route_esi"], pe=routes.keys["originator"])
        )

    def servers(self, owners: Mapping[str, str]) -> dict[str, frozenset[str]]:
        """Return the devices of each segment; ``owners``: VTEP to device."""
        found: dict[str, set[str]] = {}
        for (device, _), esi in self.ports.items():
            found.setdefault(esi, set()).add(device)
        for esi, pe in self.pes:
            found.setdefault(esi, set()).add(owners.get(pe, pe))
        return {esi: frozenset(devices) for esi, devices in found.items()}

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        rows = [(*port, esi) for port, esi in sorted(self.ports.items())]
        return {
            "ports": pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
            "pes": pl.DataFrame(sorted(self.pes), schema={"esi": pl.String, "pe": pl.String}, orient="row"),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.ports = {(device, interface): esi for device, interface, esi in frames["ports"].rows()}
        self.pes = {(esi, pe) for esi, pe in frames["pes"].rows()}


def _texts(rows: Mask, **columns: Column) -> list[tuple[str, ...]]:
    """Return the texts of columns at the rows that are set."""
    at = np.flatnonzero(rows)
    if not at.size:
        return []
    taken = {name: column.take(at) for name, column in columns.items()}
    return frame_of(taken, dict.fromkeys(columns, NAME)).cast(pl.String).rows()
