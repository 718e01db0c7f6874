"""MACs that move: single moves, flaps, duplicates, and moves nobody saw (rules M1, M2, M3, M12).

RFC 7432, section 15: a move is a MAC seen on another Ethernet segment with a newer sequence number; section
15.1 calls it a duplicate after N = 5 moves within M = 180 s. A sequence number that rises by n says that n
moves happened, seen or not; they count as moves where the MAC was seen at two places or more within the
window, else they are evidence for M12.

A migration of a virtual machine moves its MAC up to six times within seconds (Juniper KB35676), so moves come
in bursts: moves less than 30 s apart. A burst that is over counts as one move if it looks like a migration:
10 s or less, up to six moves, not just there and back. Any other counts in full; a burst that goes on counts
as one until it lasts longer than 10 s. For M12 one jump of the number is excused as such a burst, unless it
happened while the observer was blind for longer than a burst. Windows are half open, (t - 180 s, t].

Subject: vni or evi, mac. Look first at the ports behind the two locations.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.text import domain_text, mac_text, random_mac
from pipeline.detectors.timeline import changes, counts

WINDOW: Final = timedelta(seconds=180)
DUPLICATE_MOVES: Final = 5
FLAP_WINDOW: Final = timedelta(seconds=60)
FLAP_MOVES: Final = 3
BURST: Final = timedelta(seconds=10)
STILL: Final = timedelta(seconds=30)
UNSEEN_MOVES: Final = 5
"""M12 fires above this many moves in the window."""
MIGRATION_MOVES: Final = 6
"""Moves that one migration may show (Juniper KB35676)."""
_THERE_AND_BACK: Final = 2
KEPT: Final = WINDOW + STILL + BURST + timedelta(seconds=10)
"""How long steps are of use: the window, the burst before it, and the lateness."""

RULES: Final = catalogue(
    Rule("M1", "MAC_MOVE", "mobility", rank=0, clear=WINDOW, momentary=True),
    Rule("M3", "MAC_FLAP", "mobility", rank=1, clear=WINDOW, momentary=True),
    Rule("M12", "SEQ_RATE", "mobility", rank=2, clear=WINDOW, momentary=True),
    Rule("M2", "MAC_DUPLICATE", "mobility", rank=3, clear=WINDOW, momentary=True),
)


def detect(steps: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per step that is a move or shows moves: the strongest rule that holds there.

    ``steps``: all kept steps (``pipeline.apply.mac_location.STEP_FRAME``) of the MACs concerned, with their
    keys (vni, evi, mac) and the names of their locations.
    """
    moves = _moves(steps)
    if moves.is_empty():
        return findings(pl.DataFrame(schema={"rule": pl.String}))
    return findings(_say(_judge(_count(_bursts(moves)))))


def blindness(fresh: pl.DataFrame) -> pl.DataFrame:
    """Return findings without a subject, for all MACs: nobody sees routes any more, or somebody does again.

    While nobody does, that no move is seen says nothing. ``fresh``: timeline per device that tells routes.
    """
    seen = pl.col("value").fill_null(value=False)
    states = counts(fresh.with_columns(all=pl.lit("")), ["all"], fresh=seen, known=pl.lit(value=True))
    told = changes(states.with_columns(blind=pl.col("fresh") == 0), ["all"], ["blind"])
    return findings(
        told.filter(pl.int_range(pl.len()) > 0).with_columns(
            rule=pl.lit("M1"),
            severity=pl.lit("info"),
            active=pl.when(~pl.col("blind")).then(pl.lit(value=False)),
            coverage=pl.when("blind").then(0.0).otherwise(pl.col("fresh") / pl.col("known")),
            summary=pl.when("blind")
            .then(pl.format("Nobody of {} observers sees routes", "known"))
            .otherwise(pl.format("{} of {} observers see routes again", "fresh", "known")),
            evidence=pl.struct(fresh_observers="fresh", observers="known").struct.json_encode(),
        )
    )


