"""BGP sessions that don't stay up, or whose routes outlive them (rule V17).

Flap: three resets of one session within 120 s (Apstra watches the same two minutes). A reset is a session
that leaves Established, or a step of ``established-transitions``: so one that went and came between two
samples counts as well. Of both ends the one that saw more counts. A counter that is smaller than before began
anew with its speaker. What an initial dump shows is no reset: nobody knows when it was.

Stale: the session has been down for 60 s and the device still holds type-3 routes from the neighbour.
Graceful restart keeps routes that long, and with them a black hole if the neighbour is gone for good
(ipSpace.net, 2024/01); NX-OS needs 300 s with 2000 VNIs, so the time is a parameter.

Of stale routes only who holds them can tell. Of a flap an end can that saw as many resets within the last
hour as the other one: one that saw fewer doesn't see them all.

Subject: device (the leaf) and peer (the neighbour's address there). Look first at the link and the hold timer
on the way, then at the CPU of both ends.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.columns import Column
from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.known import IMET_ROUTE
from pipeline.detectors.moments import held_at, lasting, moments
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.presence import Presence
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.speakers import Speakers, ends_of_sessions
from pipeline.detectors.spoken import Spoken
from pipeline.detectors.timeline import PLACE, StepTable

RULES: Final = catalogue(Rule("V17", "BGP_FLAP", "bgp", rank=1))
RESETS: Final = Parameter("V17", "resets", 3, unit="resets", least=2, most=100)
WINDOW_S: Final = Parameter("V17", "window_s", 120, unit="s", least=10, most=3600)
STALE_S: Final = Parameter("V17", "stale_s", 60, unit="s", least=10, most=3600)
PARAMETERS: Final = parameters(RESETS, WINDOW_S, STALE_S)
_SECOND_US: Final = 1_000_000
_KEPT_US: Final = int(WINDOW_S.most) * _SECOND_US
_END: Final = ["device", "neighbor"]
_EVENTS: Final = pl.Schema(
    {"device": pl.String, "neighbor": pl.String, **PLACE, "drops": pl.Int64, "steps": pl.Int64}
)
"""One row per reset seen: the session left Established (drops), or its counter rose (steps)."""
_SUBJECT: Final = ["leaf", "leaf_neighbor"]


class Resets:
    """When sessions were reset, which are down with routes still there, and rule V17."""

    def __init__(self) -> None:
        self._events = pl.DataFrame(schema=_EVENTS)
        self._speakers = Speakers()
        self._routes, self._held = Presence(_END), StepTable(_END, pl.Boolean)
        self._spoken = Spoken(["device", "peer"])

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._speakers.settle(scene.horizon - 1)
        self._held.settle(scene.horizon - 1)
        self._events = self._events.filter(pl.col("time") >= scene.horizon - _KEPT_US)
        window = int(scene.settings.value(WINDOW_S) * _SECOND_US)
        patience = int(scene.settings.value(STALE_S) * _SECOND_US)
        news = self._take(applied)
        down = self._speakers.established.rows.filter(~pl.col("value"))["time"]
        due = any(
            (begun + wait).is_between(scene.horizon, scene.now).any()
            for begun, wait in (
                (self._events["time"], window),
                (self._events["time"], _KEPT_US),
                (down, patience),
            )
        )
        if not (news or due or scene.fresh_news or scene.roles_news):
            return nothing()
        judged = verdicts(
            tuple(_in_window(self._events, each, scene.now) for each in (window, _KEPT_US)),
            (lasting(self._speakers.established.timeline(), patience, scene.now), self._held.timeline()),
            scene.roles.ends,
            scene.fresh("bgp"),
            limit=scene.settings.value(RESETS),
            since=scene.horizon,
        )
        told = self._spoken.telling(judged, ["resets", "stale"], scene.horizon)
        return self._spoken.revise(_say(told), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        kept = self._events.filter(pl.col("time") >= horizon - _KEPT_US)
        return {
            **self._speakers.dump(horizon - 1),
            "events": kept.sort("time", "offset", "index", *_END),
            "routes": self._routes.dump(),
            "held": self._held.dump(horizon - 1),
            **self._spoken.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._speakers.load(frames)
        self._routes.load(frames["routes"])
        self._events, self._held.rows = frames["events"], frames["held"]
        self._spoken.load(frames)

    def _take(self, applied: Applied) -> bool:
        routes = applied.changes["evpn_route"]
        multicast = (routes.keys["route_type"].values == IMET_ROUTE) & routes.keys["neighbor"].known
        keys = {"device": routes.keys["device"], "neighbor": routes.keys["neighbor"]}
        sides = (keys, multicast & routes.existed), (keys, multicast & routes.exists)
        held = self._routes.apply(routes, applied.records, sides)
        self._held.add(held)
        spoke = self._speakers.take(applied)
        seen = _resets(applied)
        self._events = pl.concat([self._events, seen])
        # most changes of sessions are counters that rise
        return spoke or len(seen) > 0 or len(held) > 0


def _resets(applied: Applied) -> pl.DataFrame:
    """Return the resets (_EVENTS) that a batch shows; those of initial dumps are none."""
    sessions, records = applied.changes["bgp_session"], applied.records
    if not len(sessions):
        return pl.DataFrame(schema=_EVENTS)
    was, is_now = (
        equals(side["session_state"], "ESTABLISHED").fill_null(value=False).to_numpy()
        for side in (sessions.before, sessions.after)
    )
    drops = was & ~is_now & sessions.exists & sessions.after["session_state"].known
    before: Column = sessions.before["established_transitions"]
    after: Column = sessions.after["established_transitions"]
    old, new = before.values.astype(np.int64), after.values.astype(np.int64)
    steps = np.where(before.known & after.known, np.where(new >= old, new - old, new), 0)
    live = ~records.take("dump", sessions.record) & ~records.take("late", sessions.record)
    rows = np.flatnonzero((drops | (steps > 0)) & live & ~sessions.keys["afi_safi"].known)
    keys = {name: name for name in _END}
    told = transitions(sessions, records, keys, pl.Series(drops.astype(np.int64)), pl.Series(rows))
    return (
        told.rename({"value": "drops"}).with_columns(steps=pl.Series(steps[rows])).select(_EVENTS.names())
    ).cast(_EVENTS)


def _in_window(events: pl.DataFrame, window: int, now: int) -> pl.DataFrame:
    """Return the timeline per (device, neighbor) of how many resets the window up to then holds."""
    over = (
        events.with_columns(
            time=pl.col("time") + window, drops=pl.lit(0, pl.Int64), steps=pl.lit(0, pl.Int64)
        )
        .with_columns(now="time")
        .filter(pl.col("time") <= now)
    )
    stepped = pl.when(pl.col("steps") > 0).then(pl.col("drops").cum_sum().over(_END))
    both = pl.concat([events, over]).sort(*_END, "time", "offset", "index")
    span = f"{window}i"
    return (
        both.with_columns(
            since=pl.col("drops").cum_sum().over(_END)
            - stepped.forward_fill().over(_END).fill_null(0),
            drops=pl.col("drops").rolling_sum_by("time", window_size=span, closed="right").over(_END),
            steps=pl.col("steps").rolling_sum_by("time", window_size=span, closed="right").over(_END),
        )
        # what the counter told already is not added; a drop after its last step is
        .with_columns(
            value=pl.max_horizontal(
                "drops", pl.col("steps") + pl.min_horizontal("since", "drops")
            )
        )
        .select(*_END, *PLACE, "value")
    )  # fmt: skip


def verdicts(
    seen: tuple[pl.DataFrame, ...],
    stale: tuple[pl.DataFrame, pl.DataFrame],
    ends: pl.DataFrame,
    fresh: pl.DataFrame,
    *,
    limit: float,
    since: int,
) -> pl.DataFrame:
    """Return the verdict on each session, a row per time.

    ``seen``: timelines per (device, neighbor) of resets within the window, and within the last hour.
    ``stale``: timelines of sessions being down for long, and of routes being held from the neighbour.
    ``ends``: adjacencies (``pipeline.detectors.topology.ENDS``). ``fresh``: timeline per device. ``limit``:
    resets that make a flap.
    """
    resets, lately = seen
    down, held = stale
    times = moments([resets, lately, down, held, fresh], since)
    known = pl.concat([resets.select(_END), down.select(_END)]).unique()
    units = (
        known.join(ends_of_sessions(ends), on=_END, how="left")
        .with_columns(
            pl.col("leaf").fill_null(pl.col("device")),
            pl.col("peer", "leaf_neighbor").fill_null(pl.col("neighbor")),
        )
        .join(times.select("time"), how="cross")
    )
    for name, timeline in (("resets", resets), ("lately", lately), ("down", down), ("held", held)):
        units = units.join(held_at(timeline, _END, times, name), on=["time", *_END], how="left")
    units = units.join(held_at(fresh, ["device"], times, "fresh"), on=["time", "device"], how="left")
    sees = pl.col("fresh").fill_null(value=False)
    units = units.with_columns(
        pl.col("lately").fill_null(0),
        left_over=pl.col("down").fill_null(value=False) & pl.col("held").fill_null(value=False),
    )
    subject = ["time", *_SUBJECT]
    holds = pl.col("left_over")
    most = pl.col("lately") == pl.col("lately").max().over(subject)
    knows = pl.when(holds.any().over(subject)).then(holds).otherwise(most)
    return (
        units.with_columns(knows=knows)
        .group_by(subject)
        .agg(
            pl.col("peer").first(),
            pl.col("resets").max().fill_null(0),
            stale=(holds & sees).any(),
            # who holds routes and is blind may hold them still
            sees=(pl.col("knows") & sees).any() & ~(holds & ~sees).any(),
            coverage=(pl.col("knows") & sees).sum() / pl.col("knows").sum(),
        )
        .with_columns(flaps=pl.col("resets") >= limit)
        .with_columns(wrong=pl.col("flaps") | pl.col("stale"))
        .with_columns(active=pl.when(pl.col("wrong") | pl.col("sees")).then("wrong"))
        .join(times, on="time")
        .rename({"peer": "name", "leaf": "device", "leaf_neighbor": "peer"})
    )


def _say(told: pl.DataFrame) -> pl.DataFrame:
    session = pl.format("The BGP session of {} with {}", "device", "name")
    return findings(
        told.with_columns(
            rule=pl.lit("V17"),
            severity=pl.lit("warning"),
            summary=pl.when(~pl.col("active").fill_null(value=False))
            .then(pl.format("{} stays as it is: {} resets within the window", session, "resets"))
            .when("flaps")
            .then(pl.format("{} doesn't stay up: {} resets within the window", session, "resets"))
            .otherwise(
                pl.format(
                    "{} is down, and routes of it are still in force: what they lead to may be gone", session
                )
            ),
            evidence=pl.struct("name", "resets", stale_routes="stale").struct.json_encode(),
        )
    )
