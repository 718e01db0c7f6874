"""What was at the other end of a thing before: what rules on changed neighbours and partners (L3, L6) keep.

The first that was ever heard of a subject is its reference, and no change. Whatever differs from it is one,
until the reference is back, or until the other has been there for a day: then that is the reference.

An identity is three texts: the thing itself, a detail that may be told later (empty until then, and equal to
any), and a name for people, which decides nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.records import LATENESS, us
from pipeline.detectors.timeline import PLACE, StepTable

ACCEPTED: Final = timedelta(days=1)
"""A change that lasts so long is how things are now."""
_SEPARATOR: Final = "\x1f"
_PARTS: Final = ("thing", "detail", "name")
_REFERENCE: Final = ("ref_thing", "ref_detail", "ref_name")
_PAIRS: Final = tuple(zip(_PARTS, _REFERENCE, strict=True))


def identity(thing: pl.Expr, detail: pl.Expr, name: pl.Expr) -> pl.Expr:
    """Return identities as text; null where the thing is unknown."""
    return pl.concat_str(thing, detail.fill_null(""), name.fill_null(""), separator=_SEPARATOR)


class References:
    """What units (slots of a subject) say of their other ends, and what each subject's reference is."""

    def __init__(self, subject: Sequence[str], slot: str) -> None:
        self.subject = list(subject)
        self.table = StepTable([*subject, slot], pl.String)
        self.known = pl.DataFrame(schema=dict.fromkeys((*self.subject, *_REFERENCE), pl.String))
        self._settled = 0

    def add(self, told: pl.DataFrame) -> None:
        """Take transitions: keys, PLACE, ``value`` (an identity; null: nobody is there)."""
        self.table.add(told)

    def due(self, since: int, now: int) -> bool:
        """Return whether time alone may change a verdict after ``since``, microseconds."""
        begun = pl.col("time").is_between(since - us(ACCEPTED), now - us(ACCEPTED))
        return bool(self.table.rows.select((pl.col("value").is_not_null() & begun).any()).item())

    def settle(self, horizon: int) -> None:
        """Take for reference what is settled, where there is none or another has been there for long."""
        if not self._pending(horizon):
            return
        self._settled = horizon
        old = self.table.rows.filter(pl.col("time") <= horizon)
        first = self._first(old, self.known)
        accepted = self._accepted(self._units(old, first), horizon)
        new = (
            accepted.sort("time", "offset", "index")
            .group_by(self.subject, maintain_order=True)
            .agg(pl.col(part).last().alias(ref) for part, ref in _PAIRS)
        )
        kept = first.join(new.select(self.subject), on=self.subject, how="anti", nulls_equal=True)
        self.known = pl.concat([kept, new.select(kept.columns)])
        self.table.settle(horizon, always=True)
        self.table.rows = self.table.rows.filter(pl.col("value").is_not_null() | (pl.col("time") > horizon))

    def _pending(self, horizon: int) -> bool:
        """Return whether anything was settled, or may be accepted, since the last time."""
        time, since = pl.col("time"), pl.lit(self._settled)
        news = (time > since) & (time <= horizon)
        age = (time > since - us(ACCEPTED)) & (time <= horizon - us(ACCEPTED))
        return bool(self.table.rows.select((news | age).any()).item())

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self.settle(horizon)
        return {"ends": self.table.dump(horizon), "known": self.known.sort(self.subject)}

    def timeline(self, horizon: int, now: int) -> pl.DataFrame:
        """Return the units of subjects that differ from their reference, or of which there is news.

        A row per unit and change: ``value``: it differs; null: nobody is there. Beside it ``with thing``,
        ``with detail``, ``with name`` and the subject's reference, ``with ref_thing`` and so on.
        """
        rows = self._busy(horizon)
        if rows.is_empty():
            return self._named(self._units(rows, self.known))
        units = self._units(rows, self._first(rows, self.known))
        news = (pl.col("time") >= horizon - us(LATENESS)) | pl.col("differs")
        busy = units.filter(news).select(self.subject).unique()
        ordered = units.join(busy, on=self.subject, how="semi", nulls_equal=True).sort(
            *self.table.keys, "time", "offset", "index", maintain_order=True
        )
        both = self._renewed(ordered, self._accepted(ordered, now))
        return self._named(both.sort(*self.table.keys, "time", "offset", "index", maintain_order=True))

    def _renewed(self, units: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
        """Return units with those accepted, what comes after them by the new reference."""
        if accepted.is_empty():
            return units
        new = (
            accepted.sort("time", "offset", "index")
            .group_by(self.subject, maintain_order=True)
            .agg(
                pl.col("time").last().alias("accepted at"),
                *(pl.col(part).last().alias(f"new {ref}") for part, ref in _PAIRS),
            )
        )
        both = pl.concat([units, accepted]).join(new, on=self.subject, how="left", nulls_equal=True)
        later = (pl.col("time") >= pl.col("accepted at")).fill_null(value=False)
        refs = [pl.when(later).then(f"new {ref}").otherwise(ref).alias(ref) for ref in _REFERENCE]
        return both.with_columns(refs).with_columns(differs=_differs()).select(units.columns)

    def _busy(self, horizon: int) -> pl.DataFrame:
        """Return the rows of subjects that may differ from their reference, or of which there is news."""
        told = [pl.col(name) for name in _REFERENCE]
        known = self.known.select(*self.subject, known=pl.concat_str(told, separator=_SEPARATOR))
        rows = self.table.rows.join(known, on=self.subject, how="left", nulls_equal=True)
        other = pl.col("value").ne_missing(pl.col("known")) & pl.col("value").is_not_null()
        news = (pl.col("time") >= horizon - us(LATENESS)) | other
        busy = rows.filter(news).select(self.subject).unique()
        return self.table.rows.join(busy, on=self.subject, how="semi", nulls_equal=True)

    def _accepted(self, units: pl.DataFrame, until: int) -> pl.DataFrame:
        """Return rows for what was accepted up to a time: it stood for long, the reference was away then."""
        ordered = units.sort(*self.table.keys, "time", "offset", "index", maintain_order=True).with_columns(
            until=pl.col("time").shift(-1).over(self.table.keys).fill_null(until + us(ACCEPTED))
        )
        then = pl.col("time") + us(ACCEPTED)
        stood = ordered.filter(pl.col("differs") & (then <= until) & (pl.col("until") > then)).with_columns(
            time=then, now=then
        )
        there = ordered.filter(~pl.col("differs")).select(*self.subject, since="time", upto="until")
        refuted = (
            stood.join(there, on=self.subject, nulls_equal=True)
            .filter(pl.col("time").is_between("since", "upto", closed="left"))
            .select(*self.table.keys, "time")
        )
        accepted = stood.join(refuted, on=[*self.table.keys, "time"], how="anti", nulls_equal=True)
        return accepted.with_columns(differs=pl.lit(value=False)).drop("until")

    def _named(self, units: pl.DataFrame) -> pl.DataFrame:
        return units.select(
            *self.table.keys,
            *PLACE,
            pl.col(*_PARTS, *_REFERENCE).name.prefix("with "),
            value="differs",
        )

    def _first(self, rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
        """Return the references of all subjects: those known, and of others the first that was heard."""
        told = _parted(rows.drop_nulls("value")).sort("time", "offset", "index", maintain_order=True)
        heard = told.group_by(self.subject, maintain_order=True).agg(ref_thing=pl.col("thing").first())
        new = heard.join(known.select(self.subject), on=self.subject, how="anti", nulls_equal=True)
        lacking = known.filter(pl.col("ref_detail") == "").select(*self.subject, "ref_thing")
        # its detail may have been told a moment later
        detailed = (
            pl.concat([new, lacking])
            .join(told, on=self.subject, nulls_equal=True, maintain_order="left_right")
            .filter(pl.col("thing") == pl.col("ref_thing"))
            .sort(pl.col("detail") == "", maintain_order=True)
            .group_by(*self.subject, "ref_thing", maintain_order=True)
            .agg(ref_detail=pl.col("detail").first(), ref_name=pl.col("name").first())
        )
        kept = known.join(detailed.select(self.subject), on=self.subject, how="anti", nulls_equal=True)
        return pl.concat([kept, detailed.select(kept.columns)])

    def _units(self, rows: pl.DataFrame, references: pl.DataFrame) -> pl.DataFrame:
        units = _parted(rows).join(
            references, on=self.subject, how="left", nulls_equal=True, maintain_order="left"
        )
        return units.with_columns(differs=_differs())


def _differs() -> pl.Expr:
    """Return whether a unit's end is not its subject's reference; null where nobody is there."""
    other = (pl.col("detail") != pl.col("ref_detail")) & (pl.col("detail") != "")
    differs = (pl.col("thing") != pl.col("ref_thing")) | (other & (pl.col("ref_detail") != ""))
    return pl.when(pl.col("thing").is_not_null()).then(differs)


def _parted(rows: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("value").str.split(_SEPARATOR)
    return rows.with_columns(
        parts.list.get(at, null_on_oob=True).alias(name) for at, name in enumerate(_PARTS)
    ).drop("value")
