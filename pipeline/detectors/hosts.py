"""Which leaves have hosts: a local MAC, or an Ethernet segment, in the order of events.

openconfig-network-instance-l2: MAC entries with producer LOCAL. A leaf that tells no MACs at all counts as
one with hosts: unknown is never good news.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors.observed import equals
from pipeline.detectors.presence import Presence
from pipeline.detectors.timeline import StepTable

_KINDS: Final = {"local": "mac", "told": "mac", "segments": "ethernet_segment"}
"""What is counted of each device, and in which entity: local MACs, all MACs, segments."""


class Hosts:
    """How many MACs and segments each device has, and when that leaves zero or reaches it."""

    def __init__(self) -> None:
        self._counts = {kind: Presence(["device"]) for kind in _KINDS}
        self._tables = {kind: StepTable(["device"], pl.Boolean) for kind in _KINDS}

    def take(self, applied: Applied) -> bool:
        """Take a batch; return whether a device has got its first, or lost its last."""
        news = False
        for kind, entity in _KINDS.items():
            changed = applied.changes[entity]
            came, went = changed.exists & ~changed.existed, changed.existed & ~changed.exists
            if not (came.any() or went.any()):
                continue
            mine = np.ones(len(changed), dtype=bool)
            if kind == "local":
                mine = equals(changed.keys["producer"], "LOCAL").fill_null(value=False).to_numpy()
            keys = {"device": changed.keys["device"]}
            told = self._counts[kind].apply(
                changed, applied.records, ((keys, mine & went), (keys, mine & came))
            )
            self._tables[kind].add(told)
            news |= len(told) > 0
        return news

    def timelines(self) -> dict[str, pl.DataFrame]:
        """Return, by what is counted, the timeline per device of whether there is any."""
        return {kind: table.timeline() for kind, table in self._tables.items()}

    def settle(self, horizon: int) -> None:
        """Forget what is older than the horizon and no longer true."""
        for table in self._tables.values():
            table.settle(horizon)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **{f"count_{kind}": counted.dump() for kind, counted in self._counts.items()},
            **{f"hosts_{kind}": table.dump(horizon) for kind, table in self._tables.items()},
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for kind in _KINDS:
            self._counts[kind].load(frames[f"count_{kind}"])
            self._tables[kind].rows = frames[f"hosts_{kind}"]


def loaded(states: pl.DataFrame, hosts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return states of leaves (leaf, time) with ``loaded``: whether the leaf had hosts at that time.

    ``hosts``: as ``Hosts.timelines`` returns them.
    """
    at = states.sort("time", maintain_order=True)
    for kind, timeline in hosts.items():
        known = timeline.sort("time", "offset", "index").select("time", leaf="device", **{kind: "value"})
        at = at.join_asof(known, on="time", by="leaf", check_sortedness=False)
    there = {kind: pl.col(kind).fill_null(value=False) for kind in _KINDS}
    return (
        at.with_columns(loaded=there["local"] | there["segments"] | ~there["told"])
        .drop(list(_KINDS))
        .sort("leaf", "time", "offset", "index", maintain_order=True)
    )
