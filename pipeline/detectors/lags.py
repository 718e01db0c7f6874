"""Aggregated links that lost members (rule L2).

A member forwards while it is in sync, collecting and distributing (IEEE 802.1AX, openconfig-lacp). The rule
holds while fewer members forward than are expected: those that did, or as many as are declared (from
the next change of the aggregate on); a member that was lost for seven days has left for good. It is critical
below the members that the aggregate needs to be up (``min-links`` of openconfig-if-aggregate, one unless told
otherwise). An aggregate of a single-active Ethernet segment with no member forwarding is standby, which is no
fault (RFC 7432, section 14.1.1). What one is that has no member when its device is
heard again is not known for 185 s: devices that boot hold host ports down for a while (180 s in FRRouting).

Subject: device, interface (the aggregate). Look first at the lost member's port and at its LACP partner.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records, us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.expected import BAD, GOOD, MEMORY, Expected, lost_then
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.sight import beside, verdict
from pipeline.detectors.standby import StandbyLegs
from pipeline.detectors.timeline import PLACE, StepTable, changes, counts, telling
from pipeline.detectors.told import Told

RULES: Final = catalogue(Rule("L2", "LAG_DEGRADED", "lag", rank=1, wait=timedelta(seconds=5)))
HOLD: Final = timedelta(seconds=185)
"""FRRouting's startup delay is 180 s; LACP needs a moment then."""
_FOUND: Final = f"{BAD}found"
"""Not forwarding, as a dump tells it."""
_LAG: Final = ["device", "interface"]


class Lags:
    """Members of all aggregates, and rule L2."""

    def __init__(self) -> None:
        self._members = Expected([*_LAG, "member"])
        self._needed = StepTable(_LAG, pl.Int64)
        self._single_active = StandbyLegs()
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._members.settle(scene.horizon - 1)
        news = self._take(applied)
        if news:
            self._needed.settle(scene.horizon - 1)
        self._single_active.settle(scene.horizon - 1)
        due = self._members.due(scene.horizon, scene.now) or self._hold_ends(scene.horizon, scene.now)
        if not (news or scene.fresh_news or scene.roles_news or due):
            return nothing()
        members = self._members.timeline(_LAG, scene.horizon, scene.now)
        found = detect(
            members,
            {
                "needed": self._needed.timeline(),
                "single": self._single_active.timeline(),
                "held": _holds(members, scene.now),
            },
            scene.fresh("lacp"),
            scene.declared.lag_members_of,
        )
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "members": self._members.dump(horizon - 1),
            "needed": self._needed.dump(horizon - 1),
            "standby": self._single_active.dump(horizon - 1),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._members.table.rows, self._needed.rows = frames["members"], frames["needed"]
        self._single_active.load(frames["standby"])
        self._told.frame = frames["told"]

    def _take(self, applied: Applied) -> bool:
        """Remember members, what aggregates need, and which may stand by; return whether that is news."""
        news = False
        for changed, take in (
            (applied.changes["lacp_member"], self._take_members),
            (applied.changes["link"], self._take_needed),
            (applied.changes["ethernet_segment"], self._single_active.take),
        ):
            news |= bool(len(changed)) and take(changed, applied.records)
        return news

    def _hold_ends(self, since: int, now: int) -> bool:
        begun = pl.col("time").is_between(since - us(HOLD), now - us(HOLD))
        return _FOUND in self._members.table.rows.filter(begun)["value"]

    def _take_members(self, members: Changes, records: Records) -> bool:
        parts = [equals(members.after["synchronization"], "IN_SYNC")]
        for leaf in ("collecting", "distributing"):
            values, known = members.after[leaf]
            parts.append(pl.select(pl.when(pl.Series(known)).then(pl.Series(values))).to_series())
        forwards = parts[0] & parts[1] & parts[2]
        gone = pl.Series(~members.exists)
        bad = (
            pl.when(pl.Series(records.take("dump", members.record)))
            .then(pl.lit(_FOUND))
            .otherwise(pl.lit(BAD))
        )
        value = pl.select(pl.when(gone | ~forwards).then(bad).when(forwards).then(pl.lit(GOOD)))
        keys = {"device": "device", "interface": "interface", "member": "member"}
        every = pl.int_range(len(members), eager=True)
        return self._members.add(transitions(members, records, keys, value.to_series(), every))

    def _take_needed(self, links: Changes, records: Records) -> bool:
        (values, known), before = links.after["min_links"], links.before["min_links"]
        rows = pl.Series((known != before.known) | (known & (values != before.values))).arg_true()
        if rows.is_empty():
            return False
        needed = pl.select(pl.when(pl.Series(known)).then(pl.Series(values).cast(pl.Int64))).to_series()
        keys = {"device": "device", "interface": "interface"}
        self._needed.add(transitions(links, records, keys, needed, rows))
        return True


