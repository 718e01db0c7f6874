"""The rules of Ethernet segments: what they remember together, and whom a batch concerns.

A batch concerns the segments that something was told of; when an observer becomes fresh or blind, or a device
is known by another name, all of them. Only those are judged again.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.records import us
from pipeline.detectors import (
    FINDING,
    df_agreement,
    df_audit,
    es_aliasing,
    es_collisions,
    es_routes,
    segments,
)
from pipeline.detectors.behind import Behind
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.segment_events import Events, gather
from pipeline.detectors.segment_state import SegmentState
from pipeline.detectors.timeline import changes
from pipeline.detectors.told import Told

_MEMORY_US: Final = us(segments.MEMORY)


class SegmentRules:
    """Rules R1 to R11 in one fabric."""

    def __init__(self) -> None:
        self._state = SegmentState()
        self._behind = Behind()
        self._told = Told()
        self._due: dict[str, int] | None = None
        """When time alone will change a verdict, by ESI; None: nothing was judged yet."""

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._state.settle(scene.horizon - 1)
        self._behind.take(applied.located, scene.horizon)
        concerned = self._concerned(self._state.take(applied), scene)
        if concerned is not None and not concerned:
            return nothing()
        found = self._detect(concerned, scene)
        if concerned is not None:
            others = self._told.frame.filter(~pl.col("esi").is_in(sorted(concerned)))
            found = pl.concat([found, others])
        return self._told.revise(found, scene.horizon)

    def _concerned(self, news: set[str], scene: Scene) -> set[str] | None:
        """Return the segments to judge; None: all."""
        held = self._state.tables["held"].rows
        if scene.fresh_news or scene.roles_news or self._due is None:
            return None
        given_up = pl.col("time").is_between(scene.horizon - _MEMORY_US, scene.now - _MEMORY_US)
        due = {esi for esi, when in self._due.items() if when <= scene.now}
        # sentences count MACs, which may still be revised
        counted = self._told.frame.filter(pl.col("time") >= scene.horizon) if self._behind.news else None
        recent = set() if counted is None else set(counted["esi"].to_list())
        return news | due | recent | set(held.filter(given_up)["esi"].to_list())

    def _detect(self, esis: set[str] | None, scene: Scene) -> pl.DataFrame:
        owners, transit = scene.roles.owners, scene.roles.transit
        held, macs = self._state.of("held", esis), self._state.of("macs", esis)
        kinds = es_routes.legs(held, macs, scene.fresh("routes"), transit)
        held = held.filter(~pl.col("pe").is_in(sorted(transit)))
        shown = kinds.join(held, on=["esi", "pe", "kind"], how="semi", maintain_order="left")
        behind = self._behind.counter(scene.state.locations, scene.horizon)
        events = self._events(esis, kinds, held, scene)
        audited, due = df_audit.detect(events, owners, scene.settings, scene.now)
        kept = {} if esis is None or self._due is None else self._due
        self._due = {esi: when for esi, when in kept.items() if esi not in events} | due
        declared = self._state.of("declared", esis)
        parts = [
            segments.detect(held, shown, owners, scene.now, declared=declared, behind=behind),
            es_routes.detect(kinds, owners, behind),
            audited,
            df_agreement.detect(events, owners),
            es_aliasing.detect(events),
            es_collisions.detect(events, owners),
        ]
        return pl.concat([pl.DataFrame(schema=FINDING), *parts])

    def _events(self, esis: set[str] | None, kinds: pl.DataFrame, held: pl.DataFrame, scene: Scene) -> Events:
        tables = {
            name: self._state.of(name, esis)
            for name in ("said", "own", "configured", "claims", "aliased", "declared")
        }
        present = kinds.with_columns(value=~pl.col("value"))
        election = tables["said"].filter(pl.col("field") == "election")
        waits = tables["configured"].filter(pl.col("field") == "df_wait_s")
        devices = pl.concat(
            [tables[name].select("esi", "device") for name in ("own", "configured", "claims", "aliased")]
        )
        of_devices = devices.unique()

        def of(kind: str) -> pl.DataFrame:
            told = present.filter(pl.col("kind") == kind)
            return changes(told, ["esi", "pe"], ["value"])

        heard = changes(
            present.filter(pl.col("kind") != "mac"), ["esi", "pe", "kind"], ["fresh", "known"]
        ).with_columns(value=pl.concat_list("fresh", "known"))

        def beside(timeline: pl.DataFrame) -> pl.DataFrame:
            return of_devices.join(timeline, on="device")

        return gather(
            set(held["esi"].to_list()) | set(devices["esi"].to_list()),
            {
                "serves": (of("segment"), ["pe"]),
                "announces": (of("ad_per_es"), ["pe"]),
                "observers": (heard, ["pe", "kind"]),
                "election": (election, ["pe"]),
                "said": (tables["said"], ["pe", "field"]),
                "address": (tables["own"], ["device"]),
                "claims": (tables["claims"], ["device", "domain"]),
                "sees": (beside(scene.fresh("es")), ["device"]),
                "joins": (beside(scene.fresh("lacp")), ["device"]),
                "hears": (beside(scene.fresh("routes")), ["device"]),
                "wait": (waits, ["device", "name"]),
                "configured": (tables["configured"], ["device", "field", "name"]),
                "aliases": (tables["aliased"], ["device", "pe", "domain"]),
                "floods": (beside(self._state.tables["flooded"].timeline()), ["device", "domain"]),
                "partner": (
                    beside(self._state.tables["partners"].timeline()), ["device", "interface", "member"]
                ),
                "place": (beside(self._state.tables["places"].timeline()), ["device", "what"]),
                "declared": (tables["declared"], []),
            },
        )  # fmt: skip

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **self._state.dump(horizon - 1),
            "behind": self._behind.dump(horizon),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._state.load(frames)
        self._behind.load(frames["behind"])
        self._told.frame = frames["told"]
