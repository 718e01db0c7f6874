"""Tables: all rows of an entity in a batch, one per key and record, numbered."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.decode.containers import Flattening
from pipeline.decode.deletes import Gone
from pipeline.decode.entries import entries_of
from pipeline.decode.meaning import Meaning
from pipeline.decode.plan import Plan, Source
from pipeline.decode.report import Report
from pipeline.decode.rows import Told, rows_of
from pipeline.decode.updates import Notifications
from pipeline.schema import ENTITIES, OPS, Entity, partial_schema

_ALL_BITS: Final = (1 << 64) - 1
_ORDER: Final = ("record", "number", "source")
"""Order of rows: as they were told, and of those that one update tells, as the profile has their sources."""


def told_rows(meaning: Meaning, found: Notifications, report: Report) -> list[Told]:
    """Return the rows that updates tell, leaf by leaf or in containers."""
    told: list[Told] = []
    for (plan, target), picked in meaning.leaves.items():
        source = plan.sources[target.source]
        entries = entries_of(source, target.depth, picked, found)
        told.append(Told(plan, target, rows_of(source, target.depth, entries, report)))
    for plan, containers in meaning.containers.items():
        for container in containers:
            flattening = Flattening(plan, container.shape, container.rows, found, report)
            for target, entries in flattening.entries(container.node):
                rows = rows_of(plan.sources[target.source], target.depth, entries, report)
                told.append(Told(plan, target, rows))
            for path, count in flattening.unmapped.items():
                meaning.unmapped[path] += count
    return told


def assemble(told: Sequence[Told], gone: Sequence[Gone], records: int) -> dict[str, pl.DataFrame]:
    """Return the partial rows by entity name, in the order of (record, index), of so many records."""
    parts: dict[tuple[Plan, int], dict[int, list[pl.DataFrame]]] = defaultdict(lambda: defaultdict(list))
    for one in told:
        number = one.target.source
        rows = one.rows.with_columns(
            told=pl.lit(value=not one.only_cleared), source=pl.lit(number, pl.UInt32)
        )
        if len(rows):
            parts[one.plan, number][one.target.depth].append(rows)
    told_by_table: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for (plan, number), by_depth in parts.items():
        source = plan.sources[number]
        rows_of_source = _with_ancestors(source, by_depth)
        told_by_table[source.entity.name] += [_full(source.entity, rows) for rows in rows_of_source]
    first_free = np.zeros(records, dtype=np.int64)
    tables: dict[str, pl.DataFrame] = {}
    for name, entity in ENTITIES.items():
        removed = [one for one in gone if one.entity is entity and len(one.rows)]
        table = _table(entity, told_by_table[name], removed)
        if table is not None:
            index = _numbers(table["record"].to_numpy(), first_free)
            columns = partial_schema(entity)
            tables[name] = table.with_columns(index=pl.Series(index, dtype=pl.UInt32)).select(columns.names())
    return tables


def _with_ancestors(source: Source, by_depth: dict[int, list[pl.DataFrame]]) -> list[pl.DataFrame]:
    """Return the rows of a source's entities, with the leaves that their ancestors in the record tell.

    What an ancestor tells in a record that names none of its entities stands in a row of its own, with the
    keys of the ancestor.
    """
    entities = by_depth.pop(source.depth, [])
    for depth, ancestors in by_depth.items():
        on = ["record", *(column for key in source.keys_above(depth) for column in key.columns)]
        above = pl.concat(ancestors, how="diagonal").sort(_ORDER, maintain_order=True)
        leaves = [column for column in above.columns if column in source.entity.leaves]
        above = above.group_by(on, maintain_order=True).agg(
            pl.col("number", "source").first(),
            pl.col("cleared").bitwise_or(),
            pl.col("told").any(),
            *(pl.col(leaf).drop_nulls().last() for leaf in leaves),
        )
        inherited = above.select(*on, *leaves, also_cleared="cleared")
        alone = above
        for at, rows in enumerate(entities):
            entities[at] = (
                rows.join(inherited, on=on, how="left", nulls_equal=True, maintain_order="left")
                .with_columns(pl.col("cleared") | pl.col("also_cleared").fill_null(0))
                .drop("also_cleared")
            )
            alone = alone.join(rows, on=on, how="anti", nulls_equal=True)
        entities.append(alone)
    return [rows for rows in entities if len(rows)]


def _full(entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with all columns of their entity."""
    return rows.select(
        *_ORDER,
        "cleared",
        "told",
        *(
            pl.col(column).cast(dtype) if column in rows.columns else pl.lit(None, dtype).alias(column)
            for column, dtype in {**entity.keys, **entity.leaves}.items()
        ),
    )


