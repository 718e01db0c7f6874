"""On how many leaves each VNI is, as rule R19 counts it, and with whom leaves have sessions."""

from dataclasses import dataclass

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detect import Detection
from pipeline.detectors.flood_matrix import FloodMatrix
from pipeline.detectors.known import ADDRESSES, FirstSeen, addresses
from pipeline.detectors.survivor_states import legs_of, vni_states


@dataclass(frozen=True)
class Leg:
    """A VNI at a time."""

    left: int
    """Leaves that serve it."""
    leaf: str | None
    """One of them."""
    lost_vteps: tuple[str, ...]


def peers_up(detection: Detection, sessions: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Return whom each leaf has an EVPN session with that is up, by its own word.

    ``sessions``: device, keys and values of ``bgp_session``.
    """
    up = sessions.filter(pl.col("afi_safi").is_null()).select(
        pl.col("device", "neighbor", "session_state").cast(pl.String)
    )
    ends = detection.roles.ends.filter((pl.col("kind") == "session") & (pl.col("device") == pl.col("leaf")))
    told = ends.join(
        up.filter(session_state="ESTABLISHED"),
        left_on=["device", "thing"],
        right_on=["device", "neighbor"],
        how="left",
    )
    found: dict[str, set[str]] = {}
    for leaf, peer, state in told.select("leaf", "peer", "session_state").rows():
        found.setdefault(leaf, set()).update([peer] if state is not None else [])
    return {leaf: frozenset(peers) for leaf, peers in found.items()}


class Legs:
    """The legs of all VNIs of one fabric."""

    def __init__(self) -> None:
        self._matrix = FloodMatrix()
        self._addresses = FirstSeen(ADDRESSES)

    def take(self, applied: Applied) -> None:
        """Take what a page did."""
        self._matrix.take(applied)
        self._addresses.take(addresses(applied.changes, applied.records))

    def now(self, detection: Detection, now: int) -> dict[int, Leg]:
        """Return the legs of each VNI that ever had one; ``now``: microseconds."""
        devices = self._addresses.rows.group_by("address").agg(pl.col("device").n_unique())
        shared = devices.filter(pl.col("device") > 1)["address"]
        held = self._matrix.held.timeline().filter(pl.col("vni") != "")
        legs = legs_of(held, detection.fresh("routes"), now)
        states = vni_states(legs, shared, detection.roles.owners).sort("vni", "time", maintain_order=True)
        last = states.group_by("vni", maintain_order=True).last()
        return {
            vni: Leg(left, leaf, tuple(lost))
            for vni, left, leaf, lost in last.select("vni", "left", "leaf", "lost_vteps").rows()
        }
