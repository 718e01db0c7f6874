"""What is handed to the store and comes back from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl


@dataclass(frozen=True, slots=True)
class Position:
    """How far the topic of a fabric has been read."""

    fabric: str
    topic: str
    next_offset: int
    """The first record that is not yet in the store."""
    record_time: datetime
    """Highest record timestamp read, UTC: the fabric's now."""
    cluster_id: str | None = None
    """Kafka cluster whose offsets these are; null: read from a capture."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What follows from a batch of records: stored as a whole or not at all.

    Frames carry all columns of their table, in any order. ``removals`` hold a few rows of identity columns;
    what equals them in the table goes before ``appends`` come: a revised incident is removed and appended.
    """

    appends: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    removals: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    positions: Sequence[Position] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What exists at a position, of all fabrics of the store: where a restart begins."""

    frames: Mapping[str, pl.DataFrame]
    """By table: the ``*_current`` tables and ``observer_current``."""
    state: Mapping[str, pl.DataFrame]
    """By name: whatever the pipeline needs to go on; columns of any type that both Polars and DuckDB have."""
    positions: Sequence[Position]
