"""What the state rules read: which observer is fresh, and who says what, as timelines."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Column, frame_of
from pipeline.apply.observers import Freshness
from pipeline.apply.records import Records
from pipeline.detectors.heard import SILENCE
from pipeline.detectors.timeline import PLACE, align
from pipeline.schema import NAME

_SILENCE_US: Final = SILENCE // SILENCE.resolution


def transitions(
    changes: Changes, records: Records, keys: Mapping[str, str], value: pl.Series, rows: pl.Series
) -> pl.DataFrame:
    """Return transitions of the changes at ``rows``: keys (new name to column), PLACE, value."""
    at = rows.to_numpy()
    record = changes.record[at]
    texts = {new: changes.keys[old].take(at) for new, old in keys.items()}
    frame = frame_of(texts, {new: _type(changes, old) for new, old in keys.items()})
    return frame.with_columns(pl.all().cast(pl.String)).with_columns(
        time=pl.Series(records.take("order_time", record)),
        offset=pl.Series(records.take("offset", record)),
        index=pl.Series(changes.index[at]),
        now=pl.Series(records.take("now", record)),
        value=value.gather(rows),
    )


def _type(changes: Changes, column: str) -> pl.DataType | type[pl.DataType]:
    return NAME if column == "device" else changes.entity.keys[column]


def equals(column: Column, *texts: str) -> pl.Series:
    """Return where a text column is one of ``texts``; null where it is unknown."""
    codes = pl.Series(texts, dtype=pl.String).cast(NAME).to_physical()
    values = pl.Series(column.values).is_in(codes.to_list())
    return pl.select(pl.when(pl.Series(column.known)).then(values)).to_series()


def freshness(events: Sequence[Freshness], records: Records) -> pl.DataFrame:
    """Return session freshness as transitions per (device, family)."""
    return pl.DataFrame(
        [
            (event.device, event.family, event.time, int(records.offset[event.record]), 0,
             int(records.now[event.record]), event.fresh)
            for event in events
        ],
        schema={"device": pl.String, "family": pl.String, **PLACE, "value": pl.Boolean},
        orient="row",
    )  # fmt: skip


def fresh_timeline(sessions: pl.DataFrame, silences: pl.DataFrame) -> pl.DataFrame:
    """Return a timeline per (device, family): its session is fresh and the device is not silent.

    ``sessions``: timeline per (device, family). ``silences``: see ``pipeline.detectors.heard.gaps``.
    """
    began = silences.select(
        "device", time=pl.col("since") + _SILENCE_US, offset="offset", now=pl.col("since") + _SILENCE_US,
        value=pl.lit(value=True),
    )  # fmt: skip
    ended = silences.filter(pl.col("until").is_not_null()).select(
        "device", time="until", offset="end_offset", now="until", value=pl.lit(value=False)
    )
    silent = pl.concat([began, ended]).with_columns(index=pl.lit(0, dtype=pl.UInt32))
    if silent.is_empty():
        return sessions
    both = align(sessions, silent.select("device", *PLACE, "value"), ["device"], "with silence")
    return both.with_columns(
        value=pl.col("value").fill_null(value=False) & ~pl.col("with silence").fill_null(value=False)
    ).drop("with silence")
