"""Violations of sticky MACs (M7) that go on while nobody sees routes: nobody can tell then whether they do.

A violation is told where it begins and where it ends. What happens meanwhile to those who watch is told here:
that all observers of routes are blind, and that one sees again, of each violation that goes on then.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.detectors import FINDING, SUBJECT
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.timeline import changes, counts
from pipeline.detectors.told import Told

_RULE: Final = "M7"


class StickySight:
    """The violations that go on, and who can see them."""

    def __init__(self) -> None:
        self._open = pl.DataFrame(schema=FINDING)
        """What was said last of violations that went on at the horizon."""
        self._told = Told()

    def judge(self, said: pl.DataFrame, scene: Scene) -> Judged:
        """Return what is told and taken back; ``said``: findings that may still be revised, of any rule."""
        recent = said.filter((pl.col("rule") == _RULE) & (pl.col("time") >= scene.horizon))
        if self._open.is_empty() and recent.is_empty() and self._told.frame.is_empty():
            return nothing()
        return self._told.revise(self._detect(recent, scene), scene.horizon)

    def settle(self, said: pl.DataFrame, horizon: int) -> None:
        """Remember what was said before a time of violations that go on; ``said`` as for ``judge``."""
        old = said.filter((pl.col("rule") == _RULE) & (pl.col("time") < horizon))
        if len(old):
            last = _last(pl.concat([self._open, old]))
            self._open = last.filter("active").sort("time", "offset", "index", *SUBJECT)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {"sticky_open": self._open, "told_sticky": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        if "sticky_open" in frames:  # stores of before this release don't tell
            self._open, self._told.frame = frames["sticky_open"], frames["told_sticky"]

    def _detect(self, recent: pl.DataFrame, scene: Scene) -> pl.DataFrame:
        seen = pl.col("value").fill_null(value=False)
        fresh = scene.fresh("routes").with_columns(all=pl.lit(""))
        states = counts(fresh, ["all"], fresh=seen, known=pl.lit(value=True))
        turns = changes(states.with_columns(blind=pl.col("fresh") == 0), ["all"], ["blind"])
        told = [pl.DataFrame(schema=FINDING)]
        known = pl.concat([self._open, recent])
        for turn in turns.filter(pl.col("time") >= scene.horizon).rows(named=True):
            going_on = _last(known.filter(pl.col("time") <= turn["time"])).filter("active")
            blind = pl.format("{}; nobody of {} observers sees routes", "summary", pl.lit(turn["known"]))
            told.append(
                going_on.with_columns(
                    pl.lit(turn[name], dtype=FINDING[name]).alias(name)
                    for name in ("time", "offset", "index", "now")
                ).with_columns(
                    active=pl.lit(None if turn["blind"] else True, dtype=pl.Boolean),
                    coverage=pl.lit(turn["fresh"] / turn["known"]),
                    summary=blind if turn["blind"] else pl.col("summary"),
                )
            )
        return pl.concat(told)


def _last(said: pl.DataFrame) -> pl.DataFrame:
    """Return what was said last of each subject."""
    ordered = said.sort("time", "offset", "index", maintain_order=True)
    return ordered.group_by(*SUBJECT, maintain_order=True).last().select(FINDING.names())
