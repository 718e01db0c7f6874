"""Containers: updates whose value is a JSON object or array, flattened along the profile's tree.

All values of one shape go down the tree together, node by node, so that the work per leaf is that of a list
comprehension. Members may carry a module prefix, a list may stand as an array or, with one entry, as an
object, and the keys of an entry stand in the entry itself or in its ``state`` or ``config``.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from collectors.profiles import Kind
from pipeline.decode.entries import Entries, Leaves, Places, Target
from pipeline.decode.json_scalars import scalar
from pipeline.decode.paths import Rows
from pipeline.decode.plan import ListKey, Node, Plan, Use
from pipeline.decode.report import Report, quote
from pipeline.decode.shapes import Shape
from pipeline.decode.updates import Notifications
from pipeline.decode.values import BOOL, CONTAINER, MALFORMED, STRING, UINT, Cells

_KEY_COPIES: Final = ("state", "config")
_LEAF_LISTS: Final = (Kind.EXT_COMMUNITIES, Kind.AS_PATH)
Json = Any
"""What orjson returns."""


@dataclass(slots=True)
class _Level:
    """Entries of a list on the way down, as they stand; the first level has the updates themselves."""

    depth: int
    """Of the list; of the first level, that of the innermost list on the path."""
    keys: dict[ListKey, Sequence[str | None]]
    above: "_Level | None"
    parent: Sequence[int]
    """The entry above each; of the first level, each itself."""
    place: Sequence[int]
    """Place of each in its list."""
    told: dict[Target, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    """Which entries of each target were told, and their numbers."""
    leaves: dict[Target, list[Leaves]] = field(default_factory=lambda: defaultdict(list))


class Flattening:
    """Updates of one shape in the making of entries."""

    def __init__(self, plan: Plan, shape: Shape, rows: Rows, found: Notifications, report: Report) -> None:
        """Take up the updates with these numbers."""
        self._plan = plan
        self._shape = shape
        self._report = report
        self._record, self._number = found.update_record[rows], found.update_number[rows]
        self._cells = found.cells(rows)
        places = np.zeros(len(rows), dtype=np.int64)
        paths = Places(found.update, found.prefix, [shape], places, rows, self._record)
        everyone = range(len(rows))
        self._updates = _Level(
            depth=max((depth for depth, _ in shape.keys), default=-1),
            keys={key: paths.key(key).to_list() for key in shape.keys},
            above=None,
            parent=everyone,
            place=everyone,
        )
        self._levels = [self._updates]
        self.unmapped: dict[str, int] = defaultdict(int)
        """Members without a meaning, by path without keys."""

    def entries(self, node: Node) -> Iterator[tuple[Target, Entries]]:
        """Yield the entries that the values at a node tell."""
        values: list[Json] = []
        updates: list[int] = []
        for at, (code, raw) in enumerate(zip(self._cells.code.tolist(), self._cells.raw, strict=True)):
            if code not in (CONTAINER, MALFORMED):
                self._say(at, node, "the value is no JSON object or array")
                continue
            try:
                values.append(orjson.loads(raw))
                updates.append(at)
            except orjson.JSONDecodeError as error:
                self._say(at, node, f"malformed JSON: {error}")
        self._walk(node, values, updates, self._updates)
        for level in self._levels:
            for target, told in level.told.items():
                yield target, self._entries(target, level, told)

    def _entries(self, target: Target, level: _Level, told: dict[int, int]) -> Entries:
        at = sorted(told)
        # numbered as they were told; they come as they stand
        place = np.empty(len(at), dtype=np.int64)
        place[[told[one] for one in at]] = np.arange(len(at))
        updates = self._updates_of(level, at)
        wanted = self._plan.sources[target.source].list_keys(target.depth)
        return Entries(
            record=self._record[updates],
            number=self._number[updates],
            keys={key: self._key(key, level, at) for key in wanted},
            leaves=tuple(replace(leaves, entry=place[leaves.entry]) for leaves in level.leaves[target]),
        )

    def _key(self, key: ListKey, level: _Level, at: Sequence[int]) -> pl.Series:
        """Return the values of a list key, for some entries of a level."""
        here: _Level | None = level
        while here is not None:
            if key in here.keys:
                column = here.keys[key]
                return pl.Series([column[one] for one in at], dtype=pl.String)
            at, here = [here.parent[one] for one in at], here.above
        return pl.Series([None] * len(at), dtype=pl.String)

    def _updates_of(self, level: _Level, at: Sequence[int]) -> Rows:
        while level.above is not None:
            at, level = [level.parent[one] for one in at], level.above
        return np.array(at, dtype=np.int64)

    def _walk(self, node: Node, values: Sequence[Json], at: Sequence[int], level: _Level) -> None:
        """Go down from a node with its values; ``at`` says which entries of the level they belong to."""
        if node.use is not None:
            self._tell(node.use, values, at, level)
        elif node.keys:
            self._enter(node, values, at, level)
        else:
            self._members(node, values, at, level, "is no JSON object")

    def _enter(self, node: Node, values: Sequence[Json], at: Sequence[int], level: _Level) -> None:
        """Go down into a list: its values are arrays of entries, or single entries."""
        named = [here for here, value in enumerate(values) if isinstance(value, dict)]
        if level.depth == node.depth and len(named) == len(values):
            # the path itself names the entry
            self._members(node, values, at, level, "is no JSON object")
            return
        items: list[Json] = []
        parent: list[int] = []
        place: list[int] = []
        for value, entry in zip(values, at, strict=True):
            if isinstance(value, list):
                items += value
                parent += [entry] * len(value)
                place += range(len(value))
            else:
                items.append(value)
                parent.append(entry)
                place.append(0)
        below = _Level(node.depth, {}, level, parent, place)
        for key in node.keys:
            column = [self._key_of(item, key) if isinstance(item, dict) else None for item in items]
            outer = level.keys.get((node.depth, key)) if None in column else None
            if outer is not None:
                # an array below a path that names the entry
                column = [
                    outer[one] if text is None else text for text, one in zip(column, parent, strict=True)
                ]
            below.keys[node.depth, key] = column
        self._levels.append(below)
        self._members(node, items, range(len(items)), below, "is no list entry")

    def _key_of(self, item: dict[str, Json], key: str) -> str | None:
        value = item.get(key)
        if value is None:
            value = self._member(item, key)
        for copy in _KEY_COPIES:
            if value is None:
                inner = self._member(item, copy)
                value = self._member(inner, key) if isinstance(inner, dict) else None
        return value if isinstance(value, str) else scalar(value)[1]

    def _member(self, item: dict[str, Json], name: str) -> Json:
        return next((value for member, value in item.items() if self._bare(member) == name), None)

    def _members(
        self,
        node: Node,
        values: Sequence[Json],
        at: Sequence[int],
        level: _Level,
        wrong: str,
    ) -> None:
        """Go down into objects, member by member."""
        if not all(type(value) is dict for value in values):
            for value, entry in zip(values, at, strict=True):
                if not isinstance(value, dict):
                    self._say(int(self._updates_of(level, [entry])[0]), node, f"{quote(value)} {wrong}")
            pairs = [
                (value, entry) for value, entry in zip(values, at, strict=True) if isinstance(value, dict)
            ]
            values, at = [value for value, _ in pairs], [entry for _, entry in pairs]
        # sorted: what a batch names first must not matter
        for name in sorted({name for value in values for name in value}):
            bare = self._bare(name)
            child = None if bare is None else node.children.get(bare)
            if child is None:
                if bare not in node.keys:
                    self.unmapped[f"{node.path}/{name}"] += sum(name in value for value in values)
                continue
            inner = [value[name] for value in values if name in value]
            entries = (
                at
                if len(inner) == len(values)
                else [one for value, one in zip(values, at, strict=True) if name in value]
            )
            self._walk(child, inner, entries, level)

    def _tell(self, use: Use, values: Sequence[Json], at: Sequence[int], level: _Level) -> None:
        """Note values of a leaf, or that their entries are there."""
        source = self._plan.sources[use.source]
        leaf = None if use.leaf is None else source.leaves[use.leaf]
        target = Target(use.source, (leaf.up if leaf else 0) or source.depth)
        owner, entry = level, at
        while owner.depth > target.depth and owner.above is not None:
            entry, owner = [owner.parent[one] for one in entry], owner.above
        told = owner.told[target]
        number = [told.setdefault(one, len(told)) for one in entry]
        if leaf is None or use.leaf is None:
            return
        segment = None
        if leaf.kind is Kind.AS_PATH:
            keyed = next((self._key(key, level, at) for key in _below(level, target.depth)), None)
            places = pl.Series([str(level.place[one]) for one in at])
            segment = places if keyed is None else keyed.zip_with(keyed.is_not_null(), places)
        owner.leaves[target].append(
            Leaves(
                leaf=use.leaf,
                part=use.part,
                entry=np.array(number, dtype=np.int64),
                cells=_cells(values, lists=leaf.kind in _LEAF_LISTS),
                number=self._number[self._updates_of(level, at)],
                segment=segment,
            )
        )

    def _bare(self, name: str) -> str | None:
        """Return a member's name without module prefix; None for a member of a foreign module."""
        module, _, bare = name.rpartition(":")
        own = not module or module.startswith(self._plan.profile.module_prefix)
        return bare if own else None

    def _say(self, update: int, node: Node, reason: str) -> None:
        self._report.add(int(self._record[update]), int(self._number[update]), f"{node.path}: {reason}")


