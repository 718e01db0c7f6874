"""The EVPN loc-rib of one device: every path of every route, the best of each, and what they refer to.

The cost of a change is that of the paths it touches; what many devices hold alike, they share.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from targets.openconfig import rib
from targets.openconfig.communities import Community
from targets.simulated.announcements import LOCAL_SLOT, Route, attributes_at
from targets.simulated.bridging import newer
from targets.simulated.design import Node, Plan
from targets.simulated.saying import Saying
from targets.tree import Value, entry

Paths = tuple[tuple[int, Route], ...]
"""The paths of a route: slot of the neighbour and the route as announced, in the order of slots."""
_FAMILY: Final = "routes"


class _Row(NamedTuple):
    """A row that paths refer to."""

    number: int
    where: str
    leaves: Mapping[str, Value]


class Table:
    """The routes of one device."""

    def __init__(self, plan: Plan, node: Node, peers: Sequence[str]) -> None:
        """``peers``: address of the neighbour in each slot."""
        self._plan, self._node = plan, node
        self._suffixes = {slot: _suffix(peer) for slot, peer in enumerate(peers)}
        self._suffixes[LOCAL_SLOT] = _suffix(rib.LOCAL)
        self._attributes: dict[tuple[int, int, str], _Row] = {}
        self._joined: Counter[str] = Counter()
        self._touched: dict[str, tuple[bool, _Row]] = {}
        self.paths: dict[str, Paths] = {}

    def fill(self, slots: Mapping[int, Sequence[Sequence[Route]]]) -> None:
        """Take the routes of each slot at once, as if they had always been there; grouped by their leaf."""
        for slot, groups in slots.items():
            for routes in groups:
                for row, times in _references(tuple(routes)).items():
                    self._joined[row] += times
                if routes:
                    self._joined[self._attribute_row(slot, routes[0]).where] += len(routes)
                for route in routes:
                    held = self.paths.get(route.entry)
                    self.paths[route.entry] = _shared(held, slot, route)

    def best(self, entry_path: str) -> Route | None:
        """Return the best path of a route, None if there is none."""
        paths = self.paths.get(entry_path)
        return None if not paths else paths[_best(paths)][1]

    def keeps_best(self, entry_path: str, slot: int, route: Route | None) -> bool:
        """Return whether a change would leave the best path as it is, by whichever neighbour."""
        paths = self.paths.get(entry_path)
        if not paths:
            return route is None
        best = paths[_best(paths)][1]
        changed = _changed(paths, slot, route)
        return bool(changed) and changed[_best(changed)][1] is best

    def entries(self, slot: int) -> list[str]:
        """Return the routes that have a path from a neighbour."""
        return [name for name, paths in self.paths.items() if any(one == slot for one, _ in paths)]

    def change(self, entry_path: str, slot: int, route: Route | None, saying: Saying) -> None:
        """Take a neighbour's announcement, None for its withdrawal, and say what it changes.

        Of one moment each route is changed once, and ``settle`` ends it.
        """
        old = self.paths.get(entry_path, ())
        was = next((held for at, held in old if at == slot), None)
        if was is route:
            return
        new = _changed(old, slot, route)
        if new:
            self.paths[entry_path] = new
        else:
            del self.paths[entry_path]
        was_best = old[_best(old)][0] if old else None
        now_best = new[_best(new)][0] if new else None
        if route is None:
            saying.delete(_FAMILY, entry_path + self._suffixes[slot])
        else:
            told = {} if was is None else self._leaves(slot, was, best=slot == was_best)
            leaves = self._leaves(slot, route, best=slot == now_best)
            saying.update(_FAMILY, told, leaves)
            for gone in told.keys() - leaves.keys():  # of a route that has no communities any more
                saying.delete(_FAMILY, gone)
        if was_best != now_best:
            for at, _ in new:
                if at != slot and at in (was_best, now_best):
                    state = f"{entry_path}{self._suffixes[at]}/state/bestpath"
                    saying.update(_FAMILY, {}, {state: at == now_best})
        self._refer(slot, was, -1)
        self._refer(slot, route, 1)

    def settle(self, saying: Saying) -> None:
        """Say which join rows the changes of this moment made or left without a reference."""
        for where, (was, row) in self._touched.items():
            if self._joined[where] and not was:
                saying.update(_FAMILY, {}, row.leaves)
            elif not self._joined[where]:
                del self._joined[where]
                if was:
                    saying.delete(_FAMILY, where)
        self._touched.clear()

    def tree(self) -> dict[str, Value]:
        """Return the whole family ``routes``."""
        tree: dict[str, Value] = {}
        rows: dict[str, _Row] = {}
        for paths in self.paths.values():
            best = _best(paths)
            for at, (slot, route) in enumerate(paths):
                tree |= self._leaves(slot, route, best=at == best)
                rows |= {row.where: row for row in self._rows(slot, route)}
        for row in rows.values():
            tree |= row.leaves
        return tree

    def _refer(self, slot: int, route: Route | None, count: int) -> None:
        if route is None:
            return
        for row in self._rows(slot, route):
            where = row.where
            if where not in self._touched:
                self._touched[where] = (self._joined[where] > 0, row)
            self._joined[where] += count

    def _rows(self, slot: int, route: Route) -> tuple[_Row, ...]:
        """Return the rows that a path refers to."""
        row = self._attribute_row(slot, route)
        return (row, _community_row(route)) if route.communities else (row,)

    def _leaves(self, slot: int, route: Route, *, best: bool) -> dict[str, Value]:
        state = f"{route.entry}{self._suffixes[slot]}/state/"
        leaves = {state + name: value for name, value in route.spelled}
        leaves[state + "bestpath"] = best
        leaves[state + "attr-index"] = self._attribute_row(slot, route).number
        return leaves

    def _attribute_row(self, slot: int, route: Route) -> _Row:
        key = (route.origin, slot, route.next_hop)
        row = self._attributes.get(key)
        if row is None:
            index, leaves = rib.attr_set(
                attributes_at(self._plan, self._node, route.origin, slot, route.next_hop)
            )
            row = _Row(index, f"{rib.ATTR_SETS}/{entry('attr-set', index=index)}", leaves)
            self._attributes[key] = row
        return row


def _suffix(peer: str) -> str:
    """Return the path of a path's list entry below its route."""
    return rib.path_entry("", rib.Path(peer, 0, rib.Attributes(None), ()))


