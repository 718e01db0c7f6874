"""Virtual time: what is still to happen, and what came of what did."""

import random
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Final

from targets.simulated.news import News, Note, Said
from targets.simulated.saying import Saying

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
Act = Callable[[int], None]
"""Something that happens at a time, nanoseconds since the epoch."""


class Agenda:
    """Things to happen in the order of their times; equal times in the order in which they were planned."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  has to be the same each time, not secret
        self._heap: list[tuple[int, int, Act]] = []
        self._planned = 0
        self._news: list[News] = []
        self.told = 0
        """Updates and deletes of all devices so far."""

    def at(self, time_ns: int, act: Act) -> None:
        """Plan something."""
        heappush(self._heap, (time_ns, self._planned, act))
        self._planned += 1

    def between(self, low_ns: int, high_ns: int) -> int:
        """Draw a delay."""
        return self._random.randint(low_ns, high_ns)

    def say(self, device: str, saying: Saying, time_ns: int) -> None:
        """Take what a device has to say."""
        for family, delta in saying.deltas():
            self.told += len(delta.updates) + len(delta.deletes)
            self._news.append(Said(time_ns, device, family, delta))

    def note(self, note: Note) -> None:
        """Take down what happened in truth."""
        self._news.append(note)

    def advance(self, until_ns: int) -> Iterator[News]:
        """Let happen what is planned up to a time; yield what comes of it, in the order of time."""
        yield from self._fresh()  # of what was done from outside
        while self._heap and self._heap[0][0] <= until_ns:
            time_ns, _, act = heappop(self._heap)
            act(time_ns)
            yield from self._fresh()

    def _fresh(self) -> list[News]:
        news, self._news = self._news, []
        return news

    @property
    def next_ns(self) -> int | None:
        """Return when something happens next, None if nothing is planned."""
        return self._heap[0][0] if self._heap else None
