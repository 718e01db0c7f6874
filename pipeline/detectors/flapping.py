"""MACs that flap, beside each other: M2 and M3 in words, and the loops among them (M6).

What one MAC's incident says depends on how many others flap at that time, so flaps of all MACs are kept for
as long as a loop is counted, and told together.
"""

from collections.abc import Mapping

import polars as pl

from pipeline.detectors import duplicates, loops
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.loops import FLAP, Loops
from pipeline.detectors.settings import Settings
from pipeline.detectors.told import Told


class Flapping:
    """Recent flaps of all MACs, and the rules on them."""

    def __init__(self) -> None:
        self._flaps = pl.DataFrame(schema=FLAP)
        self._loops = Loops()
        self._told, self._told_loops = Told(), Told()
        self._settings = Settings()

    def judge(self, flaps: pl.DataFrame, first: pl.DataFrame, scene: Scene) -> Judged:
        """Take flaps (FLAP) of the keys in ``first`` from ``from`` on; return what is told and taken back."""
        self._settings = scene.settings
        since = pl.max_horizontal("from", pl.lit(scene.horizon))
        mine = self._flaps.join(first, on="key", how="left")
        gone = mine.filter((pl.col("time") >= since) & pl.col("from").is_not_null()).drop("from")
        news = flaps.join(first, on="key").filter(pl.col("time") >= since).select(*FLAP).cast(pl.Schema(FLAP))
        if gone.is_empty() and news.is_empty():
            return nothing()
        others = mine.filter((pl.col("time") < since) | pl.col("from").is_null()).drop("from")
        self._flaps = pl.concat([others, news])
        start: int = pl.concat([gone["time"], news["time"]]).to_numpy().min()
        crowded = loops.crowds(self._flaps, scene.settings)
        told = duplicates.detect(crowded.filter(pl.col("time") >= start))
        added, removed = self._told.revise(told, scene.horizon, start=start)
        more, less = self._told_loops.revise(
            self._loops.detect(crowded, scene.horizon, scene.settings), scene.horizon
        )
        self._flaps = _kept(self._flaps, scene.settings, scene.now)
        return pl.concat([added, more]), pl.concat([removed, less])

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        crowded = loops.crowds(self._flaps, self._settings)
        return {
            "flaps": _kept(self._flaps, self._settings, now).sort("key", "time", "offset", "index"),
            "loops": self._loops.dump(crowded, horizon, self._settings),
            "horizon": pl.DataFrame({"horizon": [horizon]}),
            "told_flaps": self._told.dump(horizon),
            "told_loops": self._told_loops.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._flaps = frames["flaps"]
        self._loops.load(frames["loops"], frames["horizon"]["horizon"][0])
        self._told.frame, self._told_loops.frame = frames["told_flaps"], frames["told_loops"]


def _kept(flaps: pl.DataFrame, settings: Settings, now: int) -> pl.DataFrame:
    return flaps.filter(pl.col("time") >= now - loops.kept(settings))
