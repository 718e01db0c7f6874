"""MACs that move: single moves, flaps, duplicates, ping-pong, and moves nobody saw (M1, M2, M3, M4, M12).

RFC 7432, section 15: a move is a MAC seen on another Ethernet segment with a newer sequence number; section
15.1 calls it a duplicate after N = 5 moves within M = 180 s. A sequence number that rises by n says that n
moves happened, seen or not; they count as moves where the MAC was seen at two places or more within the
window, else they are evidence for M12.

Moves come in bursts, see ``pipeline.detectors.moves``. A burst that is over counts as one move if it looks
like a migration; any other counts in full; a burst that goes on counts as one until it lasts longer than
10 s. For M12 one jump of the number is excused as such a burst, unless it has more moves than any migration,
or happened while the observer was blind for longer than a burst. Windows are half open, (t - 180 s, t].

M4 (info): the last four moves, within the window but spread over more than one burst, go A-B-A-B between two
places: what a duplicate host or a loop does, and a chain of migrations doesn't.

Subject: vni or evi, mac. Look first at the ports behind the two locations.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.moves import WINDOW, Limits
from pipeline.detectors.text import domain_text, mac_text, random_mac
from pipeline.detectors.timeline import changes, counts
from pipeline.detectors.windows import Windows

RULES: Final = catalogue(
    Rule("M1", "MAC_MOVE", "mobility", rank=0, clear=WINDOW, momentary=True),
    Rule("M4", "PING_PONG", "pattern", rank=0, clear=WINDOW, momentary=True),
    Rule("M3", "MAC_FLAP", "mobility", rank=1, clear=WINDOW, momentary=True),
    Rule("M12", "SEQ_RATE", "mobility", rank=2, clear=WINDOW, momentary=True),
    Rule("M2", "MAC_DUPLICATE", "mobility", rank=3, clear=WINDOW, momentary=True),
)
FLAPS: Final = ("M2", "M3")
_FINE: Final = 1_000_000
"""Shares of moves are summed as whole millionths: a sum of floats depends on what is beside it."""


def judge(burst: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Return the moves at which a rule holds, with ``rule``, the strongest of M1, M2, M3, M12.

    ``burst``: all kept moves of the MACs concerned, as ``pipeline.detectors.moves.bursts`` tells them, under
    the same limits. ``count`` moves within ``window_s`` are what the rule counted; ``ping_pong``: M4 holds;
    ``storm``: the burst that goes on has more moves than any migration.
    """
    counted = _with_pattern(_count(burst, limits), limits)
    so_far = pl.col("moves").cum_sum().over("key", "burst").cast(pl.Int64)
    return _judge(counted.with_columns(moves_so_far=so_far), limits)


