"""How many MACs are behind a segment at a time: what its last leg carries.

Counted only where a sentence says it. What ended a moment ago is kept, so that a count is that of its time,
whenever it is made.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.mac_location import Located, MacLocations
from pipeline.schema import NAME

_IDENTITY: Final = ("vni", "evi", "mac", "valid_from", "opened_offset", "opened_index")
_ENDED: Final = pl.Schema(
    {
        "vni": pl.UInt32,
        "evi": pl.UInt32,
        "mac": pl.UInt64,
        "valid_from": pl.Int64,
        "opened_offset": pl.Int64,
        "opened_index": pl.Int64,
        "esi": pl.String,
        "valid_to": pl.Int64,
    }
)
Count = Callable[[pl.DataFrame], pl.Series]
"""From rows with esi and time to how many MACs were behind the segment then; null: not counted."""


class Behind:
    """MACs that were behind segments a moment ago."""

    def __init__(self) -> None:
        self._ended = pl.DataFrame(schema=_ENDED)
        self.news = False
        """Whether any MAC has moved in the batch: counts may be others than before."""

    def take(self, located: Located, horizon: int) -> None:
        """Take what a batch did to MACs' locations."""
        void = located.void_closed
        self.news = len(located.steps) > 0 or len(located.void_steps) > 0
        if len(void):
            gone = void.with_columns(pl.col("valid_from").cast(pl.Int64)).cast(
                {name: _ENDED[name] for name in _IDENTITY}
            )
            self._ended = self._ended.join(gone, on=_IDENTITY, how="anti", nulls_equal=True)
        ended = located.closed.filter(pl.col("esi").is_not_null())
        if len(ended):
            times = pl.col("valid_from", "valid_to").cast(pl.Int64)
            rows = ended.with_columns(times, pl.col("esi").cast(pl.String))
            self._ended = pl.concat([self._ended, rows.select(_ENDED.names()).cast(_ENDED)])
        if len(self._ended):
            self._ended = self._ended.filter(pl.col("valid_to") >= horizon)

    def counter(self, locations: MacLocations, horizon: int) -> Count:
        """Return what counts MACs at times from the horizon on."""

        def count(rows: pl.DataFrame) -> pl.Series:
            counts: list[int | None] = [None] * len(rows)
            state = locations.locations.state[: len(locations.table)]
            for at, (esi, time) in enumerate(rows.select("esi", "time").rows()):
                if time < horizon:
                    continue
                code = pl.Series([esi], dtype=pl.String).cast(NAME).to_physical().item()
                here = state["found"] & (state["location"] == code) & (state["since"] <= time)
                then = self._ended.filter(
                    pl.col("esi") == esi, pl.col("valid_from") <= time, pl.col("valid_to") > time
                )
                counts[at] = int(np.count_nonzero(here)) + len(then)
            return pl.Series("macs", counts, dtype=pl.Int64)

        return count

    def dump(self, horizon: int) -> pl.DataFrame:
        """Return the state as a frame."""
        return self._ended.filter(pl.col("valid_to") >= horizon).sort(_IDENTITY)

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        self._ended = frame


def macs_text(count: str) -> pl.Expr:
    """Return a number of MACs in words."""
    return pl.when(pl.col(count) == 1).then(pl.lit("1 MAC")).otherwise(pl.format("{} MACs", count))
