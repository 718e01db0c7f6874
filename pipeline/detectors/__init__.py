"""Changes in, findings out: one rule family per module.

A rule says in a ``Rule`` what it is called and how it opens and clears; its module's functions are pure, from
frames to FINDING frames. A finding is a statement on a subject at a time: the rule holds, it doesn't, or
nobody can tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import polars as pl

Severity = Literal["info", "warning", "critical"]

FINDING: Final = pl.Schema(
    {
        "rule": pl.String,
        "severity": pl.String,
        "active": pl.Boolean,  # null: nobody fresh can tell
        "device": pl.String,  # subject columns, null where the rule doesn't fill them
        "vni": pl.UInt32,
        "evi": pl.UInt32,
        "mac": pl.UInt64,
        "ip_hi": pl.UInt64,  # a host's address, as pipeline.schema has it
        "ip_lo": pl.UInt64,
        "esi": pl.String,
        "vtep": pl.String,
        "interface": pl.String,
        "peer": pl.String,  # a neighbour as the device names it: address of a BGP or BFD session
        "tenant": pl.String,
        "time": pl.Int64,  # event time, microseconds since the epoch
        "offset": pl.Int64,  # of the evidence
        "index": pl.UInt32,
        "now": pl.Int64,  # the fabric's clock when the evidence came, microseconds
        "coverage": pl.Float64,  # fresh observers over all that could tell
        "summary": pl.String,
        "evidence": pl.String,  # JSON
    }
)
"""One row per statement."""
NO_FINDINGS: Final = pl.DataFrame(schema=FINDING)
"""Made once: to make an empty frame takes a millisecond, and there are dozens."""
SUBJECT: Final = (
    "device", "vni", "evi", "mac", "ip_hi", "ip_lo", "esi", "vtep", "interface", "peer", "tenant",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue."""

    id: str
    name: str
    family: str
    """Per subject and family one incident is open at a time."""
    rank: int
    """Within a family the higher rank raises the incident; 0 opens none, but keeps one alive."""
    wait: timedelta = timedelta(0)
    """How long the rule must hold before it opens."""
    clear: timedelta = timedelta(seconds=5)
    """How long it must be false and seen so; of ``momentary`` rules: how long nothing may happen."""
    labels: frozenset[str] = frozenset()
    """Subject columns that say more of the subject but don't make it another: they may be learnt later."""
    momentary: bool = False
    """The rule speaks of something that happened, not of a state that lasts."""


def catalogue(*rules: Rule) -> Mapping[str, Rule]:
    """Return rules by id."""
    return {rule.id: rule for rule in rules}


def findings(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with all columns of FINDING, those it lacks null."""
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in FINDING.items() if name not in frame]
    return frame.with_columns(missing).select(FINDING.names()).cast(FINDING)
