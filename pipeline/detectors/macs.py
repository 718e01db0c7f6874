"""The MAC rules: recent steps are kept, and only the MACs that a batch concerns are judged again.

Two kinds of steps are no moves of a host. A router's own MAC (``router_macs``) is at several places at once.
And a next hop that changes between a shared VTEP (anycast) and the own one of a device that has both is a
redundant pair that lost or regained a member link, with a newer sequence number but without a move. Neither
is a sign of M1, M2, M3 or M12.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.mac_location import STEP_FRAME, MacLocations
from pipeline.apply.records import LATENESS, us
from pipeline.detectors import FINDING, SUBJECT, mobility, sticky
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.known import ADDRESSES, MACS, FirstSeen, addresses, of_router, one_device, router_macs
from pipeline.detectors.told import Told
from pipeline.schema import NAME

_PLACE: Final = ["key", "offset", "index"]
_IDENTITY: Final = ("vni", "evi", "mac")


class MacRules:
    """Rules M1, M2, M3, M7, M12 of one fabric."""

    def __init__(self) -> None:
        self._steps = pl.DataFrame(schema=STEP_FRAME)
        self._told, self._blind = Told(), Told()
        self._routers, self._addresses = FirstSeen(MACS), FirstSeen(ADDRESSES)

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        added, removed = self._judge_steps(applied, scene)
        if not scene.fresh_news:
            return added, removed
        found = mobility.blindness(scene.fresh("routes"))
        blind, seeing = self._blind.revise(found, scene.horizon)
        return pl.concat([added, blind]), pl.concat([removed, seeing])

    def _judge_steps(self, applied: Applied, scene: Scene) -> Judged:
        located = applied.located
        void = located.void_steps
        if len(void):
            self._steps = self._steps.join(void, on=_PLACE, how="anti")
        news = located.steps.filter(_matters())
        self._steps = pl.concat([self._steps, news])
        taken_back = void.select("key", time=pl.lit(scene.horizon, dtype=pl.Int64))
        touched = pl.concat([news.select("key", "time"), taken_back, self._seen_otherwise(applied)])
        if touched.is_empty():
            return nothing()
        first = touched.group_by("key").agg(pl.col("time").min().alias("from"))
        locations = scene.state.locations
        named = _named(self._steps.join(first, on="key"), locations)
        no_move = one_device(named, self._addresses.rows) | of_router(named, self._routers.rows)
        found = pl.concat([mobility.detect(named.filter(~no_move)), sticky.detect(named)])
        # of a MAC whose steps were all taken back there is nothing left to judge, but to take back
        identity = locations.keys.frame(first["key"].to_numpy()).select(_IDENTITY)
        concerned = _subjects(first.select("from").hstack(identity.get_columns()))
        self._steps = _kept(self._steps, scene.now)
        return self._told.revise(found, scene.horizon, concerned)

    def _seen_otherwise(self, applied: Applied) -> pl.DataFrame:
        """Learn whose addresses are whose; return the steps that this may show in another light."""
        news = (
            self._routers.take(router_macs(applied.changes, applied.records)),
            self._addresses.take(addresses(applied.changes, applied.records)),
        )
        since = min((time for time in news if time is not None), default=None)
        concerned = self._steps.clear() if since is None else self._steps.filter(pl.col("time") >= since)
        return concerned.select("key", "time")

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames; locations as text."""
        names = {name: pl.col(name).cat.to(NAME).cast(pl.String) for name in _LOCATIONS}
        steps = _kept(self._steps, now).sort("key", "time", "observer", "offset", "index")
        return {
            "steps": steps.with_columns(**names),
            "told": self._told.dump(horizon),
            "blind": self._blind.dump(horizon),
            "routers": self._routers.rows,
            "addresses": self._addresses.rows,
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        codes = {name: pl.col(name).cast(NAME).to_physical() for name in _LOCATIONS}
        self._steps = frames["steps"].with_columns(**codes).select(STEP_FRAME.names()).cast(STEP_FRAME)
        self._told.frame, self._blind.frame = frames["told"], frames["blind"]
        self._routers.rows, self._addresses.rows = frames["routers"], frames["addresses"]


_LOCATIONS: Final = ("location", "old_location", "claim_location")


def _kept(steps: pl.DataFrame, now: int) -> pl.DataFrame:
    return steps.filter(pl.col("time") >= now - us(mobility.KEPT) - us(LATENESS))


def _matters() -> pl.Expr:
    """Return whether a step can be part of a finding: a newer number, or a contest that began or ended."""
    newer = (pl.col("seq").cast(pl.Int64) - pl.col("old_top")) % 2**32
    rises = pl.col("old_known") & pl.col("found") & newer.is_between(1, 2**31 - 1)
    return rises | (pl.col("contested") != pl.col("old_contested"))


def _named(steps: pl.DataFrame, locations: MacLocations) -> pl.DataFrame:
    """Return steps with vni, evi, mac of their keys and the names of their locations."""
    keys = locations.keys.frame(steps["key"].to_numpy())
    return steps.hstack(keys.get_columns()).with_columns(
        name=pl.col("location").cat.to(NAME).cast(pl.String),
        old_name=pl.col("old_location").cat.to(NAME).cast(pl.String),
        claim_name=pl.col("claim_location").cat.to(NAME).cast(pl.String),
    )


def _subjects(macs: pl.DataFrame) -> pl.DataFrame:
    """Return subjects (columns of SUBJECT) of MACs, and ``from``."""
    missing = [pl.lit(None, dtype=FINDING[name]).alias(name) for name in SUBJECT if name not in _IDENTITY]
    return macs.with_columns(missing).select(*SUBJECT, "from")
