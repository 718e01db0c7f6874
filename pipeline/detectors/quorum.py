"""What the fresh observers of a thing say together."""

from collections.abc import Sequence

import polars as pl

from pipeline.detectors.timeline import align, counts


def votes(
    says: pl.DataFrame, fresh: pl.DataFrame, subject: Sequence[str], *, doubts: bool = False
) -> pl.DataFrame:
    """Return what the observers of each subject say, a row per subject and time.

    ``yes`` and ``fresh`` count its fresh observers that say so and all of them, ``stale_yes`` the blind ones
    that said so last, ``known`` all observers. Blind observers leave both sides of a quorum; one that was
    never fresh is blind.

    Args:
        says: timeline per (subject, device) of a Boolean value.
        fresh: timeline per device.
        subject: the columns of a subject.
        doubts: of a subject that was known, also the times at which none of its observers can say.
    """
    together = align(says, fresh, ["device"], "with fresh")
    sees = pl.col("with fresh").fill_null(value=False)
    has_said = pl.col("value").is_not_null()
    said = counts(
        together,
        subject,
        yes=pl.col("value") & sees,
        fresh=has_said & sees,
        stale_yes=pl.col("value") & ~sees,
        known=has_said,
    )
    known = pl.col("known").cum_max().over(subject) if doubts else pl.col("known")
    return said.filter(known > 0)


def coverage() -> pl.Expr:
    """Return fresh observers over all that could tell."""
    return pl.col("fresh") / pl.col("known")
