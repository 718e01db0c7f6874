"""The flood lists of one fabric: rules V2 and V4 over the same timelines, and V2's words."""

from collections.abc import Mapping

import polars as pl

from pipeline.apply.fabric import Applied, part_of
from pipeline.detectors import FINDING, findings
from pipeline.detectors.configured import Configured
from pipeline.detectors.designs import Design, recognised
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.flood_lists import SUBJECT, lost_to_all, missing, suspicious, verdicts
from pipeline.detectors.flood_matrix import CELL, USE, FloodMatrix, Lists, Observers, lists_at, one_vni
from pipeline.detectors.flood_reasons import PAIR, Known, explained
from pipeline.detectors.moments import held_at, moments
from pipeline.detectors.route_targets import MARKS, apart, differing, say
from pipeline.detectors.route_targets import verdicts as verdicts_on_targets
from pipeline.detectors.speakers import Speakers, ends_of_sessions
from pipeline.detectors.spoken import Spoken
from pipeline.detectors.text import names_text, plural

_SHOWN = 50
"""Cells in the evidence."""


class FloodLists:
    """Who has whom in its flood list, what sessions there are, and rules V2 and V4."""

    def __init__(self) -> None:
        self._matrix, self._speakers, self._configured = FloodMatrix(), Speakers(), Configured()
        self._lists, self._targets = Spoken(SUBJECT), Spoken(["device"])

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        for table in self._matrix.tables.values():
            table.settle(scene.horizon - 1)
        self._speakers.settle(scene.horizon - 1)
        self._configured.take(applied)
        news = [self._matrix.take(applied), self._speakers.take(applied), scene.fresh_news, scene.roles_news]
        if not any(news):
            return nothing()
        tables = {name: table.timeline() for name, table in self._matrix.tables.items()}
        observers = Observers(scene.fresh("routes"), scene.fresh("vtep"), _owners(scene))
        sight = [observers.routes, observers.use, scene.fresh("bgp")]
        times = moments([*tables.values(), *sight, *self._sessions().values()], scene.horizon)
        strangers = self._strangers(tables, observers, times)
        partial = self._partial(tables, observers, times, strangers, scene)
        targets = self._apart(strangers, times, scene.horizon)
        both = self._lists.revise(partial, scene.horizon), self._targets.revise(targets, scene.horizon)
        return pl.concat([added for added, _ in both]), pl.concat([removed for _, removed in both])

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **self._matrix.dump(horizon - 1),
            **self._speakers.dump(horizon - 1),
            "configured": self._configured.dump(),
            **{f"lists_{name}": frame for name, frame in self._lists.dump(horizon).items()},
            **{f"targets_{name}": frame for name, frame in self._targets.dump(horizon).items()},
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._matrix.load(frames)
        self._speakers.load(frames)
        self._configured.load(frames)
        self._lists.load(part_of(frames, "lists"))
        self._targets.load(part_of(frames, "targets"))

    def _sessions(self) -> dict[str, pl.DataFrame]:
        tables = {"established": self._speakers.established, "active": self._speakers.active}
        return {name: table.timeline() for name, table in tables.items()}

    def _strangers(
        self, tables: Mapping[str, pl.DataFrame], observers: Observers, times: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the pairs of leaves whose route targets may not meet; see ``route_targets.apart``."""
        vnis = differing(tables["own"])
        peers = tables["peers"] if vnis else tables["peers"].clear()
        return apart(lists_at(tables, vnis, observers, times), held_at(peers, USE, times).filter("value"))

    def _apart(self, strangers: pl.DataFrame, times: pl.DataFrame, since: int) -> pl.DataFrame:
        """Return the findings of V4."""
        judged = verdicts_on_targets(strangers, times, self._targets.before(since))
        return say(self._targets.telling(judged, MARKS, since))

    def _partial(
        self,
        tables: Mapping[str, pl.DataFrame],
        observers: Observers,
        times: pl.DataFrame,
        strangers: pl.DataFrame,
        scene: Scene,
    ) -> pl.DataFrame:
        """Return the findings of V2."""
        vnis = suspicious(tables, scene.horizon)
        if not vnis and self._lists.before(scene.horizon).is_empty():
            return pl.DataFrame(schema=FINDING)
        lists = lists_at(tables, vnis, observers, times)
        cells = missing(lists)
        lacking = cells.filter("lacks")
        ends = self._ends(lists.times, scene)
        ever = tables["held"].filter(pl.col("vtep").is_in(lacking["vtep"].unique().implode()))
        lost = lost_to_all(held_at(ever, CELL, lists.times), lists.fresh)
        cut_off = (
            ends.group_by("time", "device").agg(pl.col("established").any()).filter(~pl.col("established"))
        )
        told_elsewhere = pl.concat(
            [
                lacking.join(lost, on=["time", "vtep"], how="semi"),
                lacking.join(cut_off, on=["time", "device"], how="semi"),
                lacking.filter("holds").join(strangers.filter("wrong"), on=["time", *CELL], how="semi"),
            ]
        ).unique()
        mine = cells.join(
            told_elsewhere.select("time", *CELL, other=pl.lit(value=True)), on=["time", *CELL], how="left"
        ).with_columns(lacks=pl.col("lacks") & pl.col("other").is_null())
        judged = verdicts(mine.drop("other"), lists.times, self._lists.before(scene.horizon))
        known = Known(ends, lists.owners, self._configured.as_of(), self._design(scene))
        reasons = explained(mine.filter(pl.col("lacks") & pl.col("sees")), lists, known)
        states = _with_reasons(judged, reasons, lists, known)
        marks = ["vnis", "leaves", "vteps", "reason"]
        return _say(self._lists.telling(states, marks, scene.horizon), known.design)

    def _design(self, scene: Scene) -> Design:
        return recognised(self._configured.sessions(), scene.roles.addresses, scene.declared.design)

    def _ends(self, times: pl.DataFrame, scene: Scene) -> pl.DataFrame:
        """Return what fresh devices say of their EVPN sessions: time, device, other, established, active."""
        ends = ends_of_sessions(scene.roles.ends)
        other = pl.when(pl.col("device") == pl.col("leaf")).then("peer").otherwise("leaf")
        said = ends.select("device", "neighbor", other=other).join(times.select("time"), how="cross")
        for name, timeline in self._sessions().items():
            said = said.join(
                held_at(timeline, ["device", "neighbor"], times, name),
                on=["time", "device", "neighbor"],
                how="left",
            )
        fresh = held_at(scene.fresh("bgp"), ["device"], times, "fresh").filter("fresh")
        return said.drop_nulls("established").join(fresh, on=["time", "device"], how="semi")


def _owners(scene: Scene) -> pl.DataFrame:
    rows = sorted(scene.roles.owners.items())
    return pl.DataFrame(rows, schema={"vtep": pl.String, "owner": pl.String}, orient="row")


def _with_reasons(judged: pl.DataFrame, reasons: pl.DataFrame, lists: Lists, known: Known) -> pl.DataFrame:
    """Return the verdicts with what each subject lacks at each time, and why."""
    why = (
        judged.select("time", *SUBJECT, "cells")
        .explode("cells", keep_nulls=False)
        .rename({"device": "leaf", "vtep": "whom"})
        .unnest("cells")
        .join(reasons, on=PAIR)
        .sort("time", "leaf", "whom", *CELL)
        .group_by("time", "leaf", "whom", maintain_order=True)
        .agg(
            leaves=pl.col("device").unique().sort(),
            vteps=pl.col("vtep").unique().sort(),
            vnis=pl.col("vni").unique().sort(),
            cause=pl.col("cause").drop_nulls().mode().sort().first(),
            reason=pl.col("reason").mode().sort().first(),
            ruled_out=pl.col("ruled_out").first(),
            devices=pl.col("senders").list.explode().drop_nulls().unique().sort(),
            lacking=pl.struct(CELL).head(_SHOWN),
            missing=pl.len(),
        )
        .rename({"leaf": "device", "whom": "vtep"})
    )
    named = known.owners.select("vtep", "owner")
    return (
        lists.times.join(judged.drop("cells"), on="time")
        .join(why, on=["time", *SUBJECT], how="left", nulls_equal=True)
        .join(named, on="vtep", how="left")
        .with_columns(pl.col("vnis", "leaves", "vteps", "ruled_out", "devices").fill_null([]))
        .sort(*SUBJECT, "time")
        .with_columns(vni=one_vni(SUBJECT))
    )


def _say(told: pl.DataFrame, design: Design) -> pl.DataFrame:
    whom = (
        pl.when(pl.col("vtep").is_null())
        .then(pl.format("{} VTEPs ({})", pl.col("vteps").list.len(), names_text("vteps")))
        .otherwise(
            pl.when(pl.col("owner").is_null())
            .then(pl.format("VTEP {}", "vtep"))
            .otherwise(pl.format("VTEP {} ({})", "owner", "vtep"))
        )
    )
    who = (
        pl.when(pl.col("device").is_null())
        .then(pl.format("{} leaves ({})", pl.col("leaves").list.len(), names_text("leaves")))
        .otherwise(pl.format("Leaf {}", "device"))
    )
    lack = pl.when(pl.col("device").is_null()).then(pl.lit("lack")).otherwise(pl.lit("lacks"))
    vni_names = pl.format("VNI{} {}", plural(pl.col("vnis").list.len()), names_text("vnis"))
    over = pl.coalesce(
        pl.format("Leaf {} has VTEP {}", "device", "vtep"),
        pl.format("Leaf {} has the VTEPs it should", "device"),
        pl.format("VTEP {} is in the flood lists it should be in", "vtep"),
    )
    return findings(
        told.with_columns(
            rule=pl.lit("V2"),
            severity=pl.lit("critical"),
            coverage=pl.when(pl.col("active").is_null()).then(0.0).otherwise(1.0),
            summary=pl.when(pl.col("active").fill_null(value=False))
            .then(pl.format("{} {} {} in the flood list of {}: {}", who, lack, whom, vni_names, "reason"))
            .when(pl.col("active").is_null())
            .then(pl.format("{}, as far as anybody can tell", over))
            .otherwise(over),
            evidence=pl.struct(
                "cause", "reason", "ruled_out", "vnis", "leaves", "vteps", "missing", "lacking",
                "devices",
                design=pl.lit(design.words),
                design_because=pl.lit("; ".join(design.reasons)),
            ).struct.json_encode(),
        )
    )  # fmt: skip
