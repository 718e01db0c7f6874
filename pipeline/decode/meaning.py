"""What each update and delete of a batch means, by the profile of its record."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from collectors.profiles import ProfileError
from pipeline.decode.entries import Picked, Rows, Target
from pipeline.decode.plan import Node, Plan, plan_of
from pipeline.decode.report import Report
from pipeline.decode.shapes import Shape, resolve, shape_codes
from pipeline.decode.updates import Notifications
from pipeline.decode.wire import Paths

UNMAPPED: Final = pl.Schema({"path": pl.String, "count": pl.UInt32})


@dataclass(frozen=True, slots=True)
class Alike:
    """Updates or deletes of one shape."""

    plan: Plan
    shape: Shape
    node: Node
    rows: Rows
    """Their numbers, ascending."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Updates and deletes of a batch, sorted by what they mean."""

    leaves: dict[tuple[Plan, Target], list[Picked]]
    containers: list[Alike]
    deletes: list[Alike]
    atomic: list[Alike]
    """Records whose notification is atomic, by the shape of their prefix."""
    unmapped: pl.DataFrame


def of(records: pa.RecordBatch, found: Notifications, report: Report) -> Meaning:
    """Return what the updates and deletes mean; records of unknown profiles are reported and mean nothing."""
    plans, plan_of_record = _plans(records, found, report)
    prefix_codes = shape_codes(found.prefix)
    prefix_codes += plan_of_record.astype(np.uint64) * np.uint64(0xE7037ED1A0B428DB)
    counts: dict[str, int] = defaultdict(int)

    def alike(paths: Paths, record: Rows, rows: Rows | None = None) -> list[Alike]:
        """Return the paths by shape; those that mean nothing are counted."""
        codes = shape_codes(paths) + prefix_codes[record]
        known: list[Alike] = []
        for members in _by_code(codes, rows):
            first = members[0]
            plan = plans[plan_of_record[record[first]]]
            if plan is None:
                continue
            shape = resolve(plan, found.prefix, record[first], paths, first)
            if shape.node is None:
                counts[shape.text] += len(members)
            else:
                known.append(Alike(plan, shape, shape.node, members))
        return known

    leaves: dict[tuple[Plan, Target], list[Picked]] = defaultdict(list)
    containers: list[Alike] = []
    for one in alike(found.update, found.update_record):
        use = one.node.use
        if use is None:
            containers.append(one)
            continue
        source = one.plan.sources[use.source]
        up = 0 if use.leaf is None else source.leaves[use.leaf].up
        leaves[one.plan, Target(use.source, up or source.depth)].append(
            Picked(one.shape, use.leaf, use.part, one.rows)
        )
    deletes = alike(found.delete, found.delete_record)
    return Meaning(
        leaves=leaves,
        containers=containers,
        deletes=deletes,
        atomic=[],
        unmapped=pl.DataFrame({"path": list(counts), "count": list(counts.values())}, schema=UNMAPPED).sort(
            "path"
        ),
    )


def _plans(
    records: pa.RecordBatch, found: Notifications, report: Report
) -> tuple[list[Plan | None], NDArray[np.int64]]:
    """Return the plans of the profiles in the batch, and which of them each record has."""
    encoded = records.column("profile").dictionary_encode()
    plan_of_record = encoded.indices.to_numpy().astype(np.int64)
    talking = np.zeros(len(records), dtype=np.bool_)
    talking[found.update_record] = True
    talking[found.delete_record] = True
    plans: list[Plan | None] = []
    for number, name in enumerate(encoded.dictionary.to_pylist()):
        try:
            plans.append(plan_of(name))
        except ProfileError as error:
            plans.append(None)
            for record in np.flatnonzero((plan_of_record == number) & talking).tolist():
                report.add(record, -1, str(error))
    return plans, plan_of_record


def _by_code(codes: NDArray[np.uint64], rows: Rows | None) -> list[Rows]:
    """Return the rows of each distinct code, ascending."""
    distinct = np.sort(pl.Series(codes).unique().to_numpy())
    small = np.searchsorted(distinct, codes).astype(np.uint16 if len(distinct) < 1 << 16 else np.int64)
    order = np.argsort(small, kind="stable")
    ends = np.cumsum(np.bincount(small, minlength=len(distinct)))
    found = np.split(order, ends[:-1]) if len(distinct) else []
    return found if rows is None else [rows[members] for members in found]
