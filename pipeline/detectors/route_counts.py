"""Routes that vanish, or multiply, all at once (rule V11).

Fall: what an observer holds fell by more than a fifth, and by 20 routes or more, against 30 s before, and
stayed there for 5 s; half of the fresh observers, two at least where there are several, see it, and two VTEPs
or more lose a fifth of theirs (Google 2016: an empty configuration, withdrawn bit by bit; Facebook 2021). One
VTEP that loses everything is rule V1, one that loses a part while the others gain as much has hosts that
move, and what only goes back to what it was 5 minutes before is none. Rise: ten times as many as 5 minutes
before, from 20 routes on, to 500 at least (Rogers 2022: a filter removed). A session or a spine that is lost
is no fall: best paths are counted, and others take over.

Subject: vtep, where one alone falls; else device, the first of the observers that see it, route reflectors
and spines before leaves: one incident for the fabric. It is over when nothing falls or rises for 5 minutes.
Look first at what was changed, where, in the minute before.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.moments import held_at
from pipeline.detectors.route_tally import FALL_S, RISE_S, SECOND_US, Tally
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.spoken import Spoken
from pipeline.detectors.text import names_text
from pipeline.schema import Columns

RULES: Final = catalogue(
    Rule("V11", "ROUTE_COUNT_CLIFF", "counts", rank=1, wait=timedelta(seconds=5), clear=timedelta(minutes=5))
)
FALL_PERCENT: Final = Parameter("V11", "fall_percent", 20, unit="%", least=5, most=95)
RISE_TIMES: Final = Parameter("V11", "rise_times", 10, unit="times", least=2, most=1000)
PARAMETERS: Final = parameters(FALL_PERCENT, RISE_TIMES)
LEAST: Final = 20
"""Routes that must be lost, or have been there to rise from: a few hosts are no cliff."""
LEAST_RISEN: Final = 50
"""What fewer routes rise from at least: a small fabric that fills up is no flood."""
QUORUM: Final = 0.5
_BEFORE_S: Final = 3
"""What was seen before the lateness, so that what goes on isn't said again."""
_SEVERAL: Final = 2


