"""Pages of what hasn't happened: changes that others would see, and time that passes after them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from pipeline.schema import ENTITIES, TIME, event_schema
from pipeline.whatif.pages import SESSIONS, Page

AFTER: Final = timedelta(minutes=3)
"""How long the rules watch the fabric without it: longer than any of them waits by default."""


def outage(parts: Mapping[str, pl.DataFrame], offset: int, out: datetime) -> list[Page]:
    """Return pages of what others see: one record per device and entity, then time that passes."""
    facts: dict[str, pl.DataFrame] = {}
    sessions = pl.DataFrame(schema=SESSIONS)
    actions = pl.DataFrame(schema={"offset": pl.Int64, "record_time": TIME, "detail": pl.String})
    for name, rows in parts.items():
        if rows.is_empty():
            continue
        schema = event_schema(ENTITIES[name])
        devices = rows["device"].cast(pl.String).unique().sort().to_list()
        numbers = {device: offset + at for at, device in enumerate(devices)}
        offset += len(devices)
        told = (
            rows.with_columns(
                offset=pl.col("device").cast(pl.String).replace_strict(numbers, return_dtype=pl.Int64)
            )
            .sort("offset", maintain_order=True)
            .with_columns(
                pl.lit(out).cast(TIME).alias("event_time"),
                pl.lit(out).cast(TIME).alias("recv_time"),
                pl.lit(out).cast(TIME).alias("record_time"),
                index=pl.int_range(pl.len(), dtype=pl.Int32).over("offset"),
                dump=pl.lit(value=False),
                late=pl.lit(value=False),
            )
        )
        wanted = [column for column in schema if column != "fabric"]
        facts[name] = told.select(wanted).cast({column: schema[column] for column in wanted})
    quiet = Page({}, sessions, actions)
    return [Page(facts, sessions, actions), quiet.ends(offset, out + AFTER)]
