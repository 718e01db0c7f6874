"""A sticky MAC claimed from elsewhere (rule M7).

RFC 7432, section 15.2: a PE that learns a MAC that another PE advertises as static must alert the operator. A
leaf that honours the section never advertises the intruder, so what it learns at a port of its own counts as
a claim, too (``pipeline.apply.learned``).

The rule holds from the claim that came while the sticky one was held, until one of the two is gone. A sticky
route that appears where a dynamic one was being withdrawn is the fabric settling, no violation. Sticky routes
carry no sequence number to compare. While nobody sees routes, nobody can tell whether it goes on
(``pipeline.detectors.sticky_sight``).

Subject: vni or evi, mac. Look first at the port where the intruder was learned.
"""

from typing import Final

import polars as pl

from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.text import domain_text, mac_text, random_mac

RULES: Final = catalogue(Rule("M7", "STICKY_VIOLATION", "sticky", rank=1))


def detect(steps: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per step at which a violation began or ended; ``steps``: as in ``mobility``."""
    told = steps.filter(pl.col("contested") != pl.col("old_contested"))
    # what a dump or a late row shows is no news, but what ends by it has ended
    real = told.filter(~pl.col("contested") | ~(pl.col("dump") | pl.col("late")))
    return findings(
        real.with_columns(learnt=pl.col("claim_learner") > 0).with_columns(
            rule=pl.lit("M7"),
            severity=pl.lit("critical"),
            active=pl.col("contested"),
            summary=pl.when("contested")
            .then(
                pl.format(
                    "MAC {} in {} is sticky at {} and was {} {}",
                    mac_text(pl.col("mac")), domain_text(), "name",
                    pl.when("learnt").then(pl.lit("learned at a port of")).otherwise(pl.lit("claimed by")),
                    "claim_name",
                )
            )
            .otherwise(
                pl.format(
                    "MAC {} in {} is claimed at {} alone", mac_text(pl.col("mac")), domain_text(), "name"
                )
            ),
            evidence=pl.struct(
                sticky_at="name", claimed_by="claim_name", learned_locally="learnt",
                random_mac=random_mac(pl.col("mac")),
            ).struct.json_encode(),
        )
    )  # fmt: skip
