"""Duplicates that no single PE can see (rule M14).

A PE counts the moves of a MAC from the time it learns it at a port of its own: moves from one remote PE to
another are not considered (FRRouting, pull request 3176). With three places or more each PE sees a share of
the moves, and none may reach the threshold that the fabric as a whole has passed.

What a PE sees, at most: from its first own learn in the window on, all moves to it and away from it. Where
moves were not seen one by one nobody can tell whose they were, and the rule is silent.

Subject: vni or evi, mac. Look first at the PE that saw most: its own detection will not act before ours.
"""

from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.moves import WINDOW, Limits
from pipeline.detectors.text import domain_text, mac_text, random_mac

RULES: Final = catalogue(Rule("M14", "UNDETECTED_BY_PE", "pattern", rank=0, clear=WINDOW, momentary=True))
_US: Final = 1_000_000


def shares(judged: pl.DataFrame, moves: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Return judged moves with ``most_seen`` and ``most_at``: how many moves the PE saw that saw most.

    Null unless M2 holds and all moves of the window were seen one by one. ``undetected``: that is fewer than
    M2 asks for. ``moves``: all of the MACs concerned, see ``pipeline.detectors.moves``.
    """
    asked = judged.with_row_index("asked")
    window = int(limits.window_s * _US)
    seen = moves.filter("live").select(
        "key", "offset", "index", "newer", "move", at_time="time", to="name", away="old_name"
    )
    within = (
        asked.filter(pl.col("rule") == "M2")
        .select("asked", "key", "time")
        .join(seen, on="key")
        .filter((pl.col("at_time") <= pl.col("time")) & (pl.col("at_time") > pl.col("time") - window))
        .sort("asked", "at_time", "offset", "index")
        .with_columns(all_seen=(pl.col("move") & (pl.col("newer") == 1)).all().over("asked"))
        .filter("all_seen")
        .with_columns(order=pl.int_range(pl.len()))
    )
    sides = pl.concat(
        [
            within.select("asked", "order", place="to", learns=pl.lit(value=True)),
            within.select("asked", "order", place="away", learns=pl.lit(value=False)),
        ]
    ).sort("asked", "place", "order")
    most = (
        sides.with_columns(counts=pl.col("learns").cum_max().over("asked", "place"))
        .group_by("asked", "place")
        .agg(seen=pl.col("counts").sum().cast(pl.Int64))
        .sort(["asked", "seen", "place"], descending=[False, True, False])
        .group_by("asked", maintain_order=True)
        .agg(most_seen=pl.col("seen").first(), most_at=pl.col("place").first())
    )
    told = asked.join(most, on="asked", how="left", maintain_order="left").drop("asked")
    return told.with_columns(
        undetected=(pl.col("most_seen") < pl.col("duplicate_moves")).fill_null(value=False)
    )


def detect(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the findings; ``judged``: with ``shares``."""
    return findings(
        judged.filter("undetected").with_columns(
            rule=pl.lit("M14"),
            severity=pl.lit("info"),
            active=pl.lit(value=True),
            summary=pl.format(
                "MAC {} in {} moved {} times within {} s in the fabric, of which no PE sees {}: the most is "
                "{}, at {}; moves between others are not counted by a PE",
                mac_text(pl.col("mac")), domain_text(), "count", pl.col("window_s").cast(pl.Int64),
                "duplicate_moves", "most_seen", "most_at",
            ),
            evidence=pl.struct(
                moves="count", most_seen_by_one_pe="most_seen", seen_at="most_at", needed="duplicate_moves",
                window_s=pl.col("window_s").cast(pl.Int64), locations="places",
                random_mac=random_mac(pl.col("mac")),
            ).struct.json_encode(),
        )
    )  # fmt: skip
