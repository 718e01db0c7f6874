"""A loop: many MACs flap at once between the same places (rule M6).

One duplicate host is one MAC; a loop sends the frames of many back and forth. So at least K = 10 distinct
MACs that flap within T = 30 s, all between the same two places (in whatever VNIs) or all in one VNI (between
whatever places), are a loop. A MAC flaps when M2 or M3 holds, or when one burst has more moves than any
migration: a fast loop is cut by devices that freeze its MACs before a burst is long. Juniper, "Configuring
Loop Detection", tells a local loop (two ports of one device) from a global one (two devices); both look like
this.

One loop is one incident: what else reaches K while it goes on and shares a place with it is the same loop.
Its MACs' own incidents (M2, M3) are its consequences.

It is told when it forms, each time it is a quarter larger, and each 10 s while it goes on. It clears 180 s
after fewer than K MACs flap. Subject: vni (or evi), or where no VNI has K of its MACs the two places: vtep
and peer, or esi. Look first for a cable or a bridge between the two places.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import polars as pl

from pipeline.apply.records import LATENESS, us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.loop_words import say, subject_of
from pipeline.detectors.moves import WINDOW
from pipeline.detectors.settings import Parameter, Settings, parameters
from pipeline.detectors.text import domain_text
from pipeline.schema import Columns

RULES: Final = catalogue(Rule("M6", "LOOP_SUSPECT", "loop", rank=1, clear=WINDOW, momentary=True))
PARAMETERS: Final = parameters(
    Parameter("M6", "macs", 10, "MACs", 2, 1000, per_vni=True),
    Parameter("M6", "window_s", 30, "s", 5, 600, per_vni=True),
)
_MACS, _WINDOW_S = PARAMETERS
FLAP: Final[Columns] = {
    "key": pl.Int64,
    "vni": pl.UInt32,
    "evi": pl.UInt32,
    "mac": pl.UInt64,
    "time": pl.Int64,
    "offset": pl.Int64,
    "index": pl.UInt32,
    "now": pl.Int64,
    "rule": pl.String,
    "name": pl.String,
    "old_name": pl.String,
    "places": pl.List(pl.String),
    "seq": pl.Int64,
    "old_seq": pl.Int64,
    "count": pl.Int64,
    "burst_moves": pl.Int64,  # of the burst that goes on
    "window_s": pl.Float64,
    "burst_s": pl.Float64,
    "burst_limit_s": pl.Float64,
    "ping_pong": pl.Boolean,
    "duplicate_moves": pl.Int64,
    "duplicate_window_s": pl.Float64,
    "most_seen": pl.Int64,  # moves that the PE saw that saw most; null: not all of them are known
    "most_at": pl.String,
    "undetected": pl.Boolean,  # by any PE alone
}
"""One row per move at which M2 or M3 holds, or its burst has more moves than any migration."""
GROWTH: Final = 1.25
_UPDATE: Final = 10_000_000
"""How often the counts of a loop that goes on are told, microseconds."""
_SECOND: Final = 1_000_000


def kept(settings: Settings) -> int:
    """Return for how long flaps are of use, microseconds."""
    return us(LATENESS) + int(settings.widest(_WINDOW_S) * _SECOND) + 2 * _UPDATE


def crowds(flaps: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return flaps with the distinct MACs that flap in the window that ends there, the own one included.

    Columns added: ``pair_macs`` (between the same two places), ``domain_macs`` (in the VNI), ``pair``,
    ``domain`` (as text), ``macs`` and ``loop_s`` (the limits).
    """
    limited = flaps.with_columns(
        macs=settings.limit(_MACS, flaps.columns),
        loop_s=settings.limit(_WINDOW_S, flaps.columns),
        # where only the number rose there are no two places
        pair=pl.when(pl.col("name") != pl.col("old_name")).then(
            pl.format(
                "{} and {}", pl.min_horizontal("name", "old_name"), pl.max_horizontal("name", "old_name")
            )
        ),
        domain=domain_text(),
    )
    for group in ("pair", "domain"):
        limited = _crowd(limited, group)
    return limited


