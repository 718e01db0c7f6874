"""Containers: updates whose value is a JSON object or array, flattened along the profile's tree.

All values of one shape go down the tree together, node by node, so that the work per leaf is that of a list
comprehension. Members may carry a module prefix, a list may stand as an array or, with one entry, as an
object, and the keys of an entry stand in the entry itself or in its ``state`` or ``config``.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter
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
from pipeline.decode.values import BOOL, CONTAINER, MALFORMED, STRING, UINT, Cells, taken

_KEY_COPIES: Final = ("state", "config")
_LEAF_LISTS: Final = (Kind.EXT_COMMUNITIES, Kind.AS_PATH)
Json = Any
"""What orjson returns."""


@dataclass(slots=True)
class _Level:
    """Entries of a list on the way down, as they stand; the first level has the updates themselves."""

    depth: int
    """Of the list; of the first level, that of the innermost list on the path."""
    keys: dict[ListKey, list[str | None]]
    above: "_Level | None"
    parent: Rows
    """The entry above each; of the first level, each itself."""
    place: Rows
    """Place of each in its list."""
    told: dict[Target, list[Rows]] = field(default_factory=lambda: defaultdict(list))
    """Entries of each target that were told, time and again."""
    leaves: dict[Target, list[Leaves]] = field(default_factory=lambda: defaultdict(list))
    """What was told of them: ``entry`` is a place in this level."""


class Flattening:
    """Updates of one shape in the making of entries."""

    def __init__(self, plan: Plan, shape: Shape, rows: Rows, found: Notifications, report: Report) -> None:
        """Take up the updates with these numbers."""
        self._plan = plan
        self._report = report
        self._record, self._number = found.update_record[rows], found.update_number[rows]
        self._cells = found.cells(rows)
        places = np.zeros(len(rows), dtype=np.int64)
        paths = Places(found.update, found.prefix, [shape], places, rows, self._record)
        everyone = np.arange(len(rows))
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
        self._walk(node, values, np.array(updates, dtype=np.int64), self._updates)
        for level in self._levels:
            for target, told in level.told.items():
                yield target, self._entries(target, level, np.unique(np.concatenate(told)))

    def _entries(self, target: Target, level: _Level, at: Rows) -> Entries:
        updates = _updates_of(level, at)
        return Entries(
            record=self._record[updates],
            number=self._number[updates],
            keys={
                key: _key(key, level, at) for key in self._plan.sources[target.source].list_keys(target.depth)
            },
            leaves=tuple(
                replace(leaves, entry=np.searchsorted(at, leaves.entry)) for leaves in level.leaves[target]
            ),
        )

    def _walk(self, node: Node, values: list[Json], at: Rows, level: _Level) -> None:
        """Go down from a node with its values; ``at`` says which entries of the level they belong to."""
        if node.use is not None:
            self._tell(node.use, values, at, level)
        elif not node.keys or (level.depth == node.depth and set(map(type, values)) == {dict}):
            # no list, or the path itself names the entry
            self._members(node, values, at, level, "is no JSON object")
        else:
            self._enter(node, values, at, level)

    def _enter(self, node: Node, values: list[Json], at: Rows, level: _Level) -> None:
        """Go down into a list: its values are arrays of entries, or single entries."""
        arrays = [value if isinstance(value, list) else [value] for value in values]
        sizes = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
        items = list(chain.from_iterable(arrays))
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        below = _Level(node.depth, {}, level, np.repeat(at, sizes), np.arange(len(items)) - first)
        there = set(map(type, items)) == {dict}
        for key in node.keys:
            column = [item.get(key) for item in items] if there else [None]
            if set(map(type, column)) != {str}:
                column = [self._key_of(item, key) for item in items]
            outer = level.keys.get((node.depth, key)) if None in column else None
            if outer is not None:
                # an array below a path that names the entry
                named = [outer[one] for one in below.parent.tolist()]
                column = [name if text is None else text for text, name in zip(column, named, strict=True)]
            below.keys[node.depth, key] = column
        self._levels.append(below)
        self._members(node, items, np.arange(len(items)), below, "is no list entry")

    def _key_of(self, item: Json, key: str) -> str | None:
        """Return a list key of an entry, wherever in it that stands."""
        if not isinstance(item, dict):
            return None
        value = self._member(item, key)
        for copy in _KEY_COPIES:
            if value is None:
                inner = self._member(item, copy)
                value = self._member(inner, key) if isinstance(inner, dict) else None
        return scalar(value)[1]

    def _member(self, item: dict[str, Json], name: str) -> Json:
        return next((value for member, value in item.items() if self._bare(member) == name), None)

    def _members(self, node: Node, values: list[Json], at: Rows, level: _Level, wrong: str) -> None:
        """Go down into objects, member by member."""
        if set(map(type, values)) - {dict}:
            good = np.array([isinstance(value, dict) for value in values], dtype=np.bool_)
            for here in np.flatnonzero(~good).tolist():
                update = _updates_of(level, at[here : here + 1])
                self._say(int(update[0]), node, f"{quote(values[here])} {wrong}")
            values, at = [value for value in values if isinstance(value, dict)], at[good]
        # sorted: what a batch names first must not matter
        for name in sorted(set().union(*values)):
            bare = self._bare(name)
            child = None if bare is None else node.children.get(bare)
            if child is not None:
                self._walk(child, *_of_member(name, values, at), level)
            elif bare not in node.keys:
                self.unmapped[f"{node.path}/{name}"] += sum(name in value for value in values)

    def _tell(self, use: Use, values: list[Json], at: Rows, level: _Level) -> None:
        """Note values of a leaf, or that their entries are there."""
        source = self._plan.sources[use.source]
        leaf = None if use.leaf is None else source.leaves[use.leaf]
        target = Target(use.source, (leaf.up if leaf else 0) or source.depth)
        owner, entry = level, at
        while owner.depth > target.depth and owner.above is not None:
            entry, owner = owner.parent[entry], owner.above
        owner.told[target].append(entry)
        if leaf is None or use.leaf is None:
            return
        segment = None
        if leaf.kind is Kind.AS_PATH:
            segment = pl.Series(level.place[at]).cast(pl.String)
            for key in _keys_below(level, target.depth):
                named = _key(key, level, at)
                segment = named.zip_with(named.is_not_null(), segment)
        owner.leaves[target].append(
            Leaves(
                leaf=use.leaf,
                part=use.part,
                entry=entry,
                cells=_cells(values, lists=leaf.kind in _LEAF_LISTS),
                number=self._number[_updates_of(level, at)],
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


def _of_member(name: str, values: list[Json], at: Rows) -> tuple[list[Json], Rows]:
    """Return the values of a member, where it is there, and which entries they belong to."""
    try:
        return list(map(itemgetter(name), values)), at
    except KeyError:
        there = np.array([name in value for value in values], dtype=np.bool_)
        return [value[name] for value in values if name in value], at[there]


def _updates_of(level: _Level, at: Rows) -> Rows:
    """Return the updates that some entries of a level stand in."""
    while level.above is not None:
        at, level = level.parent[at], level.above
    return at


def _key(key: ListKey, level: _Level, at: Rows) -> pl.Series:
    """Return the values of a list key, for some entries of a level."""
    here: _Level | None = level
    while here is not None:
        if key in here.keys:
            column = pl.Series(here.keys[key], dtype=pl.String)
            return column if np.array_equal(at, np.arange(len(column))) else taken(column, at)
        at, here = here.parent[at], here.above
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(at))


def _keys_below(level: _Level, depth: int) -> Iterator[ListKey]:
    """Yield the list keys of a level that stand below a depth."""
    here: _Level | None = level
    while here is not None:
        yield from (key for key in here.keys if key[0] > depth)
        here = here.above


def _cells(values: list[Json], *, lists: bool) -> Cells:
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
