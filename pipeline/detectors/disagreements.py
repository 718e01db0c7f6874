"""Tables of one device that don't agree where a MAC is (rule X3).

BGP and the L2RIB of a device tell of the same MACs; a moment apart is normal. The rule holds when nothing
changed about a MAC for 30 s (for two sample intervals, where a table is sampled and they are longer) and the
two still don't agree:
BGP announces it as its own while the L2RIB has it from BGP alone; the L2RIB learned it at a port while BGP
knows it from elsewhere alone; or the L2RIB still has it from BGP, which had a route for it and has none any
more. Stale tables that only "clear bgp" repaired are known (ipSpace.net 2024/03, multivendor-evpn-revisited).
Segments, sticky and frozen MACs and gateways may be at two places and are left out. The hardware's own table
is not compared: which interface it shows for a remote MAC differs from system to system.

Subject: device. All MACs of a device are one finding. Look first at the MACs named, in both tables.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors import FINDING, Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.table_fold import FAMILIES, NO_ROUTE, NOT_ANNOUNCED, NOT_LEARNED, SPAN, TableFold
from pipeline.detectors.text import mac_text, plural
from pipeline.detectors.timeline import PLACE, align, changes, telling
from pipeline.detectors.told import Told

RULES: Final = catalogue(Rule("X3", "OBSERVER_DISAGREE", "tables", rank=1))
(_HOLD,) = PARAMETERS = parameters(
    # longer than the lateness: two tables of one device may be heard in either order
    Parameter("X3", "seconds", 30, unit="s", least=15, most=3600)
)
_SECOND: Final = 1_000_000
_SAMPLES: Final = 2
_SHOWN: Final = 3
_SAYS: Final = {
    NOT_LEARNED: "BGP announces it as its own, the L2RIB has it from BGP alone",
    NOT_ANNOUNCED: "the L2RIB learned it at a port, BGP knows it from elsewhere alone",
    NO_ROUTE: "the L2RIB has it from BGP, which has no route for it any more",
}


class Disagreements:
    """What the tables of devices don't agree on, and rule X3."""

    def __init__(self) -> None:
        self._fold = TableFold()
        self._ended = pl.DataFrame(schema=SPAN)
        self._told = Told()
        self._seen: tuple[int, dict[str, int]] | None = None
        """The fabric's clock at the batch before, and how long a state must hold, by device; None: look."""

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        least = int(scene.settings.value(_HOLD) * _SECOND)
        ended = self._fold.take(applied, scene.state, least)
        self._ended = pl.concat([self._ended.filter(pl.col("ended") >= scene.horizon), ended])
        holds = {
            device: max(least, int(_SAMPLES * _SECOND * seconds))
            for device, seconds in _intervals(scene).items()
        }
        before, self._seen = self._seen, (scene.now, holds)
        if not (len(ended) or scene.fresh_news or before is None or before[1] != holds):
            # what began is told when it has held for long enough, and the hold is longer than the lateness
            due = (pl.col("since") + _hold(holds, least)).is_between(before[0], scene.now, closed="right")
            if not self._fold.open.select(due.any()).item():
                return nothing()
        spans = pl.concat([self._ended, self._fold.open])
        return self._told.revise(_look(spans, scene, holds, least), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        order = ["device", "vni", "mac", "since"]
        return {
            "open": self._fold.open.sort(order),
            "ended": self._ended.filter(pl.col("ended") >= horizon).sort(order),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._fold.load(frames["open"])
        self._ended, self._told.frame = frames["ended"], frames["told"]
        self._seen = None


def _hold(holds: Mapping[str, int], least: int) -> pl.Expr:
    """Return how long a disagreement of a device must hold, microseconds."""
    return pl.col("device").replace_strict(holds, default=least, return_dtype=pl.Int64)


def _look(spans: pl.DataFrame, scene: Scene, holds: Mapping[str, int], least: int) -> pl.DataFrame:
    """Return one finding per device and change of what its tables don't agree on."""
    told = spans.with_columns(told=pl.col("since") + _hold(holds, least)).filter(
        (pl.col("told") < pl.col("ended").fill_null(2**62)) & (pl.col("told") <= scene.now)
    )
    if told.is_empty():
        return pl.DataFrame(schema=FINDING)
    course = course_of(told, *(scene.fresh(family) for family in FAMILIES))
    return say(course.with_columns(seconds=_hold(holds, least) // _SECOND), told)


def course_of(told: pl.DataFrame, routes: pl.DataFrame, macs: pl.DataFrame) -> pl.DataFrame:
    """Return how many MACs the tables of each device don't agree on, a row per change worth a finding.

    ``told``: spans with ``told``. ``routes``, ``macs``: timelines per device of who is fresh.
    """
    begins = told.select(
        "device", "offset", "index", time="told", now=pl.max_horizontal("now", "told"), step=pl.lit(1)
    )
    ends = told.filter(pl.col("ended").is_not_null()).select(
        "device", time="ended", offset="end_offset", index="end_index", now="end_now", step=pl.lit(-1)
    )
    names = ["device", *PLACE, "step"]
    counts = (
        pl.concat([begins.select(names), ends.select(names)])
        .sort("device", "time", "offset", "index")
        .with_columns(value=pl.col("step").cum_sum().over("device"))
        .group_by("device", "time", maintain_order=True)
        .agg(pl.col("offset", "index", "value").last(), pl.col("now").max())
    )
    seen = align(
        align(counts.select("device", *PLACE, "value"), routes, ["device"], "with routes"),
        macs,
        ["device"],
        "with macs",
    )
    fresh = (pl.col("with routes") & pl.col("with macs")).fill_null(value=False)
    states = seen.filter(pl.col("value").is_not_null()).with_columns(
        active=pl.when(pl.col("value") == 0).then(pl.lit(value=False)).when(fresh).then(pl.lit(value=True)),
        size=pl.col("value").clip(1).log(2).floor(),
    )
    return telling(changes(states, ["device"], ["active", "size"]), ["device"])


def say(course: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return findings of what ``course_of`` returned; ``seconds``: how long nothing has changed by then."""
    which = pl.format(
        "{} in VNI {}: {}",
        mac_text(pl.col("mac")), "vni", pl.col("says").replace_strict(_SAYS, return_dtype=pl.String),
    )  # fmt: skip
    shown = (
        course.select("device", "time")
        .join(told.with_columns(which=which).select("device", "told", "ended", "which"), on="device")
        .filter(
            (pl.col("told") <= pl.col("time"))
            & (pl.col("ended").is_null() | (pl.col("time") < pl.col("ended")))
        )
        .group_by("device", "time")
        .agg(which=pl.col("which").sort().head(_SHOWN))
    )
    rows = course.join(shown, on=["device", "time"], how="left", maintain_order="left")
    more = pl.col("value") - pl.col("which").list.len().cast(pl.Int64)
    return findings(
        rows.with_columns(
            rule=pl.lit("X3"),
            severity=pl.lit("warning"),
            coverage=pl.when(pl.col("active").is_null()).then(0.0).otherwise(1.0),
            summary=pl.when("active")
            .then(
                pl.format(
                    "The tables of {} have not agreed on {} MAC{} for {} s: {}{}",
                    "device", "value", plural(pl.col("value")), "seconds",
                    pl.col("which").list.join("; "),
                    pl.when(more > 0).then(pl.format("; and {} more", more)).otherwise(pl.lit("")),
                )
            )
            .when(pl.col("active").is_null())
            .then(pl.format("{} is not seen: nobody can tell whether its tables agree by now", "device"))
            .otherwise(pl.format("The tables of {} agree", "device")),
            evidence=pl.struct(
                macs="value", examples="which",
                ruled_out=pl.concat_list(
                    pl.lit("a MAC that moves: nothing changed about it meanwhile"),
                    pl.lit("a segment, a sticky or a frozen MAC, a gateway: they may be at two places"),
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _intervals(scene: Scene) -> dict[str, float]:
    """Return the longest sample interval of each device that samples one of the tables, in seconds."""
    longest: dict[str, float] = {}
    for (device, family), observer in scene.state.sessions.observers.items():
        if family in FAMILIES and observer.samples:
            seconds = max(float(each) for _, each in observer.samples)
            longest[device] = max(longest.get(device, 0), seconds)
    return longest
