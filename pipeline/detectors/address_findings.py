"""What is said of addresses with several MACs: states, sentences and evidence (rules I1, I2, I5)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.records import us
from pipeline.detectors import findings
from pipeline.detectors.crowds import turns
from pipeline.detectors.text import domain_text, mac_text, plural
from pipeline.detectors.timeline import PLACE

KEYS: Final = ["group", "vni", "evi", "ip_hi", "ip_lo", "ip"]
"""What identifies an address: its number, its domain, its halves, its text."""
MANY: Final = 5
"""How many addresses a finding about many names."""


def place_names(places: pl.Series, owners: Mapping[str, str]) -> dict[str, str]:
    """Return how places read in sentences: a VTEP by its device, a segment by its ESI."""
    return {place: owners.get(place, place) for place in places.drop_nulls().unique().to_list()}


def in_words(macs: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """Return rows of ``pipeline.detectors.binding_states.mac_states`` with ``where``: MAC and places."""
    where = pl.col("places").list.eval(pl.element().replace(names)).list.unique().list.sort()
    return macs.with_columns(where=pl.format("{} at {}", mac_text(pl.col("mac")), where.list.join(" and ")))


def address_states(macs: pl.DataFrame) -> pl.DataFrame:
    """Return a row per address and time: KEYS, PLACE, whether each rule holds (null: nobody can tell).

    ``macs``: rows of ``in_words`` with KEYS. Columns I1, I5; ``news``; ``first`` and ``last``, the places of
    the hosts; ``hosts`` and ``gateways``, in words.
    """
    told = macs.with_columns(spot=pl.col("places").list.join(" "))
    alive, host = pl.col("alive").fill_null(value=False), ~pl.col("gateway")
    maybe = pl.col("alive").fill_null(value=True)
    spots = pl.col("places").filter(alive & host).explode(empty_as_null=True)
    return (
        told.group_by(*KEYS, "time")
        .agg(
            pl.col("offset", "index", "now").first(),
            count=(alive & host).sum(),
            maybe_count=(maybe & host).sum(),
            apart=pl.col("spot").filter(alive & host).n_unique() > 1,
            routed=(alive & ~host).any(),
            maybe_routed=(maybe & ~host).any(),
            news=(pl.col("live") & alive).any(),
            first=spots.min(),
            last=spots.max(),
            hosts=pl.col("where").filter(alive & host).sort().str.join(" and "),
            gateways=pl.col("where").filter(alive & ~host).sort().str.join(" and "),
            observers=pl.col("observers").max(),
            fresh_observers=pl.col("fresh_observers").max(),
        )
        .with_columns(
            I1=_surely(
                (pl.col("count") > 1) & pl.col("apart"), pl.col("maybe_count") > pl.col("count").clip(1)
            ),
            I5=_surely(
                pl.col("routed") & (pl.col("count") > 0),
                pl.col("maybe_routed") & (pl.col("maybe_count") > 0),
            ),
        )
        .sort(*KEYS, "time")
    )


def _surely(holds: pl.Expr, may_hold: pl.Expr) -> pl.Expr:
    """Return true, false, or null where it may be so but nobody can tell."""
    return pl.when(holds).then(pl.lit(value=True)).when(~may_hold).then(pl.lit(value=False))


def say_duplicate(told: pl.DataFrame, seconds: pl.Expr) -> pl.DataFrame:
    """Return findings I1 of single addresses; ``told``: statements of ``pipeline.detectors.spells``."""
    name = pl.format("IP {} in {}", "ip", domain_text())
    return findings(
        told.with_columns(
            rule=pl.lit("I1"),
            severity=pl.lit("critical"),
            coverage=_coverage(),
            summary=pl.when("active")
            .then(
                pl.format(
                    "{} has {} MACs at once, for longer than {} s: {}{}",
                    name, "count", seconds.cast(pl.Int64), "hosts", _blind(),
                )
            )
            .when(pl.col("active").is_null())
            .then(pl.format("{}: nobody who sees now can tell how many MACs it has{}", name, _blind()))
            .otherwise(pl.format("{} has {} MAC{}", name, "count", _of_hosts())),
            evidence=pl.struct(
                "hosts", "first", "last", "observers", "fresh_observers", macs="count",
                ruled_out=pl.concat_list(
                    pl.format("an address that moved to another MAC: both are bound for over {} s", seconds),
                    pl.lit("a gateway's address: neither MAC is a router's"),
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def say_gateway(told: pl.DataFrame) -> pl.DataFrame:
    """Return findings I5; ``told``: statements of ``pipeline.detectors.spells``."""
    name = pl.format("IP {} in {}", "ip", domain_text())
    return findings(
        told.with_columns(
            rule=pl.lit("I5"),
            severity=pl.lit("critical"),
            coverage=_coverage(),
            summary=pl.when("active")
            .then(
                pl.format(
                    "{} is a gateway's, {}, and a host has it, too: {}{}", name, "gateways", "hosts", _blind()
                )
            )
            .when(pl.col("active").is_null())
            .then(pl.format("{}: nobody who sees now can tell whether a host has it, too{}", name, _blind()))
            .when("routed")
            .then(pl.format("{} is a gateway's alone, {}", name, "gateways"))
            .otherwise(pl.format("{} is no gateway's any more{}", name, _of_hosts())),
            evidence=pl.struct(
                "hosts", "gateways", "first", "last", "observers", "fresh_observers"
            ).struct.json_encode(),
        )
    )


def crowd_rows(course: pl.DataFrame, members: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Return the turns of crowds with their evidence (PLACE).

    ``course``: of ``pipeline.detectors.crowds``.
    ``members``: its spells with KEYS. ``states``: those of the addresses.
    """
    evidence = states.select(*KEYS, *PLACE)
    both = [
        members.select(*KEYS, "place", at=when, time=since).join(
            evidence, on=[*KEYS, "time"], nulls_equal=True
        )
        for when, since in (("told", "begun"), ("ended", "ended"))
    ]
    places = (
        pl.concat(both)
        .sort("place", "at", "offset", "index")
        .group_by("place", "at", maintain_order=True)
        .agg(pl.col("offset", "index").last(), now=pl.max_horizontal("now", "at").max())
    )
    # of a crowd that is carried along the beginning was told long ago
    return turns(course).join(places.rename({"at": "time"}), on=["place", "time"])