def detect(
    members: pl.DataFrame,
    lags: Mapping[str, pl.DataFrame],
    fresh: pl.DataFrame,
    declared: Mapping[tuple[str, str], int],
) -> pl.DataFrame:
    """Return one finding per change of the verdict on an aggregate.

    ``members``: timeline per (device, interface, member), whether it forwards; null: not expected any more.
    ``lags``: timelines per (device, interface): ``needed``, the members it needs to be up; ``single``,
    whether its Ethernet segment is single-active; ``held``, whether its device may still boot. ``fresh``:
    timeline per device. ``declared``: members expected by operators.
    """
    tally = counts(members, _LAG, forwarding=pl.col("value"), lost=~pl.col("value"))
    timelines = [(timeline, _LAG, name) for name, timeline in lags.items()]
    states = beside(tally, _LAG, *timelines, (fresh, ["device"], "fresh"))
    wanted = pl.DataFrame(
        [(*lag, count) for lag, count in declared.items()],
        schema={"device": pl.String, "interface": pl.String, "declared": pl.Int64},
        orient="row",
    )
    states = states.join(wanted, on=_LAG, how="left", maintain_order="left").with_columns(
        needed=pl.col("needed").fill_null(1),
        expected=pl.max_horizontal(pl.col("forwarding") + pl.col("lost"), "declared"),
    )
    down = (pl.col("forwarding") < pl.col("needed")) & (pl.col("expected") > 0)
    none = pl.col("forwarding") == 0
    standby = pl.col("single").fill_null(value=False) & none
    boots = pl.col("held").fill_null(value=False) & none
    degraded = ((pl.col("forwarding") < pl.col("expected")) | down) & ~standby
    verdicts = changes(
        states.with_columns(active=pl.when(~boots).then(verdict(degraded))),
        _LAG,
        ["forwarding", "lost", "needed", "active"],
    )
    told = lost_then(telling(verdicts, _LAG), members, _LAG, "member")
    lag = pl.format("LAG {} of {}", "interface", "device")
    lost_names = pl.col("lost_names").fill_null("none known")
    return findings(
        told.with_columns(
            rule=pl.lit("L2"),
            severity=pl.when(down).then(pl.lit("critical")).otherwise(pl.lit("warning")),
            coverage=pl.when("fresh").then(1.0).otherwise(0.0),
            summary=pl.when(pl.col("active").is_null() & boots & pl.col("fresh"))
            .then(pl.format("{} has no member forwarding; its device may still boot", lag))
            .when(pl.col("active").is_null())
            .then(pl.format("{} can't be told: nobody hears of its members, {} were lost", lag, "lost"))
            .when(pl.col("active") & down)
            .then(
                pl.format(
                    "{} is down: {} of its {} members forward, it needs {}; lost: {}",
                    lag, "forwarding", "expected", "needed", lost_names,
                )
            )
            .when("active")
            .then(
                pl.format(
                    "{} has lost members: {} of {} forward; lost: {}",
                    lag, "forwarding", "expected", lost_names,
                )
            )
            .when(standby)
            .then(pl.format("{} is standby: its Ethernet segment is single-active", lag))
            .when(pl.col("expected") == 0)
            .then(pl.format("{} is given up: no member forwarded for {} days", lag, pl.lit(MEMORY.days)))
            .otherwise(pl.format("All {} members expected of {} forward", "expected", lag)),
            evidence=pl.struct("forwarding", "expected", "needed", "lost", "lost_names",
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _holds(members: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return a timeline per aggregate: its members were found down when the device was heard again."""
    began = members.filter(pl.col("with said") == _FOUND[1:]).select(*_LAG, *PLACE)
    over = began.with_columns(time=pl.col("time") + us(HOLD), now=pl.col("time") + us(HOLD))
    return pl.concat(
        [
            began.with_columns(value=pl.lit(value=True)),
            over.filter(pl.col("time") <= now).with_columns(value=pl.lit(value=False)),
        ]
    ).sort(*_LAG, "time", "offset", "index")
