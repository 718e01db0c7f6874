"""Who was silent when, as rule X1 told it: each second in which a device was heard is not stored."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.apply.sessions import SessionBatch
from pipeline.detectors.heard import SCHEMA, Heard
from pipeline.whatif.pages import Silence

_SECOND_US: Final = 1_000_000


class Silenced(Heard):
    """What was heard at both ends of each silence: between them is what ``gaps`` finds."""

    def __init__(self, silences: Sequence[Silence]) -> None:
        super().__init__()
        self._silences = silences

    def take(self, sessions: SessionBatch) -> None:
        """Take the silences that are known by the end of a batch."""
        records = sessions.records
        now = int(records.now[-1]) if len(records) else 0
        ends = []
        for one in self._silences:
            if one.known > now:
                continue
            ends.append((one.device, one.since, one.offset, False))
            if one.until is not None and one.end_offset is not None and one.until <= now:
                ends.append((one.device, one.until, one.end_offset, True))
        heard = pl.DataFrame(
            ends,
            schema={"device": pl.String, "time": pl.Int64, "offset": pl.Int64, "final": pl.Boolean},
            orient="row",
        ).with_columns(second=pl.col("time") // _SECOND_US)
        # heard once between two silences: it ends one and begins the other
        self.rows = (
            heard.sort("final", descending=True)
            .group_by("device", "second")
            .agg(
                first=pl.col("time").min(),
                last=pl.col("time").max(),
                offset=pl.col("offset").sort_by("time").last(),
                first_offset=pl.col("offset").sort_by("time").first(),
                final=pl.col("final").all(),
            )
            .select(SCHEMA.names())
            .cast(SCHEMA)
        )

    def settle(self, horizon: int) -> None:
        """Forget nothing: there are few silences."""
