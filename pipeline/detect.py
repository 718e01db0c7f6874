"""One fabric's rules: what a batch did in, findings added and removed out."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied, FabricState, names_of
from pipeline.apply.records import LATENESS, Records, us
from pipeline.detectors import FINDING, Rule, mobility, segments, silence, sticky, uplinks, verdicts, vteps
from pipeline.detectors.macs import MacRules
from pipeline.detectors.observed import equals, fresh_timeline, freshness, transitions
from pipeline.detectors.presence import Presence, route_sides
from pipeline.detectors.timeline import StepTable
from pipeline.detectors.told import Told
from pipeline.detectors.topology import EVPN, Address, adjacencies

RULES: Final[Mapping[str, Rule]] = {
    rule: found
    for module in (mobility, sticky, verdicts, vteps, segments, uplinks, silence)
    for rule, found in module.RULES.items()
}
_SECOND_US: Final = 1_000_000


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
        self._heard = pl.DataFrame(schema=_HEARD)
        self._told = {name: Told() for name in ("silence", "blind", "vtep", "segment", "verdict", "uplinks")}
        self.owners: dict[str, str] = {}
        """VTEP to the device whose own routes originate it."""
        self.leaves: set[str] = set()
        self.roles: dict[str, str] = {}
        self._ends: pl.DataFrame | None = None

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
        results = [self._macs.judge(applied.located, self._state.locations, self.horizon, now)]
        silences = silence.gaps(self._heard, now)
        results.append(self._told["silence"].revise(silence.detect(silences), self.horizon))
        silent = any(len(part) for part in results[-1])
        fresh = fresh_timeline(self._fresh.timeline(), silences)
        seen = silent or "fresh" in news

        def of(family: str) -> pl.DataFrame:
            return fresh.filter(pl.col("family") == family).drop("family")

        if seen:
            results.append(self._told["blind"].revise(mobility.blindness(of("routes")), self.horizon))
        if seen or "imet" in news:
            found = vteps.detect(self._imet_held.timeline(), of("routes"), self.owners)
            results.append(self._told["vtep"].revise(found, self.horizon))
        if seen or "served" in news:
            found = segments.detect(self._served.timeline(), of("routes"), self.owners)
            results.append(self._told["segment"].revise(found, self.horizon))
        if seen or "flagged" in news:
            found = verdicts.detect(self._flagged.timeline(), of("mac"))
            results.append(self._told["verdict"].revise(found, self.horizon))
        if seen or "up" in news or "ends" in news:
            kinds = pl.concat(
                [of("bgp").with_columns(kind=pl.lit("session")), of("link").with_columns(kind=pl.lit("link"))]
            )
            found = uplinks.detect(self._adjacencies(), self._up.timeline(), kinds, sorted(self._loaded()))
            results.append(self._told["uplinks"].revise(found, self.horizon))
        return results

    def _take(self, applied: Applied, records: Records) -> set[str]:
        """Remember what the state rules need of a batch; return what there is news of."""
        news: set[str] = set()
        for _, kind, content in applied.sessions.declared:
            roles = _declared_roles(kind, content)
            if roles:
                self.roles |= roles
                news.add("ends")
        events = freshness(applied.sessions.freshness, records)
        self._add(self._fresh, events, "fresh", news)
        routes = applied.changes["evpn_route"]
        if len(routes):
            self._learn_owners(applied)
            held = self._imet.apply(routes, records, route_sides(routes, kind="imet"))
            self._add(self._imet_held, held, "imet", news)
            for presence, kind in ((self._segment, "segment"), (self._ad, "ad_per_es")):
                served = presence.apply(routes, records, route_sides(routes, kind=kind))
                self._add(self._served, served.with_columns(kind=pl.lit(kind)), "served", news)
        self._take_macs(applied, news)
        self._take_adjacencies(applied, news)
        self._hear(records, applied)
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
        sessions, links = applied.changes["bgp_session"], applied.changes["link"]
        if len(sessions):
            up = equals(sessions.after["session_state"], "ESTABLISHED")
            whole = pl.Series(~sessions.keys["afi_safi"].known & sessions.exists) & up.is_not_null()
            rows = whole.arg_true()
            keys = {"device": "device", "thing": "neighbor"}
            told = transitions(sessions, applied.records, keys, up, rows)
            self._add(self._up, told.with_columns(kind=pl.lit("session")), "up", news)
            if (sessions.existed != sessions.exists).any():
                news.add("ends")
        if len(links):
            up = equals(links.after["oper_status"], "UP")
            rows = (pl.Series(links.exists) & up.is_not_null()).arg_true()
            keys = {"device": "device", "thing": "interface"}
            told = transitions(links, applied.records, keys, up, rows)
            self._add(self._up, told.with_columns(kind=pl.lit("link")), "up", news)
        if len(applied.changes["interface_address"]):
            news.add("ends")
        vnis = applied.changes["vtep"]
        serving = vnis.keys["vni"].known & vnis.exists
        leaves = set(names_of(np.unique(vnis.keys["device"].values[serving])))
        if not leaves <= self.leaves:
            self.leaves |= leaves
            news.add("ends")
        if "ends" in news:
            self._ends = None

    def _learn_owners(self, applied: Applied) -> None:
        routes = applied.changes["evpn_route"]
        own = (
            (routes.keys["route_type"].values == 3)
            & routes.exists
            & ~routes.keys["neighbor"].known
            & routes.keys["originator"].known
        )
        if own.any():
            vteps_ = names_of(routes.keys["originator"].values[own])
            devices = names_of(routes.keys["device"].values[own])
            self.owners.update(zip(vteps_, devices, strict=True))
            if not set(devices) <= self.leaves:
                self.leaves.update(devices)
                self._ends = None

    def _hear(self, records: Records, applied: Applied) -> None:
        at = np.flatnonzero(records.accepted)
        heard = pl.DataFrame(
            {
                "device": pl.Series(records.device[at]),
                "time": pl.Series(records.record_time[at]),
                "offset": pl.Series(records.offset[at]),
            }
        )
        seconds = (
            heard.sort("time", "offset")
            .group_by("device", second=pl.col("time") // _SECOND_US)
            .agg(
                first=pl.col("time").first(),
                last=pl.col("time").last(),
                offset=pl.col("offset").last(),
                first_offset=pl.col("offset").first(),
            )
        )
        names = names_of(seconds["device"].to_numpy())
        named = seconds.with_columns(device=pl.Series(names, dtype=pl.String)).select(_HEARD.names())
        both = pl.concat([self._heard, named.cast(_HEARD)])
        if len(named):
            both = (
                both.sort("last", "offset")
                .group_by("device", "second")
                .agg(
                    pl.col("first").min(),
                    pl.col("last").max(),
                    pl.col("offset").last(),
                    pl.col("first_offset").sort_by("first").first(),
                )
                .select(_HEARD.names())
            )
        self._heard = both
        ended = {
            event.device
            for event in applied.sessions.freshness
            if not event.fresh and self._out_of_service(event.device)
        }
        if ended:
            self._heard = self._heard.filter(~pl.col("device").is_in(sorted(ended)))

    def _out_of_service(self, device: str) -> bool:
        """Return whether all sessions of a target were ended because nobody wants to watch it any more."""
        mine = [o for o in self._state.sessions.observers.values() if o.device == device]
        return all(observer.retired for observer in mine)

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        named = {"owners": sorted(self.owners.items()), "roles": sorted(self.roles.items())}
        macs = self._macs.dump(self.horizon, self._state.sessions.now)
        return {
            **{f"steps_{name}": table.dump(self.horizon - 1) for name, table in self._tables().items()},
            **{f"presence_{name}": presence.dump() for name, presence in self._presences().items()},
            **{f"told_{name}": told.dump(self.horizon) for name, told in self._told.items()},
            **{f"macs_{name}": frame for name, frame in macs.items()},
            **{name: pl.DataFrame(rows, schema=_PAIR, orient="row") for name, rows in named.items()},
            "heard": self._heard.sort("device", "second"),
            "leaves": pl.DataFrame({"device": sorted(self.leaves)}, schema={"device": pl.String}),
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
        self._macs.load({name: frames[f"macs_{name}"] for name in ("steps", "told")})
        self.owners, self.roles = dict(frames["owners"].rows()), dict(frames["roles"].rows())
        self.leaves = set(frames["leaves"]["device"].to_list())
        self._heard = frames["heard"]
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

    def _adjacencies(self) -> pl.DataFrame:
        """Return the ends of adjacencies as they are configured now."""
        if self._ends is None:
            sessions = _current(self._state, "bgp_session").filter(pl.col("afi_safi") == EVPN)
            addresses = _current(self._state, "interface_address")
            declared = {device for device, role in self.roles.items() if role == "leaf"}
            others = {device for device, role in self.roles.items() if role != "leaf"}
            self._ends = adjacencies(
                sessions.select("device", "neighbor").rows(),
                [Address(*row) for row in addresses.select(Address._fields).rows()],
                (self.leaves | declared) - others,
            )
        return self._ends

    def _loaded(self) -> set[str]:
        """Return leaves with hosts attached: a local MAC or an Ethernet segment, and a port that may be up.

        A leaf of which nothing is known counts as loaded: unknown is never good news.
        """
        macs = _current(self._state, "mac").filter(pl.col("producer") == "LOCAL")
        segment = _current(self._state, "ethernet_segment")
        told = set(macs["device"].to_list()) | set(segment["device"].to_list())
        silent = self.leaves - set(_current(self._state, "mac")["device"].to_list())
        return told | silent

    def _settle(self, now: int) -> None:
        self.horizon = max(self.horizon, now - us(LATENESS))
        for table in self._tables().values():
            table.settle(self.horizon - 1)
        old = pl.col("second") < (self.horizon - 2 * us(silence.SILENCE)) // _SECOND_US
        newest = pl.col("second") == pl.col("second").max().over("device")
        self._heard = self._heard.filter(~old | newest)


def _declared_roles(kind: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return device to role from a start record, or from the targets of a fabric record."""
    if kind == "start" and content.get("role"):
        return {str(content["device"]): str(content["role"])}
    targets = content.get("targets") if kind == "fabric" else None
    if not isinstance(targets, dict):
        return {}
    return {
        str(name): str(target["role"])
        for name, target in targets.items()
        if isinstance(target, dict) and target.get("role")
    }


_HEARD: Final = pl.Schema(
    {
        "device": pl.String,
        "second": pl.Int64,
        "first": pl.Int64,
        "last": pl.Int64,
        "offset": pl.Int64,
        "first_offset": pl.Int64,
    }
)


_PAIR: Final = {"name": pl.String, "value": pl.String}


def _current(state: FabricState, name: str) -> pl.DataFrame:
    """Return the entities of a kind that exist: keys as text."""
    entity = state.entities[name]
    frame = entity.frame(entity.living())
    texts: Any = [
        pl.col(column).cast(pl.String) for column, dtype in frame.schema.items() if dtype == pl.Categorical
    ]
    return frame.with_columns(texts)
