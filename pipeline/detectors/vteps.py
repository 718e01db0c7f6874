"""VTEPs lost to the fabric (rule V1).

The inclusive multicast route (type 3) of a VTEP is its canary: without it nobody floods to the VTEP. The rule
holds when half of the fresh observers that once held a type-3 route of the VTEP hold none any more, for 5 s.
An observer's own routes don't count: a leaf always sees itself.

Subject: vtep, and device where it is known whose VTEP it is. Look first at the leaf's uplinks and EVPN
sessions.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.presence import Presence, route_sides
from pipeline.detectors.quorum import coverage, votes
from pipeline.detectors.timeline import StepTable, changes, telling
from pipeline.detectors.told import Told

QUORUM: Final = 0.5
RULES: Final = catalogue(
    Rule("V1", "VTEP_LOSS", "vtep", rank=1, wait=timedelta(seconds=5), labels=frozenset({"device"}))
)


class Vteps:
    """Who holds a type-3 route of which VTEP, and rule V1."""

    def __init__(self) -> None:
        self._routes = Presence(["device", "vtep"])
        self._held = StepTable(["vtep", "device"], pl.Boolean)
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._held.settle(scene.horizon - 1)
        routes = applied.changes["evpn_route"]
        held = self._routes.apply(routes, applied.records, route_sides(routes, kind="imet"))
        self._held.add(held)
        if not (scene.fresh_news or len(held)):
            return nothing()
        found = detect(self._held.timeline(), scene.fresh("routes"), scene.roles.owners)
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "routes": self._routes.dump(),
            "held": self._held.dump(horizon - 1),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._routes.load(frames["routes"])
        self._held.rows, self._told.frame = frames["held"], frames["told"]


def detect(held: pl.DataFrame, fresh: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return one finding per change of the verdict on a VTEP.

    ``held``: timeline per (vtep, device), whether the device holds a type-3 route of the VTEP. ``fresh``:
    timeline per device. ``owners``: VTEP to device.
    """
    gone = held.with_columns(value=~pl.col("value"))
    states = votes(gone, fresh, ["vtep"]).with_columns(
        active=pl.when(pl.col("fresh") > 0).then(pl.col("yes") / pl.col("fresh") >= QUORUM),
        coverage=coverage(),
        device=pl.col("vtep").replace_strict(owners, default=None, return_dtype=pl.String),
    )
    name = pl.when(pl.col("device").is_null()).then("vtep").otherwise(pl.format("{} ({})", "device", "vtep"))
    return findings(
        telling(changes(states, ["vtep"], ["active", "yes", "fresh"]), ["vtep"]).with_columns(
            rule=pl.lit("V1"),
            severity=pl.lit("critical"),
            summary=pl.when("active")
            .then(
                pl.format(
                    "VTEP {} is gone: {} of {} fresh observers hold its type-3 routes no more ({} know it)",
                    name, "yes", "fresh", "known",
                )
            )
            .otherwise(
                pl.format(
                    "VTEP {} is there: {} of {} fresh observers hold its type-3 routes ({} know it)",
                    name, pl.col("fresh") - pl.col("yes"), "fresh", "known",
                )
            ),
            evidence=pl.struct(
                lost_on="yes", fresh_observers="fresh", observers="known", route_type=pl.lit(3)
            ).struct.json_encode(),
        )
    )  # fmt: skip
