"""Claims that contradict each other for longer than a move takes (rules M8, M9, M10).

M8: two routes for one MAC with the same sequence number from different places, both held by one device for
10 s. RFC 7432, section 15: the lowest PE address wins, and the other PE must withdraw.

M9: a route with an older number is still held 30 s after a newer one from another place came. Section 15: it
must be withdrawn. FRRouting issue 10468: a move with a lower number is ignored and frames go to the old VTEP.

M10: the number fell, the route with the higher one is gone, but a device's table still has the higher one for
10 s: it ignores the new route and sends frames to where nobody is. FRRouting issue 9327: after a restart
"ignore ... seq 3 as existing has higher seq 7".

Not of these: sticky routes (they carry no number), two PEs of one segment, two addresses of one device, MACs
of routers, next hops that a spine put into routes (V3). Each device is judged by what it held itself; blind
devices don't count. A MAC that is claimed for two places for less than 3 s only moves.

One incident per MAC, of the strongest rule. It clears 5 s after no fresh device holds both claims. Subject:
vni or evi, mac. Look first at the PE that should have withdrawn.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.records import us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.contests import PASSING, ROUTE, TABLE, Contests, newer
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.settings import Parameter, Settings, parameters
from pipeline.detectors.text import domain_text, mac_text, random_mac
from pipeline.detectors.timeline import PLACE, align, changes, counts, telling
from pipeline.detectors.told import Told

RULES: Final = catalogue(
    Rule("M9", "STALE_ROUTE", "claims", rank=1),
    Rule("M8", "SEQ_TIE", "claims", rank=2),
    Rule("M10", "STUCK_HIGH_SEQ", "claims", rank=3),
)
PARAMETERS: Final = parameters(
    Parameter("M8", "held_s", 10, "s", 5, 3600, per_vni=True),
    Parameter("M9", "held_s", 30, "s", 5, 3600, per_vni=True),
    Parameter("M10", "held_s", 10, "s", 5, 3600, per_vni=True),
)
_TIE, _STALE, _STUCK = PARAMETERS
_SECOND: Final = 1_000_000
_NO_MOVE: Final = "a move under way: it would have been over"
_MAC: Final = ["vni", "evi", "mac"]


class StaleClaims:
    """MACs in dispute, and what was told of them."""

    def __init__(self) -> None:
        self._contests = Contests()
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene, addresses: pl.DataFrame, routers: pl.DataFrame) -> Judged:
        """Take a batch; return what it adds and takes back. ``addresses``, ``routers``: see ``known``."""
        if not self._contests.take(applied, scene) and self._told.frame.is_empty():
            return nothing()
        pairs = disputes(self._contests.pieces(), self._contests.runs(scene.now), scene.settings, scene.now)
        # of a pair of places one of which a device on the way put there, nobody has to withdraw
        rewritten = pl.any_horizontal(pl.col("vtep", "stale_vtep").is_in(sorted(scene.roles.transit)))
        kept = pairs.filter(~_one_device(pairs, addresses) & ~rewritten.fill_null(value=False))
        kept = kept.join(routers.select("mac"), on="mac", how="anti")
        found = detect(kept, scene.fresh("routes"), scene.roles.owners)
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {**self._contests.dump(now), "told_claims": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._contests.load(frames)
        self._told.frame = frames["told_claims"]


def disputes(pieces: pl.DataFrame, runs: pl.DataFrame, settings: Settings, now: int) -> pl.DataFrame:
    """Return one row per pair of claims that a device held for too long: ``rule``, ``from``, ``to``.

    ``pieces``, ``runs``: see ``pipeline.detectors.contests``. ``stale_*`` is the claim that should be gone.
    """
    routes = pieces.filter((pl.col("source") == ROUTE) & ~pl.col("sticky"))
    tables = pieces.filter((pl.col("source") == TABLE) & ~pl.col("sticky"))
    device = ["key", "device"]
    elsewhere = (pl.col("location") != pl.col("location_right")) & (pl.col("vtep") != pl.col("vtep_right"))
    both = routes.join(routes, on=device).filter(elsewhere)
    same, first = pl.col("seq") == pl.col("seq_right"), pl.col("vtep") < pl.col("vtep_right")
    # the left one is the one that holds, the right one should be gone
    held = both.filter((same & first) | newer(pl.col("seq"), pl.col("seq_right"))).with_columns(
        rule=pl.when(same).then(pl.lit("M8")).otherwise(pl.lit("M9"))
    )
    ahead = routes.join(tables, on=device).filter(newer(pl.col("seq_right"), pl.col("seq")))
    pairs = pl.concat([held, _unexplained(ahead, routes).with_columns(rule=pl.lit("M10"))])
    limit = (
        pl.when(pl.col("rule") == "M8")
        .then(settings.limit(_TIE, pairs.columns))
        .when(pl.col("rule") == "M9")
        .then(settings.limit(_STALE, pairs.columns))
        .otherwise(settings.limit(_STUCK, pairs.columns))
    )
    # a dispute that lasts is counted from its beginning, whichever of its claims came within its first 3 s
    known = pl.col("start") + us(PASSING)
    together = pairs.join(runs, on="key").with_columns(
        begun=pl.max_horizontal("since", "since_right", known),
        to=pl.min_horizontal("until", "until_right", "end"),
    )
    told = together.with_columns(
        (pl.col("begun") - us(PASSING) + (limit * _SECOND).cast(pl.Int64)).alias("from")
    ).filter((pl.col("from") <= now) & (pl.col("to").is_null() | (pl.col("to") > pl.col("from"))))
    at_first = pl.max_horizontal("since", "since_right") <= known
    later = pl.col("since") >= pl.col("since_right")
    return told.select(
        *_MAC, "device", "rule", "from", "to", "seq", "vtep", "location",
        stale_seq="seq_right", stale_vtep="vtep_right", stale_location="location_right",
        pair=pl.format("{} {} {}", "row", "source_right", "row_right"),
        offset=pl.when(at_first).then("start_offset").when(later).then("offset").otherwise("offset_right"),
        index=pl.when(at_first).then("start_index").when(later).then("index").otherwise("index_right"),
        end_offset=_ended_by("over_offset", "end_offset", "end_offset_right"),
        end_index=_ended_by("over_index", "end_index", "end_index_right"),
        held_s=(limit).cast(pl.Int64),
    )  # fmt: skip


def _ended_by(dispute: str, holds: str, stale: str) -> pl.Expr:
    """Return the place of what ended a pair first: the dispute itself, or one of its claims."""
    return (
        pl.when(pl.col("end") == pl.col("to"))
        .then(dispute)
        .when(pl.col("until") == pl.col("to"))
        .then(holds)
        .otherwise(stale)
    )


def _unexplained(ahead: pl.DataFrame, routes: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of a route and a table that is ahead, from when no route of that number is held."""
    pairs = ahead.with_row_index("ahead")
    explaining = (
        pairs.select("ahead", "key", "device", "seq_right", "since", "since_right")
        .join(routes.select("key", "device", held="seq", held_until="until"), on=["key", "device"])
        .filter(~newer(pl.col("seq_right"), pl.col("held")))
        .group_by("ahead")
        .agg(still=pl.col("held_until").is_null().any(), explained=pl.col("held_until").max())
    )
    return (
        pairs.join(explaining, on="ahead", how="left")
        .filter(~pl.col("still").fill_null(value=False))
        .with_columns(since_right=pl.max_horizontal("since_right", "explained"))
        .drop("ahead", "still", "explained")
    )