def _crowd(flaps: pl.DataFrame, group: str) -> pl.DataFrame:
    span = (pl.col("loop_s") * _SECOND).cast(pl.Int64)
    member = [group, "key"]
    ordered = flaps.sort(*member, "time", "offset", "index").with_columns(
        gap=pl.col("time").diff().over(member), until=pl.col("time") + span
    )
    begins = ordered.filter(pl.col("gap").is_null() | (pl.col("gap") >= span)).select(
        group, "time", step=pl.lit(1)
    )
    following = pl.col("gap").shift(-1).over(member)
    ends = ordered.filter(following.is_null() | (following >= span)).select(
        group, time="until", step=pl.lit(-1)
    )
    counts = (
        pl.concat([begins, ends])
        .group_by(group, "time")
        .agg(pl.col("step").sum())
        .sort("time", group)
        .with_columns(pl.col("step").cum_sum().over(group).alias(f"{group}_macs"))
        .drop("step")
    )
    return flaps.sort("time", "offset", "index").join_asof(
        counts, on="time", by=group, strategy="backward", check_sortedness=False
    )


@dataclass
class Loop:
    """One loop as far as it is known."""

    subject: dict[str, Any]  # Any: values of subject columns
    last: int
    told: int
    """Number of the 10 s in which it was last told."""
    size: int = -1
    """Step of growth (GROWTH) in which it was last told to be larger."""
    most: int = 0
    """MACs that were told to flap at once, at most."""
    places: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def copy(self) -> "Loop":
        """Return the same loop, to go on with."""
        return replace(self, subject=dict(self.subject), places=set(self.places), groups=set(self.groups))

    def near(self, time: int, settings: Settings) -> bool:
        """Return whether what happens at a time may be part of it: its incident is not over by then."""
        (rule,) = settings.timed(RULES.values(), self.subject.get("vni"), self.subject.get("esi"))
        return time - self.last < us(rule.clear)


class Loops:
    """The loops of one fabric, as of the horizon."""

    def __init__(self) -> None:
        self._settled: list[Loop] = []
        self._until = 0

    def detect(self, crowded: pl.DataFrame, horizon: int, settings: Settings) -> pl.DataFrame:
        """Return the findings from the horizon on; ``crowded``: all flaps kept, as ``crowds`` tells them."""
        crossings = _crossings(crowded)
        self._settle(crowded, crossings, horizon, settings)
        going_on = [loop.copy() for loop in self._settled]
        return findings(
            pl.DataFrame(
                _fold(going_on, crossings.filter(pl.col("time") >= self._until), crowded, settings),
                schema=_TOLD,
                orient="row",
            )
        )

    def _settle(
        self, crowded: pl.DataFrame, crossings: pl.DataFrame, horizon: int, settings: Settings
    ) -> None:
        past = crossings.filter((pl.col("time") >= self._until) & (pl.col("time") < horizon))
        _fold(self._settled, past, crowded, settings)
        self._settled = [loop for loop in self._settled if loop.near(horizon, settings)]
        self._until = max(self._until, horizon)

    def dump(self, crowded: pl.DataFrame, horizon: int, settings: Settings) -> pl.DataFrame:
        """Return the state as a frame: the loops as of the horizon."""
        self._settle(crowded, _crossings(crowded), horizon, settings)
        rows = [
            {
                "subject": orjson.dumps(loop.subject, option=orjson.OPT_SORT_KEYS).decode(),
                "last": loop.last,
                "told": loop.told,
                "size": loop.size,
                "most": loop.most,
                "places": sorted(loop.places),
                "groups": sorted(loop.groups),
            }
            for loop in self._settled
        ]
        return pl.DataFrame(rows, schema=_LOOP).sort("subject", "last")

    def load(self, frame: pl.DataFrame, horizon: int) -> None:
        """Take the state from a frame that ``dump`` made at a horizon."""
        self._until = horizon
        self._settled = [
            Loop(
                **{
                    **row,  # stores of before this release don't tell size and most
                    "subject": orjson.loads(row["subject"]),
                    "places": {*row["places"]},
                    "groups": {*row["groups"]},
                }
            )
            for row in frame.rows(named=True)
        ]