def _moves(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the steps with a newer sequence number than the MAC ever had: ``newer`` moves each.

    A winner that only comes back, after a withdraw or a stale claim, brings no new number and has not moved.
    """
    newer = (pl.col("seq") - pl.col("old_top")) % 2**32
    sequenced = pl.col("old_known") & pl.col("found") & ~pl.col("sticky") & ~pl.col("old_sticky")
    elsewhere = pl.col("location") != pl.col("old_location")
    # without a number after a withdraw the MAC's life begins anew: no wrap, however high the number was
    reborn = ~pl.col("old_found") & (pl.col("seq") == 0)
    return (
        steps.with_columns(pl.col("seq", "old_seq", "old_top").cast(pl.Int64))
        .with_columns(newer=newer)
        .filter(sequenced & ~reborn & ~pl.col("late") & pl.col("newer").is_between(1, 2**31 - 1))
        .with_columns(
            live=~pl.col("dump"),
            move=elsewhere & ~pl.col("dump"),
            at=pl.from_epoch("time", time_unit="us"),
        )
        .sort("key", "time", "observer", "offset", "index")
    )


def _bursts(moves: pl.DataFrame) -> pl.DataFrame:
    """Number the bursts of each MAC; a move knows when its burst began and whether the burst became long."""
    gap = pl.col("at").diff().over("key")
    age = pl.col("at") - pl.col("at").first().over("burst")
    back = pl.col("old_name").first().over("burst") == pl.col("name").last().over("burst")
    return (
        moves.with_columns(burst=(gap.is_null() | (gap >= STILL)).cum_sum())
        # older steps are forgotten: nothing may depend on when
        .with_columns(age=pl.min_horizontal(age, pl.lit(WINDOW)))
        .with_columns(
            last=pl.int_range(pl.len()).over("burst") == pl.len().over("burst") - 1,
            moves=pl.when("live").then("newer").otherwise(0),
        )
        .with_columns(all_moves=pl.col("moves").sum().over("burst"))
        .with_columns(
            long=(pl.col("age").max().over("burst") > BURST)
            | (pl.col("all_moves") > MIGRATION_MOVES)
            | (back & (pl.col("all_moves") == _THERE_AND_BACK))
        )
        .with_columns(
            counted=pl.when("long").then("moves").otherwise((pl.col("last") & pl.col("live")).cast(pl.Int64)),
            single=(pl.col("live") & (pl.col("newer") == 1)).cast(pl.Int64),
            jump=pl.when(pl.col("live") & (pl.col("newer") > 1)).then("newer").otherwise(0),
        )
        .with_columns(
            counted_single=pl.when("long").then("single").otherwise(pl.col("single") * pl.col("last"))
        )
    )


def _count(moves: pl.DataFrame) -> pl.DataFrame:
    """Count, at each move, the moves of the windows that end there."""

    def counted(each: str, settled: str, window: timedelta) -> pl.Expr:
        """Sum settled bursts, and of the burst that goes on each move if it is long by now, else one."""
        before = _sum(settled, window, "key") - _sum(settled, window, "key", "burst")
        whole = _sum(each, window, "key", "burst")
        return before + pl.when(pl.col("age") > BURST).then(whole).otherwise(pl.min_horizontal(whole, 1))

    def if_seen_elsewhere(count: pl.Expr, window: timedelta) -> pl.Expr:
        return pl.when(_sum("move", window, "key") > 0).then(count).otherwise(0)

    # a dump shows the moves since the observer was last heard: those of the last 180 s are a share of them
    blind = pl.col("time") - pl.col("known_until")
    heard = pl.col("known_until") > 0
    long_blind = pl.col("dump") & heard & (blind > BURST // timedelta(microseconds=1))
    share = pl.min_horizontal((WINDOW // timedelta(microseconds=1)) / blind, 1.0)
    return moves.with_columns(
        in_window=if_seen_elsewhere(counted("moves", "counted", WINDOW), WINDOW),
        in_flap_window=if_seen_elsewhere(counted("moves", "counted", FLAP_WINDOW), FLAP_WINDOW),
        missed=pl.when(long_blind).then(pl.col("newer") * share).otherwise(0.0),
        began=pl.when(long_blind).then(pl.from_epoch("known_until", time_unit="us")).otherwise("at"),
    ).with_columns(
        shown=counted("single", "counted_single", WINDOW)
        + _sum("jump", WINDOW, "key")
        - pl.col("jump").rolling_max_by("at", WINDOW).over("key").sub(1).clip(0, MIGRATION_MOVES - 1)
        + _sum("missed", WINDOW, "key"),
        span=pl.col("at") - pl.col("began").rolling_min_by("at", WINDOW).over("key"),
        places=pl.concat_list(_before(2), _before(1), "old_name", "name")
        .list.drop_nulls()
        .list.unique()
        .list.sort(),
    )


def _before(steps: int) -> pl.Expr:
    recent = pl.col("at") - pl.col("at").shift(steps).over("key") < WINDOW
    return pl.when(recent).then(pl.col("old_name").shift(steps).over("key"))


def _sum(column: str, window: timedelta, *over: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).rolling_sum_by("at", window_size=window, closed="right").over(over)


def _judge(moves: pl.DataFrame) -> pl.DataFrame:
    live = pl.col("live")
    return moves.with_columns(
        rule=pl.when(live & (pl.col("in_window") >= DUPLICATE_MOVES))
        .then(pl.lit("M2"))
        .when((pl.col("shown") > UNSEEN_MOVES) & (pl.col("span") > BURST))
        .then(pl.lit("M12"))
        .when(live & (pl.col("in_flap_window") >= FLAP_MOVES))
        .then(pl.lit("M3"))
        .when("move")
        .then(pl.lit("M1"))
    ).filter(pl.col("rule").is_not_null())


def _say(moves: pl.DataFrame) -> pl.DataFrame:
    rule = pl.col("rule")
    mac, domain = mac_text(pl.col("mac")), domain_text()
    between = pl.col("places").list.join(" and ")
    count = pl.when(rule == "M3").then("in_flap_window").otherwise("in_window").cast(pl.Int64)
    window = pl.when(rule == "M3").then(FLAP_WINDOW.seconds).otherwise(WINDOW.seconds)
    flaps = pl.format(
        "MAC {} in {} moved {} times within {} s between {}; its sequence number rose to {}",
        mac, domain, count, window, between, "seq",
    )  # fmt: skip
    unseen = pl.format(
        "MAC {} in {}: its sequence number rose by {} within {} s, to {}; last seen at {}",
        mac, domain, pl.col("shown").round().cast(pl.Int64), window, "seq", "name",
    )  # fmt: skip
    single = pl.format(
        "MAC {} in {} moved from {} to {}, sequence number {}", mac, domain, "old_name", "name", "seq"
    )
    return moves.with_columns(
        severity=rule.replace_strict({"M1": "info", "M3": "warning", "M12": "warning", "M2": "critical"}),
        active=pl.lit(value=True),
        summary=pl.when(rule == "M1").then(single).when(rule == "M12").then(unseen).otherwise(flaps),
        evidence=pl.struct(
            moves=count, window_s=window, from_location="old_name", to_location="name",
            old_sequence="old_seq", sequence="seq", burst_s=pl.col("age").dt.total_milliseconds() / 1000,
            random_mac=random_mac(pl.col("mac")),
        ).struct.json_encode(),
    )  # fmt: skip
