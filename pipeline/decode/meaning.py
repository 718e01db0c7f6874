"""What each update and delete of a batch means, by the profile of its record."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from collectors.profiles import ProfileError
from pipeline.decode.deletes import Removal
from pipeline.decode.entries import Picked, Places, Target
from pipeline.decode.paths import Paths, Rows, by_code
from pipeline.decode.plan import Node, Plan, plan_of
from pipeline.decode.report import Report
from pipeline.decode.shapes import NO_PREFIX, Shape, resolve
from pipeline.decode.updates import Notifications

BEFORE_UPDATES: Final = -(1 << 40)
"""Deletes are numbered from here on: within a notification they come before updates."""
BEFORE_DELETES: Final = 2 * BEFORE_UPDATES


@dataclass(frozen=True, slots=True)
class Container:
    """Updates of one shape whose path has leaves below it, not at it."""

    shape: Shape
    node: Node
    rows: Rows


@dataclass(frozen=True, slots=True)
class Meaning:
    """Updates and deletes of a batch, sorted by what they mean."""

    leaves: dict[tuple[Plan, Target], list[Picked]] = field(default_factory=lambda: defaultdict(list))
    containers: dict[Plan, list[Container]] = field(default_factory=lambda: defaultdict(list))
    removals: list[Removal] = field(default_factory=list)
    unmapped: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many updates and deletes mean nothing, by path without keys."""


def meaning_of(records: pa.RecordBatch, found: Notifications, report: Report) -> Meaning:
    """Return what a batch says; records of unknown profiles are reported and mean nothing."""
    plans = _plans(records, found, report)
    meaning = Meaning()
    _report_malformed(found, report)
    above = _Above(plans, found.prefix)
    bad = found.update.malformed | found.updates.malformed
    for plan, shape, node, rows in _alike(above, found.update, bad, found.update_record, meaning.unmapped):
        use = node.use
        if use is None:
            meaning.containers[plan].append(Container(shape, node, rows))
        else:
            source = plan.sources[use.source]
            depth = (0 if use.leaf is None else source.leaves[use.leaf].up) or source.depth
            meaning.leaves[plan, Target(use.source, depth)].append(Picked(shape, use.leaf, use.part, rows))
    for plan, shape, node, rows in _alike(
        above, found.delete, found.delete.malformed, found.delete_record, meaning.unmapped
    ):
        places = _places(found.delete, found.prefix, shape, rows, found.delete_record[rows])
        number = found.delete_number[rows] + BEFORE_UPDATES
        meaning.removals.append(Removal(plan, node, places, number, atomic=False))
    _add_atomic(meaning, plans, found, report)
    return meaning


def _report_malformed(found: Notifications, report: Report) -> None:
    for what, malformed, record, number in (
        ("the prefix", found.prefix.malformed, np.arange(len(found.prefix)), np.full(len(found.prefix), -1)),
        ("an update", found.updates.malformed, found.update_record, found.update_number),
        ("the path of an update", found.update.malformed, found.update_record, found.update_number),
        ("a deleted path", found.delete.malformed, found.delete_record, found.delete_number + BEFORE_UPDATES),
    ):
        for at in np.flatnonzero(malformed).tolist():
            report.add(int(record[at]), int(number[at]), f"malformed protobuf in {what}")


@dataclass(frozen=True, slots=True)
class _Plans:
    """The plans of the profiles in a batch; None for a name that is no profile."""

    plans: list[Plan | None]
    number: NDArray[np.int64]
    """Which of them each record has."""

    def of(self, record: int) -> Plan | None:
        return self.plans[int(self.number[record])]


def _plans(records: pa.RecordBatch, found: Notifications, report: Report) -> _Plans:
    encoded = records.column("profile").dictionary_encode()
    number = encoded.indices.to_numpy().astype(np.int64)
    talking = np.zeros(len(number), dtype=np.bool_)
    talking[found.update_record] = True
    talking[found.delete_record] = True
    plans: list[Plan | None] = []
    for at, name in enumerate(encoded.dictionary.to_pylist()):
        try:
            plans.append(plan_of(name))
        except ProfileError as error:
            plans.append(None)
            for record in np.flatnonzero((number == at) & talking).tolist():
                report.add(record, -1, str(error))
    return _Plans(plans, number)


@dataclass(frozen=True, slots=True)
class _Above:
    """What stands above the paths of each record: its plan and its prefix."""

    plans: _Plans
    prefixes: Paths


def _alike(
    above: _Above, paths: Paths, malformed: NDArray[np.bool_], record: Rows, unmapped: dict[str, int]
) -> Iterator[tuple[Plan, Shape, Node, Rows]]:
    """Yield the paths by plan and shape, with their numbers; count those that mean nothing."""
    codes = (paths.shape * len(above.prefixes.shapes) + above.prefixes.shape[record]) * len(above.plans.plans)
    codes += above.plans.number[record]
    codes[malformed | above.prefixes.malformed[record]] = -1
    for rows in by_code(codes):
        first = int(rows[0])
        plan = above.plans.of(int(record[first]))
        if plan is None or codes[first] < 0:
            continue
        prefix = above.prefixes.shapes[above.prefixes.shape[record[first]]]
        shape = resolve(plan, prefix, paths.shapes[paths.shape[first]])
        if shape.node is None:
            unmapped[shape.text] += len(rows)
        else:
            yield plan, shape, shape.node, rows


def _add_atomic(meaning: Meaning, plans: _Plans, found: Notifications, report: Report) -> None:
    """Add the prefixes of atomic notifications: what they don't tell is gone."""
    atomic = np.flatnonzero(found.atomic & ~found.prefix.malformed)
    codes = found.prefix.shape[atomic] * len(plans.plans) + plans.number[atomic]
    for members in by_code(codes):
        rows = atomic[members]
        plan = plans.of(int(rows[0]))
        if plan is None:
            continue
        shape = resolve(plan, NO_PREFIX, found.prefix.shapes[found.prefix.shape[rows[0]]])
        if shape.node is plan.root:
            # taken literally, such a notification would say that the device has nothing else at all
            for record in rows.tolist():
                report.add(record, -1, "an atomic notification without a prefix is taken as a plain one")
        elif shape.node is not None:
            number = np.full(len(rows), BEFORE_DELETES, dtype=np.int64)
            places = _places(found.prefix, found.prefix, shape, rows, rows)
            meaning.removals.append(Removal(plan, shape.node, places, number, atomic=True))


def _places(paths: Paths, prefixes: Paths, shape: Shape, rows: Rows, record: Rows) -> Places:
    return Places(paths, prefixes, [shape], np.zeros(len(rows), dtype=np.int64), rows, record)


def counted(unmapped: Mapping[str, int]) -> pl.DataFrame:
    """Return counts by path as a frame, sorted by path."""
    schema = pl.Schema({"path": pl.String, "count": pl.UInt32})
    return pl.DataFrame(list(unmapped.items()), schema=schema, orient="row").sort("path")