def _community_row(route: Route) -> _Row:
    return _row_of(route.communities)


@lru_cache(maxsize=65_536)
def _row_of(communities: tuple[Community, ...]) -> _Row:
    index, leaves = rib.ext_community(communities)
    return _Row(index, f"{rib.EXT_COMMUNITIES}/{entry('ext-community', index=index)}", leaves)


@lru_cache(maxsize=1_024)
def _references(routes: tuple[Route, ...]) -> Counter[str]:
    """Return how often routes refer to each row of communities: the same for all who hold them."""
    return Counter(_community_row(route).where for route in routes)


@lru_cache(maxsize=1 << 17)
def _shared(paths: Paths | None, slot: int, route: Route) -> Paths:
    """Return paths and one more: one object for all devices that hold the same."""
    return (*(paths or ()), (slot, route))


def _changed(paths: Paths, slot: int, route: Route | None) -> Paths:
    others = [one for one in paths if one[0] != slot]
    if route is not None:
        others.append((slot, route))
        others.sort(key=_slot)
    return tuple(others)


def _slot(path: tuple[int, Route]) -> int:
    return path[0]


def _best(paths: Paths) -> int:
    """Return the place of the best path: a newer sequence number, then the neighbour with the lowest address.

    All paths of a route come from one leaf, so that they are alike but for what is still on its way.
    """
    best = 0
    for at in range(1, len(paths)):
        if newer(paths[at][1].seq, paths[best][1].seq):
            best = at
    return best