def detect(pairs: pl.DataFrame, fresh: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    """Return one finding per change of what the fresh devices hold of a MAC in dispute.

    ``pairs``: as ``disputes`` tells them. ``fresh``: timeline per device that tells routes.
    """
    begins = pairs.select(
        *_MAC, "device", "pair", "rule", "offset", "index", time="from", now="from", value=pl.lit(value=True)
    )
    ends = pairs.filter(pl.col("to").is_not_null()).select(
        *_MAC, "device", "pair", "rule", time="to", offset="end_offset", index="end_index", now="to",
        value=pl.lit(value=False),
    )  # fmt: skip
    units = pl.concat([begins, ends.select(begins.columns)]).select(
        *_MAC, "device", "pair", "rule", *PLACE, "value"
    )
    rules = {rule: pl.col("value") & (pl.col("rule") == rule) for rule in RULES}
    devices = counts(units, [*_MAC, "device"], **rules).select(
        *_MAC, "device", *PLACE,
        *((pl.col(rule) > 0).alias(f"with {rule}") for rule in RULES),
        value=pl.any_horizontal(pl.col(rule) > 0 for rule in RULES),
    )  # fmt: skip
    together = align(devices, fresh, ["device"], "with fresh")
    sees, has_said = pl.col("with fresh").fill_null(value=False), pl.col("value").is_not_null()
    states = counts(
        together,
        _MAC,
        yes=pl.col("value") & sees,
        fresh=has_said & sees,
        stale_yes=pl.col("value") & ~sees,
        known=has_said,
        **{rule: pl.col(f"with {rule}") & sees for rule in RULES},
    ).filter(pl.col("known") > 0)
    judged = states.with_columns(
        active=pl.when(pl.col("yes") > 0)
        .then(pl.lit(value=True))
        .when(pl.col("stale_yes") == 0)
        .then(pl.lit(value=False)),
        coverage=pl.col("fresh") / pl.col("known"),
        rule=pl.when(pl.col("M10") > 0)
        .then(pl.lit("M10"))
        .when(pl.col("M8") > 0)
        .then(pl.lit("M8"))
        .otherwise(pl.lit("M9")),
    )
    told = telling(changes(judged, _MAC, ["active", "rule", "yes"]), _MAC)
    return findings(_say(told, pairs, owners))


def _say(told: pl.DataFrame, pairs: pl.DataFrame, owners: Mapping[str, str]) -> pl.DataFrame:
    named = {
        column: pl.coalesce(
            pl.format(
                "{} ({})",
                pl.col(column).replace_strict(dict(owners), default=None, return_dtype=pl.String),
                column,
            ),
            column,
        )
        for column in ("vtep", "stale_vtep")
    } if owners else {column: pl.col(column) for column in ("vtep", "stale_vtep")}  # fmt: skip
    held = told.with_row_index("told").join(
        pairs.drop("offset", "index", "end_offset", "end_index", "pair"), on=[*_MAC, "rule"], nulls_equal=True
    )
    one = (
        held.filter(
            (pl.col("from") <= pl.col("time")) & (pl.col("to").is_null() | (pl.col("to") > pl.col("time")))
        )
        .with_columns(**named)
        .sort("told", "device", "stale_vtep", "vtep", "stale_seq", "seq")
        .group_by("told", maintain_order=True)
        .agg(
            pl.col("vtep", "stale_vtep", "seq", "stale_seq", "held_s").first(),
            holders=pl.col("device").unique().sort(),
        )
    )
    rows = told.with_row_index("told").join(one, on="told", how="left", maintain_order="left")
    rule, mac, domain = pl.col("rule"), mac_text(pl.col("mac")), domain_text()
    summary = (
        pl.when(~pl.col("active").fill_null(value=False))
        .then(pl.format("MAC {} in {} is claimed for one place by one number", mac, domain))
        .when(rule == "M8")
        .then(
            pl.format(
                "MAC {} in {} is claimed by {} and by {} with one sequence number, {}, for {} s: one of "
                "them has to withdraw",
                mac, domain, "vtep", "stale_vtep", "seq", "held_s",
            )
        )
        .when(rule == "M9")
        .then(
            pl.format(
                "MAC {} in {} is at {} (sequence number {}), but {} still claims it with {}, for {} s: it "
                "should have withdrawn",
                mac, domain, "vtep", "seq", "stale_vtep", "stale_seq", "held_s",
            )
        )
        .otherwise(
            pl.format(
                "MAC {} in {} is announced anew by {} with sequence number {}, but tables still have {}, for "
                "{} s: frames to it go to where it was before",
                mac, domain, "vtep", "seq", "stale_seq", "held_s",
            )
        )
    )  # fmt: skip
    return rows.with_columns(
        severity=pl.when(rule == "M10").then(pl.lit("critical")).otherwise(pl.lit("warning")),
        summary=summary,
        evidence=pl.struct(
            claimed_by="vtep", sequence="seq", stale_claim_by="stale_vtep", stale_sequence="stale_seq",
            held_s="held_s", held_by="holders", fresh_observers="fresh", observers="known",
            random_mac=random_mac(pl.col("mac")),
            ruled_out=pl.when(pl.col("stale_vtep").is_not_null())
            .then(pl.lit([_NO_MOVE, "multihoming: the places are not one segment"]))
            .otherwise(pl.lit([_NO_MOVE])),
        ).struct.json_encode(),
    ).drop("vtep")  # fmt: skip  # the subject is the MAC, wherever it is claimed


def _one_device(pairs: pl.DataFrame, addresses: pl.DataFrame) -> pl.Series:
    """Return whether the two claims are of two addresses of one device."""
    mine = addresses.group_by("address").agg(devices=pl.col("device").unique())
    sides = (
        pairs.select("vtep", "stale_vtep")
        .join(mine, left_on="vtep", right_on="address", how="left", maintain_order="left")
        .join(
            mine.rename({"devices": "stale_devices"}),
            left_on="stale_vtep", right_on="address", how="left", maintain_order="left",
        )
    )  # fmt: skip
    shared = pl.col("devices").list.set_intersection("stale_devices").list.len() > 0
    return sides.select(shared.fill_null(value=False)).to_series()
