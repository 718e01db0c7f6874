"""VTEPs of which underlay and overlay say different things (rule V10).

Underlay up, overlay down: half of the fresh observers lost a VTEP's type-3 routes for 5 s, while its leaf has
a link that is up to a device that reaches other leaves: look at BGP, not at cables. Overlay up, underlay
down: the routes are still there while none of the leaf's links is: EVPN sessions between loopbacks stay up
until a hold timer ends, and until then their information is stale (ipSpace.net, 2024/10, EBGP over EBGP).

Which of the two can be told depends on the design (``pipeline.detectors.designs``). Where EVPN runs on the
links, one session carries both and they share their fate: underlay up is not told. Where the underlay is BGP
of its own, a link counts while one of the leaf's sessions without EVPN is established; over an IGP a link
that is up counts. Telemetry has no unicast routes: that a loopback is reachable is concluded from links.

Subject: vtep, and device where it is known whose VTEP it is. Look first at BGP on the leaf, or at its links.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.configured import Configured
from pipeline.detectors.designs import Design, recognised
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.moments import held_at, moments
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.presence import Presence, route_sides
from pipeline.detectors.route_owners import addresses_of
from pipeline.detectors.speakers import Speakers
from pipeline.detectors.spoken import Spoken
from pipeline.detectors.timeline import StepTable

RULES: Final = catalogue(
    Rule(
        "V10",
        "UNDERLAY_UP_OVERLAY_DOWN",
        "underlay",
        rank=1,
        wait=timedelta(seconds=5),
        labels=frozenset({"device"}),
    )
)
QUORUM: Final = 0.5
_UNIT: Final = ["leaf", "peer", "ordinal"]


class Underlay:
    """Which links and sessions are up, who holds whose type-3 routes, and rule V10."""

    def __init__(self) -> None:
        self._routes, self._held = Presence(["device", "vtep"]), StepTable(["device", "vtep"], pl.Boolean)
        self._links = StepTable(["device", "interface"], pl.Boolean)
        self._speakers, self._configured = Speakers(), Configured()
        self._spoken = Spoken(["vtep"])

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        for table in (self._held, self._links, self._speakers):
            table.settle(scene.horizon - 1)
        news = self._take(applied)
        # while every link is up and every route held, both say the same
        well = bool(self._links.rows["value"].all()) and bool(self._held.rows["value"].all())
        quiet = well and self._spoken.silent(scene.horizon)
        if quiet or not (news or scene.fresh_news or scene.roles_news):
            return nothing()
        held, links, sessions = (
            self._held.timeline(), self._links.timeline(), self._speakers.established.timeline()
        )  # fmt: skip
        fresh = scene.fresh("routes"), scene.fresh("link"), scene.fresh("bgp")
        times = moments([held, links, sessions, *fresh], scene.horizon)
        ends = scene.roles.ends.filter(pl.col("kind") == "link").rename({"thing": "interface"})
        ways = _ways(ends, links, fresh[1], times)
        ways = ways.join(self._sessions(sessions, scene, times), on=["time", "leaf"], how="left")
        design = recognised(self._configured.sessions(), scene.roles.addresses, scene.declared.design)
        judged = verdicts(_votes(held, fresh[0], times), ways, scene.roles.owners, times, design)
        told = self._spoken.telling(judged, ["stale", "lost", "up"], scene.horizon)
        return self._spoken.revise(_say(told, design), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "routes": self._routes.dump(),
            "held": self._held.dump(horizon - 1),
            "links": self._links.dump(horizon - 1),
            **self._speakers.dump(horizon - 1),
            "configured": self._configured.dump(),
            **self._spoken.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._routes.load(frames["routes"])
        self._held.rows, self._links.rows = frames["held"], frames["links"]
        self._speakers.load(frames)
        self._configured.load(frames)
        self._spoken.load(frames)

    def _take(self, applied: Applied) -> bool:
        routes, links, records = applied.changes["evpn_route"], applied.changes["link"], applied.records
        held = self._routes.apply(routes, records, route_sides(routes, kind="imet"))
        self._held.add(held)
        news = [self._speakers.take(applied), self._configured.take(applied), len(held) > 0]
        up = equals(links.after["oper_status"], "UP")
        before = equals(links.before["oper_status"], "UP")
        rows = pl.Series(np.flatnonzero(up.ne_missing(before).to_numpy()))
        if len(rows):
            keys = {"device": "device", "interface": "interface"}
            self._links.add(transitions(links, records, keys, up, rows))
        return any(news) or len(rows) > 0

    def _sessions(self, sessions: pl.DataFrame, scene: Scene, times: pl.DataFrame) -> pl.DataFrame:
        """Return whether any session of the underlay's own is established: time, leaf, routed."""
        alone = [(one.device, one.neighbor) for one in self._configured.sessions() if not one.evpn]
        pairs = pl.DataFrame(alone, schema={"device": pl.String, "neighbor": pl.String}, orient="row")
        names = addresses_of(scene.roles).filter(pl.col("devices").list.len() == 1)
        owned = pairs.join(
            names.select(neighbor="address", other=pl.col("devices").list.first()), on="neighbor"
        )
        up = held_at(sessions, ["device", "neighbor"], times, "up").join(owned, on=["device", "neighbor"])
        told = up.join(held_at(scene.fresh("bgp"), ["device"], times, "fresh"), on=["time", "device"]).filter(
            "fresh"
        )
        both = pl.concat([told.select("time", "up", leaf="device"), told.select("time", "up", leaf="other")])
        return both.group_by("time", "leaf").agg(routed=pl.col("up").any())


