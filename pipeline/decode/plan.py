"""A vendor profile compiled for decode: one tree of path elements that says what each node means.

The tree holds the paths of all entity mappings of a profile; a wire path is walked through it once per
distinct shape, never per update.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from collectors.profiles import EntityMapping, Kind, Profile, profile
from pipeline.schema import ENTITIES, Entity

ListKey = tuple[int, str]
"""A list key of a path: depth of the list element (the first element has depth 0) and the key's name."""


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column that a list key fills."""

    column: str
    kind: Kind
    key: ListKey
    optional: bool
    values: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it fills."""
        return (f"{self.column}_hi", f"{self.column}_lo") if self.kind is Kind.IP else (self.column,)


@dataclass(frozen=True, slots=True)
class LeafColumn:
    """A leaf of the wire and the column it fills."""

    column: str
    kind: Kind
    path: str
    """From the root, without keys."""
    up: int
    """0, or the depth of the list entry the leaf belongs to when that is an ancestor of the entity's."""


@dataclass(frozen=True, slots=True)
class Source:
    """One entity mapping: where the rows of a table come from."""

    entity: Entity
    keys: tuple[KeyColumn, ...]
    leaves: tuple[LeafColumn, ...]
    constants: Mapping[str, str | int]
    where: Mapping[ListKey, str]
    depth: int
    """Depth of the entity's list element."""
    path: str
    """Path of the entity's list, without keys."""

    @property
    def types(self) -> Mapping[str, pl.DataType | type[pl.DataType]]:
        """Types of all columns that the wire fills, keys first."""
        return {**self.entity.keys, **self.entity.leaves}

    def list_keys(self, depth: int) -> tuple[ListKey, ...]:
        """The list keys down to ``depth`` that fill columns or select entries."""
        keys = [key.key for key in self.keys] + list(self.where)
        return tuple(dict.fromkeys(key for key in keys if key[0] <= depth))

    def leaf_bit(self, column: str) -> int:
        """The bit of a leaf in ``cleared``."""
        return 1 << list(self.entity.leaves).index(column)

    def keys_above(self, depth: int) -> tuple[KeyColumn, ...]:
        """The key columns that lists down to ``depth`` fill."""
        return tuple(key for key in self.keys if key.key[0] <= depth)


@dataclass(frozen=True, slots=True)
class Use:
    """What a node is to one source: one of its leaves, or with None only a sign that an entry is there."""

    source: int
    leaf: int | None
    part: str = ""
    """The last element of a leaf that is told in several."""


@dataclass(slots=True)
class Node:
    """One path element of the tree."""

    depth: int
    path: str = ""
    """Without keys."""
    children: dict[str, "Node"] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    use: Use | None = None
    entry_of: list[int] = field(default_factory=list)
    """Sources whose entities are the entries of this list."""

    def below(self) -> list["Node"]:
        """Return this node and all below it."""
        return [self, *(node for child in self.children.values() for node in child.below())]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A compiled profile."""

    profile: Profile
    sources: tuple[Source, ...]
    root: Node


@cache
def plan_of(name: str) -> Plan:
    """Return the plan of the profile called ``name``; raises collectors.profiles.ProfileError."""
    return compile_plan(profile(name))


def compile_plan(found: Profile) -> Plan:
    """Return the plan of a profile."""
    root = Node(depth=-1)
    sources = tuple(_source(root, number, mapping) for number, mapping in enumerate(found.entities))
    return Plan(found, sources, root)


def elements(path: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return names and key names of a schema path's elements."""
    split = [element.replace("]", "").split("[") for element in path.strip("/").split("/")]
    return [(name, tuple(keys)) for name, *keys in split]


def _source(root: Node, number: int, mapping: EntityMapping) -> Source:
    at = elements(mapping.path)
    entry = _grow(root, at)
    entry.entry_of.append(number)
    lists = {f"{name}[{key}]": (depth, key) for depth, (name, keys) in enumerate(at) for key in keys}
    leaves: list[LeafColumn] = []
    for leaf in mapping.leaves:
        rest = leaf.path.split("../")
        base = at[: len(at) - (len(rest) - 1)]
        below = elements(rest[-1])
        path = "/".join(name for name, _ in (*base, *below))
        leaves.append(LeafColumn(leaf.column, leaf.kind, f"/{path}", len(base) - 1 if len(rest) > 1 else 0))
        # a segment of an AS path is told by two leaves side by side
        names = ("member", "type") if leaf.kind is Kind.AS_PATH else (below[-1][0],)
        for name in names:
            node = _grow(root, [*base, *below[:-1], (name, ())])
            assert node.use is None, f"{leaf.path} of {mapping.path} has two meanings"
            node.use = Use(number, len(leaves) - 1, name)
    for path in mapping.presence:
        _grow(root, [*at, *elements(path)]).use = Use(number, None)
    return Source(
        entity=ENTITIES[mapping.table],
        keys=tuple(
            KeyColumn(key.column, key.kind, lists[key.ref], key.optional, key.values) for key in mapping.keys
        ),
        leaves=tuple(leaves),
        constants=mapping.constants,
        where={lists[ref]: value for ref, value in mapping.where.items()},
        depth=entry.depth,
        path=entry.path,
    )


def _grow(root: Node, path: list[tuple[str, tuple[str, ...]]]) -> Node:
    node = root
    for name, keys in path:
        node = node.children.setdefault(name, Node(node.depth + 1, f"{node.path}/{name}"))
        node.keys = tuple(dict.fromkeys((*node.keys, *keys)))
    return node
