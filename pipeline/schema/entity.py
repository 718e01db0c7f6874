"""What an entity is, and the types of its columns."""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

NAMES: Final = pl.Categories("fabricscope.names")
NAME: Final = pl.Categorical(NAMES)
"""Interned text: one code per distinct text and process; codes are never stored."""
_ANCHOR: Final = pl.Series([""], dtype=NAME)
"""Polars forgets codes when the last series that uses them is gone; this one never goes."""
TIME: Final = pl.Datetime("us", "UTC")

Columns = dict[str, pl.DataType | type[pl.DataType]]


@dataclass(frozen=True)
class Entity:
    """One kind of thing that devices report.

    ``keys`` identify it within a device; ``leaves`` come from the wire, a null leaf in a partial row means
    "not in this notification". ``resolved`` leaves are joined in apply from the attribute tables, whose rows
    the leaves in ``pointers`` name: they are no content, so that a route which only points elsewhere has not
    changed, and tables do without them.
    """

    name: str
    keys: Columns
    leaves: Columns
    resolved: Columns = field(default_factory=dict)
    pointers: frozenset[str] = frozenset()

    @property
    def values(self) -> Columns:
        """All non-key columns, wire leaves first."""
        return {**self.leaves, **self.resolved}

    @property
    def stored(self) -> Columns:
        """The keys and values that tables have as columns."""
        columns = {**self.keys, **self.values}
        return {name: dtype for name, dtype in columns.items() if name not in self.pointers}
