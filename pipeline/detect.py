"""One fabric's rules: what a batch did in, findings added and removed out."""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied, FabricState, part_of
from pipeline.apply.records import LATENESS, us
from pipeline.causes import storms
from pipeline.causes.dependence import End, Topology
from pipeline.detectors import (
    FINDING,
    Rule,
    addresses,
    adjacencies,
    bfd_flaps,
    df_agreement,
    df_audit,
    disagreements,
    es_aliasing,
    es_collisions,
    es_routes,
    flood_lists,
    lacp_partners,
    lags,
    link_flaps,
    loops,
    migrations,
    mobility,
    moves,
    neighbors,
    redundancy,
    resets,
    route_attributes,
    route_counts,
    route_targets,
    segment_rules,
    segments,
    sessions,
    silence,
    stale_claims,
    sticky,
    survivors,
    underlay,
    undetected,
    unreported,
    uplinks,
    verdicts,
    vteps,
    wraps,
)
from pipeline.detectors.attached import SegmentSites
from pipeline.detectors.declared import Declared
from pipeline.detectors.family import Family, Scene
from pipeline.detectors.flooding import FloodLists
from pipeline.detectors.heard import Heard, gaps
from pipeline.detectors.macs import MacRules
from pipeline.detectors.observed import fresh_timeline, freshness
from pipeline.detectors.roles import Roles
from pipeline.detectors.settings import Parameter, Settings
from pipeline.detectors.timeline import StepTable

RULES: Final[Mapping[str, Rule]] = {
    rule: found
    for module in (
        storms,
        mobility,
        stale_claims,
        loops,
        migrations,
        redundancy,
        undetected,
        unreported,
        wraps,
        sticky,
        verdicts,
        vteps,
        segments,
        df_audit,
        df_agreement,
        es_routes,
        es_aliasing,
        es_collisions,
        uplinks,
        silence,
        route_attributes,
        sessions,
        resets,
        flood_lists,
        route_targets,
        link_flaps,
        lags,
        lacp_partners,
        bfd_flaps,
        adjacencies,
        neighbors,
        addresses,
        underlay,
        survivors,
        route_counts,
        disagreements,
    )
    for rule, found in module.RULES.items()
}
PARAMETERS: Final[tuple[Parameter, ...]] = (
    *stale_claims.PARAMETERS,
    *verdicts.PARAMETERS,
    *unreported.PARAMETERS,
    *moves.PARAMETERS,
    *loops.PARAMETERS,
    *sessions.PARAMETERS,
    *resets.PARAMETERS,
    *link_flaps.PARAMETERS,
    *bfd_flaps.PARAMETERS,
    *addresses.PARAMETERS,
    *survivors.PARAMETERS,
    *route_counts.PARAMETERS,
    *disagreements.PARAMETERS,
)
"""Thresholds that operators may set; more are the waits and clears of all rules."""
FAMILIES: Final[Mapping[str, Callable[[], Family]]] = {
    "macs": MacRules,
    "silence": silence.Silences,
    "vteps": vteps.Vteps,
    "segments": segment_rules.SegmentRules,
    "verdicts": verdicts.Verdicts,
    "uplinks": uplinks.Uplinks,
    "attributes": route_attributes.RouteAttributes,
    "evpn": sessions.Sessions,
    "resets": resets.Resets,
    "flooding": FloodLists,
    "link_flaps": link_flaps.LinkFlaps,
    "lags": lags.Lags,
    "lacp_partners": lacp_partners.LacpPartners,
    "bfd_flaps": bfd_flaps.BfdFlaps,
    "adjacencies": adjacencies.Adjacencies,
    "neighbors": neighbors.Neighbors,
    "addresses": addresses.Addresses,
    "underlay": underlay.Underlay,
    "survivors": survivors.Survivors,
    "counts": route_counts.RouteCounts,
    "disagreements": disagreements.Disagreements,
}
"""What keeps the state of each rule family, by a name that no other begins with."""


