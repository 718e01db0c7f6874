"""Aggregated links that lead to somebody else than before, or to two at once (rule L3).

Members of one aggregate have one partner, told by its system id and key (IEEE 802.1AX, section 6.3; leaves
``partner-id`` and ``partner-key`` of openconfig-lacp). The rule holds while a member has another partner than
the aggregate had before: a cable in the wrong port, or a server replaced. The first partner is no change; one
that all members have had for a day is the aggregate's partner from then on. A member without a partner says
nothing.

Subject: device, interface (the aggregate). Look first at where the members named are plugged in.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import transitions
from pipeline.detectors.references import References, identity
from pipeline.detectors.sight import beside, verdict
from pipeline.detectors.text import mac_text
from pipeline.detectors.timeline import changes, counts, telling
from pipeline.detectors.told import Told

RULES: Final = catalogue(Rule("L3", "LACP_PARTNER", "lacp_partner", rank=1))
_LAG: Final = ["device", "interface"]


class LacpPartners:
    """Partners of all members of aggregates, and rule L3."""

    def __init__(self) -> None:
        self._partners = References(_LAG, "member")
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._partners.settle(scene.horizon - 1)
        changed = applied.changes["lacp_member"]
        news = bool(len(changed)) and self._take(changed, applied.records)
        if not (news or scene.fresh_news or self._partners.due(scene.horizon, scene.now)):
            return nothing()
        found = detect(self._partners.timeline(scene.horizon, scene.now), scene.fresh("lacp"))
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {**self._partners.dump(horizon - 1), "told": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._partners.table.rows, self._partners.known = frames["ends"], frames["known"]
        self._told.frame = frames["told"]

    def _take(self, changed: Changes, records: Records) -> bool:
        schema = {"partner_id": pl.UInt64, "partner_key": pl.UInt16}
        columns = {f"{name} {side}": part[name] for name in schema
                   for side, part in (("before", changed.before), ("after", changed.after))}  # fmt: skip
        frame = frame_of(columns, {name: schema[name.split(" ")[0]] for name in columns})
        before, after = (
            frame.select(
                pl.when(pl.col(f"partner_id {side}") > 0)
                .then(
                    identity(
                        mac_text(pl.col(f"partner_id {side}")),
                        pl.col(f"partner_key {side}").cast(pl.String),
                        pl.lit(""),
                    )
                )
                .alias("value")
            )["value"]
            for side in ("before", "after")
        )
        rows = before.ne_missing(after).arg_true()
        if rows.is_empty():
            return False
        keys = {"device": "device", "interface": "interface", "member": "member"}
        self._partners.add(transitions(changed, records, keys, after, rows))
        return True


def detect(members: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per change of the verdict on an aggregate.

    ``members``: see ``References.timeline``. ``fresh``: timeline per device.
    """
    tally = counts(members, _LAG, others=pl.col("value"), same=~pl.col("value"))
    states = beside(tally, _LAG, (fresh, ["device"], "fresh"))
    others, same = pl.col("others"), pl.col("same")
    # while no member has a partner, what was wrong may still be
    states = states.filter((others > 0) | (same > 0)).with_columns(active=verdict(others > 0))
    verdicts = changes(states, _LAG, ["others", "same", "active"])
    told = _with_partners(telling(verdicts, _LAG), members)
    lag = pl.format("LAG {} of {}", "interface", "device")
    return findings(
        told.with_columns(
            rule=pl.lit("L3"),
            severity=pl.lit("warning"),
            coverage=pl.when("fresh").then(1.0).otherwise(0.0),
            summary=pl.when(pl.col("active").is_null())
            .then(pl.format("{}: its partner can't be told, nobody hears of it", lag))
            .when(pl.col("active") & (same > 0))
            .then(
                pl.format(
                    "{} leads to two systems: {} to {}, the others to {} as before",
                    lag, "members", "partners", "before",
                )
            )
            .when("active")
            .then(pl.format("{} leads to {} now, before to {}", lag, "partners", "before"))
            .otherwise(pl.format("{} leads to its partner", lag)),
            evidence=pl.struct(
                "members", "partners", "before",
                members_elsewhere="others", members_as_before="same",
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _with_partners(told: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the members that had another partner then, and who that was and had been before."""
    rows = told.with_row_index("at")

    def system(prefix: str) -> pl.Expr:
        key = pl.col(f"with {prefix}detail")
        told_key = pl.when(key == "").then(pl.lit("")).otherwise(pl.format(", key {}", key))
        return pl.concat_str(f"with {prefix}thing", told_key)

    of_row = (
        rows.select("at", *_LAG, "time")
        .join(members.rename({"time": "since"}), on=_LAG)
        .filter(pl.col("since") <= pl.col("time"))
        .with_columns(partner=system(""), reference=system("ref_"))
        .sort("since", "offset", "index", maintain_order=True)
        .group_by("at", "member")
        .agg(pl.col("value", "partner", "reference", "since").last())
        .sort("at", "member")
        .group_by("at")
        .agg(
            members=pl.col("member").filter("value").str.join(", "),
            partners=pl.col("partner").filter("value").unique(maintain_order=True).str.join(" and "),
            before=pl.col("reference").sort_by("since").last(),
        )
    )
    return rows.join(of_row, on="at", how="left", maintain_order="left").drop("at")
