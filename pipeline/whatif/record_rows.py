"""The records of a page, as far as anything stored tells of them: one row per offset."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from collectors.records import Kind
from pipeline.schema import TIME, Columns
from pipeline.whatif.pages import Page

_FACT: Final[Columns] = {
    "offset": pl.Int64,
    "device": pl.String,
    "table": pl.String,
    "dump": pl.Boolean,
    "late": pl.Boolean,
    "event_time": TIME,
    "recv_time": TIME,
    "record_time": TIME,
}
_KINDS: Final = {"start": int(Kind.START), "end": int(Kind.END)}


def rows_of(page: Page, families: Mapping[tuple[str, str], str]) -> pl.DataFrame:
    """Return one row per record of a page, in order.

    ``families``: (device, table) to the subscription family that tells it.
    """
    parts = [pl.DataFrame(schema={**_FACT, "family": pl.String, "kind": pl.UInt8, "fact": pl.Boolean})]
    parts += [
        frame.with_columns(
            pl.col("device").cast(pl.String),
            table=pl.lit(name),
            kind=pl.lit(int(Kind.RESPONSE), dtype=pl.UInt8),
            fact=pl.lit(value=True),
        )
        for name, frame in page.facts.items()
    ]
    parts.append(
        page.sessions.with_columns(
            kind=pl.col("kind").replace_strict(_KINDS, default=int(Kind.RESPONSE), return_dtype=pl.UInt8),
            event_time=pl.col("recv_time"),
            fact=pl.lit(value=False),
        )
    )
    parts.append(
        page.actions.with_columns(
            kind=pl.lit(int(Kind.ACTION), dtype=pl.UInt8),
            device=pl.lit(""),
            recv_time="record_time",
            event_time="record_time",
            fact=pl.lit(value=False),
        )
    )
    if page.last is not None:
        offset, time = page.last
        schema: Columns = {"offset": pl.Int64, "record_time": TIME}
        tick = pl.DataFrame([(offset, time)], schema=schema, orient="row")
        parts.append(
            tick.with_columns(
                kind=pl.lit(int(Kind.RESPONSE), dtype=pl.UInt8),
                device=pl.lit(""),
                recv_time="record_time",
                event_time="record_time",
                fact=pl.lit(value=False),
            )
        )
    wanted = parts[0].columns
    rows = pl.concat(
        [part.select(name for name in wanted if name in part.columns) for part in parts],
        how="diagonal_relaxed",
    )
    return (
        rows.group_by("offset")
        .agg(
            # starts and ends are told by sessions; of all else what the facts say counts
            pl.col("kind").max(),
            pl.col("fact").any(),
            *(
                pl.col(name).sort_by("fact", descending=True, maintain_order=True).drop_nulls().first()
                for name in wanted
                if name not in ("offset", "kind", "fact")
            ),
        )
        .sort("offset")
        .with_columns(
            pl.col("late").fill_null(value=False),
            family=pl.coalesce("family", _family(families)),
        )
    )


def _family(families: Mapping[tuple[str, str], str]) -> pl.Expr:
    names = {f"{device}\n{table}": family for (device, table), family in families.items()}
    key = pl.concat_str("device", "table", separator="\n")
    return key.replace_strict(names, default=None, return_dtype=pl.String) if names else pl.lit(None)