def _table(entity: Entity, told: Sequence[pl.DataFrame], removed: Sequence[Gone]) -> pl.DataFrame | None:
    """Return the rows of a table in order, None if there are none."""
    rows = _one_per_key(entity, told).with_columns(op=pl.lit("update", OPS)) if told else None
    if not removed:
        return rows
    keys = ["record", *entity.keys]
    gone = [_gone_rows(entity, one) for one in removed]
    if rows is not None:
        concerned = pl.concat([one.rows["record"] for one in removed])
        beside = rows.select(*keys, at=pl.int_range(pl.len())).filter(
            pl.Series(np.isin(rows["record"].to_numpy(), concerned.to_numpy()))
        )
        within = [
            beside.join(
                one.rows,
                on=["record", *(c for c in one.rows.columns if c in entity.keys)],
                how="semi",
                nulls_equal=True,
            ).get_column("at")
            for one in removed
        ]
        replaced = pl.Series(np.zeros(len(rows), dtype=np.bool_)).scatter(
            pl.concat(within).cast(pl.UInt32), values=True
        )
        # leaves cleared in an entity that goes anyway say nothing; one told again is a new one
        kept = rows["told"] | ~replaced
        told_again = beside.filter(kept.gather(beside["at"]))
        rows = rows.with_columns(
            op=pl.when(replaced).then(pl.lit("replace", OPS)).otherwise("op"),
            cleared=pl.when(replaced).then(pl.lit(0, pl.UInt64)).otherwise("cleared"),
        ).filter(kept)
        gone = [
            one.join(told_again, on=keys, how="anti", nulls_equal=True) if part.op == "delete" else one
            for one, part in zip(gone, removed, strict=True)
        ]
    # rows told are one per key already
    deletes = pl.concat(gone).sort(_ORDER, maintain_order=True)
    deletes = deletes.unique(["record", "op", "cleared", *entity.keys], keep="first", maintain_order=True)
    return deletes if rows is None else pl.concat([deletes, rows]).sort(_ORDER, maintain_order=True)


def _gone_rows(entity: Entity, gone: Gone) -> pl.DataFrame:
    rows = gone.rows.with_columns(told=pl.lit(value=False), source=pl.lit(gone.source, pl.UInt32))
    return _full(entity, rows).with_columns(op=pl.lit(gone.op, OPS))


def _one_per_key(entity: Entity, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per record and key, in the order they were told; of several values the last holds."""
    rows = _in_order(parts)
    keys = ["record", *entity.keys]
    code = np.sort(rows.select(keys).hash_rows().to_numpy())
    if not (code[1:] == code[:-1]).any():
        return rows
    merged = rows.group_by(keys, maintain_order=True).agg(
        pl.col("number", "source").first(),
        pl.col("cleared").bitwise_or(),
        pl.col("told").any(),
        *(pl.col(leaf).drop_nulls().last() for leaf in entity.leaves),
    )
    bits = pl.sum_horizontal(
        pl.when(pl.col(leaf).is_not_null()).then(pl.lit(1 << bit, pl.UInt64)).otherwise(pl.lit(0, pl.UInt64))
        for bit, leaf in enumerate(entity.leaves)
    )
    return merged.with_columns(cleared=pl.col("cleared") & (bits ^ pl.lit(_ALL_BITS, pl.UInt64))).select(
        rows.columns
    )


def _in_order(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    if len(parts) > 1:
        return pl.concat(parts).sort(_ORDER, maintain_order=True)
    (rows,) = parts
    record, number = (rows[name].to_numpy().astype(np.int64) for name in ("record", "number"))
    later = np.diff(record)
    in_order = (later > 0) | ((later == 0) & (np.diff(number) >= 0))
    return rows if in_order.all() else rows.sort(_ORDER, maintain_order=True)


def _numbers(record: NDArray[np.uint32], first_free: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each row among its record's rows, and move the free places behind them."""
    new = np.flatnonzero(np.diff(record, prepend=record[:1] + 1) != 0)
    counts = np.diff(np.append(new, len(record)))
    place: NDArray[np.int64] = np.arange(len(record), dtype=np.int64) - np.repeat(new, counts)
    numbers = first_free[record] + place
    first_free[record[new]] += counts
    return numbers
