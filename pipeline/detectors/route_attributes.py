"""Routes that lose on their way what makes them usable (rules V3, V5).

V3: the next hop of an inclusive multicast route (type 3) is another device's address instead of the VTEP that
originates it (RFC 8365, section 5.1.3; ipSpace.net, 2025/11: an EBGP hop with ``next-hop-self``): traffic is
tunnelled to a device that has no VTEP. Another address of the originating device itself, shared or not, is no
change. V5: a type-3 route came without route targets, or without its encapsulation community, while its
origin announces it with them (ipSpace.net, 2025/12; 2025/06: FRR 10.3 dropped Encapsulation, SR-OS, ArubaCX
and OS10 then refuse the route and others accept it). Type 3 stands for all types: what a hop does to one of
its sessions it does to all.

Subject: device, the one that changes or strips, found by the address of the next hop and by who still has
what is missing; peer, the neighbour's address, where nobody knows whose that is. Look first at that device's
EVPN policy towards its neighbours: next hop unchanged, extended communities sent.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.moments import held_at, moments
from pipeline.detectors.route_owners import addresses_of
from pipeline.detectors.spoken import Spoken
from pipeline.detectors.text import names_text, plural
from pipeline.detectors.type_three import ENCAPSULATION, PATH, ROUTE, TARGETS, TypeThree

RULES: Final = catalogue(
    Rule("V3", "VTEP_NH_CHANGED", "next_hop", rank=1),
    Rule("V5", "COMMUNITY_STRIPPED", "communities", rank=1),
)
_COMMUNITIES: Final = ((TARGETS, "route targets"), (ENCAPSULATION, "encapsulation"))
_SUBJECT: Final = ["rule", "device", "peer"]


class RouteAttributes:
    """Type-3 routes whose attributes look wrong, and rules V3 and V5."""

    def __init__(self) -> None:
        self._routes = TypeThree()
        self._spoken = Spoken(_SUBJECT)

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        routes = self._routes
        for table in routes.tables.values():
            table.settle(scene.horizon - 1)
        news = routes.take(applied.changes["evpn_route"], applied.records)
        wrong = len(routes.next_hops.rows) or len(routes.lacks.rows)
        if not wrong or not (news or scene.fresh_news or scene.roles_news):
            return nothing()
        tables = {name: table.timeline() for name, table in routes.tables.items()}
        fresh = scene.fresh("routes")
        times = moments([*tables.values(), fresh], scene.horizon)
        names = addresses_of(scene.roles)
        changed = changed_next_hops(held_at(tables["next_hops"], PATH, times), names)
        lacks = held_at(tables["lacks"], PATH, times, "lacks")
        origins = held_at(tables["has"], ["device", *ROUTE], times, "has")
        lost = pl.concat([changed, stripped(lacks, origins, routes.tells.rows, names)], how="diagonal")
        judged = _judge(lost, held_at(fresh, ["device"], times, "fresh"), times)
        marks = ["routes", "observers", "unknown", "what"]
        return self._spoken.revise(_say(self._spoken.telling(judged, marks, scene.horizon)), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {**self._routes.dump(horizon - 1), **self._spoken.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._routes.load(frames)
        self._spoken.load(frames)


def _with_devices(rows: pl.DataFrame, column: str, names: pl.DataFrame, called: str) -> pl.DataFrame:
    known = names.select(pl.col("address").alias(column), pl.col("devices").alias(called))
    return rows.join(known, on=column, how="left", maintain_order="left")


def changed_next_hops(paths: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return the paths of V3: those whose next hop belongs to somebody else than their origin.

    ``paths``: columns of a path, ``time`` and ``value``, a next hop that is not the originator's address.
    ``names``: ``address`` and ``devices``.
    """
    rows = _with_devices(paths, "vtep", names, "origins")
    rows = _with_devices(rows.rename({"value": "next_hop"}), "next_hop", names, "owners")
    rows = _with_devices(rows, "neighbor", names, "senders")
    origins, owners = pl.col("origins").fill_null([]), pl.col("owners").fill_null([])
    shared = origins.list.set_intersection(owners).list.len() > 0
    sender_is_origin = origins.list.set_intersection(pl.col("senders").fill_null([])).list.len() > 0
    by_sender = (pl.col("next_hop") == pl.col("neighbor")) & ~sender_is_origin
    culprit = (
        pl.when(owners.list.len() == 1)
        .then(owners.list.first())
        .when(pl.col("senders").list.len() == 1)
        .then(pl.col("senders").list.first())
    )
    return rows.filter(~shared & ((owners.list.len() > 0) | by_sender)).select(
        "time", "neighbor", *ROUTE, "next_hop", rule=pl.lit("V3"), observer="device", device=culprit,
        what=pl.lit(""),
    )  # fmt: skip


