"""One fabric's rules: what a batch did in, findings added and removed out."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied, FabricState, names_of
from pipeline.apply.records import LATENESS, Records, us
from pipeline.detectors import FINDING, Rule, mobility, segments, silence, sticky, uplinks, verdicts, vteps
from pipeline.detectors.heard import Heard
from pipeline.detectors.macs import MacRules
from pipeline.detectors.observed import equals, fresh_timeline, freshness, transitions
from pipeline.detectors.presence import Presence, route_sides
from pipeline.detectors.roles import Roles
from pipeline.detectors.timeline import StepTable
from pipeline.detectors.told import Told

RULES: Final[Mapping[str, Rule]] = {
    rule: found
    for module in (mobility, sticky, verdicts, vteps, segments, uplinks, silence)
    for rule, found in module.RULES.items()
}


class Detection:
    """The rules of one fabric and the little they remember."""

    def __init__(self, state: FabricState) -> None:
        self._state = state
        self.horizon = 0
        """Nothing before it may change any more: the fabric's clock less the lateness."""
        self._macs = MacRules()
        self._fresh = StepTable(["device", "family"], pl.Boolean)
        self._imet, self._imet_held = Presence(["device", "vtep"]), StepTable(["vtep", "device"], pl.Boolean)
        self._segment, self._ad = Presence(["device", "esi", "pe"]), Presence(["device", "esi", "pe"])
        self._served = StepTable(["esi", "pe", "kind", "device"], pl.Boolean)
        self._flagged = StepTable(["vni", "mac", "device", "producer"], pl.Boolean)
        self._up = StepTable(["device", "kind", "thing"], pl.Boolean)
        self._heard = Heard()
        self.roles = Roles()
        self._told = {name: Told() for name in ("silence", "blind", "vtep", "segment", "verdict", "uplinks")}

    def judge(self, applied: Applied) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return findings (FINDING) that a batch adds and removes."""
        records = applied.records
        now = self._state.sessions.now
        news = self._take(applied, records)
        added, removed = [], []
        for found, void in self._evaluate(applied, news, now):
            added.append(found)
            removed.append(void)
        self._settle(now)
        nothing = pl.DataFrame(schema=FINDING)
        return pl.concat([nothing, *added]), pl.concat([nothing, *removed])

    def _evaluate(
        self, applied: Applied, news: set[str], now: int
    ) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
        results = [self._macs.judge(applied, self._state.locations, self.horizon, now)]
        silences = silence.gaps(self._heard.targets, now)
        results.append(self._told["silence"].revise(silence.detect(silences), self.horizon))
        silent = any(len(part) for part in results[-1])
        fresh = fresh_timeline(self._fresh.timeline(), silences)
        seen = silent or "fresh" in news

        def of(family: str) -> pl.DataFrame:
            return fresh.filter(pl.col("family") == family).drop("family")

        if seen:
            results.append(self._told["blind"].revise(mobility.blindness(of("routes")), self.horizon))
        if seen or "imet" in news:
            found = vteps.detect(self._imet_held.timeline(), of("routes"), self.roles.owners)
            results.append(self._told["vtep"].revise(found, self.horizon))
        if seen or "served" in news or segments.due(self._served.rows, self.horizon, now):
            found = segments.detect(self._served.timeline(), of("routes"), self.roles.owners, now)
            results.append(self._told["segment"].revise(found, self.horizon))
        if seen or "flagged" in news:
            found = verdicts.detect(self._flagged.timeline(), of("mac"))
            results.append(self._told["verdict"].revise(found, self.horizon))
        if seen or "up" in news or "ends" in news:
            kinds = pl.concat(
                [of("bgp").with_columns(kind=pl.lit("session")), of("link").with_columns(kind=pl.lit("link"))]
            )
            found = uplinks.detect(self.roles.ends, self._up.timeline(), kinds, self._loaded())
            results.append(self._told["uplinks"].revise(found, self.horizon))
        return results

    def _take(self, applied: Applied, records: Records) -> set[str]:
        """Remember what the state rules need of a batch; return what there is news of."""
        news: set[str] = set()
        told = [self.roles.declare(kind, content) for _, kind, content in applied.sessions.declared]
        if self.roles.learn(applied.changes) or any(told):
            news.add("ends")
        events = freshness(applied.sessions.freshness, records)
        self._add(self._fresh, events, "fresh", news)
        routes = applied.changes["evpn_route"]
        if len(routes):
            held = self._imet.apply(routes, records, route_sides(routes, kind="imet"))
            self._add(self._imet_held, held, "imet", news)
            for presence, kind in ((self._segment, "segment"), (self._ad, "ad_per_es")):
                served = presence.apply(routes, records, route_sides(routes, kind=kind))
                self._add(self._served, served.with_columns(kind=pl.lit(kind)), "served", news)
        self._take_macs(applied, news)
        self._take_adjacencies(applied, news)
        self._heard.take(applied.sessions)
        return news

    def _take_macs(self, applied: Applied, news: set[str]) -> None:
        macs = applied.changes["mac"]
        if not len(macs):
            return
        flagged = equals(macs.after["mobility_state"], *verdicts.STATES).fill_null(value=False)
        was = equals(macs.before["mobility_state"], *verdicts.STATES).fill_null(value=False)
        if not (flagged | was).any():
            return
        keys = {"mac": "mac", "device": "device", "producer": "producer"}
        vnis = {
            side: frame_of({"vni": columns["vni"]}, {"vni": pl.UInt32})["vni"].cast(pl.String)
            for side, columns in (("before", macs.before), ("after", macs.after))
        }
        # a VNI may be told after the verdict: then it is a verdict on the MAC in that VNI
        other = vnis["before"].ne_missing(vnis["after"])
        ended, began = was & (~flagged | other), flagged & (~was | other)
        for rows, side in ((ended.arg_true(), "before"), (began.arg_true(), "after")):
            told = transitions(macs, applied.records, keys, flagged if side == "after" else ~was, rows)
            self._add(self._flagged, told.with_columns(vni=vnis[side].gather(rows)), "flagged", news)

    def _take_adjacencies(self, applied: Applied, news: set[str]) -> None:
        """Remember what is up. What is no longer configured is not missing: it counts as up."""
        sessions, links = applied.changes["bgp_session"], applied.changes["link"]
        for changes, leaf, up_text, kind, thing in (
            (sessions, "session_state", "ESTABLISHED", "session", "neighbor"),
            (links, "oper_status", "UP", "link", "interface"),
        ):
            if len(changes):
                says = equals(changes.after[leaf], up_text)
                up = pl.select(pl.when(pl.Series(changes.exists)).then(says).otherwise(pl.lit(value=True)))
                value = up.to_series()
                whole = (
                    pl.Series(~changes.keys["afi_safi"].known) if kind == "session" else value.is_not_null()
                )
                rows = (whole & value.is_not_null()).arg_true()
                told = transitions(
                    changes, applied.records, {"device": "device", "thing": thing}, value, rows
                )
                self._add(self._up, told.with_columns(kind=pl.lit(kind)), "up", news)

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        macs = self._macs.dump(self.horizon, self._state.sessions.now)
        return {
            **{f"steps_{name}": table.dump(self.horizon - 1) for name, table in self._tables().items()},
            **{f"presence_{name}": presence.dump() for name, presence in self._presences().items()},
            **{f"told_{name}": told.dump(self.horizon) for name, told in self._told.items()},
            **{f"macs_{name}": frame for name, frame in macs.items()},
            **{f"roles_{name}": frame for name, frame in self.roles.dump().items()},
            "heard": self._heard.rows.sort("device", "second"),
            "clock": pl.DataFrame({"horizon": [self.horizon]}),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for name, table in self._tables().items():
            table.rows = frames[f"steps_{name}"]
        for name, presence in self._presences().items():
            presence.load(frames[f"presence_{name}"])
        for name, told in self._told.items():
            told.frame = frames[f"told_{name}"]
        kept = ("steps", "told", "routers", "addresses")
        self._macs.load({name: frames[f"macs_{name}"] for name in kept})
        self.roles.load(
            {
                name.removeprefix("roles_"): frame
                for name, frame in frames.items()
                if name.startswith("roles_")
            }
        )
        self._heard.rows = frames["heard"]
        self.horizon = frames["clock"]["horizon"][0]

    def _tables(self) -> dict[str, StepTable]:
        return {
            "fresh": self._fresh,
            "imet": self._imet_held,
            "served": self._served,
            "flagged": self._flagged,
            "up": self._up,
        }

    def _presences(self) -> dict[str, Presence]:
        return {"imet": self._imet, "segment": self._segment, "ad": self._ad}

    @staticmethod
    def _add(table: StepTable, told: pl.DataFrame, name: str, news: set[str]) -> None:
        if len(told):
            table.add(told)
            news.add(name)

    def _loaded(self) -> list[str]:
        """Return the leaves with hosts: a local MAC or an Ethernet segment.

        A leaf that tells no MACs counts as loaded: unknown is never good news. Where nothing is down, nobody
        asks.
        """
        if self._up.rows["value"].all():
            return []
        macs, segments_ = self._state.entities["mac"], self._state.entities["ethernet_segment"]
        living = macs.living()
        local = equals(macs.keys.take("producer", living), "LOCAL").fill_null(value=False).to_numpy()
        devices = macs.keys.take("device", living).values
        served = segments_.keys.take("device", segments_.living()).values
        telling = set(names_of(np.unique(devices)))
        loaded = set(names_of(np.unique(np.concatenate([devices[local], served]))))
        return sorted(loaded | (self.roles.leaves - telling))

    def _settle(self, now: int) -> None:
        self.horizon = max(self.horizon, now - us(LATENESS))
        for table in self._tables().values():
            table.settle(self.horizon - 1)
        self._heard.settle(self.horizon)
