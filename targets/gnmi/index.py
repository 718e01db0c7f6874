"""Subscribed patterns by element, so that a path finds who asked for it without a look at the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from targets.gnmi import paths
from targets.gnmi.paths import ANY, DEEP, Element, Pattern

Asker = TypeVar("Asker")
_Texts = tuple[str, ...]
_NOTHING: Final[dict[Any, Any]] = {}


@dataclass(slots=True, eq=False)
class Node(Generic[Asker]):
    """Where patterns with the same elements up to here go on."""

    askers: dict[Asker, None] = field(default_factory=dict)
    """Whose patterns end here; a dict for its order."""
    below: "dict[str, dict[tuple[str, ...], dict[tuple[str, ...], Node[Asker]]]]" = field(
        default_factory=dict
    )
    """By the next element's name, the names of its keys, and their values."""

    def step(self, part: Element) -> "Iterator[Node[Asker]]":
        """Yield the nodes that one element of a path leads to."""
        for name in (part.name, ANY):
            for keys, nodes in self.below.get(name, _NOTHING).items():
                node = nodes.get(tuple([part.keys.get(key, ANY) for key in keys]) if keys else keys)
                if node is not None:
                    yield node

    @property
    def deep(self) -> "Node[Asker] | None":
        """The node behind a ``...``."""
        if DEEP not in self.below:
            return None
        return self.below[DEEP][()][()]


@dataclass(slots=True)
class Reached(Generic[Asker]):
    """What a path has come to: askers of it or of what is above it, and patterns that go on below."""

    askers: dict[Asker, None]
    open: list[Node[Asker]]
    deep: list[Node[Asker]]
    """Nodes behind a ``...``: they stay open."""


class Index(Generic[Asker]):
    """Patterns and their askers."""

    def __init__(self) -> None:
        self._root: Node[Asker] = Node()

    def add(self, asked: Pattern, asker: Asker) -> None:
        """Add a pattern of an asker."""
        node = self._root
        for part in asked:
            by_keys = node.below.setdefault(part.name, {})
            node = by_keys.setdefault(tuple(part.keys), {}).setdefault(tuple(part.keys.values()), Node())
        node.askers[asker] = None

    def remove(self, asked: Pattern, asker: Asker) -> None:
        """Remove a pattern that was added."""
        way = [self._root]
        for part in asked:
            way.append(way[-1].below[part.name][tuple(part.keys)][tuple(part.keys.values())])
        way[-1].askers.pop(asker, None)
        for above, part, node in zip(way[-2::-1], asked[::-1], way[:0:-1], strict=True):
            if node.askers or node.below:
                return
            by_keys = above.below[part.name]
            by_values = by_keys[tuple(part.keys)]
            del by_values[tuple(part.keys.values())]
            if not by_values:
                del by_keys[tuple(part.keys)]
            if not by_keys:
                del above.below[part.name]

    def reach(self, path: Sequence[Element]) -> Reached[Asker]:
        """Follow a path from the root."""
        reached = Reached(dict(self._root.askers), [self._root], [])
        _dive(reached)
        for part in path:
            if not reached.open and not reached.deep:
                break
            _advance(reached, part)
        return reached


def further(reached: Reached[Asker], part: Element) -> Reached[Asker]:
    """Return what one more element leads to."""
    after = Reached(dict(reached.askers), reached.open, list(reached.deep))
    _advance(after, part)
    return after


def _advance(reached: Reached[Asker], part: Element) -> None:
    reached.open = [node for before in (*reached.open, *reached.deep) for node in before.step(part)]
    for node in reached.open:
        reached.askers.update(node.askers)
    _dive(reached)


def beyond(reached: Reached[Asker]) -> Iterator[tuple[Pattern, Asker]]:
    """Yield the patterns that end strictly below what was reached, as what is left of them."""
    for node in reached.open:
        yield from _ends(node)
    for node in reached.deep:
        for rest, asker in _ends(node):
            yield (paths.element(DEEP), *rest), asker


def _ends(node: Node[Asker], way: Pattern = ()) -> Iterator[tuple[Pattern, Asker]]:
    for name, by_keys in node.below.items():
        for keys, by_values in by_keys.items():
            for values, after in by_values.items():
                rest = (*way, paths.of(name, dict(zip(keys, values, strict=True))))
                for asker in after.askers:
                    yield rest, asker
                yield from _ends(after, rest)


def _dive(reached: Reached[Asker]) -> None:
    """Add the nodes behind each ``...`` that comes next: it may stand for no element at all."""
    for node in reached.open:
        deep = node.deep
        while deep is not None:
            if deep not in reached.deep:
                reached.deep.append(deep)
            reached.askers.update(deep.askers)
            deep = deep.deep