def stripped(
    paths: pl.DataFrame, origins: pl.DataFrame, tells: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """Return the paths of V5: those that lack what their origin announces and their sender still has.

    ``paths``: columns of a path, ``time`` and ``lacks``. ``origins``: columns of a route, ``time`` and
    ``has``; both in the letters of ``pipeline.detectors.type_three``. ``tells``: who ever told of which
    community, and when first. ``names``: ``address`` and ``devices``.
    """
    rows = paths.join(origins.drop("device"), on=["time", *ROUTE])
    lost = []
    for letter, what in _COMMUNITIES:
        telling_it = tells.filter(pl.col("what") == letter).select("device", "seen")
        lacking = rows.filter(pl.col("lacks").str.contains(letter) & pl.col("has").str.contains(letter))
        seen = lacking.join(telling_it, on="device").filter(pl.col("seen") <= pl.col("time"))
        lost.append(seen.with_columns(what=pl.lit(what)))
    missing = _with_devices(pl.concat(lost), "neighbor", names, "senders").with_columns(
        sender=pl.when(pl.col("senders").list.len() == 1).then(pl.col("senders").list.first())
    )
    # what the sender had not itself was lost before: that is said where it was lost
    before = missing.select("time", *ROUTE, "what", sender="device").unique()
    return missing.join(before, on=["time", *ROUTE, "what", "sender"], how="anti").select(
        "time", "neighbor", *ROUTE, next_hop=pl.lit(None, pl.String), rule=pl.lit("V5"), observer="device",
        device="sender", what="what",
    )  # fmt: skip


def _judge(lost: pl.DataFrame, fresh: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """Return the verdict on each device, or neighbour, of each rule, a row per time."""
    named = lost.with_columns(peer=pl.when(pl.col("device").is_null()).then("neighbor"))
    seen = named.join(fresh, left_on=["time", "observer"], right_on=["time", "device"], how="left")
    sees = pl.col("fresh").fill_null(value=False)
    tally = seen.group_by("time", *_SUBJECT).agg(
        paths=sees.sum(),
        unknown=pl.col("observer").filter(~sees).n_unique(),
        routes=pl.struct(ROUTE).filter(sees).n_unique(),
        vteps=pl.col("vtep").filter(sees).unique().sort(),
        observers=pl.col("observer").filter(sees).unique().sort(),
        next_hops=pl.col("next_hop").filter(sees).drop_nulls().unique().sort(),
        what=pl.col("what").filter(sees).unique().sort(descending=True).str.join(" and "),
    )
    subjects = tally.select(_SUBJECT).unique()
    return (
        times.join(subjects, how="cross")
        .join(tally, on=["time", *_SUBJECT], how="left", nulls_equal=True)
        .with_columns(pl.col("paths", "unknown", "routes").fill_null(0), pl.col("what").fill_null(""))
        .with_columns(pl.col("vteps", "observers", "next_hops").fill_null([]))
        .with_columns(wrong=pl.col("paths") > 0)
        .with_columns(active=pl.when(pl.col("wrong") | (pl.col("unknown") == 0)).then("wrong"))
    )


def _say(told: pl.DataFrame) -> pl.DataFrame:
    next_hop = pl.col("rule") == "V3"
    who = pl.coalesce("device", pl.format("The neighbour {}", "peer"))
    seen = pl.format(
        "{} route{} of {} VTEP{}, as {} see{}",
        "routes", plural(pl.col("routes")), pl.col("vteps").list.len(),
        plural(pl.col("vteps").list.len()), names_text("observers"),
        pl.when(pl.col("observers").list.len() == 1).then(pl.lit("s")).otherwise(pl.lit("")),
    )  # fmt: skip
    encapsulation, seers = pl.col("what") == "encapsulation", pl.col("observers").list.len()
    return findings(
        told.with_columns(
            severity=pl.when(encapsulation).then(pl.lit("warning")).otherwise(pl.lit("critical")),
            coverage=pl.when(pl.col("unknown") == 0)
            .then(1.0)
            .otherwise(seers / (seers + pl.col("unknown"))),
            summary=pl.when(~pl.col("active").fill_null(value=False))
            .then(
                pl.when(next_hop)
                .then(pl.format("{} leaves the next hop of type-3 routes as it is", who))
                .otherwise(pl.format("{} passes on type-3 routes with their communities", who))
            )
            .when(next_hop)
            .then(
                pl.format(
                    "{} changes the next hop of type-3 routes to {}: {}; their traffic ends where no VTEP is",
                    who, names_text("next_hops"), seen,
                )
            )
            .otherwise(
                pl.format("{} passes on type-3 routes without {}: {}; their origins announce {}", who, "what",
                    seen, pl.when(encapsulation).then(pl.lit("it")).otherwise(pl.lit("them")))
            ),
            evidence=pl.struct(
                "paths", "routes", "vteps", "observers", "next_hops", "what", blind_observers="unknown",
                ruled_out=pl.when(next_hop)
                .then(pl.lit("another address of the origin: the next hop is none of its addresses"))
                .otherwise(pl.lit("lost before: the sender and the origin have what the receiver lacks")),
            ).struct.json_encode(),
        )
    )  # fmt: skip
