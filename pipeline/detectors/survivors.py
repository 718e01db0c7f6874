"""VNIs that survive on one leaf alone (rule R19).

A leaf serves a VNI while its inclusive multicast route for it (type 3, RFC 7432, section 7.3; RFC 8365,
section 9) is there. It is lost when half of the fresh observers that held the route hold it no more. The
rule holds when one leaf is left of two or more for 5 s: the service still works, so nobody else says
anything, and the next failure is an outage for all MACs there. Expected are all leaves that served the VNI
within 7 days; a VNI that was only ever on one leaf has nothing to lose. A VTEP that several devices share is
no leaf alone. Standby legs of single-active segments go on to announce type-3 routes: they are not lost.

Ten VNIs and more that come to be alone on one leaf within 30 s are one finding about the leaf. Segments are a
matter of R4, uplinks of R16, aggregates of L2.

Subject: vni, and tenant where it is declared; of ten and more: vtep, and device where it is known whose it
is. Look first at the leaves that are lost.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.records import us
from pipeline.detectors import FINDING, Rule, catalogue
from pipeline.detectors.crowds import crowds
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.flood_matrix import FloodMatrix
from pipeline.detectors.known import ADDRESSES, FirstSeen, addresses
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.spells import NEVER, spells, statements
from pipeline.detectors.survivor_findings import say_leaf, say_vni
from pipeline.detectors.survivor_memory import KEEP, MEMORY, as_of, carried, since
from pipeline.detectors.survivor_states import MEMORY_US, legs_of, vni_states
from pipeline.detectors.told import Told

RULES: Final = catalogue(
    Rule("R19", "REDUNDANCY_SCORE", "survivor", rank=1, labels=frozenset({"tenant", "device"}))
)
_HOLD, _CROWD = PARAMETERS = parameters(
    Parameter("R19", "seconds", 5, unit="s", least=0, most=3600, per_vni=True),
    Parameter("R19", "vnis", 10, unit="VNIs", least=2, most=100_000),
)
_CROWD_WINDOW: Final = timedelta(seconds=30)
_SECOND: Final = 1_000_000


class Survivors:
    """Which leaves serve which VNI, and rule R19."""

    def __init__(self) -> None:
        self._matrix = FloodMatrix()
        self._addresses = FirstSeen(ADDRESSES)
        self._told = Told()
        self._memory = pl.DataFrame(schema=MEMORY)
        self._seen: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None = None
        """States, spells and course of crowds as the last look left them; None: nobody has looked."""
        self._due = 0
        """When time alone may tell something, microseconds."""

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._carry(scene.horizon)
        for table in self._matrix.tables.values():
            table.settle(scene.horizon - 1)
        news = self._matrix.take(applied)
        seen = self._addresses.take(addresses(applied.changes, applied.records)) is not None
        if not (news or seen or scene.fresh_news or scene.roles_news or self._due <= scene.now):
            return nothing()
        return self._told.revise(self._look(scene), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self._carry(horizon)
        return {
            **self._matrix.dump(horizon - 1),
            "memory": self._memory,
            "interfaces": self._addresses.rows,
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._matrix.load(frames)
        self._addresses.rows, self._told.frame = frames["interfaces"], frames["told"]
        self._memory, self._seen, self._due = frames["memory"], None, 0

    def _carry(self, horizon: int) -> None:
        """Remember what goes on as of a time, before it is forgotten how it began."""
        if self._seen is not None:
            self._memory = as_of(horizon, *self._seen)

    def _look(self, scene: Scene) -> pl.DataFrame:
        """Return what is to be said of VNIs of which a leg was ever lost."""
        held, memory = self._matrix.held, self._memory
        losing = held.rows.filter(~pl.col("value") & (pl.col("vni") != ""))["vni"].unique()
        known = memory["vni"].cast(pl.String)
        self._due, self._seen = NEVER, None
        if losing.is_empty() and known.is_empty():
            return pl.DataFrame(schema=FINDING)
        concerned = pl.concat([losing, known]).unique()
        timeline = held.timeline().filter(pl.col("vni").is_in(concerned.implode()))
        devices = self._addresses.rows.group_by("address").agg(pl.col("device").n_unique())
        shared = devices.filter(pl.col("device") > 1)["address"]
        legs = legs_of(timeline, scene.fresh("routes"), scene.now)
        states = since(scene.horizon, vni_states(legs, shared, scene.roles.owners), memory)
        hold = (scene.settings.limit(_HOLD, ["vni"]) * _SECOND).cast(pl.Int64)
        found = self._spells(states, hold, scene.now)
        waits = found.filter(pl.col("told").is_null())["due"].to_list()
        ends = legs.filter(pl.col("leg") == "lost").select(pl.col("time") + MEMORY_US).to_series().to_list()
        self._due = min(
            (time for time in (*waits, *ends) if time is not None and time > scene.now), default=NEVER
        )
        course, found = crowds(found, scene.settings.value(_CROWD), us(_CROWD_WINDOW))
        self._seen = states, found, course
        told = statements(states, found.filter(~pl.col("crowd")), ["vni"])
        recent = told.filter(pl.col("time") >= scene.horizon)
        return pl.concat([say_vni(recent, scene), say_leaf(course, found, states, scene)])

    def _spells(self, states: pl.DataFrame, hold: pl.Expr, now: int) -> pl.DataFrame:
        """Return spells with an ``id``; those that go on since before the horizon as they began."""
        before = carried(self._memory)
        found = spells(states, ["vni"], hold, now, keep=KEEP, carried=before)
        first = pl.col("spell") == pl.col("spell").min().over("vni")
        old = before.select("vni", "was_crowd", "kept", sign="since")
        return (
            found.join(old, on="vni", how="left", maintain_order="left")
            .with_columns(
                pl.when(first).then("was_crowd"),
                pl.when(first).then("kept"),
                since=pl.when(first & pl.col("sign").is_not_null()).then("sign").otherwise("since"),
                id=pl.col("vni").cast(pl.Int64) * 2**24 + pl.col("spell"),
            )
            .drop("sign")
        )
