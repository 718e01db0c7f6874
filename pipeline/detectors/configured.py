"""BGP sessions as they are configured: what the design of a fabric is told by.

What was configured once stays known, so that a session which is taken away doesn't make another design.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied
from pipeline.detectors.designs import Session
from pipeline.detectors.topology import EVPN
from pipeline.schema import NAME, Columns

_TOLD: Final[Columns] = {"local_as": pl.UInt32, "peer_as": pl.UInt32}
_SCHEMA: Final = pl.Schema({"device": pl.String, "neighbor": pl.String, **_TOLD, "evpn": pl.Boolean})


class Configured:
    """The BGP sessions of one fabric."""

    def __init__(self) -> None:
        self._rows = pl.DataFrame(schema=_SCHEMA)

    def take(self, applied: Applied) -> bool:
        """Take a batch; return whether it told anything new."""
        changes = applied.changes["bgp_session"]
        new = changes.exists & ~changes.existed
        for name in _TOLD:
            new |= changes.after[name].known & (changes.after[name].values != changes.before[name].values)
        at = np.flatnonzero(new)
        if not at.size:
            return False
        keys = {name: changes.keys[name].take(at) for name in ("device", "neighbor", "afi_safi")}
        told = {name: changes.after[name].take(at) for name in _TOLD}
        schema: Columns = {"device": NAME, "neighbor": NAME, "afi_safi": NAME, **_TOLD}
        said = frame_of({**keys, **told}, schema).with_columns(
            pl.col("device", "neighbor").cast(pl.String),
            evpn=(pl.col("afi_safi").cast(pl.String) == EVPN).fill_null(value=False),
        )
        before = self._rows
        self._rows = (
            pl.concat([before, said.select(_SCHEMA.names())])
            .group_by("device", "neighbor")
            .agg(pl.col("local_as", "peer_as").drop_nulls().last(), pl.col("evpn").any())
            .select(_SCHEMA.names())
            .sort("device", "neighbor")
        )
        return not before.equals(self._rows)

    def as_of(self) -> pl.DataFrame:
        """Return the AS of each device that tells one: ``device``, ``local_as``."""
        known = self._rows.drop_nulls("local_as")
        return known.group_by("device").agg(pl.col("local_as").mode().min()).sort("device")

    def sessions(self) -> list[Session]:
        """Return all sessions, ordered."""
        return [Session(*row) for row in self._rows.rows()]

    def dump(self) -> pl.DataFrame:
        """Return the state as a frame."""
        return self._rows

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from the frame that ``dump`` made."""
        self._rows = frames["configured"]