def detect(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the findings of M1, M4 and M12 in moves judged; those of M2 and M3 also tell of other MACs."""
    if judged.is_empty():
        return findings(pl.DataFrame(schema={"rule": pl.String}))
    single = judged.filter(~pl.col("rule").is_in(FLAPS))
    return pl.concat([findings(_say(single)), findings(_say_pattern(judged.filter("ping_pong")))])


def blindness(fresh: pl.DataFrame, rule: str = "M1") -> pl.DataFrame:
    """Return findings without a subject, for all MACs: nobody sees routes any more, or somebody does again.

    While nobody does, that no move is seen says nothing. ``fresh``: timeline per device that tells routes.
    ``rule``: one of the family that it is said to.
    """
    seen = pl.col("value").fill_null(value=False)
    states = counts(fresh.with_columns(all=pl.lit("")), ["all"], fresh=seen, known=pl.lit(value=True))
    told = changes(states.with_columns(blind=pl.col("fresh") == 0), ["all"], ["blind"])
    return findings(
        told.filter(pl.int_range(pl.len()) > 0).with_columns(
            rule=pl.lit(rule),
            severity=pl.lit("info"),
            active=pl.when(~pl.col("blind")).then(pl.lit(value=False)),
            coverage=pl.when("blind").then(0.0).otherwise(pl.col("fresh") / pl.col("known")),
            summary=pl.when("blind")
            .then(pl.format("Nobody of {} observers sees routes", "known"))
            .otherwise(pl.format("{} of {} observers see routes again", "fresh", "known")),
            evidence=pl.struct(fresh_observers="fresh", observers="known").struct.json_encode(),
        )
    )


def _count(moves: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Count, at each move, the moves of the windows that end there."""
    window, flaps = limits.window, limits.flap_window
    # a dump shows the moves since the observer was last heard: those of the last 180 s are a share of them
    blind = pl.col("time") - pl.col("known_until")
    heard = pl.col("known_until") > 0
    long_blind = pl.col("dump") & heard & (blind > limits.burst // timedelta(microseconds=1))
    share = pl.min_horizontal((window // timedelta(microseconds=1)) / blind, 1.0)
    seen = moves.with_columns(
        missed=pl.when(long_blind)
        .then((pl.col("newer") * share * _FINE).round().cast(pl.Int64))
        .otherwise(0),
        began=pl.when(long_blind).then(pl.from_epoch("known_until", time_unit="us")).otherwise("at"),
    )
    wide, narrow = Windows(seen, window), Windows(seen, flaps)

    def counted(each: str, settled: str, windows: Windows) -> pl.Expr:
        """Sum settled bursts, and of the burst that goes on each move if it is long by now, else one."""
        before = windows.sum(settled) - windows.sum(settled, in_burst=True)
        whole = windows.sum(each, in_burst=True)
        return before + pl.when(pl.col("age") > limits.burst).then(whole).otherwise(
            pl.min_horizontal(whole, 1)
        )

    def if_seen_elsewhere(windows: Windows) -> pl.Expr:
        count = counted("moves", "counted", windows)
        return pl.when(windows.sum("move") > 0).then(count).otherwise(0)

    return _with_extremes(seen, wide, limits).select(
        *moves.columns,
        in_window=if_seen_elsewhere(wide),
        in_flap_window=if_seen_elsewhere(narrow),
        shown=counted("single", "counted_single", wide)
        + wide.sum("jump")
        - (pl.col("small_jump") - 1).clip(0)
        + wide.sum("missed") / _FINE,
        no_migration=pl.col("most_jump") > limits.migration_moves,
        span=pl.col("at") - pl.col("earliest"),
        places=pl.concat_list(_before(2, window), _before(1, window), "old_name", "name")
        .list.drop_nulls()
        .list.unique()
        .list.sort(),
    )


def _with_extremes(seen: pl.DataFrame, wide: Windows, limits: Limits) -> pl.DataFrame:
    """Add the greatest jump in the window, the greatest that may be a migration, and when its moves began.

    Few MACs have a jump, or moves that a dump showed: only those are looked at one by one.
    """
    rows = seen.with_row_index("row")
    jump, at = pl.col("jump"), pl.col("at")
    odd = rows.filter(((jump > 0) | (pl.col("began") != at)).any().over("key"))
    small = pl.when(jump <= limits.migration_moves).then("jump").otherwise(0)
    extremes = odd.select(
        "row",
        small_jump=small.rolling_max_by("at", limits.window).over("key"),
        most_jump=jump.rolling_max_by("at", limits.window).over("key"),
        earliest=pl.col("began").rolling_min_by("at", limits.window).over("key"),
    )
    return rows.join(extremes, on="row", how="left", maintain_order="left").with_columns(
        pl.col("small_jump", "most_jump").fill_null(0),
        earliest=pl.coalesce("earliest", wide.first("at")),
    )


def _before(steps: int, window: timedelta) -> pl.Expr:
    same = pl.col("key") == pl.col("key").shift(steps)
    recent = pl.col("at") - pl.col("at").shift(steps) < window
    return pl.when(same & recent).then(pl.col("old_name").shift(steps))


def _with_pattern(moves: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Tell the moves that end an A-B-A-B of as many moves as M4 asks for."""
    asked = int(limits.ping_pong_moves)

    def before(column: str, back: int) -> pl.Expr:
        """Return a column some moves before; the moves of a MAC follow each other."""
        return pl.when(pl.col("key").shift(back) == pl.col("key")).then(pl.col(column).shift(back))

    returns = [
        (before("name", back) == before("old_name", back + 1))
        & (before("old_name", back) == before("name", back + 1))
        for back in range(asked - 1)
    ]
    span = pl.col("at") - before("at", asked - 1)
    seen = moves.with_row_index("row")
    pattern = seen.filter("move").select(
        "row",
        # what all fits into one burst may still be a migration
        ping_pong=(pl.all_horizontal(returns) & (span < limits.window) & (span > limits.burst)).fill_null(
            value=False
        ),
        ping_pong_s=span.dt.total_milliseconds() / 1000,
    )
    return seen.join(pattern, on="row", how="left", maintain_order="left").with_columns(
        pl.col("ping_pong").fill_null(value=False), ping_pong_moves=pl.lit(asked)
    )


def _judge(moves: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    live, flaps = pl.col("live"), pl.col("rule") == "M3"
    return (
        moves.with_columns(
            rule=pl.when(live & (pl.col("in_window") >= limits.duplicate_moves))
            .then(pl.lit("M2"))
            .when(
                (pl.col("shown") > limits.unseen_moves)
                & ((pl.col("span") > limits.burst) | pl.col("no_migration"))
            )
            .then(pl.lit("M12"))
            .when(live & (pl.col("in_flap_window") >= limits.flap_moves))
            .then(pl.lit("M3"))
            .when("move")
            .then(pl.lit("M1"))
        )
        .filter(pl.col("rule").is_not_null())
        .with_columns(
            count=pl.when(flaps).then("in_flap_window").otherwise("in_window").cast(pl.Int64),
            window_s=pl.when(flaps).then(limits.flap_window_s).otherwise(limits.window_s),
            burst_s=pl.col("age").dt.total_milliseconds() / 1000,
            burst_limit_s=pl.lit(limits.burst_s),
            burst_moves=pl.col("moves_so_far"),
            storm=live & (pl.col("moves_so_far") > limits.migration_moves),
            duplicate_moves=pl.lit(int(limits.duplicate_moves)),
            duplicate_window_s=pl.lit(limits.window_s),
        )
    )


def _say(moves: pl.DataFrame) -> pl.DataFrame:
    rule = pl.col("rule")
    mac, domain = mac_text(pl.col("mac")), domain_text()
    unseen = pl.format(
        "MAC {} in {}: its sequence number rose by {} within {} s, to {}; last seen at {}",
        mac, domain, pl.col("shown").round().cast(pl.Int64), pl.col("window_s").cast(pl.Int64), "seq", "name",
    )  # fmt: skip
    single = pl.format(
        "MAC {} in {} moved from {} to {}, sequence number {}", mac, domain, "old_name", "name", "seq"
    )
    return moves.with_columns(
        severity=rule.replace_strict({"M1": "info", "M12": "warning"}),
        active=pl.lit(value=True),
        summary=pl.when(rule == "M1").then(single).otherwise(unseen),
        evidence=pl.struct(
            moves="count", window_s=pl.col("window_s").cast(pl.Int64), from_location="old_name",
            to_location="name", old_sequence="old_seq", sequence="seq", burst_s="burst_s",
            random_mac=random_mac(pl.col("mac")),
        ).struct.json_encode(),
    )  # fmt: skip


def _say_pattern(moves: pl.DataFrame) -> pl.DataFrame:
    return moves.with_columns(
        rule=pl.lit("M4"),
        severity=pl.lit("info"),
        active=pl.lit(value=True),
        summary=pl.format(
            "MAC {} in {} goes back and forth between {} and {}: {} moves within {} s; a host that migrates "
            "goes on to other places, or stays",
            mac_text(pl.col("mac")), domain_text(), "old_name", "name", "ping_pong_moves", "ping_pong_s",
        ),
        evidence=pl.struct(
            moves="ping_pong_moves", span_s="ping_pong_s", one_location="old_name", other_location="name",
            sequence="seq",
            random_mac=random_mac(pl.col("mac")),
            ruled_out=pl.concat_list(
                pl.format(
                    "migration: the moves span {} s, longer than the {} s of a burst",
                    "ping_pong_s", "burst_limit_s",
                )
            ),
        ).struct.json_encode(),
    )  # fmt: skip
