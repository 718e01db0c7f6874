"""Tables: all rows of an entity in a batch, one per key and record, numbered."""

from collections import defaultdict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.decode.entries import entries_of
from pipeline.decode.meaning import Meaning
from pipeline.decode.rows import Report, rows_of
from pipeline.decode.updates import Notifications
from pipeline.schema import ENTITIES, OPS, Entity, partial_schema


def assemble(meant: Meaning, found: Notifications, report: Report) -> dict[str, pl.DataFrame]:
    """Return the partial rows by entity name."""
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for (plan, target), picked in meant.leaves.items():
        source = plan.sources[target.source]
        rows = rows_of(source, target.depth, entries_of(source, target.depth, picked, found), report)
        frames[source.entity.name].append(rows)
    tables: dict[str, pl.DataFrame] = {}
    base = np.zeros(len(found.atomic), dtype=np.int64)
    for name, entity in ENTITIES.items():
        parts = [part for part in frames[name] if len(part)]
        if not parts:
            continue
        table = _one_per_key(entity, [_full(entity, part) for part in parts])
        record = table["record"].to_numpy()
        tables[name] = (
            table.with_columns(
                op=pl.lit("update", OPS), index=pl.Series(_numbers(record, base), dtype=pl.UInt32)
            )
            .select(partial_schema(entity).names())
            .cast(partial_schema(entity))
        )
    return tables


def _numbers(record: NDArray[np.uint32], base: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each row among its record's rows, and move the bases behind them."""
    new = np.flatnonzero(np.diff(record, prepend=record[:1] + 1) != 0)
    counts = np.diff(np.append(new, len(record)))
    place = np.arange(len(record)) - np.repeat(new, counts)
    numbers = base[record] + place
    base[record[new]] += counts
    return numbers


def _full(entity: Entity, part: pl.DataFrame) -> pl.DataFrame:
    """Return rows with all columns of their entity."""
    types = {**entity.keys, **entity.leaves}
    return part.select(
        "record",
        "number",
        "cleared",
        *(
            pl.col(column).cast(dtype) if column in part.columns else pl.lit(None, dtype).alias(column)
            for column, dtype in types.items()
        ),
    )


def _one_per_key(entity: Entity, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per record and key, in the order they were told."""
    rows = parts[0] if len(parts) == 1 else pl.concat(parts).sort("record", "number", maintain_order=True)
    keys = ["record", *entity.keys]
    code = np.sort(rows.select(keys).hash_rows().to_numpy())
    if not (code[1:] == code[:-1]).any():
        return rows
    merged = rows.group_by(keys, maintain_order=True).agg(
        pl.col("number").first(),
        pl.col("cleared").bitwise_or(),
        *(pl.col(leaf).drop_nulls().last() for leaf in entity.leaves),
    )
    told = pl.sum_horizontal(
        pl.when(pl.col(leaf).is_not_null()).then(pl.lit(1 << bit, pl.UInt64)).otherwise(0)
        for bit, leaf in enumerate(entity.leaves)
    )
    return merged.with_columns(cleared=pl.col("cleared") & (told ^ pl.lit((1 << 64) - 1, pl.UInt64)))
