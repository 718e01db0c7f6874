"""Leaves and spines that lost their way to each other (rules R15, R16).

An adjacency is an EVPN session or a link between a leaf and a spine (or route reflector), or a session
between leaves where a leaf has no others. It is seen from either end, and down when a fresh end says so. A
spine that every leaf lost is one finding on the spine, not one per leaf; a leaf that every leaf lost is cut
off, and they are not. R16: a spine is lost, or a leaf has fewer adjacencies than it should, or fewer links
than are declared for it; R15: a leaf lost all its sessions or all its uplinks. R15 is critical if hosts were
attached when it happened: the leaf attracts traffic that it can't forward.

Subject: device, the leaf or the spine. Look first at the interface named, then at the peer's BGP.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.declared import Declared
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.hosts import Hosts, loaded
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.spines import lost_spines, spines_of
from pipeline.detectors.timeline import PLACE, StepTable, align, changes, counts, telling
from pipeline.detectors.told import Told

RULES: Final = catalogue(
    Rule("R16", "N_MINUS_1_FABRIC", "uplinks", rank=1, wait=timedelta(seconds=5)),
    Rule("R15", "UPLINK_LOSS", "uplinks", rank=2, wait=timedelta(seconds=3)),
)
_FAMILIES: Final = (("bgp", "session"), ("link", "link"))
"""Subscription families, and the kind of adjacency they tell."""
_ADJACENCIES: Final = (
    ("bgp_session", "session_state", "ESTABLISHED", "session", "neighbor"),
    ("link", "oper_status", "UP", "link", "interface"),
)
"""Entity, leaf, its value when up, kind of adjacency, key that names it."""
_UNIT: Final = ["leaf", "peer", "kind", "ordinal"]


class Uplinks:
    """Which sessions and links are up, and rules R15 and R16."""

    def __init__(self) -> None:
        self._up = StepTable(["device", "kind", "thing"], pl.Boolean)
        self._wanted = StepTable(["leaf"], pl.Int64)
        self._hosts = Hosts()
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._up.settle(scene.horizon - 1)
        self._wanted.settle(scene.horizon - 1)
        self._hosts.settle(scene.horizon - 1)
        wants, loads = self._want(applied), self._hosts.take(applied)
        if not (self._take(applied) or wants or loads or scene.fresh_news or scene.roles_news):
            return nothing()
        kinds = [scene.fresh(family).with_columns(kind=pl.lit(kind)) for family, kind in _FAMILIES]
        hosts, wanted = self._hosts.timelines(), self._wanted.timeline()
        found = detect(scene.roles.ends, self._up.timeline(), pl.concat(kinds), hosts, wanted)
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "up": self._up.dump(horizon - 1),
            "wanted": self._wanted.dump(horizon - 1),
            **self._hosts.dump(horizon - 1),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._up.rows, self._wanted.rows = frames["up"], frames["wanted"]
        self._hosts.load(frames)
        self._told.frame = frames["told"]

    def _want(self, applied: Applied) -> bool:
        """Remember how many uplinks leaves should have: none where that is declared no longer."""
        records, news = applied.records, False
        for row, kind, content in applied.sessions.declared:
            if kind != "fabric":
                continue
            declared = Declared()
            declared.take(content)
            wanted = dict.fromkeys(self._wanted.rows["leaf"].to_list(), 0) | declared.uplinks_of
            at = {
                "time": int(records.order_time[row]), "offset": int(records.offset[row]), "index": 0,
                "now": int(records.now[row]),
            }  # fmt: skip
            told = [{"leaf": leaf, **at, "value": count} for leaf, count in sorted(wanted.items())]
            self._wanted.add(pl.DataFrame(told, schema=self._wanted.rows.schema))
            news = True
        return news

    def _take(self, applied: Applied) -> bool:
        """Remember what came up or went down. What is no longer configured is not missing: it counts as up.

        Most changes of sessions are counters, which say nothing of that.
        """
        news = False
        for entity, leaf, up_text, kind, thing in _ADJACENCIES:
            changed = applied.changes[entity]
            if not len(changed):
                continue
            value, was = (_is_up(changed, side, leaf, up_text) for side in ("after", "before"))
            whole = pl.Series(~changed.keys["afi_safi"].known) if kind == "session" else value.is_not_null()
            rows = (whole & value.is_not_null() & value.ne_missing(was)).arg_true()
            keys = {"device": "device", "thing": thing}
            told = transitions(changed, applied.records, keys, value, rows)
            self._up.add(told.with_columns(kind=pl.lit(kind)))
            news |= len(told) > 0
        return news


def _is_up(changed: Changes, side: str, leaf: str, up_text: str) -> pl.Series:
    """Return what changes say on one side of them: null where nothing was, or nobody can tell."""
    columns, there = (changed.after, changed.exists) if side == "after" else (changed.before, changed.existed)
    says = equals(columns[leaf], up_text)
    gone = pl.lit(value=True) if side == "after" else pl.lit(None, pl.Boolean)
    return pl.select(pl.when(pl.Series(there)).then(says).otherwise(gone)).to_series()


def detect(
    ends: pl.DataFrame,
    up: pl.DataFrame,
    fresh: pl.DataFrame,
    hosts: Mapping[str, pl.DataFrame],
    wanted: pl.DataFrame,
) -> pl.DataFrame:
    """Return one finding per change of the verdict on a leaf or a spine.

    ``ends``: one row per end of an adjacency: leaf, peer (the spine's name, or an address if it isn't known),
    kind (session, link), ordinal (of parallel ones), peer_known, and the end's device and thing (neighbour or
    interface). ``up``: timeline per (device, kind, thing). ``fresh``: timeline per (device, kind).
    ``hosts``: see ``pipeline.detectors.hosts``. ``wanted``: timeline per leaf, how many uplinks it should
    have at least.
    """
    if ends.is_empty():
        return findings(pl.DataFrame(schema={"rule": pl.String}))
    said = ends.join(up, on=["device", "kind", "thing"]).drop("peer_known")
    seen = align(said, fresh, ["device", "kind"], "with fresh")
    sees = pl.col("with fresh").fill_null(value=False) & pl.col("value").is_not_null()
    units = counts(seen, _UNIT, down=~pl.col("value") & sees, heard=sees).with_columns(
        value=pl.when(pl.col("heard") > 0).then(pl.col("down") > 0)
    )
    down = units.select(*_UNIT, *PLACE, "value")
    spines = spines_of(down, ends)
    leaves = ends.select(peer="leaf").unique()
    return pl.concat(
        [lost_spines(spines.join(leaves, on="peer", how="anti")), _on_leaves(down, spines, hosts, wanted)]
    )


def _on_leaves(
    down: pl.DataFrame, spines: pl.DataFrame, hosts: Mapping[str, pl.DataFrame], wanted: pl.DataFrame
) -> pl.DataFrame:
    lost = align(down, spines.select("peer", *PLACE, "value"), ["peer"], "with spine")
    lost = align(lost, wanted, ["leaf"], "with wanted")
    spine_lost = pl.col("with spine").fill_null(value=False)
    session, link = pl.col("kind") == "session", pl.col("kind") == "link"
    tally = counts(
        lost,
        ["leaf"],
        sessions=session & pl.col("value").is_not_null(),
        sessions_down=session & pl.col("value"),
        links=link & pl.col("value").is_not_null(),
        links_down=link & pl.col("value"),
        missing=pl.col("value") & ~spine_lost,
        sessions_unknown=session & pl.col("value").is_null(),
        links_unknown=link & pl.col("value").is_null(),
    ).with_columns(unknown=pl.col("sessions_unknown") + pl.col("links_unknown"))
    isolated = _all_down("sessions") | _all_down("links")
    total = pl.col("sessions") + pl.col("links") + pl.col("unknown")
    by_then = wanted.select("leaf", "time", wanted="value").sort("time", maintain_order=True)
    tally = (
        tally.sort("time", maintain_order=True)
        .join_asof(by_then, on="time", by="leaf", check_sortedness=False)
        .with_columns(there=(pl.col("links") + pl.col("links_unknown")).cast(pl.Int64))
        .with_columns(absent=(pl.col("wanted") - pl.col("there")).clip(0).fill_null(0))
    )
    lacking = isolated | (pl.col("missing") > 0) | (pl.col("absent") > 0)
    watched = ["sessions_down", "links_down", "missing", "unknown", "absent"]
    states = loaded(changes(tally, ["leaf"], watched), hosts).with_columns(
        active=pl.when(lacking | (pl.col("unknown") == 0)).then(lacking)
    )
    return findings(
        telling(states, ["leaf"]).with_columns(
            rule=pl.when(isolated).then(pl.lit("R15")).otherwise(pl.lit("R16")),
            severity=pl.when(isolated & pl.col("loaded"))
            .then(pl.lit("critical"))
            .otherwise(pl.lit("warning")),
            device="leaf",
            coverage=pl.when(total > 0).then(1 - pl.col("unknown") / total),
            summary=pl.when(~pl.col("active").fill_null(value=False))
            .then(
                pl.format(
                    "Leaf {} has {} of {} EVPN sessions and {} of {} uplinks, {} can't be told",
                    "leaf", pl.col("sessions") - pl.col("sessions_down"), "sessions",
                    pl.col("links") - pl.col("links_down"), "links", "unknown",
                )
            )
            .when(isolated)
            .then(
                pl.format(
                    "Leaf {} is cut off: {} of {} EVPN sessions and {} of {} uplinks are down",
                    "leaf", "sessions_down", "sessions", "links_down", "links",
                )
            )
            .otherwise(
                pl.format(
                    "Leaf {} runs on what is left: {} of {} EVPN sessions and {} of {} uplinks are down{}",
                    "leaf", "sessions_down", "sessions", "links_down", "links",
                    pl.when(pl.col("absent") > 0)
                    .then(pl.format(", {} more uplinks are declared and are not there", "absent"))
                    .otherwise(pl.lit("")),
                )
            ),
            evidence=pl.struct(
                "sessions", "sessions_down", "links", "links_down", "missing", "unknown",
                not_there="absent", hosts_attached="loaded",
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _all_down(kind: str) -> pl.Expr:
    known = (pl.col(kind) > 0) & (pl.col(f"{kind}_unknown") == 0)
    return known & (pl.col(f"{kind}_down") == pl.col(kind))
