"""The state of one target, and who is told when it changes.

A change costs those who asked for it, not the tree; a subscription costs the branch it asks for. Not for use
from several threads: all calls come from one event loop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from targets.gnmi import index, paths, views
from targets.gnmi.branches import Computed, Leaf, Node
from targets.gnmi.index import Index, Reached
from targets.gnmi.paths import Element, Pattern
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding
from targets.messages import MAX_UPDATES
from targets.tree import Delta, Tree, Value

Push = Callable[[bytes], None]
"""Takes an encoded ``SubscribeResponse``; must not wait."""


@dataclass(eq=False)
class Group:
    """Subscribers with equal views."""

    view: View
    members: dict[Push, None] = field(default_factory=dict)


@dataclass
class _Told:
    """What one group hears of a change."""

    updates: list[Leaf] = field(default_factory=list)
    deletes: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Leaves at one moment."""

    leaves: list[Leaf]
    atomic: list[tuple[str, list[Leaf]]]
    """Branches that were said as a whole, with all their leaves."""


class State:
    """A tree of leaves with subscriptions.

    Args:
        first: tables that other rows point to, told first in dumps.
        context: a list, and a leaf of the entry that holds it, told again in dumps beside what stands in the
            list: a reader of single notifications can't tell from another which entry it belongs to.
        wide: names of leaves whose types have 64 bits: JSON_IETF writes them as text.
    """

    def __init__(
        self,
        *,
        first: tuple[str, ...] = (),
        context: tuple[str, str] | None = None,
        wide: frozenset[str] = frozenset(),
    ) -> None:
        self.first = first
        self.context = context
        self.wide = wide
        self.revision = 0
        """Grows with each change."""
        self._tree = Node()
        self._groups: dict[View, Group] = {}
        self._index: Index[Group] = Index()

    def apply(self, delta: Delta, time_ns: int, *, atomic: str | None = None) -> None:
        """Change the state and tell subscribers: each one notification, deletes before updates.

        Large differences are cut before, with ``targets.messages.portions``. A branch that goes can be many
        deletes for who asked for leaves in it: these come in several notifications.

        Args:
            delta: what changes.
            time_ns: the device's time of the change; dumps repeat it.
            atomic: a branch that ``delta.updates`` tell as a whole: what they leave out is gone.
                Subscribers of only a part of the branch hear a plain difference.
        """
        self.revision += 1
        if atomic is not None:
            self._replace(atomic, delta, time_ns)
            return
        told: dict[Group, _Told] = {}
        for path in delta.deletes:
            self._delete(path, told)
        self._update(delta.updates, time_ns, told)
        self._tell(told, time_ns)

    def compute(self, path: str, make: Computed) -> None:
        """Add a leaf whose value is made when somebody asks, such as the clock: its changes are not told."""
        parts = paths.elements(path)
        self._tree.grow(parts[:-1]).leaves[parts[-1].text] = Leaf(path, make, 0)

    def join(self, view: View, push: Push) -> None:
        """Tell a new subscriber of all changes from here on."""
        group = self._groups.get(view)
        if group is None:
            group = self._groups[view] = Group(view)
            for asked in view.patterns:
                self._index.add(asked, group)
        group.members[push] = None

    def leave(self, view: View, push: Push) -> None:
        """Tell a subscriber nothing more."""
        group = self._groups[view]
        del group.members[push]
        if not group.members:
            del self._groups[view]
            for asked in view.patterns:
                self._index.remove(asked, group)

    def snapshot(self, view: View, now_ns: int) -> Snapshot:
        """Return what a view shows now, each leaf once; leaves of a branch follow each other."""
        leaves: dict[str, Leaf] = {}
        whole: dict[str, list[Leaf]] = {}
        for asked in view.patterns:
            for way, found in self._tree.match(asked):
                if isinstance(found, Leaf):
                    leaves[found.path] = _made(found, now_ns)
                    continue
                for below, branch in found.atomics(way):
                    inside = [_made(leaf, now_ns) for leaf in branch.walk()]
                    whole[_branch(below, inside)] = inside
                for leaf in found.walk():
                    leaves[leaf.path] = _made(leaf, now_ns)
        for inside in whole.values():
            for leaf in inside:
                leaves.pop(leaf.path, None)
        told = list(leaves.values())
        if view.skipped:
            told = [leaf for leaf in told if view.takes(paths.elements(leaf.path))]
        return Snapshot(told, list(whole.items()))

    def dump(self, view: View, snapshot: Snapshot) -> Iterator[bytes]:
        """Yield the ``SubscribeResponse``s that tell a snapshot."""
        yield from view.dump(snapshot.leaves, self.first, self.context)
        for branch, leaves in snapshot.atomic:
            newest = max((leaf.time_ns for leaf in leaves), default=0)
            yield view.response(newest, branch, leaves, atomic=True)

    def leaf(self, path: str, now_ns: int = 0) -> Leaf | None:
        """Return one leaf as it is now."""
        above, last = paths.parent(path)
        node = self._tree.find(paths.elements(above))
        leaf = None if node is None else node.leaves.get(paths.element(last).text)
        return None if leaf is None else _made(leaf, now_ns)

    def match(self, asked: Pattern) -> Iterator[tuple[tuple[Element, ...], Node | Leaf]]:
        """Yield the branches and leaves that a pattern names, with their paths."""
        return self._tree.match(asked)

    def tree(self, now_ns: int = 0) -> dict[str, Value]:
        """Return all leaves by path."""
        return {leaf.path: _value(_made(leaf, now_ns)) for leaf in self._tree.walk()}

    def _update(self, updates: Tree, time_ns: int, told: dict[Group, _Told]) -> None:
        known: dict[str, tuple[Node, list[Element], Reached[Group]]] = {}
        for path, value in updates.items():
            above, last = paths.parent(path)
            found = known.get(above)
            if found is None:
                parts = paths.elements(above)
                found = known[above] = self._tree.grow(parts), parts, self._index.reach(parts)
            node, parts, reached = found
            part = paths.element(last)
            leaf = node.leaves[part.text] = Leaf(path, value, time_ns)
            groups = reached.askers
            if reached.open or reached.deep:
                groups = index.further(reached, part).askers
            for group in groups:
                if group.view.skipped and not group.view.takes([*parts, part]):
                    continue
                news = told.get(group)
                if news is None:
                    news = told[group] = _Told()
                news.updates.append(leaf)

    def _delete(self, path: str, told: dict[Group, _Told]) -> None:
        parts = paths.elements(path)
        if not self._tree.holds(parts):
            return
        reached = self._index.reach(parts)
        for group in reached.askers:
            told.setdefault(group, _Told()).deletes[path] = None
        above = Node() if not parts else self._tree.find(parts[:-1]) or Node()
        branch = self._tree if not parts else above.child(parts[-1])
        if branch is not None:
            for rest, group in index.beyond(reached):
                if group not in reached.askers:
                    for way, _ in branch.match(rest):
                        told.setdefault(group, _Told()).deletes[path + paths.text_of(way)] = None
        self._tree.remove(parts)

    def _replace(self, branch: str, delta: Delta, time_ns: int) -> None:
        if delta.deletes or not all(path.startswith(f"{branch}/") for path in delta.updates):
            raise ValueError(f"an atomic notification of {branch} consists of updates below it")
        parts = paths.elements(branch)
        before = self._tree.find(parts)
        gone = [leaf.path for leaf in before.walk() if leaf.path not in delta.updates] if before else []
        whole = self._index.reach(parts).askers
        told: dict[Group, _Told] = {}
        for path in gone:
            self._delete(path, told)
        self._update(delta.updates, time_ns, told)
        self._tree.grow(parts).atomic = True
        for group in whole:
            told.pop(group, None)
        self._tell(told, time_ns)
        leaves = [Leaf(path, value, time_ns) for path, value in delta.updates.items()]
        for group in whole:
            message = group.view.response(time_ns, branch, leaves, atomic=True)
            for push in list(group.members):
                push(message)

    def _tell(self, told: dict[Group, _Told], time_ns: int) -> None:
        encoded: dict[tuple[Encoding, str], dict[str, bytes]] = {}
        for group, news in told.items():
            if len(news.deletes) > MAX_UPDATES:
                self._tell_deletes(group, news, time_ns)
            below = views.shared([*(leaf.path for leaf in news.updates), *news.deletes])
            said = encoded.setdefault((group.view.encoding, below), {}) if len(told) > 1 else None
            message = group.view.response(time_ns, below, news.updates, news.deletes, said=said)
            for push in list(group.members):
                push(message)

    def _tell_deletes(self, group: Group, news: _Told, time_ns: int) -> None:
        """Tell deletes in portions, but for the last one."""
        gone = list(news.deletes)
        while len(gone) > MAX_UPDATES:
            portion, gone = gone[:MAX_UPDATES], gone[MAX_UPDATES:]
            message = group.view.response(time_ns, views.shared(portion), (), portion)
            for push in list(group.members):
                push(message)
        news.deletes = dict.fromkeys(gone)


def _branch(way: Sequence[Element], leaves: Sequence[Leaf]) -> str:
    """Return the path of a branch as its leaves spell it: keys may come in any order."""
    if not leaves:
        return paths.text_of(way)
    return "".join(f"/{text}" for text in paths.split(leaves[0].path)[: len(way)])


def _made(leaf: Leaf, now_ns: int) -> Leaf:
    return Leaf(leaf.path, leaf.value(now_ns), now_ns) if callable(leaf.value) else leaf


def _value(leaf: Leaf) -> Value:
    assert not callable(leaf.value)
    return leaf.value
