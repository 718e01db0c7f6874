"""The EVPN loc-rib of one device: every path of every route, the best of each, and what they refer to.

The cost of a change is that of the paths it touches; what many devices hold alike, they share.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from targets.openconfig import rib
from targets.openconfig.rib import Attributes
from targets.simulated.announcements import LOCAL_SLOT, Route, attributes_at
from targets.simulated.design import Node, Plan
from targets.simulated.saying import Saying
from targets.tree import Value, entry

Paths = tuple[tuple[int, Route], ...]
"""The paths of a route: slot of the neighbour and the route as announced, in the order of slots."""
_FAMILY: Final = "routes"


class Table:
    """The routes of one device."""

    def __init__(self, plan: Plan, node: Node, peers: list[str]) -> None:
        """``peers``: address of the neighbour in each slot."""
        self._plan, self._node, self._peers = plan, node, peers
        self._attributes: dict[tuple[int, int], Attributes] = {}
        self._joined: Counter[str] = Counter()
        self._touched: dict[str, tuple[bool, dict[str, Value]]] = {}
        self.paths: dict[str, Paths] = {}

    def fill(self, slots: dict[int, Iterable[Route]]) -> None:
        """Take the routes of each slot at once, as if they had always been there."""
        for slot, routes in slots.items():
            for route in routes:
                self.paths[route.entry] = (*self.paths.get(route.entry, ()), (slot, route))
                for row, _ in self._rows(slot, route):
                    self._joined[row] += 1

    def best(self, entry_path: str) -> Route | None:
        """Return the best path of a route, None if there is none."""
        paths = self.paths.get(entry_path)
        return None if not paths else paths[_best(paths)][1]

    def best_with(self, entry_path: str, slot: int, route: Route | None) -> Route | None:
        """Return what the best path would be after a change."""
        paths = _changed(self.paths.get(entry_path, ()), slot, route)
        return paths[_best(paths)][1] if paths else None

    def entries(self, slot: int) -> list[str]:
        """Return the routes that have a path from a neighbour."""
        return [name for name, paths in self.paths.items() if any(one == slot for one, _ in paths)]

    def change(self, entry_path: str, slot: int, route: Route | None, saying: Saying) -> None:
        """Take a neighbour's announcement, None for its withdrawal, and say what it changes.

        Of one moment each route is changed once, and ``settle`` ends it.
        """
        old = self.paths.get(entry_path, ())
        new = _changed(old, slot, route)
        if new == old:
            return
        if new:
            self.paths[entry_path] = new
        else:
            del self.paths[entry_path]
        old_best, new_best = (paths[_best(paths)][0] if paths else None for paths in (old, new))
        before, after = dict(old), dict(new)
        for each in before.keys() | after.keys():
            was, now = before.get(each), after.get(each)
            if was is now and (each == old_best) == (each == new_best):
                continue
            if now is None:
                saying.delete(_FAMILY, rib.path_entry(entry_path, self._path(each, was or route, best=False)))
            else:
                told = self._leaves(each, was, best=each == old_best) if was is not None else {}
                saying.update(_FAMILY, told, self._leaves(each, now, best=each == new_best))
            self._refer(each, was, -1)
            self._refer(each, now, 1)

    def tree(self) -> dict[str, Value]:
        """Return the whole family ``routes``."""
        tree: dict[str, Value] = {}
        for paths in self.paths.values():
            best = paths[_best(paths)][0]
            for slot, route in paths:
                tree |= self._leaves(slot, route, best=slot == best)
                for _, leaves in self._rows(slot, route):
                    tree |= leaves
        return tree

    def settle(self, saying: Saying) -> None:
        """Say which join rows the changes of this moment made or left without a reference."""
        for row, (was, leaves) in self._touched.items():
            if self._joined[row] and not was:
                saying.update(_FAMILY, {}, leaves)
            elif not self._joined[row]:
                del self._joined[row]
                if was:
                    saying.delete(_FAMILY, row)
        self._touched.clear()

    def _refer(self, slot: int, route: Route | None, count: int) -> None:
        if route is not None:
            for row, leaves in self._rows(slot, route):
                self._touched.setdefault(row, (self._joined[row] > 0, leaves))
                self._joined[row] += count

    def _rows(self, slot: int, route: Route) -> Iterator[tuple[str, dict[str, Value]]]:
        index, leaves = rib.attr_set(self._attributes_of(slot, route))
        yield f"{rib.ATTR_SETS}/{entry('attr-set', index=index)}", leaves
        index, leaves = rib.ext_community(route.communities)
        yield f"{rib.EXT_COMMUNITIES}/{entry('ext-community', index=index)}", leaves

    def _leaves(self, slot: int, route: Route, *, best: bool) -> dict[str, Value]:
        return rib.path_leaves(route.entry, self._path(slot, route, best=best))

    def _path(self, slot: int, route: Route | None, *, best: bool) -> rib.Path:
        assert route is not None, "a path that goes was there"
        return rib.Path(
            peer=rib.LOCAL if slot == LOCAL_SLOT else self._peers[slot],
            path_id=0,
            attributes=self._attributes_of(slot, route),
            communities=route.communities,
            labels=route.labels,
            esi=route.esi,
            best=best,
            valid=True,
        )

    def _attributes_of(self, slot: int, route: Route) -> Attributes:
        key = (route.origin, slot)
        if key not in self._attributes:
            self._attributes[key] = attributes_at(self._plan, self._node, route.origin, slot)
        return self._attributes[key]


def _changed(paths: Paths, slot: int, route: Route | None) -> Paths:
    others = [one for one in paths if one[0] != slot]
    if route is not None:
        others.append((slot, route))
        others.sort(key=lambda one: one[0])
    return tuple(others)


def _best(paths: Paths) -> int:
    """Return the place of the best path: a newer sequence number, then the neighbour with the lowest address.

    All paths of a route come from one leaf, so that they are alike but for what is still on its way.
    """
    return max(range(len(paths)), key=lambda at: (paths[at][1].seq, -at))
