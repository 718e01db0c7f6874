"""EVPN sessions that are up and bring nothing (rule V16).

A session can be established and yet carry no EVPN: the address family isn't negotiated (its ``active`` is
false for 10 s), or it is and no prefix comes. The latter is a fault only where prefixes are due: the
neighbour sends some to another device, or another neighbour of the same kind sends some here, for 60 s. EOS
with ``next-hop-self`` on a route reflector is such a case (ipSpace.net, 2022/10 and 2025/11): session and
family stay up, no EVPN route is sent. Where counters of prefixes are not told, type-3 routes from the
neighbour stand for them. Of a neighbour that has nothing to send (a monitor) nothing is due.

Subject: device (the leaf) and peer (the neighbour's address there); the neighbour alone, as device, when none
of its sessions brings anything. Look first at the neighbour's EVPN address family: activated, policy, next
hop.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.records import us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.known import IMET_ROUTE
from pipeline.detectors.moments import held_at, lasting, moments
from pipeline.detectors.presence import Presence
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.speakers import Speakers, ends_of_sessions
from pipeline.detectors.spoken import Spoken
from pipeline.detectors.timeline import StepTable, align

RULES: Final = catalogue(
    Rule("V16", "EVPN_AF_DOWN", "evpn_sessions", rank=1, wait=timedelta(seconds=10)),
)
EMPTY_S: Final = Parameter("V16", "empty_s", 60, unit="s", least=10, most=3600)
"""How long a session that is up may bring no prefix while others do."""
PARAMETERS: Final = parameters(EMPTY_S)
_SECOND_US: Final = 1_000_000
_END: Final = ["device", "neighbor"]


class Sessions:
    """What BGP sessions say of EVPN, and rule V16."""

    def __init__(self) -> None:
        self._speakers = Speakers()
        self._routes, self._held = Presence(_END), StepTable(_END, pl.Boolean)
        self._spoken = Spoken(["device", "peer"])
        self._hungry: pl.Series | None = None
        """When sessions ceased to bring prefixes, as far as it isn't settled; None: nobody has looked."""

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._speakers.settle(scene.horizon - 1)
        self._held.settle(scene.horizon - 1)
        news = any([self._take_routes(applied), self._speakers.take(applied)])
        # a session is empty for long enough that long before the rule's own wait ends
        wait = us(scene.settings.wait(RULES["V16"]))
        patience = max(int(scene.settings.value(EMPTY_S) * _SECOND_US) - wait, 0)
        if not (news or scene.fresh_news or scene.roles_news or self._due(scene, patience)):
            return nothing()
        established = self._speakers.established.timeline()
        prefixes = self._prefixes()
        fed = _fed(prefixes, established)
        self._hungry = fed.filter(~pl.col("value"))["time"]
        said = (established, self._speakers.active.timeline(), prefixes, lasting(fed, patience, scene.now))
        judged = verdicts(said, scene.roles.ends, scene.fresh("bgp"), scene.horizon)
        told = self._spoken.telling(judged, ["trouble", "empty", "unknown"], scene.horizon)
        return self._spoken.revise(_say(told), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **self._speakers.dump(horizon - 1),
            "routes": self._routes.dump(),
            "held": self._held.dump(horizon - 1),
            **self._spoken.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._speakers.load(frames)
        self._routes.load(frames["routes"])
        self._held.rows = frames["held"]
        self._spoken.load(frames)
        self._hungry = None

    def _due(self, scene: Scene, patience: int) -> bool:
        """Return whether a session has been without prefixes for long since the horizon."""
        if self._hungry is None:
            return True
        return bool((self._hungry + patience).is_between(scene.horizon, scene.now).any())

    def _take_routes(self, applied: Applied) -> bool:
        routes = applied.changes["evpn_route"]
        multicast = (routes.keys["route_type"].values == IMET_ROUTE) & routes.keys["neighbor"].known
        keys = {name: routes.keys[name] for name in _END}
        sides = (keys, multicast & routes.existed), (keys, multicast & routes.exists)
        held = self._routes.apply(routes, applied.records, sides)
        self._held.add(held)
        return len(held) > 0

    def _prefixes(self) -> pl.DataFrame:
        """Return the timeline of whether prefixes come: by counters, or by type-3 routes without them."""
        counted = self._speakers.prefixes.timeline()
        held = self._held.timeline()
        # who tells routes, and no counters, has none until the first comes
        telling = self._speakers.active.timeline().join(
            held.select("device").unique(), on="device", how="semi"
        )
        begins = telling.group_by(_END, maintain_order=True).first().with_columns(value=pl.lit(value=False))
        first = begins.join(held.select(_END).unique(), on=_END, how="anti")
        routes = pl.concat([held, first.select(held.columns)]).join(counted.select(_END), on=_END, how="anti")
        return pl.concat([counted, routes.join(telling.select(_END).unique(), on=_END, how="semi")])


def _fed(prefixes: pl.DataFrame, established: pl.DataFrame) -> pl.DataFrame:
    """Return the timeline of sessions that bring prefixes; one that isn't established owes none."""
    both = align(prefixes, established, _END, "with up")
    owes = pl.col("with up").fill_null(value=False)
    return both.with_columns(value=pl.col("value") | ~owes).drop("with up").drop_nulls("value")


def verdicts(
    said: tuple[pl.DataFrame, ...], ends: pl.DataFrame, fresh: pl.DataFrame, since: int
) -> pl.DataFrame:
    """Return the verdict on each session and on each neighbour, a row per time.

    ``said``: timelines per (device, neighbor) of being established, carrying EVPN, bringing prefixes, and
    having brought none for long. ``ends``: adjacencies (``pipeline.detectors.topology.ENDS``). ``fresh``:
    timeline per device. ``since``: microseconds; the verdicts from then on are wanted.
    """
    times = moments([*said, fresh], since)
    rows = ends_of_sessions(ends).join(times.select("time"), how="cross")
    for name, timeline in zip(_SAID, said, strict=True):
        rows = rows.join(held_at(timeline, _END, times, name), on=["time", *_END], how="left")
    rows = rows.join(held_at(fresh, ["device"], times, "fresh"), on=["time", "device"], how="left")
    return _verdicts(_ends(rows)).join(times, on="time")


_SAID: Final = ("established", "carries", "prefixes", "empty")


def _ends(said: pl.DataFrame) -> pl.DataFrame:
    """Return what each fresh end says of its session: whether its family is down, or its prefixes missing.

    ``doubtful``: the end is blind, and complained when it was heard last.
    """
    sees = pl.col("fresh").fill_null(value=False)
    lacks = ~pl.col("carries").fill_null(value=True) | pl.col("empty").fill_null(value=False)
    here = said.with_columns(
        sees=sees & pl.col("established").is_not_null(),
        up=sees & pl.col("established").fill_null(value=False),
        doubtful=~sees & pl.col("established").fill_null(value=False) & lacks,
        sender=pl.when(pl.col("device") == pl.col("leaf")).then("peer").otherwise("leaf"),
    ).with_columns(
        works=pl.col("up") & pl.col("carries").fill_null(value=False),
        refuses=pl.col("up") & ~pl.col("carries").fill_null(value=True),
    )
    brings = pl.col("works") & pl.col("prefixes").fill_null(value=False)
    # who sends what to whom at each time: what is due is what others get
    gets = here.filter(brings).select("time", "device", "sender")
    sends_to_others = _others(here, gets, "sender", "device")
    has_from_others = _others(here, gets, "device", "sender")
    hears_others = _others(here, gets.rename({"device": "sender", "sender": "device"}), "sender", "device")
    from_spine = pl.col("device") == pl.col("leaf")
    return here.with_columns(
        due=pl.col("peer_known")
        & pl.when(from_spine)
        .then((sends_to_others & hears_others) | has_from_others)
        .otherwise(sends_to_others)
    ).with_columns(starved=pl.col("works") & pl.col("empty").fill_null(value=False) & pl.col("due"))


def _others(here: pl.DataFrame, pairs: pl.DataFrame, of: str, others: str) -> pl.Series:
    """Return, per row, whether ``pairs`` has one with the same ``of`` and another in ``others``."""
    tally = pairs.unique().group_by("time", of).agg(found=pl.col(others).unique())
    joined = here.join(tally, on=["time", of], how="left", maintain_order="left")
    count = pl.col("found").list.len().fill_null(0)
    itself = pl.col("found").list.contains(pl.col(others)).fill_null(value=False).cast(pl.Int64)
    return joined.select((count - itself) > 0).to_series()


def _verdicts(ends: pl.DataFrame) -> pl.DataFrame:
    """Return the verdict on each session and on each neighbour, a row per time."""
    session = ["time", "leaf", "peer", "peer_known", "leaf_neighbor"]
    whole = ends.group_by(session).agg(
        pl.col("refuses", "starved", "works").any(),
        # what one end sees is no answer to what the other one complained of
        sees=pl.col("sees").any() & ~pl.col("doubtful").any(),
    )
    peer = ["time", "peer"]
    elsewhere = (pl.col("works") & ~pl.col("refuses")).any().over(peer) | (
        pl.col("refuses").sum().over(peer) > 1
    )
    beside = (pl.col("works") & ~pl.col("refuses")).any().over(["time", "leaf", "peer"])
    whole = whole.with_columns(
        refused=pl.col("refuses") & pl.col("peer_known") & elsewhere & ~beside
    ).with_columns(trouble=pl.col("refused") | pl.col("starved"))
    by_peer = (
        whole.filter("peer_known")
        .group_by(peer)
        .agg(
            pl.col("trouble", "refused").sum(),
            pl.len().alias("sessions"),
            unknown=(~pl.col("sees")).sum(),
            leaves=pl.col("leaf").filter("trouble").unique().sort().str.join(", "),
        )
    )
    all_of_it = (pl.col("trouble") > 1) & (pl.col("trouble") + pl.col("unknown") == pl.col("sessions"))
    on_peers = by_peer.select(
        "time", "sessions", "unknown", "trouble", "leaves", "refused",
        device="peer", peer=pl.lit(None, pl.String), name="peer",
        empty=pl.col("trouble") - pl.col("refused"),
        active=pl.when(all_of_it | (pl.col("unknown") == 0)).then(all_of_it),
    )  # fmt: skip
    taken = on_peers.filter(pl.col("active").fill_null(value=False)).select("time", peer="name")
    covered = whole.select("time", "peer").join(
        taken.with_columns(covered=pl.lit(value=True)), on=["time", "peer"], how="left", maintain_order="left"
    )["covered"]
    alone = whole.with_columns(covered=covered.fill_null(value=False))
    mine = pl.col("trouble") & ~pl.col("covered")
    on_sessions = alone.select(
        "time", device="leaf", peer="leaf_neighbor", name="peer",
        sessions=pl.lit(1, pl.UInt32), unknown=(~pl.col("sees")).cast(pl.UInt32),
        trouble=mine.cast(pl.UInt32), leaves="leaf", refused=pl.col("refused").cast(pl.UInt32),
        empty=pl.col("starved").cast(pl.UInt32),
        active=pl.when(mine | pl.col("sees")).then(mine),
    )  # fmt: skip
    return pl.concat([on_peers, on_sessions], how="diagonal_relaxed")


def _say(told: pl.DataFrame) -> pl.DataFrame:
    neighbor, alone = pl.col("peer").is_null(), pl.col("refused") > 0
    session = pl.format("The BGP session of {} with {}", "device", "name")
    why = (
        pl.when(alone)
        .then(pl.lit("is established, but doesn't carry EVPN: the address family isn't negotiated"))
        .otherwise(pl.lit("is established and carries EVPN, but no prefix comes, where others get some"))
    )
    return findings(
        told.with_columns(
            rule=pl.lit("V16"),
            severity=pl.lit("critical"),
            coverage=1 - pl.col("unknown") / pl.col("sessions"),
            summary=pl.when(~pl.col("active").fill_null(value=False))
            .then(
                pl.when(neighbor)
                .then(
                    pl.format(
                        "{} carries EVPN on its sessions, {} of {} can't be told",
                        "device", "unknown", "sessions",
                    )
                )
                .otherwise(pl.format("{} carries EVPN", session))
            )
            .when(neighbor & alone)
            .then(
                pl.format(
                    "{} negotiates no EVPN on {} of {} BGP sessions that are established: {}",
                    "device", "trouble", "sessions", "leaves",
                )
            )
            .when(neighbor)
            .then(
                pl.format(
                    "{} sends no EVPN route on {} of {} sessions that are established and carry EVPN: {}",
                    "device", "trouble", "sessions", "leaves",
                )
            )
            .otherwise(pl.format("{} {}", session, why)),
            evidence=pl.struct(
                "name", "sessions", "unknown", "leaves", not_negotiated="refused", without_prefixes="empty",
                ruled_out=pl.when(alone)
                .then(pl.lit("session down: it is established"))
                .otherwise(pl.lit("session down: it is established; family not negotiated: it is active")),
            ).struct.json_encode(),
        )
    )  # fmt: skip