def say_crowd(
    told: pl.DataFrame, members: pl.DataFrame, names: Mapping[str, str], window_s: int
) -> pl.DataFrame:
    """Return findings I1 of places that have many addresses twice; ``told``: rows of ``crowd_rows``."""
    lately = pl.col("since") <= pl.col("time")
    goes_on = (pl.col("time") < pl.col("ended")) | ~pl.col("crowd")
    shown = (
        told.select("place", "time", "crowd")
        .join(members.select("place", "since", "ended", "ip", "vni", "first", "last"), on="place")
        .filter(lately & goes_on)
        .group_by("place", "time")
        .agg(
            pl.col("first", "last").first(),
            vnis=pl.col("vni").drop_nulls().unique().sort(),
            examples=pl.col("ip").unique().sort().head(MANY),
        )
    )
    between = pl.format("{} and {}", pl.col("first").replace(names), pl.col("last").replace(names))
    return findings(
        told.join(shown, on=["place", "time"], how="left", maintain_order="left").with_columns(
            rule=pl.lit("I1"),
            severity=pl.lit("critical"),
            vtep="first",
            peer="last",
            summary=pl.when("crowd")
            .then(
                pl.format(
                    "{} IP addresses in {} VNI{} have a MAC at both of {}, many of them since the same {} s: "
                    "networks that were apart have met, or hosts were copied; among them {}",
                    "standing", pl.col("vnis").list.len(), plural(pl.col("vnis").list.len()), between,
                    pl.lit(window_s),
                    pl.col("examples").list.join(", "),
                )
            )
            .otherwise(pl.format("No IP address has a MAC at both of {} any more", between)),
            evidence=pl.struct(
                "first", "last", "vnis", "examples", addresses="standing",
                ruled_out=pl.concat_list(
                    pl.lit("hosts with wrong addresses, one by one: so many at once have one cause")
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def flaps(macs: pl.DataFrame, owners: pl.DataFrame, limit: pl.Expr, window: timedelta) -> pl.DataFrame:
    """Return findings I2: one per change of an address's MAC with which it changed too often.

    A change is a MAC that the address gets, or gets back, while another has it or had it last. ``macs``: as
    for ``address_states``. ``owners``: group, ``owner``: its MAC before there were several.
    """
    alive = pl.col("alive").fill_null(value=False) & ~pl.col("gateway")
    at_once = alive.cast(pl.Int64).sum().over("group", "time")
    begins = alive & ~alive.shift(1, fill_value=False).over("group", "mac")
    got = (
        macs.sort("group", "mac", "time")
        .with_columns(at_once=at_once, begins=begins)
        .filter("begins")
        .sort("group", "time", "mac")
        .join(owners, on="group", how="left", maintain_order="left")
        .with_columns(before=pl.coalesce(pl.col("mac").shift(1).over("group"), "owner"))
        .with_columns(
            change=(
                pl.col("live") & ((pl.col("before") != pl.col("mac")) | (pl.col("at_once") > 1))
            ).fill_null(value=False),
            at=pl.from_epoch("time", time_unit="us"),
        )
    )
    counted = pl.col("change").cast(pl.Float64).rolling_sum_by("at", window_size=window, closed="right")
    often = got.with_columns(changes=counted.over("group").cast(pl.Int64)).filter(
        pl.col("change") & (pl.col("changes") >= limit)
    )
    seconds = pl.lit(us(window) // 1_000_000)
    return findings(
        often.with_columns(
            rule=pl.lit("I2"),
            severity=pl.lit("warning"),
            active=pl.lit(value=True),
            coverage=_coverage(),
            summary=pl.format(
                "IP {} in {} changed its MAC {} times within {} s, now from {} to {}{}",
                "ip", domain_text(), "changes", seconds, mac_text(pl.col("before")), "where", _blind(),
            ),
            evidence=pl.struct(
                "changes", "where", window_s=seconds, old_mac=mac_text(pl.col("before")),
                new_mac=mac_text(pl.col("mac")), both_at_once=pl.col("at_once") > 1,
            ).struct.json_encode(),
        ).drop("mac")
    )  # fmt: skip


def _coverage() -> pl.Expr:
    return pl.col("fresh_observers") / pl.col("observers")


def _blind() -> pl.Expr:
    return (
        pl.when(pl.col("fresh_observers") < pl.col("observers"))
        .then(pl.format(" ({} of {} observers fresh)", "fresh_observers", "observers"))
        .otherwise(pl.lit(""))
    )


def _of_hosts() -> pl.Expr:
    return pl.when(pl.col("hosts") != "").then(pl.format(": {}", "hosts")).otherwise(pl.lit(""))
