"""The store: one DuckDB file with facts, intervals, findings, incidents, detector state and the position.

One process owns the file. Everything that follows from a batch of records changes together with the position
in its topic, in one transaction: a crash loses nothing and doubles nothing.
"""

from pipeline.store.contract import Commit, Position, Snapshot
from pipeline.store.database import Store

__all__ = ["Commit", "Position", "Snapshot", "Store"]