def _votes(held: pl.DataFrame, fresh: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """Return how many fresh observers lost a VTEP of those that had it: time, vtep, lost, observers."""
    said = held_at(held, ["device", "vtep"], times, "has")
    sees = held_at(fresh, ["device"], times, "fresh")
    known = said.join(sees, on=["time", "device"], how="left")
    see = pl.col("fresh").fill_null(value=False)
    return known.group_by("time", "vtep").agg(
        lost=(see & ~pl.col("has")).sum(), observers=see.sum(), known=pl.len()
    )


def _ways(ends: pl.DataFrame, links: pl.DataFrame, fresh: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """Return per leaf how many of its links are up, down or unknown: time, leaf, links, up, down, ways.

    ``ways``: links that are up to a device which has others that are, too.
    """
    said = ends.join(times.select("time"), how="cross").join(
        held_at(links, ["device", "interface"], times, "says"), on=["time", "device", "interface"], how="left"
    )
    said = said.join(held_at(fresh, ["device"], times, "fresh"), on=["time", "device"], how="left")
    told = pl.when(pl.col("fresh").fill_null(value=False)).then("says")
    units = said.group_by("time", *_UNIT).agg(
        down=(~told).any(), up=told.any() & ~(~told).any().fill_null(value=False)
    )
    units = units.with_columns(pl.col("down", "up").fill_null(value=False))
    reach = pl.col("leaf").filter("up").n_unique().over("time", "peer") > 1
    return (
        units.with_columns(way=pl.col("up") & reach)
        .group_by("time", "leaf")
        .agg(links=pl.len(), up=pl.col("up").sum(), down=pl.col("down").sum(), ways=pl.col("way").sum())
    )


def verdicts(
    votes: pl.DataFrame,
    ways: pl.DataFrame,
    owners: Mapping[str, str],
    times: pl.DataFrame,
    design: Design,
) -> pl.DataFrame:
    """Return the verdict on each VTEP, a row per time.

    ``votes``: time, vtep, lost, observers, known. ``ways``: time, leaf, links, up, down, ways, routed (a
    session of the underlay's own is established; null: there is none). ``owners``: VTEP to device.
    """
    device = pl.col("vtep").replace_strict(owners, default=None, return_dtype=pl.String)
    both = votes.with_columns(device=device).join(ways, left_on=["time", "device"], right_on=["time", "leaf"])
    told = pl.col("observers") > 0
    gone = told & (pl.col("lost") >= QUORUM * pl.col("observers"))
    stale = told & ~gone & (pl.col("down") == pl.col("links"))
    carried = pl.col("routed") if design.name != "ibgp" else pl.lit(value=True)
    apart = bool(design.between_loopbacks)
    works = gone & (pl.col("ways") > 0) & carried.fill_null(value=False) & pl.lit(apart)
    unsure = ~told | (pl.col("up") + pl.col("down") < pl.col("links"))
    return (
        both.with_columns(stale=stale, wrong=stale | works)
        .with_columns(active=pl.when(pl.col("wrong") | ~unsure).then("wrong"))
        .join(times, on="time")
    )


def _say(named: pl.DataFrame, design: Design) -> pl.DataFrame:
    name = pl.format("{} ({})", "device", "vtep")
    return findings(
        named.with_columns(
            rule=pl.lit("V10"),
            severity=pl.lit("critical"),
            coverage=pl.col("observers") / pl.col("known"),
            summary=pl.when(~pl.col("active").fill_null(value=False))
            .then(
                pl.format(
                    "VTEP {}: {} of {} links are up, {} of {} fresh observers have its routes",
                    name, "up", "links", pl.col("observers") - pl.col("lost"), "observers",
                )
            )
            .when("stale")
            .then(
                pl.format(
                    "VTEP {} can't be reached, but looks well: none of its {} links is up, and {} of {} fresh"
                    " observers still have its routes",
                    name, "links", pl.col("observers") - pl.col("lost"), "observers",
                )
            )
            .otherwise(
                pl.format(
                    "VTEP {} is gone, {} of {} fresh observers hold its type-3 routes no more, while {} of"
                    " its {} links are up: the underlay works, BGP EVPN doesn't",
                    name, "lost", "observers", "up", "links",
                )
            ),
            evidence=pl.struct(
                "lost", "observers", "links", "up", "down", design=pl.lit(design.words),
                design_because=pl.lit("; ".join(design.reasons)),
                ruled_out=pl.when("stale")
                .then(pl.lit("withdrawn: its routes are still held"))
                .otherwise(pl.lit("leaf cut off: a link to a device that reaches other leaves is up")),
            ).struct.json_encode(),
        )
    )  # fmt: skip
