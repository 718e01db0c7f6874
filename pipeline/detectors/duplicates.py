"""What people are told of a MAC that flaps (M2, M3): what it probably is, why, and what it is not.

A duplicate host is one MAC that goes back and forth between two places, over longer than a migration takes.
A loop is many MACs that do so at once (``pipeline.detectors.loops``). A MAC that goes from place to place is
a host that moves again and again, or several hosts with one address. A migration comes to rest within a
burst; a redundant pair that loses a link goes between addresses of one device; legs of one Ethernet segment
are one place: none of the three gets here, and the evidence says by what.
"""

from typing import Final

import polars as pl

from pipeline.detectors import findings
from pipeline.detectors.text import domain_text, mac_text, random_mac

_TWO: Final = 2


def detect(crowded: pl.DataFrame) -> pl.DataFrame:
    """Return a finding per move at which M2 or M3 holds; ``crowded``: see ``pipeline.detectors.loops``."""
    others = pl.max_horizontal("pair_macs", "domain_macs").cast(pl.Int64)
    needed, seconds = pl.col("macs").cast(pl.Int64), pl.col("loop_s").cast(pl.Int64)
    loop = others >= needed
    two = pl.col("places").list.len() <= _TWO
    between = pl.col("places").list.join(" and ")
    alone = (
        pl.when(others == 1)
        .then(pl.lit("no other MAC flaps"))
        .otherwise(pl.format("only {} MACs flap", others))
    )
    told = crowded.filter(pl.col("rule").is_in(("M2", "M3"))).with_columns(
        cause=pl.when(loop)
        .then(pl.lit("loop"))
        .when(two)
        .then(pl.lit("duplicate_host"))
        .otherwise(pl.lit("wandering_host"))
    )
    cause = pl.col("cause")
    guess = (
        pl.when(loop)
        .then(pl.format("Probably a loop: {} MACs flap here within {} s", others, seconds))
        .when(two)
        .then(pl.format("Probably one address at two hosts: it goes between two places and {} there", alone))
        .otherwise(
            pl.format(
                "Probably several hosts with one address, or one that keeps moving: it goes around {} places "
                "and {} there",
                pl.col("places").list.len(), alone,
            )
        )
    )  # fmt: skip
    not_a_migration = (
        pl.when(pl.col("burst_s") > pl.col("burst_limit_s"))
        .then(
            pl.format(
                "migration: it has moved on for {} s, a migration rests after {} s",
                "burst_s",
                "burst_limit_s",
            )
        )
        .otherwise(pl.format("migration: {} moves are left when each migration counts as one", "count"))
    )
    ruled_out = pl.concat_list(
        pl.when(~loop).then(
            pl.format("loop: {} of the {} MACs that make one flap within {} s", others, needed, seconds)
        ),
        pl.when(loop).then(pl.format("duplicate host: {} MACs flap at once, not one", others)),
        not_a_migration,
        pl.lit("failover of a redundant pair: no device is known to have both addresses"),
        pl.lit("multihoming: the places are not one Ethernet segment"),
    ).list.drop_nulls()  # fmt: skip
    by_no_pe = pl.when("undetected").then(
        pl.format(
            ". No PE sees {} moves itself (the most is {}, at {}): none will act on its own",
            "duplicate_moves", "most_seen", "most_at",
        )
    )  # fmt: skip
    window = pl.col("window_s").cast(pl.Int64)
    return findings(
        told.with_columns(
            severity=pl.col("rule").replace_strict({"M3": "warning", "M2": "critical"}),
            active=pl.lit(value=True),
            summary=pl.concat_str(
                pl.format(
                    "MAC {} in {} moved {} times within {} s between {}; its sequence number rose to {}. {}",
                    mac_text(pl.col("mac")), domain_text(), "count", window, between, "seq", guess,
                ),
                by_no_pe.fill_null(""),
            ),
            evidence=pl.struct(
                cause, moves="count", window_s=window, from_location="old_name", to_location="name",
                locations="places", old_sequence="old_seq", sequence="seq", burst_s="burst_s",
                ping_pong="ping_pong", macs_flapping=others, macs_of_a_loop=needed,
                most_seen_by_one_pe="most_seen", seen_at="most_at", random_mac=random_mac(pl.col("mac")),
                ruled_out=ruled_out,
            ).struct.json_encode(),
        )
    )  # fmt: skip
