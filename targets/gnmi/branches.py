"""A tree of leaves by path, in which a branch is found without a look at the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from targets.gnmi import paths
from targets.gnmi.paths import ANY, DEEP, Element, Pattern
from targets.tree import Value

Computed = Callable[[int], Value]
"""Makes a leaf's value from the time in ns at which somebody asks."""


class Leaf(NamedTuple):
    """A leaf as it was set."""

    path: str
    value: Value | Computed
    time_ns: int


Match = tuple[tuple[Element, ...], "Node | Leaf"]
"""The elements of the way to a branch or leaf, and what is there."""


@dataclass(slots=True, eq=False)
class Node:
    """A container or list entry: leaves by element, containers and entries by name and element."""

    leaves: dict[str, Leaf] = field(default_factory=dict)
    lists: dict[str, dict[str, "Node"]] = field(default_factory=dict)
    atomic: bool = False
    """What is below was said in one atomic notification and holds as a whole."""

    def child(self, part: Element) -> "Node | None":
        """Return the container or entry called ``part``."""
        return self.lists.get(part.name, {}).get(part.text)

    def grow(self, parts: Sequence[Element]) -> "Node":
        """Return the node at a path below, made if need be; it is no longer atomic."""
        node = self
        for part in parts:
            node.atomic = False
            entries = node.lists.setdefault(part.name, {})
            found = entries.get(part.text)
            if found is None:
                found = entries[part.text] = Node()
            node = found
        node.atomic = False
        return node

    def find(self, parts: Sequence[Element]) -> "Node | None":
        """Return the node at a path below, if it is there."""
        node: Node | None = self
        for part in parts:
            if node is None:
                return None
            node = node.child(part)
        return node

    def holds(self, parts: Sequence[Element]) -> bool:
        """Tell whether there is a branch or leaf at a path below."""
        if not parts:
            return bool(self.leaves or self.lists)
        above = self.find(parts[:-1])
        return above is not None and (parts[-1].text in above.leaves or above.child(parts[-1]) is not None)

    def remove(self, parts: Sequence[Element]) -> None:
        """Remove the branch or leaf at a path below, and what becomes empty by it."""
        if not parts:
            self.leaves, self.lists, self.atomic = {}, {}, False
            return
        way = [self]
        for part in parts[:-1]:
            below = way[-1].child(part)
            if below is None:
                return
            way.append(below)
        for node in way:
            node.atomic = False
        way[-1].leaves.pop(parts[-1].text, None)
        _cut(way[-1], parts[-1])
        for above, part, node in zip(way[-2::-1], parts[-2::-1], way[:0:-1], strict=True):
            if node.leaves or node.lists:
                return
            _cut(above, part)

    def match(self, asked: Pattern) -> Iterator[Match]:
        """Yield what a pattern names below: elements of the way there, and a branch or a leaf.

        Nothing is yielded that lies in a branch that was, and no node is looked at twice, however many
        ``...`` the pattern has.
        """
        yield from self.match_from(asked, _settled(asked, {0}), ())

    def match_from(self, asked: Pattern, at: set[int], way: tuple[Element, ...]) -> Iterator[Match]:
        """Yield what the pattern names here; ``at``: how much of it the way may have gone."""
        if len(asked) in at:
            yield way, self
            return
        if len(asked) - 1 in at:
            end = asked[-1]
            yield from (((*way, part), leaf) for part, leaf in self._leaves(end) if paths.fits(end, part))
        for part, node in self._toward([asked[step] for step in at]):
            after = _settled(asked, {step for before in at for step in _steps(asked, before, part)})
            if after:
                yield from node.match_from(asked, after, (*way, part))

    def _toward(self, wanted: list[Element]) -> "Iterator[tuple[Element, Node]]":
        """Yield the containers and entries that can be one of these elements."""
        if len(wanted) > 1 or wanted[0].name == DEEP:
            return self._children()
        direct = self.child(wanted[0])
        return self._children(wanted[0].name) if direct is None else iter([(wanted[0], direct)])

    def walk(self) -> Iterator[Leaf]:
        """Yield all leaves; those of an entry, and those of a branch, follow each other."""
        yield from self.leaves.values()
        for entries in self.lists.values():
            for node in entries.values():
                yield from node.walk()

    def atomics(self, way: tuple[Element, ...] = ()) -> "Iterator[tuple[tuple[Element, ...], Node]]":
        """Yield the atomic branches at and below this node; none lies in another."""
        if self.atomic:
            yield way, self
            return
        for part, node in self._children():
            yield from node.atomics((*way, part))

    def _leaves(self, wanted: Element) -> Iterator[tuple[Element, Leaf]]:
        direct = self.leaves.get(wanted.text)
        if direct is not None:
            yield wanted, direct
            return
        for text, leaf in self.leaves.items():
            yield paths.element(text), leaf

    def _children(self, name: str = ANY) -> "Iterator[tuple[Element, Node]]":
        for entries in self.lists.values() if name == ANY else (self.lists.get(name, {}),):
            for text, node in entries.items():
                yield paths.element(text), node


def _steps(asked: Pattern, at: int, part: Element) -> Iterator[int]:
    if asked[at].name == DEEP:
        yield at
    elif paths.fits(asked[at], part):
        yield at + 1


def _settled(asked: Pattern, at: set[int]) -> set[int]:
    """Add what is behind each ``...``, which may stand for nothing; what the last one covers goes."""
    deepest = -1
    for step in tuple(at):
        if step < len(asked) and asked[step].name == DEEP:
            at.add(step + 1)  # no second one follows
            deepest = max(deepest, step)
    return {step for step in at if step >= deepest}


def _cut(node: Node, part: Element) -> None:
    entries = node.lists.get(part.name)
    if entries is not None:
        entries.pop(part.text, None)
        if not entries:
            del node.lists[part.name]
