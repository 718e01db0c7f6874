"""Aggregates that stand by as long as another leaf serves their Ethernet segment: single-active ones.

RFC 7432, section 14.1.1: of a single-active segment one PE forwards. openconfig-ethernet-segments tells it by
``redundancy-mode``, beside the interface.
"""

from typing import Final

import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import frame_of
from pipeline.apply.records import Records
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.timeline import StepTable
from pipeline.schema import NAME

_UNIT: Final = ["device", "interface", "segment"]


class StandbyLegs:
    """Which aggregates are legs of single-active segments, as their devices configure them."""

    def __init__(self) -> None:
        self._table = StepTable(_UNIT, pl.Boolean)

    def take(self, segments: Changes, records: Records) -> bool:
        """Take changes of segments; return whether one concerns a single-active segment."""
        after, before = segments.after["interface"], segments.before["interface"]
        single = equals(segments.after["redundancy_mode"], "SINGLE_ACTIVE").fill_null(value=False)
        was = equals(segments.before["redundancy_mode"], "SINGLE_ACTIVE").fill_null(value=False)
        rows = (pl.Series(after.known | before.known) & (single | was)).arg_true()
        if rows.is_empty():
            return False
        at = rows.to_numpy()
        interface = frame_of(
            {"interface": after.take(at), "before": before.take(at)}, {"interface": NAME, "before": NAME}
        ).select(pl.coalesce("interface", "before").cast(pl.String))
        told = transitions(segments, records, {"device": "device", "segment": "name"}, single, rows)
        self._table.add(told.with_columns(interface["interface"]))
        return True

    def timeline(self) -> pl.DataFrame:
        """Return the timeline per (device, interface): whether it is one."""
        return self._table.timeline().drop("segment")

    def settle(self, horizon: int) -> None:
        """Forget what is older than the last value up to the horizon."""
        self._table.settle(horizon)

    def dump(self, horizon: int) -> pl.DataFrame:
        """Return the state as a frame."""
        return self._table.dump(horizon)

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        self._table.rows = frame