_LOOP: Final[Columns] = {
    "subject": pl.String,
    "last": pl.Int64,
    "told": pl.Int64,
    "size": pl.Int64,
    "most": pl.Int64,
    "places": pl.List(pl.String),
    "groups": pl.List(pl.String),
}
_TOLD: Final[Columns] = {
    "rule": pl.String,
    "severity": pl.String,
    "active": pl.Boolean,
    "vni": pl.UInt32,
    "evi": pl.UInt32,
    "esi": pl.String,
    "vtep": pl.String,
    "peer": pl.String,
    "time": pl.Int64,
    "offset": pl.Int64,
    "index": pl.UInt32,
    "now": pl.Int64,
    "summary": pl.String,
    "evidence": pl.String,
}


def _crossings(crowded: pl.DataFrame) -> pl.DataFrame:
    """Return, of VNIs and of pairs of places, the flaps that are worth a look.

    Those at which K is reached, those at which a quarter more flap, and the first of each 10 s.
    """
    found = []
    for order, group in enumerate(("domain", "pair")):
        before = pl.col("crowd").shift(1).over("group")
        elapsed = pl.col("time") // _UPDATE != pl.col("time").shift(1).over("group") // _UPDATE
        found.append(
            crowded.with_columns(group=pl.col(group), crowd=pl.col(f"{group}_macs"), order=pl.lit(order))
            .sort("group", "time", "offset", "index")
            .filter(
                (pl.col("crowd") >= pl.col("macs"))
                & (
                    before.is_null()
                    | (before < pl.col("macs"))
                    | (_step(pl.col("crowd")) > _step(before))
                    | elapsed
                )
            )
        )
    return pl.concat(found).sort("time", "offset", "index", "order", "group")


def _step(macs: pl.Expr) -> pl.Expr:
    return macs.log(GROWTH).floor().cast(pl.Int64)


def _fold(
    loops: list[Loop], crossings: pl.DataFrame, crowded: pl.DataFrame, settings: Settings
) -> list[tuple[Any, ...]]:
    """Say of each crossing which loop it is; return what is told. Loops are brought up to date."""
    told: list[tuple[Any, ...]] = []
    for row in crossings.select(*_CROSSING, size=_step(pl.col("crowd"))).rows(named=True):
        bucket = row["time"] // _UPDATE
        near = [loop for loop in loops if loop.near(row["time"], settings)]
        known = [loop for loop in near if row["group"] in loop.groups]
        if known and known[0].told == bucket and row["size"] <= known[0].size:
            known[0].last = row["time"]
            continue
        window = crowded.filter(
            pl.col("time").is_between(row["time"] - row["loop_s"] * _SECOND, row["time"], closed="right")
        )
        mine = window.filter(pl.col("domain" if row["order"] == 0 else "pair") == row["group"])
        places = {*mine["name"].to_list(), *mine["old_name"].to_list()}
        loop = next((loop for loop in [*known, *near] if loop in known or loop.places & places), None)
        if loop is None:
            loop = Loop(subject_of(row), row["time"], told=-1)
            loops.append(loop)
        loop.last = row["time"]
        loop.places |= places
        loop.groups.add(row["group"])
        if loop.told != bucket or row["size"] > loop.size:
            loop.told, loop.size = bucket, max(loop.size, row["size"])
            told.append(_finding(loop, row, window))
    return told


_CROSSING: Final = [
    "time", "offset", "index", "now", "order", "group", "vni", "evi", "name", "old_name", "loop_s", "macs",
]  # fmt: skip


def _finding(loop: Loop, row: Mapping[str, Any], window: pl.DataFrame) -> tuple[Any, ...]:
    summary, evidence, macs = say(row, window, sorted(loop.places), loop.most)
    loop.most = max(loop.most, macs)
    return (
        "M6", "critical", True, loop.subject.get("vni"), loop.subject.get("evi"), loop.subject.get("esi"),
        loop.subject.get("vtep"), loop.subject.get("peer"), row["time"], row["offset"], row["index"],
        row["now"], summary, evidence,
    )  # fmt: skip
