"""What observers tell of steps: records in the order in which they come, and the intervals they close."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.store.life import AGE, CHANGE, MOVE, RETURN, Flags, Ints, Life, Steps

OBSERVERS: Final = 2
"""Route reflectors; leaves tell their own MAC tables."""
ROUTE, GONE, LEARNT, FORGOTTEN = range(4)
"""A route as it is now, or withdrawn by the leaf before; an entry of the leaf's MAC table, or its end."""
_OTHER_RECORDS: Final = 200
"""Records per second that tell nothing of MACs: liveness of the leaves."""


@dataclass(frozen=True)
class Opened:
    """When and by which record intervals were opened."""

    valid: Ints
    seen: Ints
    offset: Ints

    def take(self, rows: Ints) -> "Opened":
        return Opened(self.valid[rows], self.seen[rows], self.offset[rows])

    @classmethod
    def none(cls, *shape: int) -> "Opened":
        return cls(*(np.zeros(shape, np.int64) for _ in range(3)))


@dataclass(frozen=True)
class Told:
    """Records by offset: the step, who tells it, what; and where it closes an interval, which one."""

    step: Ints
    observer: Ints
    kind: Ints
    event: Ints
    received: Ints
    offset: Ints
    closes: Flags
    opened: Opened
    location: Ints
    """Rows of steps that ended a MAC's stay, in the order of the records that did."""
    location_by: Ints
    """Row of these records by which it ended."""
    location_opened: Opened


class Teller:
    """Remembers what is open."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._routes = Opened.none(life.macs, OBSERVERS)
        self._places, self._entries = Opened.none(life.macs), Opened.none(life.macs)
        self.next_offset = 0

    def open_intervals(self, macs: Ints) -> tuple[Opened, Opened, Opened]:
        """Return what is open of MACs: routes (by MAC and observer), locations, entries of MAC tables."""
        return self._routes.take(macs), self._places.take(macs), self._entries.take(macs)

    def tell(self, steps: Steps, begin: int) -> Told:
        """Return what is told of steps that happened after ``begin``."""
        random, count = self._life.random, len(steps.mac)
        at = np.arange(count)
        delay = random.integers(1_000, 80_000, size=(count, OBSERVERS))
        moved, resident = np.flatnonzero(steps.op == MOVE), np.flatnonzero(steps.op != CHANGE)
        # rows: each step by each observer; a move's withdrawals; what the leaf says
        step = np.concatenate([np.repeat(at, OBSERVERS), np.repeat(moved, OBSERVERS), resident, moved])
        many = (count * OBSERVERS, len(moved) * OBSERVERS, len(resident), len(moved))
        observer = np.concatenate(
            [
                np.tile(np.arange(OBSERVERS), count),
                np.tile(np.arange(OBSERVERS), len(moved)),
                np.full(many[2] + many[3], -1),
            ]
        )
        kind = np.repeat([ROUTE, GONE, LEARNT, FORGOTTEN], many)
        aged = steps.op[step] == AGE
        kind = np.where(aged & (kind == ROUTE), GONE, np.where(aged & (kind == LEARNT), FORGOTTEN, kind))
        late = np.concatenate([delay.ravel(), delay[moved].ravel(), np.zeros(many[2] + many[3], np.int64)])
        late[many[0] :] += np.where(
            steps.op[step[many[0] :]] == MOVE, random.integers(5_000, 50_000, len(late) - many[0]), 0
        )
        late[many[0] + many[1] : many[0] + many[1] + many[2]] = 0
        event = steps.time[step] + late
        received = event + 300 + random.exponential(2_000, len(event)).astype(np.int64)
        order = np.argsort(received, kind="stable")
        offset = np.empty(len(order), np.int64)
        offset[order] = (
            self.next_offset + np.arange(len(order)) + (received[order] - begin) * _OTHER_RECORDS // 1_000_000
        )
        self.next_offset = int(offset.max(initial=self.next_offset)) + 1
        seen = received // 1000 * 1000

        def by(rows: slice, *shape: int) -> Opened:
            return Opened(*(values[rows].reshape(shape) for values in (event, seen, offset)))

        routes, entries = (
            by(slice(many[0]), count, OBSERVERS),
            by(slice(sum(many[:2]), sum(many[:3])), many[2]),
        )
        whole = Opened.none(count)
        for name in ("valid", "seen", "offset"):
            getattr(whole, name)[resident] = getattr(entries, name)
        earliest = np.argmin(routes.valid, axis=1)
        first = Opened(*(values[at, earliest] for values in (routes.valid, routes.seen, routes.offset)))
        route_before = self._before(steps, steps.op != AGE, routes, self._routes)
        place_opens = (steps.op == RETURN) | (steps.op == MOVE) | steps.touched
        place_before = self._before(steps, place_opens, first, self._places)
        entry_before = self._before(steps, (steps.op == RETURN) | (steps.op == MOVE), whole, self._entries)

        closes = np.where(kind == ROUTE, steps.op[step] == CHANGE, (kind == GONE) | (kind == FORGOTTEN))
        of_leaf = observer < 0
        opened = Opened(
            *(
                np.where(
                    of_leaf, getattr(entry_before, name)[step], getattr(route_before, name)[step, observer]
                )
                for name in ("valid", "seen", "offset")
            )
        )
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        ended = np.flatnonzero((steps.op == MOVE) | (steps.op == AGE) | steps.touched)
        teller = np.where(steps.op[ended] == AGE, np.argmax(routes.valid[ended], axis=1), earliest[ended])
        ended_by = rank[ended * OBSERVERS + teller]
        by_record = np.argsort(ended_by)
        return Told(
            step=step[order],
            observer=observer[order],
            kind=kind[order],
            event=event[order],
            received=received[order],
            offset=offset[order],
            closes=closes[order],
            opened=opened.take(order),
            location=ended[by_record],
            location_by=ended_by[by_record],
            location_opened=place_before.take(ended[by_record]),
        )

    def _before(self, steps: Steps, opens: Flags, opened: Opened, kept: Opened) -> Opened:
        """Return what was open before each step, and keep what is open after the last."""
        count = len(steps.mac)
        at = np.arange(count)
        start = np.maximum.accumulate(np.where(steps.first, at, 0))
        last = np.maximum.accumulate(np.where(opens, at, -1))
        before = np.concatenate([[-1], last[:-1]])[:count]
        here = before >= start
        out = []
        ends = np.flatnonzero(np.append(steps.first[1:], True)) if count else at
        changed = ends[last[ends] >= start[ends]]
        for name in ("valid", "seen", "offset"):
            new, old = getattr(opened, name), getattr(kept, name)
            shape = (count,) + (1,) * (new.ndim - 1)
            out.append(np.where(here.reshape(shape), new[np.maximum(before, 0)], old[steps.mac]))
            old[steps.mac[changed]] = new[last[changed]]
        return Opened(*out)