class Detection:
    """The rules of one fabric and the little they remember."""

    def __init__(
        self,
        state: FabricState,
        settings: Settings | None = None,
        *,
        families: Mapping[str, Callable[[], Family]] = FAMILIES,
        heard: Heard | None = None,
    ) -> None:
        """``families``: those that judge. ``heard``: what is known of who is heard, if not by the records."""
        self._state = state
        self._settings = settings or Settings()
        self.horizon = 0
        """Nothing before it may change any more: the fabric's clock less the lateness."""
        self.roles = Roles()
        self.declared = Declared()
        self._fresh = StepTable(["device", "family"], pl.Boolean)
        self._heard = heard or Heard()
        self._sites = SegmentSites()
        self._silences: pl.DataFrame | None = None
        """As the batch before left them; None: not known."""
        self._freshness = pl.DataFrame()
        """Made of the two above when there is news of either."""
        self._families = {name: family() for name, family in families.items()}

    def judge(self, applied: Applied) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return findings (FINDING) that a batch adds and removes."""
        scene = self._take(applied)
        judged = [family.judge(applied, scene) for family in self._families.values()]
        self._settle(scene.now)
        nothing = pl.DataFrame(schema=FINDING)
        return pl.concat([nothing, *(added for added, _ in judged)]), pl.concat(
            [nothing, *(removed for _, removed in judged)]
        )

    def _take(self, applied: Applied) -> Scene:
        """Take what concerns all families; return the scene for them."""
        now = self._state.sessions.now
        declared = [
            kind == "fabric" and self.declared.take(content) for _, kind, content in applied.sessions.declared
        ]
        roles = [self.roles.declare(kind, content) for _, kind, content in applied.sessions.declared]
        learnt = self.roles.learn(applied.changes)
        news = freshness(applied.sessions.freshness, applied.records)
        self._fresh.add(news)
        self._heard.take(applied.sessions)
        self._sites.learn(applied.changes)
        silences = gaps(self._heard.targets, now)
        silence_news = self._silences is None or not silences.equals(self._silences)
        self._silences = silences
        fresh_news = len(news) > 0 or silence_news
        if fresh_news:
            self._freshness = fresh_timeline(self._fresh.timeline(), silences)
        return Scene(
            state=self._state,
            roles=self.roles,
            declared=self.declared,
            settings=self._settings,
            horizon=self.horizon,
            now=now,
            silences=silences,
            freshness=self._freshness,
            fresh_news=fresh_news,
            roles_news=learnt or any(roles) or any(declared),
        )

    @property
    def segments_at(self) -> Mapping[tuple[str, str], str]:
        """Return the Ethernet segment behind each port, by device and interface."""
        return self._sites.ports

    def fresh(self, family: str) -> pl.DataFrame:
        """Return the timeline per device of a subscription family: who can be trusted when."""
        return self._freshness.filter(pl.col("family") == family).drop("family")

    def topology(self) -> Topology:
        """Return what depends on what, as far as anybody told."""
        ends = self.roles.ends.select("device", "thing", "kind", "leaf", "peer").rows()
        return Topology(
            tuple(
                End(device, thing, kind, peer if device == leaf else leaf)
                for device, thing, kind, leaf, peer in ends
            ),
            self.roles.owners,
            self._sites.servers(self.roles.owners),
            self._sites.ports,
            frozenset(self.roles.leaves),
        )

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        now = self._state.sessions.now
        return {
            **{
                f"{name}_{part}": frame
                for name, family in self._families.items()
                for part, frame in family.dump(self.horizon, now).items()
            },
            **{f"roles_{name}": frame for name, frame in self.roles.dump().items()},
            **{f"sites_{name}": frame for name, frame in self._sites.dump().items()},
            "declared": self.declared.dump(),
            "fresh": self._fresh.dump(self.horizon - 1),
            "heard": self._heard.rows.sort("device", "second"),
            "clock": pl.DataFrame({"horizon": [self.horizon]}),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for name, family in self._families.items():
            family.load(part_of(frames, name))
        self.roles.load(part_of(frames, "roles"))
        self.declared.load(frames["declared"])
        self._sites.load(part_of(frames, "sites"))
        self._fresh.rows, self._heard.rows = frames["fresh"], frames["heard"]
        self.horizon = frames["clock"]["horizon"][0]
        self._silences = None

    def _settle(self, now: int) -> None:
        self.horizon = max(self.horizon, now - us(LATENESS))
        self._fresh.settle(self.horizon - 1)
        self._heard.settle(self.horizon)
