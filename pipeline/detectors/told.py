"""What was said within the lateness, and how a new evaluation differs from it."""

import polars as pl

from pipeline.detectors import FINDING, NO_FINDINGS, SUBJECT


class Told:
    """Findings of one evaluation that may still be revised."""

    def __init__(self) -> None:
        self.frame = NO_FINDINGS

    def dump(self, since: int) -> pl.DataFrame:
        """Return what may still be revised, ordered."""
        return self.frame.filter(pl.col("time") >= since).sort("time", "offset", "index", "rule", *SUBJECT)

    def revise(
        self, new: pl.DataFrame, since: int, concerned: pl.DataFrame | None = None, *, start: int = 0
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Replace what was said from ``since`` on; return the findings added and those removed.

        Args: new: the findings that hold now; those before ``since`` are settled and don't count. since:
        microseconds; nothing older may change. concerned: subjects (columns of SUBJECT) and, of each,
        ``from``: findings of others, and older ones of theirs, stay as they are. None: all subjects. start:
        microseconds; findings before it stay as they are, too.
        """
        old = self.frame
        if concerned is None:
            new = new.filter(pl.col("time") >= max(since, start))
            replaced = old.filter(pl.col("time") >= max(since, start))
        else:
            mine = concerned.with_columns(pl.max_horizontal("from", pl.lit(since)))
            new = _of(new, mine)
            replaced = _of(old, mine)
        added = new.join(replaced, on=FINDING.names(), how="anti", nulls_equal=True)
        removed = replaced.join(new, on=FINDING.names(), how="anti", nulls_equal=True)
        if len(removed):
            old = old.join(removed, on=FINDING.names(), how="anti", nulls_equal=True)
        self.frame = pl.concat([old, added]).filter(pl.col("time") >= since)
        return added, removed


def _of(findings: pl.DataFrame, concerned: pl.DataFrame) -> pl.DataFrame:
    return (
        findings.join(concerned, on=list(SUBJECT), nulls_equal=True)
        .filter(pl.col("time") >= pl.col("from"))
        .select(FINDING.names())
    )
