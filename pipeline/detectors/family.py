"""What a rule family is to the fabric it watches, and what it sees of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from pipeline.apply.fabric import Applied, FabricState
from pipeline.detectors import NO_FINDINGS
from pipeline.detectors.declared import Declared
from pipeline.detectors.roles import Roles
from pipeline.detectors.settings import Settings

Judged = tuple[pl.DataFrame, pl.DataFrame]
"""Findings (FINDING) that a batch adds, and those it removes."""


@dataclass(frozen=True)
class Scene:
    """What families see of a fabric after a batch; times in microseconds."""

    state: FabricState
    """All entities. Read it for what a batch concerns only: cost follows the batch."""
    roles: Roles
    declared: Declared
    settings: Settings
    horizon: int
    """Nothing before it may change any more."""
    now: int
    """The fabric's clock."""
    silences: pl.DataFrame
    """See ``pipeline.detectors.heard.gaps``."""
    freshness: pl.DataFrame
    """Timeline per (device, family): its session is fresh and the device is not silent."""
    fresh_news: bool
    """Somebody became fresh, blind or silent, or is heard again."""
    roles_news: bool
    """Roles, adjacencies or what is declared changed."""

    def fresh(self, family: str) -> pl.DataFrame:
        """Return the timeline per device of a subscription family."""
        return self.freshness.filter(pl.col("family") == family).drop("family")


def nothing() -> Judged:
    """Return that a batch adds nothing and takes nothing back."""
    return NO_FINDINGS, NO_FINDINGS


class Family(Protocol):
    """The rules of one family in one fabric, and the little they remember."""

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames, the same whatever batches led to it."""

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