class RouteCounts:
    """How many routes everybody holds, and rule V11."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._spoken = Spoken(["device", "vtep"])
        self._judged = -1
        """The last full second that was judged."""

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._tally.settle(scene.horizon - _BEFORE_S * SECOND_US)
        first = self._tally.take(applied.changes["evpn_route"], applied.records)
        until = scene.now // SECOND_US
        over, self._judged = until > self._judged, until
        # what comes in a second that goes on is judged when it is over
        if not (over or (first is not None and first < until)):
            return nothing()
        # a quiet fabric costs nothing: no window has enough of a change, and there is nothing to end
        if self._tally.stirred() < LEAST and self._spoken.silent(scene.horizon):
            return nothing()
        share = scene.settings.value(FALL_PERCENT) / 100
        since = max(scene.horizon // SECOND_US, self._earliest())
        seconds = self._worth(range(since - _BEFORE_S, until + 1), scene)
        times = scene.settings.value(RISE_TIMES)
        seen = pl.concat([self._falls(seconds, share, scene), self._rises(seconds, times, scene)])
        states = _with_ends(seen, self._spoken.before(scene.horizon), seconds, scene)
        # whose routes rise is told once: it is seen in the first seconds only
        lost = pl.when(pl.col("what") == "fall").then("vteps")
        told = self._spoken.telling(states.with_columns(lost=lost), ["lost"], scene.horizon)
        return self._spoken.revise(_say(told), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **self._tally.dump(horizon - _BEFORE_S * SECOND_US),
            **self._spoken.dump(horizon),
            "judged": pl.DataFrame({"second": [self._judged]}),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._tally.load(frames)
        self._spoken.load(frames)
        self._judged = frames["judged"]["second"][0]

    def _earliest(self) -> int:
        """Return the first second of which anything is known to have changed."""
        seconds = self._tally.totals.filter(pl.col("second") >= 0)["second"]
        first = seconds.min()
        return first if isinstance(first, int) else self._judged + 1

    def _worth(self, seconds: range, scene: Scene) -> list[int]:
        """Return the seconds at whose end anything may differ from the second before.

        That is so as long as a window reaches a change, and where somebody becomes fresh or blind. A fabric
        that was quiet for a week is not looked at 600 000 times.
        """
        first, count = seconds.start, len(seconds)
        changed = self._tally.totals.filter(pl.col("second") >= 0)["second"].unique().to_numpy()
        turned = scene.fresh("routes")["time"].to_numpy() // SECOND_US
        steps = np.zeros(count + 1, dtype=np.int64)
        for begin, end in (
            (changed, changed + RISE_S + 2),
            (turned - 1, turned + 2),
            (np.array([first]), np.array([first + _BEFORE_S + 1])),
            (np.array([seconds.stop - 1]), np.array([seconds.stop])),
        ):
            np.add.at(steps, np.clip(begin - first, 0, count), 1)
            np.add.at(steps, np.clip(end - first, 0, count), -1)
        worth: list[int] = (first + np.flatnonzero(np.cumsum(steps[:-1]) > 0)).tolist()
        return worth

    def _falls(self, seconds: Sequence[int], share: float, scene: Scene) -> pl.DataFrame:
        """Return where a fifth of the routes is gone: of a VTEP, or of several."""
        whole = _windows(self._tally.totals, seconds, FALL_S, scene.now)
        longer = _windows(self._tally.totals, seconds, RISE_S, scene.now).filter(pl.col("change") <= -LEAST)
        fallen = whole.filter(pl.col("change") <= -LEAST).join(longer, on=["device", "second"], how="semi")
        if fallen.is_empty():
            return pl.DataFrame(schema=_STATES)
        rows = self._tally.rows.join(fallen.select("device").unique(), on="device", how="semi")
        parts = _windows(rows, seconds, FALL_S, scene.now).filter(_fell(share))
        both = parts.join(fallen, on=["device", "second"], suffix="_whole")
        mass = (
            both.group_by("device", "second")
            .agg(
                vteps=pl.col("vtep").sort(),
                count=pl.col("count_whole").first(),
                change=pl.col("change_whole").first(),
            )
            .filter(_fell(share) & (pl.col("vteps").list.len() >= _SEVERAL))
        )
        alone = (
            both.join(mass, on=["device", "second"], how="anti")
            .filter(
                (pl.col("change") <= -LEAST)
                & (pl.col("count") > 0)
                # hosts that move are lost here and won elsewhere
                & (pl.col("change_whole") <= -share * (pl.col("count") - pl.col("change")))
            )
            .select("device", "second", "vtep", "count", "change", vteps=pl.concat_list("vtep"))
        )
        return pl.concat(
            [
                _agreed(mass.with_columns(vtep=pl.lit(None, pl.String)), whole, scene, "fall"),
                _agreed(alone, whole, scene, "fall"),
            ]
        )

    def _rises(self, seconds: Sequence[int], times: float, scene: Scene) -> pl.DataFrame:
        """Return where there are many times as many routes as 5 minutes before."""
        whole = _windows(self._tally.totals, seconds, RISE_S, scene.now)
        before = pl.col("count") - pl.col("change")
        # a fabric that comes up rises from nothing
        risen = whole.filter(
            (before >= LEAST) & (pl.col("count") >= times * pl.max_horizontal(before, LEAST_RISEN))
        )
        if risen.is_empty():
            return pl.DataFrame(schema=_STATES)
        most = (
            self._tally.rows.group_by("device", "vtep")
            .agg(pl.col("live").sum())
            .sort("live", "vtep", descending=[True, False])
            .group_by("device", maintain_order=True)
            .agg(vteps=pl.col("vtep").head(1))
        )
        named = risen.join(most, on="device", how="left").with_columns(vtep=pl.lit(None, pl.String))
        return _agreed(named, whole, scene, "rise")


_NAMES: Final[pl.DataType] = pl.List(pl.String)
_STATES: Final[Columns] = {
    "vtep": pl.String,
    "time": pl.Int64,
    "observers": _NAMES,
    "vteps": _NAMES,
    "count": pl.Int64,
    "change": pl.Int64,
    "offset": pl.Int64,
    "fresh": pl.UInt32,
    "known": pl.UInt32,
    "device": pl.String,
    "what": pl.String,
    "active": pl.Boolean,
}
"""One row per subject and second that enough observers see."""


def _windows(rows: pl.DataFrame, seconds: Sequence[int], window_s: int, now: int) -> pl.DataFrame:
    """Return, at the end of each second, what is held and how that changed within the window.

    One row per observer, VTEP and second: ``count``, ``change`` (what dumps showed is no change) and
    ``offset``, the last evidence. Seconds that aren't over by ``now``, microseconds, are left out.
    """
    ends = pl.DataFrame({"second": [each for each in seconds if (each + 1) * SECOND_US <= now]})
    points = pl.concat([ends, ends.select(pl.col("second") - window_s)]).unique().cast({"second": pl.Int64})
    units = rows.select("device", "vtep").unique()
    grid = units.join(points, how="cross").with_columns(
        live=pl.lit(0, pl.Int64), dumped=pl.lit(0, pl.Int64), offset=pl.lit(-1, pl.Int64)
    )
    unit = ["device", "vtep"]
    summed = (
        pl.concat([rows, grid.select(rows.columns)])
        .group_by(*unit, "second")
        .agg(pl.col("live", "dumped").sum(), pl.col("offset").max())
        .sort(*unit, "second")
        .with_columns(
            count=(pl.col("live") + pl.col("dumped")).cum_sum().over(unit),
            risen=pl.col("live").cum_sum().over(unit),
            offset=pl.col("offset").cum_max().over(unit),
        )
    )
    before = summed.select(*unit, pl.col("second") + window_s, then="risen")
    return (
        summed.join(ends.cast({"second": pl.Int64}), on="second", how="semi")
        .join(before, on=[*unit, "second"], how="left")
        .with_columns(change=pl.col("risen") - pl.col("then").fill_null(0))
        .select(*unit, "second", "count", "change", "offset")
    )


def _fell(share: float) -> pl.Expr:
    return -pl.col("change") > share * (pl.col("count") - pl.col("change"))


def _with_ends(
    seen: pl.DataFrame, before: pl.DataFrame, seconds: Sequence[int], scene: Scene
) -> pl.DataFrame:
    """Return the states of each subject at the end of seconds: also that it is no more, or in doubt."""
    subject = ["device", "vtep"]
    subjects = pl.concat([seen.select(subject), before.select(subject)]).unique()
    ends = [(each + 1) * SECOND_US for each in seconds if (each + 1) * SECOND_US <= scene.now]
    times = pl.DataFrame({"time": ends}, schema={"time": pl.Int64})
    sighted = held_at(scene.fresh("routes"), ["device"], times, "fresh").filter("fresh")["time"].unique()
    grid = subjects.join(times, how="cross")
    both = grid.join(seen, on=[*subject, "time"], how="left", nulls_equal=True).sort(*subject, "time")
    kept = [name for name in seen.columns if name not in (*subject, "time", "active")]
    somebody = pl.col("time").is_in(sighted.implode())
    return both.with_columns(
        pl.col(kept).forward_fill().over(subject),
        active=pl.when(pl.col("active").is_not_null() | somebody).then(pl.col("active").is_not_null()),
    )


def _agreed(rows: pl.DataFrame, whole: pl.DataFrame, scene: Scene, what: str) -> pl.DataFrame:
    """Return the states that enough fresh observers see together: a row per subject and second."""
    times = whole.select("second", time=(pl.col("second") + 1) * SECOND_US).unique()
    fresh = held_at(scene.fresh("routes"), ["device"], times.select("time"), "fresh").join(times, on="time")
    able = whole.join(fresh.filter("fresh"), on=["device", "second"])
    known = whole.group_by("second").agg(known=pl.col("device").n_unique())
    voters = able.group_by("second", "time").agg(fresh=pl.col("device").n_unique()).join(known, on="second")
    leaves: AbstractSet[str] = scene.roles.leaves
    seen = rows.join(able.select("device", "second"), on=["device", "second"], how="semi").join(
        whole.select("device", "second", "offset").unique(["device", "second"]), on=["device", "second"]
    )
    tally = (
        seen.with_columns(leaf=pl.col("device").is_in(list(leaves)))
        .sort("second", "leaf", "device")
        .group_by("second", "vtep", maintain_order=True)
        .agg(
            observers=pl.col("device").unique().sort(),
            first=pl.col("device").first(),
            vteps=pl.col("vteps").explode(keep_nulls=False, empty_as_null=False).unique().sort(),
            count=pl.col("count").first(),
            change=pl.col("change").first(),
            offset=pl.col("offset").max(),
        )
        .join(voters, on="second")
    )
    enough = pl.max_horizontal(QUORUM * pl.col("fresh"), pl.min_horizontal("fresh", _SEVERAL))
    return tally.filter(pl.col("observers").list.len() >= enough).select(
        "vtep", "time", "observers", "vteps", "count", "change", "offset", "fresh", "known",
        device=pl.when(pl.col("vtep").is_null()).then("first"),
        what=pl.lit(what), active=pl.lit(value=True),
    ).select(list(_STATES)).cast(pl.Schema(_STATES))  # fmt: skip


def _say(told: pl.DataFrame) -> pl.DataFrame:
    fall, alone = pl.col("what") == "fall", pl.col("vtep").is_not_null()
    before = pl.col("count") - pl.col("change")
    seen = pl.format("{} of {} fresh observers", pl.col("observers").list.len(), "fresh")
    return findings(
        told.with_columns(
            rule=pl.lit("V11"),
            severity=pl.lit("critical"),
            offset=pl.col("offset").fill_null(0),
            index=pl.lit(0, pl.UInt32),
            now="time",
            coverage=pl.when(pl.col("active").is_not_null())
            .then(pl.col("fresh") / pl.col("known"))
            .otherwise(0.0),
            summary=pl.when(~pl.col("active").fill_null(value=False))
            .then(pl.format("Routes {} no more", "what"))
            .when(fall & alone)
            .then(
                pl.format(
                    "Routes of VTEP {} fell from {} to {} within {} s, as {} see; the VTEP is there",
                    "vtep", before, "count", pl.lit(FALL_S), seen,
                )
            )
            .when(fall)
            .then(
                pl.format(
                    "Routes fell from {} to {} within {} s, counted on {}, as {} see:"
                    " {} VTEPs lost theirs at once ({})",
                    before, "count", pl.lit(FALL_S), "device", seen, pl.col("vteps").list.len(),
                    names_text("vteps"),
                )
            )
            .otherwise(
                pl.format(
                    "Routes rose from {} to {} within {} s, counted on {}, as {} see: most are of VTEP {}",
                    before, "count", pl.lit(RISE_S), "device", seen, names_text("vteps"),
                )
            ),
            evidence=pl.struct(
                "count", "change", "observers", "vteps", before=before, fresh_observers="fresh",
                window_s=pl.when(fall).then(FALL_S).otherwise(RISE_S),
                ruled_out=pl.when(fall)
                .then(
                    pl.lit(
                        "session or spine lost: best paths are counted, others took over; hosts that moved:"
                        " no VTEP gained as many; segments: routes with an ESI are not counted"
                    )
                )
                .otherwise(pl.lit("fabric coming up: there were routes before; initial dump: not counted")),
            ).struct.json_encode(),
        )
    )  # fmt: skip