def _below(level: _Level, depth: int) -> Iterator[ListKey]:
    """Yield the list keys of a level that stand below a depth."""
    here: _Level | None = level
    while here is not None:
        yield from (key for key in here.keys if key[0] > depth)
        here = here.above


def _cells(values: Sequence[Json], *, lists: bool) -> Cells:
    """Return parsed JSON values as cells."""
    size = len(values)
    number = np.zeros(size, dtype=np.uint64)
    no_text = pl.Series([None], dtype=pl.String).new_from_index(0, size)
    raw = pl.Series([None], dtype=pl.Binary).new_from_index(0, size)
    match {type(value) for value in values}:
        case kinds if kinds == {str}:
            return Cells(
                np.full(size, STRING, dtype=np.uint8), pl.Series(values, dtype=pl.String), number, raw
            )
        case kinds if kinds == {bool}:
            return Cells(np.full(size, BOOL, dtype=np.uint8), no_text, np.array(values, dtype=np.uint64), raw)
        case kinds if kinds == {int} and min(values) >= 0:
            return Cells(np.full(size, UINT, dtype=np.uint8), no_text, np.array(values, dtype=np.uint64), raw)
    read = [scalar(value) for value in values]
    if lists:
        told = [
            orjson.dumps(value) if code == CONTAINER else None
            for value, (code, _) in zip(values, read, strict=True)
        ]
        raw = pl.Series(told, dtype=pl.Binary)
    code = np.array([code for code, _ in read], dtype=np.uint8)
    return Cells(code, pl.Series([text for _, text in read], dtype=pl.String), number, raw)
