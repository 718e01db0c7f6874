"""The MAC rules: recent steps are kept, and only the MACs that a batch concerns are judged again.

Two kinds of steps are no moves of a host. A router's own MAC (``router_macs``) is at several places at once.
And a next hop that changes between a shared VTEP (anycast) and the own one of a device that has both is a
redundant pair that lost or regained a member link, with a newer sequence number but without a move. Neither
is a sign of M1, M2, M3 or M12; the second is told as what it is (REDUNDANCY_CHANGE).
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.mac_location import STEP_FRAME, MacLocations
from pipeline.apply.records import LATENESS, us
from pipeline.detectors import FINDING, SUBJECT, mobility, sticky, undetected, unreported, wraps
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.flapping import Flapping
from pipeline.detectors.known import ADDRESSES, MACS, FirstSeen, addresses, of_router, one_device, router_macs
from pipeline.detectors.loops import FLAP
from pipeline.detectors.migrations import RESTING, Migrations
from pipeline.detectors.moves import bursts, by_limits, kept, migrations, moves
from pipeline.detectors.redundancy import Redundancy
from pipeline.detectors.settings import Settings
from pipeline.detectors.stale_claims import StaleClaims
from pipeline.detectors.sticky_sight import StickySight
from pipeline.detectors.told import Told
from pipeline.detectors.unreported import IGNORED, Unreported
from pipeline.schema import NAME

_PLACE: Final = ["key", "offset", "index"]
_IDENTITY: Final = ("vni", "evi", "mac")
_BLIND: Final = {"M1": "blind", "M6": "blind_loops", "DUP_UNREPORTED": "blind_unreported"}
"""Rules, one of each family, that can't end while nobody sees routes; and the frame that says so."""


class MacRules:
    """Rules M1 to M12, M14, DUP_UNREPORTED and REDUNDANCY_CHANGE of one fabric."""

    def __init__(self) -> None:
        self._steps = pl.DataFrame(schema=STEP_FRAME)
        self._told, self._blind = Told(), {rule: Told() for rule in _BLIND}
        self._routers, self._addresses = FirstSeen(MACS), FirstSeen(ADDRESSES)
        self._flapping, self._migrations, self._redundancy = Flapping(), Migrations(), Redundancy()
        self._stale, self._unreported = StaleClaims(), Unreported()
        self._sticky = StickySight()
        self._settings = Settings()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._settings = scene.settings
        # what is told is forgotten as it is settled
        self._sticky.settle(self._told.frame, scene.horizon)
        judged = [
            *self._judge_steps(applied, scene),
            self._migrations.judge(scene),
            self._unreported.judge(applied, scene),
            self._sticky.judge(self._told.frame, scene),
            self._redundancy.judge(self._addresses.rows, scene),
            self._stale.judge(applied, scene, self._addresses.rows, self._routers.rows),
        ]
        if scene.fresh_news:
            fresh = scene.fresh("routes")
            for rule, told in self._blind.items():
                judged.append(told.revise(mobility.blindness(fresh, rule), scene.horizon))
        added, removed = zip(*judged, strict=True)
        # a single move counts for an incident that is open by then
        return pl.concat(added).sort("time", "offset", "index", maintain_order=True), pl.concat(removed)

    def _judge_steps(self, applied: Applied, scene: Scene) -> list[Judged]:
        located = applied.located
        void = located.void_steps
        if len(void):
            self._steps = self._steps.join(void, on=_PLACE, how="anti")
        news = located.steps.filter(_matters())
        self._steps = pl.concat([self._steps, news])
        taken_back = void.select("key", time=pl.lit(scene.horizon, dtype=pl.Int64))
        touched = pl.concat([news.select("key", "time"), taken_back, self._seen_otherwise(applied)])
        if touched.is_empty():
            return [nothing()]
        first = touched.group_by("key").agg(pl.col("time").min().alias("from"))
        locations = scene.state.locations
        named = _named(self._steps.join(first, on="key"), locations)
        of_one, routers = one_device(named, self._addresses.rows), of_router(named, self._routers.rows)
        found, flaps = self._moved(moves(named.filter(~(of_one | routers))), first, scene)
        self._redundancy.take(moves(named.filter(of_one & ~routers)), first)
        # of a MAC whose steps were all taken back there is nothing left to judge, but to take back
        identity = locations.keys.frame(first["key"].to_numpy()).select(_IDENTITY)
        concerned = _subjects(first.select("from").hstack(identity.get_columns()))
        self._steps = _kept(self._steps, scene.now, scene.settings)
        told = self._told.revise(pl.concat([*found, sticky.detect(named)]), scene.horizon, concerned)
        return [told, self._flapping.judge(flaps, first, scene)]

    def _moved(
        self, moved: pl.DataFrame, first: pl.DataFrame, scene: Scene
    ) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        """Return findings of single MACs, and the moves at which one flaps (FLAP)."""
        found = [wraps.detect(moved)]
        flaps, resting = [pl.DataFrame(schema=FLAP)], [pl.DataFrame(schema=RESTING)]
        ignored = [pl.DataFrame(schema=IGNORED)]
        for limits, part in by_limits(moved, scene.settings):
            burst = bursts(part, limits)
            resting.append(migrations(burst, limits).select(RESTING.names()).cast(RESTING))
            judged = mobility.judge(burst, limits)
            # what is settled is not told again
            new = judged.filter(pl.col("time") >= pl.max_horizontal("from", pl.lit(scene.horizon)))
            if new.is_empty():
                continue
            shared = undetected.shares(new, burst, limits)
            ignored.append(unreported.ignored(new, burst, limits, scene.settings))
            found += [mobility.detect(shared), undetected.detect(shared)]
            flaps.append(
                shared.filter(pl.col("rule").is_in(mobility.FLAPS) | pl.col("storm"))
                .select(*FLAP)
                .cast(pl.Schema(FLAP))
            )
        self._migrations.take(pl.concat(resting), first, scene.horizon)
        self._unreported.take(pl.concat(ignored), first, scene.horizon)
        return found, pl.concat(flaps)

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
        steps = _kept(self._steps, now, self._settings)
        self._sticky.settle(self._told.frame, horizon)
        return {
            "steps": steps.sort("key", "time", "observer", "offset", "index").with_columns(**names),
            "told": self._told.dump(horizon),
            **{name: self._blind[rule].dump(horizon) for rule, name in _BLIND.items()},
            "routers": self._routers.rows,
            "addresses": self._addresses.rows,
            **self._flapping.dump(horizon, now),
            **self._migrations.dump(horizon, now),
            **self._unreported.dump(horizon, now),
            **self._sticky.dump(horizon),
            **self._redundancy.dump(horizon, now),
            **self._stale.dump(horizon, now),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        codes = {name: pl.col(name).cast(NAME).to_physical() for name in _LOCATIONS}
        self._steps = frames["steps"].with_columns(**codes).select(STEP_FRAME.names()).cast(STEP_FRAME)
        self._told.frame = frames["told"]
        for rule, name in _BLIND.items():
            if name in frames:  # stores of before a rule don't tell
                self._blind[rule].frame = frames[name]
        self._routers.rows, self._addresses.rows = frames["routers"], frames["addresses"]
        for part in (
            self._flapping,
            self._migrations,
            self._redundancy,
            self._stale,
            self._unreported,
            self._sticky,
        ):
            part.load(frames)


_LOCATIONS: Final = ("location", "old_location", "claim_location")


def _kept(steps: pl.DataFrame, now: int, settings: Settings) -> pl.DataFrame:
    return steps.filter(pl.col("time") >= now - us(kept(settings)) - us(LATENESS))


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
