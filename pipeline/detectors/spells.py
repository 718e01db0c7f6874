"""Spells during which something held, and when each has lasted long enough to be told.

A spell begins with a row at which the condition holds, goes on while nobody can tell, and ends with the first
at which it doesn't. It is told once the condition has held without a break for as long as the rule wants,
counted from the first sign of it that is news: what was there when the first look was taken is none.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

NEVER: Final = 2**62
"""When what has not happened happens, microseconds."""
_ORDER: Final = ["time", "offset", "index"]


def spells(
    states: pl.DataFrame,
    subject: Sequence[str],
    hold: pl.Expr,
    now: int,
    *,
    keep: Sequence[str] = (),
    carried: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return a row per spell: subject, its number, and when it began, was told and ended.

    ``since``: its first sign that was news; ``begun``: the one from which on it held long enough; ``due``:
    when that was, ``told`` the same unless it is still to come; ``ended``: NEVER while it goes on. Null: not
    so.

    Args:
        states: rows of each subject with PLACE, ``value`` (null: nobody can tell) and ``news``.
        subject: the columns of a subject.
        hold: how long it must hold, microseconds, of columns of the subject.
        now: the fabric's clock.
        keep: columns of ``states`` to return as they were when a spell began.
        carried: subject, ``since``, ``begun``, ``told`` and ``keep`` of spells that go on where ``states``
            begin.
    """
    numbered = _numbered(states, subject)
    runs = (
        numbered.with_columns(following=pl.col("time").shift(-1).over(subject).fill_null(NEVER))
        .group_by([*subject, "spell", "run"], maintain_order=True)
        .agg(
            value=pl.col("value").last(),
            begun=pl.col("time").filter("news").min(),
            until=pl.col("following").last(),
            **{name: pl.col(name).first() for name in keep},
        )
        .with_columns(due=pl.col("begun") + hold)
    )
    holds = pl.col("value").fill_null(value=False)
    fits = holds & (pl.col("due") < pl.col("until"))
    found = (
        runs.group_by([*subject, "spell"], maintain_order=True)
        .agg(
            held=holds.any(),
            since=pl.col("begun").filter(holds).min(),
            begun=pl.col("begun").filter(fits).first(),
            due=pl.col("due").filter(fits).first(),
            ended=pl.col("until").last(),
            **{name: pl.col(name).filter(holds).first() for name in keep},
        )
        .with_columns(told=pl.when(pl.col("due") <= now).then("due"))
    )
    if carried is not None and len(carried):
        found = _with_carried(found, carried, subject, ("since", "begun", "told", *keep))
    return found.filter("held").drop("held")


def statements(states: pl.DataFrame, found: pl.DataFrame, subject: Sequence[str]) -> pl.DataFrame:
    """Return the rows worth a finding, with ``active``: where told spells begin, turn and end.

    The first has the place of the evidence by which the spell began, but says how things are when it is told.
    ``states`` as for ``spells``; ``found``: what it returned.
    """
    spell = [*subject, "spell"]
    told = found.filter(pl.col("told").is_not_null()).select(*spell, "told", "begun")
    numbered = _numbered(states, subject).join(
        told, on=spell, how="left", nulls_equal=True, maintain_order="left"
    )
    was, before = pl.col("value").shift(1).over(subject), pl.col("told").shift(1).over(subject)
    marked = numbered.with_columns(turned=pl.col("value").ne_missing(was), before=before)
    within = marked.filter(pl.col("turned") & (pl.col("time") > pl.col("told")))
    ends = marked.filter(~pl.col("value") & (pl.col("time") > pl.col("before")))
    # of a spell that is carried along the beginning was told long ago
    first = numbered.filter(pl.col("time") == pl.col("begun")).select(*spell, "offset", "index", "now")
    standing = (
        numbered.filter(pl.col("time") <= pl.col("told"))
        .group_by(spell, maintain_order=True)
        .last()
        .drop("offset", "index", "now", "time")
        .join(first, on=spell, nulls_equal=True)
        .with_columns(time="told", now=pl.max_horizontal("now", "told"), value=pl.lit(value=True))
    )
    columns = states.columns
    return (
        pl.concat([standing.select(columns), within.select(columns), ends.select(columns)])
        .with_columns(active="value")
        .sort(*subject, *_ORDER)
    )


def _numbered(states: pl.DataFrame, subject: Sequence[str]) -> pl.DataFrame:
    """Return states with ``spell``, which a row that ends one begins, and ``run``: rows of one value."""
    ordered = states.sort(*subject, *_ORDER, maintain_order=True)
    over = (~pl.col("value").fill_null(value=True)).cast(pl.Int64)
    turned = pl.col("value").ne_missing(pl.col("value").shift(1)).cast(pl.Int64)
    return ordered.with_columns(spell=over.cum_sum().over(subject), run=turned.cum_sum().over(subject))


def _with_carried(
    found: pl.DataFrame, carried: pl.DataFrame, subject: Sequence[str], columns: Sequence[str]
) -> pl.DataFrame:
    """Return spells; the first of a subject began before the states do, where that is carried along."""
    known = carried.select(*subject, *(pl.col(name).alias(f"{name} before") for name in columns))
    first = pl.col("spell") == pl.col("spell").min().over(subject)
    old = first & pl.col("told before").is_not_null()
    return (
        found.join(known, on=list(subject), how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.when(old).then(f"{name} before").otherwise(name).alias(name) for name in columns)
        .with_columns(
            due=pl.when(old).then("told before").otherwise("due"),
            held=pl.when(old).then(pl.lit(value=True)).otherwise("held"),
        )
        .drop(f"{name} before" for name in columns)
    )
