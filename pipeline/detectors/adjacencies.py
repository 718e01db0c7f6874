"""Adjacencies of the IGP that were lost (rule L5).

In designs whose EVPN sessions run between loopbacks (IBGP over IS-IS or OSPF) a lost adjacency is a lost way,
before any session notices. Healthy is UP in IS-IS and FULL in OSPF; and TWO_WAY between routers of which
neither is elected to speak for a shared network (RFC 2328, section 10.4): the neighbour is then neither its
designated router nor the backup, and there is a designated router at all. What was healthy is expected to
be, until it has been lost for seven days. A device that forgets a neighbour has lost it, too.

Subject: device, interface, peer (system id or router id). Look first whether the interface is up, then at
hellos: MTU, authentication, timers and area or level on both sides.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, Mask, frame_of
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.expected import BAD, GOOD, MEMORY, Expected, lost_then
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.sight import beside, verdict
from pipeline.detectors.timeline import changes, counts, telling
from pipeline.detectors.told import Told
from pipeline.schema import NAME

RULES: Final = catalogue(Rule("L5", "IGP_ADJACENCY_LOSS", "igp", rank=1, wait=timedelta(seconds=3)))
_SUBJECT: Final = ["device", "protocol", "interface", "peer"]
_FAMILIES: Final = {"ISIS": "isis", "OSPF": "ospf"}
"""Protocol to subscription family."""
_NO_ROUTER: Final = "0.0.0.0"  # noqa: S104  RFC 2328, section 9: no designated router, no address to bind


class Adjacencies:
    """All adjacencies that once were healthy, and rule L5."""

    def __init__(self) -> None:
        self._known = Expected([*_SUBJECT, "network_instance", "instance", "area"])
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._known.settle(scene.horizon - 1)
        changed = applied.changes["igp_adjacency"]
        news = bool(len(changed)) and self._take(changed, applied.records)
        if not (news or scene.fresh_news or self._known.due(scene.horizon, scene.now)):
            return nothing()
        adjacencies = self._known.timeline(_SUBJECT, scene.horizon, scene.now)
        fresh = pl.concat(
            [scene.fresh(family).with_columns(protocol=pl.lit(it)) for it, family in _FAMILIES.items()]
        )
        return self._told.revise(detect(adjacencies, fresh), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {"known": self._known.dump(horizon - 1), "told": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._known.table.rows, self._told.frame = frames["known"], frames["told"]

    def _take(self, changed: Changes, records: Records) -> bool:
        leaves = {"state": changed.after["adjacency_state"], "address": changed.after["address"]}
        texts = frame_of(
            {**leaves, "address_v6": changed.after["address_v6"]},
            dict.fromkeys(("state", "address", "address_v6"), NAME),
        ).cast(pl.String)
        said = texts.select(
            pl.when(pl.Series(~changed.exists))
            .then(pl.lit("gone"))
            .otherwise(
                pl.concat_str(
                    "state",
                    pl.coalesce(pl.format(" ({})", "address"), pl.format(" ({})", "address_v6"), pl.lit("")),
                )
            )
            .alias("said")
        )["said"]
        well = _healthy(changed)
        value = pl.select(pl.when(well).then(pl.lit(GOOD) + said).when(~well).then(pl.lit(BAD) + said))
        keys = {name: name for name in ("device", "protocol", "interface", "network_instance", "instance")}
        every = pl.int_range(len(changed), eager=True)
        told = transitions(
            changed, records, {**keys, "area": "area", "peer": "neighbor"}, value.to_series(), every
        )
        return self._known.add(told)


def _healthy(changed: Changes) -> pl.Series:
    """Return which adjacencies are healthy; null where that can't be told."""
    state, neighbor = changed.after["adjacency_state"], changed.keys["neighbor"]
    designated, backup = changed.after["designated_router"], changed.after["backup_designated_router"]
    elected = pl.Series(_same(designated, neighbor) | _same(backup, neighbor))
    none_elected = equals(designated, _NO_ROUTER)
    two_way = equals(state, "TWO_WAY").fill_null(value=False)
    up = equals(state, "UP", "FULL")
    well = pl.select(
        pl.when(pl.Series(~changed.exists))
        .then(pl.lit(value=False))
        .when(~two_way)
        .then(up)
        # without a word on who is elected nobody can tell one that stays there from one that got stuck
        .otherwise(~none_elected & ~elected)
    )
    return well.to_series()


def _same(one: Column, other: Column) -> Mask:
    mask: Mask = one.known & other.known & np.equal(one.values, other.values)
    return mask


def detect(adjacencies: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per change of the verdict on a neighbour.

    ``adjacencies``: timeline per (device, protocol, interface, peer, network_instance, instance, area),
    whether it is healthy, with its state and address as text; null: not expected any more. ``fresh``:
    timeline per (device, protocol).
    """
    tally = counts(adjacencies, _SUBJECT, well=pl.col("value"), lost=~pl.col("value"))
    states = beside(tally, _SUBJECT, (fresh, ["device", "protocol"], "fresh"))
    states = states.with_columns(active=verdict(pl.col("lost") > 0))
    verdicts = changes(states, _SUBJECT, ["well", "lost", "active"])
    told = lost_then(telling(verdicts, _SUBJECT), adjacencies, _SUBJECT, "area")
    protocol = pl.col("protocol").replace({"ISIS": "IS-IS"})
    name = pl.format("{} adjacency of {} on {} with {}", protocol, "device", "interface", "peer")
    areas = pl.format(
        "{} {}", pl.when(pl.col("protocol") == "ISIS").then(pl.lit("level")).otherwise(pl.lit("area")),
        "lost_names",
    )  # fmt: skip
    return findings(
        told.with_columns(
            rule=pl.lit("L5"),
            severity=pl.lit("warning"),
            coverage=pl.when("fresh").then(1.0).otherwise(0.0),
            summary=pl.when("active")
            .then(pl.format("{} is lost in {}: {}", name, areas, pl.col("lost_said").fill_null("gone")))
            .when(pl.col("active").is_null())
            .then(pl.format("{} can't be told: nobody hears of it", name))
            .when((pl.col("well") == 0) & (pl.col("lost") == 0))
            .then(pl.format("{} is given up: lost for {} days", name, pl.lit(MEMORY.days)))
            .otherwise(pl.format("{} is healthy", name)),
            evidence=pl.struct(
                "protocol", state="lost_said", areas_lost="lost_names", well="well", lost="lost",
                ruled_out=pl.concat_list(
                    pl.lit("two routers that stay two-way on a shared network: this state is none of that")
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip
