"""Sequence numbers that wrap (rule M11).

RFC 7432, section 15, asks PEs to handle the wraparound of the 32-bit number: newer is what is less than 2^31
ahead, modulo 2^32. FRRouting compares plainly: it holds what comes after 0xFFFFFFFF for old, and keeps the
MAC where it was. So a wrap is told once, when it happens.

A number that falls to none after a withdraw is a MAC's new life, and one that falls to exactly none from
afar is a PE that lost its count: neither is a wrap.

Subject: vni or evi, mac. Look first for what kept the MAC moving four thousand million times.
"""

from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.moves import WINDOW
from pipeline.detectors.text import domain_text, mac_text, random_mac

RULES: Final = catalogue(Rule("M11", "SEQ_WRAP", "sequence", rank=1, clear=WINDOW, momentary=True))


def detect(moves: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per wrap; ``moves``: see ``pipeline.detectors.moves``."""
    lost = (pl.col("seq") == 0) & (pl.col("newer") > 1)
    return findings(
        moves.filter((pl.col("seq") < pl.col("old_top")) & ~lost & pl.col("live")).with_columns(
            rule=pl.lit("M11"),
            severity=pl.lit("warning"),
            active=pl.lit(value=True),
            summary=pl.format(
                "The sequence number of MAC {} in {} wrapped from {} to {}, now at {}: PEs that compare "
                "numbers plainly hold the new route for old and keep sending to {}",
                mac_text(pl.col("mac")), domain_text(), "old_top", "seq", "name", "old_name",
            ),
            evidence=pl.struct(
                old_sequence="old_top", sequence="seq", moves="newer", from_location="old_name",
                to_location="name", random_mac=random_mac(pl.col("mac")),
                ruled_out=pl.concat_list(
                    pl.lit("new life of the MAC: its route was not withdrawn in between")
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip
