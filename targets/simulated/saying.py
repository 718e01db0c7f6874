"""What one device has to say of one moment, gathered by family."""

from collections import defaultdict
from collections.abc import Iterator

from targets.openconfig.families import FAMILIES
from targets.tree import Delta, Tree, Value, entry_of


class Saying:
    """Updates and deletes of one device and moment."""

    def __init__(self) -> None:
        self._updates: dict[str, dict[str, Value]] = defaultdict(dict)
        self._deletes: dict[str, dict[str, None]] = defaultdict(dict)

    def update(self, family: str, old: Tree, new: Tree) -> None:
        """Say what of ``new`` is not as in ``old``, leaves of the same things."""
        updates = self._updates[family]
        inner, leaf = FAMILIES[family].context or ("", "")
        for path, value in new.items():
            if path not in old or old[path] != value:
                updates[path] = value
                if inner and inner in path:
                    said = path.partition(inner)[0] + leaf
                    updates[said] = new[said]

    def delete(self, family: str, path: str) -> None:
        """Say that a list entry is gone."""
        self._deletes[family][path] = None

    def replace(self, family: str, old: Tree, new: Tree) -> None:
        """Say what turns ``old`` into ``new``: an entry of which nothing is left goes as a whole."""
        self.update(family, old, new)
        kept = {inside for path in new for inside in _within(path)}
        for path in old:
            if path not in new:
                gone = entry_of(path)
                self.delete(family, path if gone in kept else gone)

    def deltas(self) -> Iterator[tuple[str, Delta]]:
        """Yield what there is to say, by family."""
        for family in dict.fromkeys([*self._deletes, *self._updates]):
            updates, deletes = self._updates[family], self._deletes[family]
            if updates or deletes:
                yield family, Delta(updates, tuple(sorted(deletes, reverse=True)))


def together(first: Delta, then: Delta) -> Delta:
    """Return two differences as one: what the second deletes goes, of the first's updates too."""
    gone = set(then.deletes)
    kept = {path: value for path, value in first.updates.items() if gone.isdisjoint(_within(path))}
    deletes = tuple(sorted({*first.deletes, *gone}, reverse=True))
    return Delta({**kept, **then.updates}, deletes)


def _within(path: str) -> Iterator[str]:
    """Yield a path and the list entries it stands in."""
    yield path
    end = path.find("]")
    while end >= 0:
        yield path[: end + 1]
        end = path.find("]", end + 1)
