"""Containers: updates whose value is a JSON object or array, flattened one by one along the profile's tree.

Members may carry a module prefix, a list may stand as an array or, with one entry, as an object, and the keys
of an entry stand in the entry itself or in its ``state`` or ``config``.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from pipeline.decode.values import CONTAINER, MALFORMED, Cells

_KEY_COPIES: Final = ("state", "config")
_LEAF_LISTS: Final = (Kind.EXT_COMMUNITIES, Kind.AS_PATH)


@dataclass(slots=True)
class _Entry:
    """A list entry on the way down, with the key values of all lists above it."""

    depth: int
    keys: dict[ListKey, str | None]
    above: "_Entry | None"
    place: str
    """Its place in its list: the key of older models' lists, which have none."""
    number_of: dict[int, int] = field(default_factory=dict)
    """Its number among the entries of each source."""


@dataclass(slots=True)
class _Told:
    """Values of one leaf."""

    entry: list[int] = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    text: list[str | None] = field(default_factory=list)
    raw: list[bytes | None] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    segment: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """Entries of one target."""

    record: list[int] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    keys: list[dict[ListKey, str | None]] = field(default_factory=list)
    told: dict[tuple[int, str], _Told] = field(default_factory=lambda: defaultdict(_Told))


class Flattening:
    """Containers of the records of one profile, flattened one after the other."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._names: dict[str, str | None] = {}
        self._found: dict[Target, _Found] = defaultdict(_Found)
        self._record = self._number = 0
        self.unmapped: dict[tuple[str, str], int] = defaultdict(int)
        """Members without a meaning, by path of the object and name."""

    def add(self, node: Node, shape: Shape, rows: Rows, found: Notifications) -> None:
        """Take in updates of one shape."""
        record, number = found.update_record[rows], found.update_number[rows]
        places = Places(
            found.update, found.prefix, [shape], np.zeros(len(rows), dtype=np.int64), rows, record
        )
        columns = {key: places.key(key).to_list() for key in shape.keys}
        cells = found.cells(rows)
        for at, (code, raw) in enumerate(zip(cells.code.tolist(), cells.raw.to_list(), strict=True)):
            self._record, self._number = int(record[at]), int(number[at])
            if code not in (CONTAINER, MALFORMED):
                self._say(node, "the value is no JSON object or array")
                continue
            try:
                value = orjson.loads(raw)
            except orjson.JSONDecodeError as error:
                self._say(node, f"malformed JSON: {error}")
                continue
            self._walk(node, value, _above({key: column[at] for key, column in columns.items()}))

    def entries(self) -> dict[Target, Entries]:
        """Return what was found."""
        return {target: self._entries(target, found) for target, found in self._found.items()}

    def _entries(self, target: Target, found: _Found) -> Entries:
        source = self._plan.sources[target.source]
        return Entries(
            record=np.array(found.record, dtype=np.int64),
            number=np.array(found.number, dtype=np.int64),
            keys={
                key: pl.Series([keys.get(key) for keys in found.keys], dtype=pl.String)
                for key in source.list_keys(target.depth)
            },
            leaves=tuple(_leaves(leaf, part, told) for (leaf, part), told in found.told.items()),
        )

    def _walk(self, node: Node, value: Any, entry: _Entry) -> None:
        """Go down from a node with its value."""
        if node.use is not None:
            self._tell(node.use, value, entry)
        elif isinstance(value, list) and node.keys:
            for place, item in enumerate(value):
                self._enter(node, item, entry, str(place))
        elif not isinstance(value, dict):
            self._say(node, f"{quote(value)} is no JSON object{' or array' if node.keys else ''}")
        elif node.keys and entry.depth != node.depth:
            self._enter(node, value, entry, "0")
        else:
            self._members(node, value, entry)

    def _enter(self, node: Node, item: Any, above: _Entry, place: str) -> None:
        """Go into an entry of a list."""
        if not isinstance(item, dict):
            self._say(node, f"{quote(item)} is no list entry")
            return
        members = {self._bare(name): value for name, value in item.items()}
        keys = dict(above.keys)
        for key in node.keys:
            value = members.get(key)
            for copy in _KEY_COPIES:
                inner = members.get(copy)
                if value is None and isinstance(inner, dict):
                    value = next((one for name, one in inner.items() if self._bare(name) == key), None)
            text = scalar(value)[1]
            if text is not None or (node.depth, key) not in keys:
                keys[node.depth, key] = text
        self._members(node, item, _Entry(node.depth, keys, above, place))

    def _members(self, node: Node, value: dict[str, Any], entry: _Entry) -> None:
        for name, member in value.items():
            bare = self._bare(name)
            child = None if bare is None else node.children.get(bare)
            if child is not None:
                self._walk(child, member, entry)
            elif bare not in node.keys:
                self.unmapped[node.path, name] += 1

    def _tell(self, use: Use, value: Any, entry: _Entry) -> None:
        """Note a value of a leaf, or that its entry is there."""
        source = self._plan.sources[use.source]
        leaf = None if use.leaf is None else source.leaves[use.leaf]
        depth = (leaf.up if leaf else 0) or source.depth
        at = entry
        while at.depth > depth and at.above is not None:
            at = at.above
        found = self._found[Target(use.source, depth)]
        number = at.number_of.get(use.source)
        if number is None:
            number = at.number_of[use.source] = len(found.record)
            found.record.append(self._record)
            found.number.append(self._number)
            found.keys.append(at.keys)
        if leaf is None or use.leaf is None:
            return
        code, text = scalar(value)
        told = found.told[use.leaf, use.part]
        told.entry.append(number)
        told.code.append(code)
        told.text.append(text)
        told.raw.append(orjson.dumps(value) if code == CONTAINER and leaf.kind in _LEAF_LISTS else None)
        told.number.append(self._number)
        if leaf.kind is Kind.AS_PATH:
            below = (text for (key_depth, _), text in entry.keys.items() if key_depth > depth)
            told.segment.append(next(below, None) or entry.place)

    def _bare(self, name: str) -> str | None:
        """Return a member's name without module prefix; None for a member of a foreign module."""
        if name not in self._names:
            module, _, bare = name.rpartition(":")
            own = not module or module.startswith(self._plan.profile.module_prefix)
            self._names[name] = bare if own else None
        return self._names[name]

    def _say(self, node: Node, reason: str) -> None:
        self._report.add(self._record, self._number, f"{node.path}: {reason}")


def _above(keys: Mapping[ListKey, str | None]) -> _Entry:
    """Return the innermost of the list entries that a path goes through."""
    entry = _Entry(-1, {}, None, "0")
    for depth in sorted({depth for depth, _ in keys}):
        entry = _Entry(depth, {key: text for key, text in keys.items() if key[0] <= depth}, entry, "0")
    return entry


def _leaves(leaf: int, part: str, told: _Told) -> Leaves:
    return Leaves(
        leaf=leaf,
        part=part,
        entry=np.array(told.entry, dtype=np.int64),
        cells=Cells(
            code=np.array(told.code, dtype=np.uint8),
            text=pl.Series(told.text, dtype=pl.String),
            number=np.zeros(len(told.code), dtype=np.uint64),
            raw=pl.Series(told.raw, dtype=pl.Binary),
        ),
        number=np.array(told.number, dtype=np.int64),
        segment=pl.Series(told.segment, dtype=pl.String) if told.segment else None,
    )
