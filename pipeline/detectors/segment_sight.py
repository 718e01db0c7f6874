"""Who sees a segment now, and what is held of it by what was heard last.

A verdict rests on words: routes that observers hold, and what devices say of their own segments and LAGs. The
words of the blind stay as they were: what rests on them alone is unknown, neither wrong nor well.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.detectors.segment_events import Event


class Tally(NamedTuple):
    """How many of those whom something concerns see it."""

    fresh: int
    known: int


@dataclass
class Sight:
    """Sight of one segment at a time.

    Kinds of events: ``serves`` and ``announces``, of a PE: a route of the segment is held, null: nobody fresh
    can tell; ``observers``, of a PE and a kind of route: a Tally of who heard of it; ``sees`` and ``joins``,
    of a device: what it says of segments, and of LAGs, is fresh.
    """

    held: dict[tuple[str, str], bool] = field(default_factory=dict)
    """By PE and kind, as it was heard last."""
    unknown: set[tuple[str, str]] = field(default_factory=set)
    observers: dict[tuple[str, ...], Tally] = field(default_factory=dict)
    sees: dict[str, bool] = field(default_factory=dict)
    joins: dict[str, bool] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in what was told."""
        match event.kind:
            case "serves" | "announces":
                key = event.who[0], event.kind
                if event.value is None:
                    self.unknown.add(key)
                else:
                    self.unknown.discard(key)
                    self.held[key] = event.value
            case "observers":
                self.observers[event.who] = Tally(*event.value)
            case "sees":
                self.sees[event.who[0]] = event.value
            case "joins":
                self.joins[event.who[0]] = event.value
            case _:
                pass  # for other rules

    def serving(self, *, now: bool = False) -> set[str]:
        """Return the PEs that serve the segment, as it was heard last, or by who sees them ``now``."""
        blind = self.unknown if now else ()
        return {key[0] for key, there in self.held.items() if there and key not in blind}

    def routes(self) -> Tally:
        """Return who sees the segment's routes."""
        tallies = self.observers.values()
        return Tally(sum(each.fresh for each in tallies), sum(each.known for each in tallies))

    def words(self, devices: Collection[str], *, lags: bool = False) -> Tally:
        """Return who of devices is heard of segments, or of LAGs."""
        heard = self.joins if lags else self.sees
        return Tally(sum(heard.get(device, False) for device in devices), len(devices))


def coverage(tallies: Iterable[Tally]) -> float | None:
    """Return who sees over whom it concerns; None: nobody."""
    every = list(tallies)
    known = sum(each.known for each in every)
    return sum(each.fresh for each in every) / known if known else None


def active(wrong: Collection[str], seen: Collection[str], sight: float | None) -> bool | None:
    """Return whether something is wrong.

    ``wrong``: by what was heard last. ``seen``: by what is heard now. ``sight``: coverage. Nothing wrong is
    well if anybody sees it.
    """
    if any(each in wrong for each in seen):
        return True
    return None if wrong or not sight else False
