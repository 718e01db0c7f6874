"""What BGP speakers say of their EVPN sessions, as timelines; which two ends are one session.

openconfig-bgp: ``session-state``, ``established-transitions``, ``afi-safi/state/active`` and the prefix
counters. A session is known by the device that tells of it and the neighbour's address; the two ends of one
are brought together by ``pipeline.detectors.topology``.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.timeline import StepTable
from pipeline.detectors.topology import EVPN

_KEYS: Final = {"device": "device", "neighbor": "neighbor"}
SESSIONS: Final = pl.Schema(
    {
        "device": pl.String,
        "neighbor": pl.String,
        "leaf": pl.String,
        "peer": pl.String,
        "peer_known": pl.Boolean,
        "leaf_neighbor": pl.String,
    }
)
"""One row per end of a session between a leaf and another device: who tells of it under which address, the
leaf, the peer (its name, or an address if it isn't known), and the address by which the leaf knows it."""


class Speakers:
    """Which sessions are established, carry EVPN, and bring prefixes: one timeline each."""

    def __init__(self) -> None:
        self.established = StepTable(list(_KEYS), pl.Boolean)
        self.active = StepTable(list(_KEYS), pl.Boolean)
        self.prefixes = StepTable(list(_KEYS), pl.Boolean)
        """Whether any prefix is received."""

    def take(self, applied: Applied) -> bool:
        """Take a batch; return whether it told anything new. What is gone is null."""
        changes, records = applied.changes["bgp_session"], applied.records
        if not len(changes):
            return False
        whole = ~changes.keys["afi_safi"].known
        evpn = equals(changes.keys["afi_safi"], EVPN).fill_null(value=False).to_numpy()
        before, after = changes.before, changes.after
        told = [
            _told(changes, records, self.established, whole, (_up(before), _up(after))),
            _told(changes, records, self.active, evpn, (before["active"], after["active"])),
            _told(changes, records, self.prefixes, evpn, (_any(before), _any(after))),
        ]
        return any(told)

    def settle(self, horizon: int) -> None:
        """Forget what is older than the horizon and no longer true."""
        for table in self._tables().values():
            table.settle(horizon)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {name: table.dump(horizon) for name, table in self._tables().items()}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for name, table in self._tables().items():
            table.rows = frames[name]

    def _tables(self) -> dict[str, StepTable]:
        return {"established": self.established, "active": self.active, "prefixes": self.prefixes}


def ends_of_sessions(ends: pl.DataFrame) -> pl.DataFrame:
    """Return SESSIONS of ``ends`` (``pipeline.detectors.topology.ENDS``)."""
    sessions = ends.filter(pl.col("kind") == "session")
    mine = sessions.filter(pl.col("device") == pl.col("leaf")).select(
        "leaf", "peer", "ordinal", leaf_neighbor="thing"
    )
    return (
        sessions.join(mine, on=["leaf", "peer", "ordinal"], how="left")
        .select(
            "device", "leaf", "peer", "peer_known", "leaf_neighbor", neighbor="thing"
        )
        .with_columns(pl.col("leaf_neighbor").fill_null(pl.col("peer")))
        .select(SESSIONS.names())
        # a meshed leaf's session stands for both its ends' leaves: one of them is enough
        .unique(["device", "neighbor"], keep="first", maintain_order=True)
    )  # fmt: skip


def _told(
    changes: Changes, records: Records, table: StepTable, mine: Mask, sides: tuple[Column, Column]
) -> bool:
    """Add the changes of a value, before and after, to a table; null where it isn't known any more."""
    before, after = sides
    differs = (before.values != after.values) & before.known & after.known
    differs |= before.known != after.known
    rows = pl.Series(np.flatnonzero(mine & differs))
    if not len(rows):
        return False
    value = pl.select(pl.when(pl.Series(after.known)).then(pl.Series(after.values))).to_series()
    table.add(transitions(changes, records, _KEYS, value, rows))
    return True


def _up(side: Mapping[str, Column]) -> Column:
    state = side["session_state"]
    return Column(equals(state, "ESTABLISHED").fill_null(value=False).to_numpy(), state.known)


def _any(side: Mapping[str, Column]) -> Column:
    received = side["prefixes_received"]
    return Column(received.values > 0, received.known)
